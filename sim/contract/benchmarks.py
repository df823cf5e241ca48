"""What the contract expects care to cost: one function a rule.

Clauses are those of the account in `settlement.py`: no contract of this kind is published in
full, so the numbering is our own.
"""

from collections.abc import Sequence
from statistics import fmean

from sim.quantity import Refusal


def regional_indexation_factor(costs: Sequence[float], allocations: Sequence[float]) -> float:
    """Cost per euro of allocation, mean of the baseline years (1). Clause 4.1.

    Below 1 where the region was cheaper than its morbidity before the contract began. It is
    computed once and never set. It is not the ratio of the sums: each baseline year counts the
    same, and the noise of these years stays in every later benchmark.

    >>> round(regional_indexation_factor(costs=[69.0, 71.0], allocations=[72.0, 74.0]), 4)
    0.9589
    """
    if not costs or len(costs) != len(allocations) or min(allocations) <= 0 or min(costs) < 0:
        raise Refusal(
            f"clause 4.1, regional indexation factor: costs {list(costs)} and allocations "
            f"{list(allocations)} of the baseline years, EUR. Allowed is one cost (0 or more) "
            "and one allocation (above 0) for each of at least one year. "
            "Correct the baseline years, or the ledger that they come from."
        )
    return fmean(cost / allocation for cost, allocation in zip(costs, allocations, strict=True))


def contribution_margin(allocation: float, cost: float) -> float:
    """What the insurer keeps of its allocation after paying for care, EUR/year. Clause 5.1.

    It is a level, not a saving: it is positive wherever care is cheaper than the norm, whether
    or not that is the integrator's doing.

    >>> contribution_margin(allocation=75_500_000, cost=70_000_000)  # Kinzigtal 2013
    5500000
    """
    return allocation - cost


def contribution_margin_benchmark(factor: float, allocation: float) -> float:
    """Allocation at the region's level of the baseline years, EUR/year. Clause 4.2.

    The cost that the contract expects. Follows case mix and the national trend; does not see a
    drift of the region's level or of its coding. It is not the allocation, which is the
    insurer's income, nor the counterfactual, which nobody but a simulation knows.

    >>> contribution_margin_benchmark(factor=0.96, allocation=75_500_000)
    72480000.0
    """
    return factor * allocation
