"""What moves a benchmark between years: new base years, credit for savings, another regime."""

from collections.abc import Sequence
from decimal import Decimal

from sim.contract.carried import Past
from sim.contract.money import NOTHING, cents, exact


def period_start(contract_year: int, rebasing_years: int | None) -> int:
    """First contract year of the period between two rebasings. Clause 5.3.

    >>> [period_start(year, rebasing_years=3) for year in (1, 3, 4, 8)]
    [1, 1, 4, 7]
    """
    if rebasing_years is None:
        return 1
    return (contract_year - 1) // rebasing_years * rebasing_years + 1


def base_years(
    start_year: int, baseline_years: int, rebasing_years: int | None, year: int
) -> tuple[int, ...]:
    """Calendar years that a year is compared with: those before its period. Clause 5.3.

    >>> base_years(start_year=2006, baseline_years=2, rebasing_years=None, year=2012)
    (2004, 2005)
    >>> base_years(start_year=2006, baseline_years=2, rebasing_years=3, year=2012)
    (2010, 2011)
    """
    first = start_year + period_start(year - start_year + 1, rebasing_years) - 1
    return tuple(range(first - baseline_years, first))


def prior_savings_credit(
    past: Sequence[Past],
    contract_year: int | None,
    insured_years: Decimal,
    rebasing_years: int | None,
    share: float,
) -> Decimal:
    """Part of the mean savings a head of the period before, EUR/year; never negative. Clause 5.3.

    New base years hold what was saved, and lower the benchmark by it; the credit gives a part
    back. In the first period there is none.

    >>> before = [Past(year, Decimal(1000), Decimal(0), Decimal(saved))
    ...           for year, saved in ((1, 30_000), (2, 10_000))]
    >>> prior_savings_credit(before, 3, Decimal(2000), rebasing_years=2, share=0.5)
    Decimal('20000.00')
    """
    if contract_year is None or rebasing_years is None:
        return NOTHING
    start = period_start(contract_year, rebasing_years)
    before = [p for p in past if start - rebasing_years <= p.contract_year < start]
    insured = sum((one.insured_years for one in before), NOTHING)
    if insured <= 0:
        return NOTHING
    a_head = max(NOTHING, sum((one.savings for one in before), NOTHING)) / insured
    return cents(exact(share) * a_head * insured_years)


def regime_factor(year: int, regime_year: int | None, factor: float) -> Decimal:
    """What a change of risk equalisation makes of allocation and benchmark (1). Clause 5.2.

    >>> [str(regime_factor(year, regime_year=2021, factor=0.97)) for year in (2020, 2021)]
    ['1', '0.97']
    """
    return exact(factor) if regime_year is not None and year >= regime_year else Decimal(1)
