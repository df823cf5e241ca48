"""Terms of the contract, and the account of one year clause by clause.

The account has eight clauses: 1 insured, 2 allocation, 3 cost, 4 benchmark, 5 savings, 6
sharing, 7 fees, 8 payment. No contract of this kind is published in full, so the numbering is
our own. Upside only: where care cost more than expected, the integrator earns nothing and owes
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field, field_validator

from sim.contract.benchmarks import contribution_margin, contribution_margin_benchmark
from sim.contract.ledger import sector_columns


class Terms(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """What the parties agreed. Units, ranges and sources: `conf/contract`."""

    rule: Literal["contribution_margin"]
    sectors: tuple[str, ...]
    sharing_rate: float = Field(ge=0, le=1)
    minimum_savings_rate: float = Field(ge=0, lt=1)
    investment_fee: float = Field(ge=0)
    investment_fee_years: int = Field(ge=0)
    management_fee: float = Field(ge=0)
    settlement_lag: float = Field(ge=0)

    @field_validator("sectors")
    @classmethod
    def _are_sectors_of_the_ledger(cls, sectors: Sequence[str]) -> tuple[str, ...]:
        sector_columns(sectors)
        return tuple(sectors)


class Account(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """What a contract year looked like to the insurer, all of it taken from ledgers.

    `contract_year` counts from 1; `insured_years` in person-years, `allocation` and `cost` in
    EUR/year of the contract's sectors for the same insured days; `regional_indexation_factor`
    and `r_squared` of the norm cost are fractions.
    """

    year: int
    contract_year: int = Field(ge=1)
    insured_years: float = Field(ge=0)
    allocation: float = Field(ge=0)
    cost: float = Field(ge=0)
    regional_indexation_factor: float = Field(ge=0)
    r_squared: float = Field(default=0.0, le=1)


@dataclass(frozen=True)
class Settlement:
    """The account of one contract year: every intermediate figure in the contract's order.

    Person-years, EUR/year, fractions, and the contract month in which the shared savings are
    paid.
    """

    year: int
    insured_years: float
    allocation: float
    r_squared: float
    cost: float
    regional_indexation_factor: float
    benchmark: float
    contribution_margin: float
    measured_savings: float
    savings_rate: float
    minimum_savings_rate: float
    sharing_rate: float
    shared_savings: float
    investment_fee: float
    management_fee: float
    paid_month: int


class Line(NamedTuple):
    """One line of the statement: clause, what it is, amount, unit."""

    clause: str
    label: str
    amount: float
    unit: str


def measured_savings(benchmark: float, cost: float) -> float:
    """Benchmark less cost, EUR/year; negative where care cost more than expected. Clause 5.2.

    It is what the contract measures, not the true savings, which only two arms of a simulation
    show; and a change against the baseline years, not the contribution margin, which is a
    level.

    >>> measured_savings(benchmark=72_480_000, cost=70_000_000)
    2480000
    """
    return benchmark - cost


def savings_rate(savings: float, benchmark: float) -> float:
    """Savings per euro of benchmark (1); 0 where nothing was expected. Clause 5.3.

    >>> round(savings_rate(savings=5_500_000, benchmark=75_500_000), 4)
    0.0728
    """
    return savings / benchmark if benchmark > 0 else 0.0


def shared_savings(
    savings: float, rate: float, minimum_savings_rate: float, sharing_rate: float
) -> float:
    """Integrator's part of the savings, EUR/year. Clause 6.

    Nothing below the minimum savings rate; from that rate on, a part of the savings from the
    first euro. The minimum is a gate, not a deductible: it is not taken off the savings.

    >>> shared_savings(2_480_000, rate=0.0342, minimum_savings_rate=0.02, sharing_rate=0.5)
    1240000.0
    >>> shared_savings(2_480_000, rate=0.0342, minimum_savings_rate=0.04, sharing_rate=0.5)
    0.0
    """
    if savings <= 0 or rate < minimum_savings_rate:
        return 0.0
    return sharing_rate * savings


def investment_fee(contract_year: int, fee: float, years: int) -> float:
    """Fee of the build-up years, EUR/year; 0 afterwards. Not an advance. Clause 7.1.

    >>> [investment_fee(year, fee=300_000, years=3) for year in (1, 3, 4)]
    [300000, 300000, 0.0]
    """
    return fee if contract_year <= years else 0.0


def management_fee(insured_years: float, fee: float) -> float:
    """Fee a person-year insured, EUR/year. Clause 7.2. For all insured, not for members alone.

    >>> management_fee(insured_years=33_000, fee=2.5)
    82500.0
    """
    return insured_years * fee


def paid_month(contract_year: int, settlement_lag: float) -> int:
    """Contract month in which a year is settled: its December and the lag. Clause 8.

    Month 1 is January of the first contract year; a broken lag is rounded to the month.

    >>> paid_month(contract_year=1, settlement_lag=18)
    30
    """
    return 12 * contract_year + round(settlement_lag)


def settle(terms: Terms, account: Account) -> Settlement:
    """Settle a contract year, in the order of the contract.

    >>> terms = Terms(
    ...     rule="contribution_margin", sectors=("hospital", "drugs"), sharing_rate=0.5,
    ...     minimum_savings_rate=0.02, investment_fee=0, investment_fee_years=0,
    ...     management_fee=0, settlement_lag=18)
    >>> account = Account(
    ...     year=2013, contract_year=8, insured_years=33_000, allocation=75_500_000,
    ...     cost=70_000_000, regional_indexation_factor=0.96)
    >>> settle(terms, account).shared_savings
    1240000.0
    """
    benchmark = contribution_margin_benchmark(
        account.regional_indexation_factor, account.allocation
    )
    savings = measured_savings(benchmark, account.cost)
    rate = savings_rate(savings, benchmark)
    return Settlement(
        year=account.year,
        insured_years=account.insured_years,
        allocation=account.allocation,
        r_squared=account.r_squared,
        cost=account.cost,
        regional_indexation_factor=account.regional_indexation_factor,
        benchmark=benchmark,
        contribution_margin=contribution_margin(account.allocation, account.cost),
        measured_savings=savings,
        savings_rate=rate,
        minimum_savings_rate=terms.minimum_savings_rate,
        sharing_rate=terms.sharing_rate,
        shared_savings=shared_savings(
            savings, rate, terms.minimum_savings_rate, terms.sharing_rate
        ),
        investment_fee=investment_fee(
            account.contract_year, terms.investment_fee, terms.investment_fee_years
        ),
        management_fee=management_fee(account.insured_years, terms.management_fee),
        paid_month=paid_month(account.contract_year, terms.settlement_lag),
    )


def statement(settlement: Settlement) -> tuple[Line, ...]:
    """Lay a settlement out as the insurer would print it, line by line."""
    s = settlement
    return (
        Line("1", "Insured-years", s.insured_years, "person-year"),
        Line("2.1", "Allocation (risk-adjusted norm cost)", s.allocation, "EUR/year"),
        Line("2.2", "Individual cost explained by the norm (R2)", s.r_squared, "1"),
        Line("3", "Cost of the contract's sectors", s.cost, "EUR/year"),
        Line("4.1", "Regional indexation factor", s.regional_indexation_factor, "1"),
        Line("4.2", "Benchmark (4.1 x 2.1)", s.benchmark, "EUR/year"),
        Line("5.1", "Contribution margin (2.1 - 3), a level", s.contribution_margin, "EUR/year"),
        Line("5.2", "Measured savings (4.2 - 3), a change", s.measured_savings, "EUR/year"),
        Line("5.3", "Savings rate (5.2 / 4.2)", s.savings_rate, "1"),
        Line("6.1", "Minimum savings rate", s.minimum_savings_rate, "1"),
        Line("6.2", "Sharing rate", s.sharing_rate, "1"),
        Line("6.3", "Shared savings (6.2 x 5.2 from 6.1 on)", s.shared_savings, "EUR/year"),
        Line("7.1", "Investment fee", s.investment_fee, "EUR/year"),
        Line("7.2", "Management fee", s.management_fee, "EUR/year"),
        Line("8", "Paid in contract month", s.paid_month, "month"),
    )
