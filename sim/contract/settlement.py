"""The account of one contract year, clause by clause, and of years one after another.

Ten clauses: 1 insured, 2 allocation, 3 cost, 4 the benchmark rule, 5 benchmark, 6 savings, 7
sharing, 8 losses, 9 fees, 10 payment. No contract of this kind is published in full, so the
numbering is our own. Amounts are rounded to the cent where they are stated, and the next clause
goes on from the rounded one.

What is due after the settlement lag is the payment of clause 10, negative where the integrator
owes; the fees of clause 9 fall due at the end of the year.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sim.contract import savings
from sim.contract.account import Account
from sim.contract.carried import Carried, Past
from sim.contract.money import cents, exact
from sim.contract.reckoning import Year, lose, measure, pay, share
from sim.contract.terms import Terms


@dataclass(frozen=True)
class Settlement:
    """The account of one contract year: every intermediate figure in the contract's order.

    Person-years, EUR/year, fractions, months; None where the contract has no such figure. What
    each is, its clause and unit: `statement.CLAUSES`.
    """

    year: int
    contract_year: int | None
    insured_years: float
    allocation: float | None
    cost_known: float
    completion_factor: float
    cost: float
    expected: float
    regime_factor: float
    prior_savings_credit: float
    benchmark: float
    standard_error: float | None
    contribution_margin: float | None
    measured_savings: float
    settled_years: int
    settled_benchmark: float
    settled_savings: float
    deficit_brought: float
    savings_rate: float
    minimum_savings_rate: float
    quality_score: float
    sharing_rate: float
    shared_above: float
    savings_share: float
    levy: float
    savings_share_after_levy: float
    cap: float | None
    shared_savings: float
    minimum_loss_rate: float | None
    loss_share: float | None
    loss_share_amount: float
    loss_limit: float | None
    disaster_adjustment: float
    shared_loss: float
    deficit_carried: float
    investment_fee: float
    management_fee: float
    kpi_fee: float
    in_force: bool
    advance: float
    advance_returned: float
    payment: float
    paid_month: int | None
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def fees(self) -> float:
        """All fees of the year, EUR."""
        return self.investment_fee + self.management_fee + self.kpi_fee


def settle(terms: Terms, account: Account, carried: Carried | None = None) -> Settlement:
    """Settle a contract year that stands alone, or after what `carried` says of earlier ones.

    >>> terms = Terms(
    ...     rule="contribution_margin", sectors=("hospital", "drugs"), sharing_rate=0.5,
    ...     minimum_savings_rate=0.02, settlement_lag=18)
    >>> account = Account(
    ...     year=2013, contract_year=8, insured_years=33_000, benchmark=72_480_000,
    ...     cost=70_000_000)
    >>> settle(terms, account).payment
    1240000.0
    """
    return settle_next(terms, account, carried or Carried())[0]


def settle_years(terms: Terms, accounts: Iterable[Account]) -> list[Settlement]:
    """Settle contract years one after another, each with what those before leave to it."""
    carried, found = Carried(), []
    for account in accounts:
        settlement, carried = settle_next(terms, account, carried)
        found.append(settlement)
    return found


def settle_next(terms: Terms, account: Account, carried: Carried) -> tuple[Settlement, Carried]:
    """Settle a contract year in the contract's order; return what it leaves to the next, too."""
    year = measure(terms, account, carried)
    gain = share(terms, account, year)
    loss = lose(terms, account, year, gain.rate)
    due = pay(terms, account, year, gain.shared, loss.owed)
    deficit = savings.deficit_after(
        carried.deficit, year.settled, exact(terms.deficit_carried), billed=loss.amount > 0
    )
    return (
        Settlement(
            year=account.year,
            contract_year=account.contract_year,
            insured_years=float(year.insured),
            allocation=_float(year.allocation),
            cost_known=float(cents(exact(account.cost))),
            completion_factor=terms.completion_factor,
            cost=float(year.cost),
            expected=float(cents(exact(account.benchmark))),
            regime_factor=float(year.regime),
            prior_savings_credit=float(year.credit),
            benchmark=float(year.benchmark),
            standard_error=account.standard_error,
            contribution_margin=_float(year.margin),
            measured_savings=float(year.savings),
            settled_years=year.years,
            settled_benchmark=float(year.settled_benchmark),
            settled_savings=float(year.settled),
            deficit_brought=float(carried.deficit),
            savings_rate=float(year.rate),
            minimum_savings_rate=float(year.minimum),
            quality_score=account.quality_score,
            sharing_rate=float(gain.rate),
            shared_above=float(gain.above),
            savings_share=float(gain.share),
            levy=float(gain.levy),
            savings_share_after_levy=float(gain.after_levy),
            cap=_float(gain.cap),
            shared_savings=float(gain.shared),
            minimum_loss_rate=_float(year.minimum_loss) if terms.two_sided else None,
            loss_share=_float(loss.share) if terms.two_sided else None,
            loss_share_amount=float(loss.amount),
            loss_limit=_float(loss.limit),
            disaster_adjustment=abs(account.disaster_adjustment),
            shared_loss=float(loss.owed),
            deficit_carried=float(deficit),
            investment_fee=float(due.investment_fee),
            management_fee=float(due.management_fee),
            kpi_fee=float(due.kpi_fee),
            in_force=year.in_force,
            advance=float(due.advance),
            advance_returned=float(due.returned),
            payment=float(due.payment),
            paid_month=paid_month(account.contract_year, terms.settlement_lag),
            details=dict(account.details),
        ),
        Carried(_past(account, year, carried), deficit),
    )


def paid_month(contract_year: int | None, settlement_lag: float) -> int | None:
    """Contract month in which a year is settled: its December and the lag. Clause 10.5.

    Month 1 is January of the first contract year; a broken lag is rounded to the month.

    >>> paid_month(contract_year=1, settlement_lag=18)
    30
    """
    return None if contract_year is None else 12 * contract_year + round(settlement_lag)


def _past(account: Account, year: Year, carried: Carried) -> tuple[Past, ...]:
    number = account.contract_year or len(carried.past) + 1
    return (*carried.past, Past(number, year.insured, year.benchmark, year.savings))


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
