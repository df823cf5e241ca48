"""What the insurer pays whether or not anything was saved: clause 9."""

from collections.abc import Mapping
from decimal import Decimal

from sim.contract.money import NOTHING, cents, exact


def investment_fee(contract_year: int | None, fee: float, years: int) -> Decimal:
    """Fee of the build-up years, EUR/year; 0 afterwards. Not an advance. Clause 9.1.

    >>> [str(investment_fee(year, fee=300_000, years=3)) for year in (1, 3, 4)]
    ['300000.00', '300000.00', '0']
    """
    building = contract_year is not None and contract_year <= years
    return cents(exact(fee)) if building else NOTHING


def management_fee(insured_years: Decimal, fee: float) -> Decimal:
    """Fee a person-year insured, EUR/year. Clause 9.2. For all insured, not for members alone.

    >>> management_fee(insured_years=Decimal(33_000), fee=2.5)
    Decimal('82500.00')
    """
    return cents(insured_years * exact(fee))


def kpi_fee(fees: Mapping[str, float], attained: Mapping[str, float]) -> Decimal:
    """Fees by indicator, each by how far it was attained, EUR/year. Clause 9.3.

    >>> kpi_fee({"vaccinated": 10_000, "satisfied": 5_000}, {"vaccinated": 0.5})
    Decimal('5000.00')
    """
    parts = (exact(fee) * exact(attained.get(name, 0.0)) for name, fee in fees.items())
    return cents(sum(parts, NOTHING))
