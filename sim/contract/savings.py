"""What was saved, which part of it counts, and from which rate on: clause 6 and the minimum."""

import functools
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from sim import tables
from sim.contract.money import NOTHING, cents, exact


def measured_savings(benchmark: Decimal, cost: Decimal) -> Decimal:
    """Benchmark less cost, EUR/year; negative where care cost more than expected. Clause 6.2.

    It is what the contract measures, not the true savings, which only two arms of a simulation
    show; and a change against the baseline years, not the contribution margin, which is a level.

    >>> measured_savings(benchmark=Decimal(72_480_000), cost=Decimal(70_000_000))
    Decimal('2480000')
    """
    return benchmark - cost


def gained(components: Sequence[Decimal]) -> Decimal:
    """Sum of gains of which a negative one counts as nothing, EUR/year. Clause 6.2.

    >>> gained([Decimal(300_000), Decimal(-200_000)])
    Decimal('300000')
    """
    return sum((max(NOTHING, gain) for gain in components), NOTHING)


def mean(amounts: Sequence[Decimal]) -> Decimal:
    """Mean of the settled years, to the cent, EUR/year. Clauses 6.4 and 6.5.

    >>> mean([Decimal(100), Decimal(-50), Decimal(25)])
    Decimal('25.00')
    """
    return cents(sum(amounts, NOTHING) / len(amounts))


def savings_rate(savings: Decimal, benchmark: Decimal) -> Decimal:
    """Savings per euro of benchmark (1); 0 where nothing was expected. Clause 6.7.

    >>> round(savings_rate(savings=Decimal(5_500_000), benchmark=Decimal(75_500_000)), 4)
    Decimal('0.0728')
    """
    return savings / benchmark if benchmark > 0 else NOTHING


def deficit_after(brought: Decimal, savings: Decimal, carried: Decimal, *, billed: bool) -> Decimal:
    """What later savings have still to make good, EUR. Clause 8.7.

    Savings pay off what was brought; of a new loss the agreed part is added, unless the
    integrator has been billed its share of it: then it is settled, even where a limit or a
    disaster leaves less to pay.

    >>> deficit_after(Decimal(100), Decimal(30), Decimal(1), billed=False)
    Decimal('70.00')
    >>> deficit_after(Decimal(100), Decimal(-30), Decimal("0.5"), billed=False)
    Decimal('115.00')
    """
    if savings >= 0:
        return cents(max(NOTHING, brought - savings))
    return brought if billed else cents(brought - carried * savings)


def minimum_rate(given: float | None, insured_years: Decimal) -> Decimal:
    """Savings rate from which savings are shared (1): fixed, or by number of insured. Clause 7.1.

    The fewer insured, the more of a rate is chance. Linear between the points of the table, the
    first and the last one beyond.

    >>> minimum_rate(0.02, Decimal(5000)), minimum_rate(None, Decimal(5500))
    (Decimal('0.02'), Decimal('0.0375'))
    """
    if given is not None:
        return exact(given)
    points = _points()
    for (fewer, above), (more, below) in pairwise(points):
        if insured_years < more:
            way = max(NOTHING, insured_years - fewer) / (more - fewer)
            return above + way * (below - above)
    return points[-1][1]


@functools.cache
def _points() -> tuple[tuple[Decimal, Decimal], ...]:
    frame = tables.table("minimum_savings_rate")
    return tuple(
        (exact(persons), exact(rate))
        for persons, rate in zip(frame["persons"], frame["rate"], strict=True)
    )
