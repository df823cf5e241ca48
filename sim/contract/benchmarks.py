"""What the contract expects care to cost: the rules by name, and the contribution margin.

Clauses are those of the account in `settlement.py`: no contract of this kind is published in
full, so the numbering is our own.

    RULES["matched_pairs"].expect(terms, history, 2010).measured_savings
"""

from collections.abc import Mapping, Sequence
from math import hypot
from statistics import fmean
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from sim.contract.blended_historical import BLENDED_HISTORICAL
from sim.contract.chance import from_norm, spread
from sim.contract.growth_rate import GROWTH_RATE
from sim.contract.history import History
from sim.contract.ipep import IPEP
from sim.contract.matched_pairs import MATCHED_PAIRS
from sim.contract.risk_adjustment import allocation, standard_error, total_allocation
from sim.contract.rule import Benchmark, Claim, Disturbance, Needs, Rule
from sim.quantity import Refusal, nearest, refusal_from

CLAUSE = "clause 4.2, contribution margin with regional indexation factor"


class ContributionMarginTerms(BaseModel, frozen=True, extra="forbid"):
    """Baseline years of the factor, and the fewest person-years of a comparison."""

    baseline_years: int = Field(ge=1)
    smallest_comparison: float = Field(ge=0)


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
    """What the insurer keeps of its allocation after paying for care, EUR/year. Clause 6.1.

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


def expect(terms: ContributionMarginTerms, history: History, year: int) -> Benchmark:
    """Expect the norm cost of the insured at the region's level of the baseline years.

    The standard error is that of the region's persons and of a norm estimated on a limited
    comparison, in the year and in the baseline years alike.
    """
    base = history.baseline(terms.baseline_years)
    history.check(year, base, CLAUSE, terms.smallest_comparison)
    rows = {one: history.region[one] for one in (*base, year)}
    norms = {one: history.elsewhere[one].norm for one in rows}
    costs = {one: rows[one].total_cost for one in rows}
    allocations = {one: total_allocation(norms[one], rows[one]) for one in rows}
    factor = regional_indexation_factor(
        [costs[one] for one in base], [allocations[one] for one in base]
    )
    amount = contribution_margin_benchmark(factor, allocations[year])
    pulls = {one: allocations[year] / allocations[one] / len(base) for one in base}
    persons = spread(
        from_norm(rows[one], allocation(norms[one], rows[one]), pull)
        for one, pull in (*pulls.items(), (year, -1.0))
    )
    errors = {one: standard_error(norms[one], rows[one]) for one in rows}
    estimated = hypot(
        factor * errors[year],
        *(pulls[one] * costs[one] / allocations[one] * errors[one] for one in base),
    )
    return Benchmark(
        rule="contribution_margin",
        year=year,
        amount=amount,
        cost=costs[year],
        insured_years=rows[year].insured_years,
        standard_error=hypot(persons, estimated),
        details={
            "allocation": allocations[year],
            "allocation_standard_error": errors[year],
            "r_squared": norms[year].r_squared,
            "regional_indexation_factor": factor,
            "contribution_margin": contribution_margin(allocations[year], costs[year]),
            "standard_error_persons": persons,
            "standard_error_norm": estimated,
        },
    )


UNBIASED: tuple[Disturbance, ...] = (
    "none", "case_mix", "starting_level", "national_shock", "comparison_size", "volunteers",
)  # fmt: skip


def _needs(terms: ContributionMarginTerms) -> Needs:
    return Needs(terms.baseline_years)


def _claim(terms: ContributionMarginTerms) -> Claim:
    return Claim(
        frozenset(UNBIASED),
        "that region and comparison change alike at a given age, sex and documented morbidity: "
        "neither coding nor the region's level drifts",
    )


CONTRIBUTION_MARGIN = Rule(
    "contribution_margin", CLAUSE, ContributionMarginTerms, _needs, _claim, expect
)
RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (CONTRIBUTION_MARGIN, GROWTH_RATE, MATCHED_PAIRS, BLENDED_HISTORICAL, IPEP)
}


def terms_of(name: str, given: Mapping[str, Any]) -> Any:
    """Validate the terms of a rule, plain values as in conf/benchmarks.yaml; refused by name."""
    if name not in RULES:
        raise Refusal(
            f"contract.rule is {name!r}, which is no benchmark rule. {nearest(name, list(RULES))} "
            "Name one of these rules."
        )
    kind = RULES[name].terms
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise refusal_from(error, f"benchmarks.{name}", list(kind.model_fields)) from error
