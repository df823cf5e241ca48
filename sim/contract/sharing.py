"""Who gets which part of what was saved, and owes which part of what was lost: clauses 7, 8."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sim.contract.money import NOTHING, cents, exact
from sim.contract.terms import Band


def reaches(amount: Decimal, rate: Decimal, benchmark: Decimal) -> bool:
    """Whether savings (or a loss) are above nothing and at least the minimum. Clauses 7.1, 8.1.

    The minimum is a gate: whether it is a deductible, too, `threshold` says.

    >>> reaches(Decimal(20), Decimal("0.02"), Decimal(1000))
    True
    """
    return amount > 0 and amount >= rate * benchmark


def quality_factor(score: Decimal, gate: Decimal, *, scales: bool) -> Decimal:
    """What quality makes of the sharing rate (1). Clause 7.2.

    >>> quality_factor(Decimal("0.9"), gate=Decimal("0.3"), scales=True)
    Decimal('0.9')
    >>> quality_factor(Decimal("0.2"), gate=Decimal("0.3"), scales=False)
    Decimal('0')
    """
    if score < gate:
        return NOTHING
    return score if scales else Decimal(1)


def threshold(rate: Decimal, benchmark: Decimal, *, first_euro: bool) -> Decimal:
    """Amount above which savings or losses are shared, EUR/year. Clause 7.4.

    >>> threshold(Decimal("0.02"), Decimal(1000), first_euro=False)
    Decimal('20.00')
    """
    return NOTHING if first_euro else cents(rate * benchmark)


def share_by_bands(
    bands: Sequence[Band], savings: Decimal, benchmark: Decimal, above: Decimal = NOTHING
) -> Decimal:
    """Integrator's part of the savings above a threshold, EUR/year, not rounded. Clause 7.5.

    Each rate holds for the part of the savings in its band alone, as in an income tax.

    >>> half = Band(above=0, up_to=0.05, sharing_rate=0.5)
    >>> less = Band(above=0.05, sharing_rate=0.25)
    >>> float(share_by_bands([half, less], savings=Decimal(70), benchmark=Decimal(1000)))
    30.0
    """
    share = NOTHING
    for band in bands:
        start = max(above, exact(band.above) * benchmark)
        end = savings if band.up_to is None else min(savings, exact(band.up_to) * benchmark)
        share += exact(band.sharing_rate) * max(NOTHING, end - start)
    return share


def mean_rate(bands: Sequence[Band], share: Decimal, savings: Decimal) -> Decimal:
    """Sharing rate over all bands that savings reach (1): that of the first where none are.

    >>> mean_rate([Band(above=0, sharing_rate=0.5)], NOTHING, savings=NOTHING)
    Decimal('0.5')
    """
    return exact(bands[0].sharing_rate) if len(bands) == 1 or savings <= 0 else share / savings


def levy_share(levy: float, levy_from: Mapping[int, float], year: int) -> Decimal:
    """Part that is kept by law in a year (1): that of the last year from which one holds.

    >>> levy_share(0.01, {2012: 0.02, 2019: 0.0}, 2018), levy_share(0.01, {2012: 0.02}, 2011)
    (Decimal('0.02'), Decimal('0.01'))
    """
    begun = [start for start in levy_from if start <= year]
    return exact(levy_from[max(begun)] if begun else levy)


def capped(amount: Decimal, cap: Decimal | None) -> Decimal:
    """Amount, at most the cap, EUR/year. Clauses 7.9 and 8.4.

    >>> capped(Decimal(120), cap=Decimal(100)), capped(Decimal(120), cap=None)
    (Decimal('100'), Decimal('120'))
    """
    return amount if cap is None else min(amount, cap)


def loss_share(
    fixed: float | None, bounds: tuple[float, float] | None, sharing_rate: Decimal
) -> Decimal:
    """Integrator's part of a loss (1): fixed, or one less its part of savings. Clause 8.2.

    Good quality, which raises the sharing rate, so lowers the part of a loss, within bounds.

    >>> loss_share(None, (0.4, 0.75), sharing_rate=Decimal("0.5"))
    Decimal('0.5')
    >>> loss_share(None, (0.4, 0.75), sharing_rate=Decimal("0"))
    Decimal('0.75')
    """
    if fixed is not None:
        return exact(fixed)
    if bounds is None:
        return NOTHING
    low, high = bounds
    return min(max(1 - sharing_rate, exact(low)), exact(high))


def loss_limit(
    limits: Sequence[float] | None,
    of_revenue: float | None,
    benchmark: Decimal,
    revenue: Decimal | None,
    contract_year: int | None,
) -> Decimal | None:
    """Most that is owed, EUR/year; None where there is no limit. Clause 8.4.

    The lower of a share of the benchmark, by contract year, and of the participants' revenue,
    where that is known. A contract year that is not known is a late one.

    >>> loss_limit((0.05, 0.1), None, Decimal(1000), None, contract_year=1)
    Decimal('50.00')
    >>> loss_limit((0.04,), 0.08, Decimal(1000), Decimal(200), contract_year=None)
    Decimal('16.00')
    """
    found = []
    if limits:
        step = len(limits) if contract_year is None else min(contract_year, len(limits))
        found.append(cents(exact(limits[step - 1]) * benchmark))
    if of_revenue is not None and revenue is not None:
        found.append(cents(exact(of_revenue) * revenue))
    return min(found, default=None)


def owed(share: Decimal, disaster_adjustment: Decimal) -> Decimal:
    """Share of a loss less what a disaster excuses, never below nothing, EUR/year. Clause 8.6.

    >>> owed(Decimal(1000), disaster_adjustment=Decimal(-300))
    Decimal('700')
    """
    return max(NOTHING, share - abs(disaster_adjustment))
