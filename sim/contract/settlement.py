"""The account of one contract year, clause by clause, and of years one after another.

Eight clauses: 1 insured, 2 allocation, 3 cost, 4 benchmark, 5 savings, 6 sharing, 7 fees, 8
payment. No contract of this kind is published in full, so the numbering is our own. Amounts are
rounded to the cent where they are stated, and the next clause goes on from the rounded one.

What is due after the settlement lag is the payment of clause 8, negative where the integrator
owes; the fees of clause 7 fall due at the end of the year.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sim.contract import fees, rebasing, savings, sharing
from sim.contract.account import Account
from sim.contract.money import NOTHING, cents, exact
from sim.contract.rebasing import Past
from sim.contract.termination import in_force
from sim.contract.terms import Band, Terms


@dataclass(frozen=True)
class Carried:
    """What earlier contract years leave to the next: their measures, and a deficit in EUR."""

    past: tuple[Past, ...] = ()
    deficit: Decimal = NOTHING


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
    minimum_loss_rate: float | None
    quality_score: float
    sharing_rate: float
    shared_above: float
    savings_share: float
    levy: float
    savings_share_after_levy: float
    cap: float | None
    shared_savings: float
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
    year = _measure(terms, account, carried)
    gain = _share(terms, account, year)
    loss = _lose(terms, account, year, gain.rate)
    due = _pay(terms, account, year, gain.shared, loss.owed)
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
            minimum_loss_rate=_float(year.minimum_loss) if terms.two_sided else None,
            quality_score=account.quality_score,
            sharing_rate=float(gain.rate),
            shared_above=float(gain.above),
            savings_share=float(gain.share),
            levy=float(gain.levy),
            savings_share_after_levy=float(gain.after_levy),
            cap=_float(gain.cap),
            shared_savings=float(gain.shared),
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


class _Year(NamedTuple):
    """Clauses 1 to 5: what the year was, and what of it is settled."""

    insured: Decimal
    allocation: Decimal | None
    cost: Decimal
    regime: Decimal
    credit: Decimal
    benchmark: Decimal
    margin: Decimal | None
    savings: Decimal
    years: int
    settled_benchmark: Decimal
    settled: Decimal
    shareable: Decimal
    rate: Decimal
    minimum: Decimal
    minimum_loss: Decimal
    in_force: bool


def _measure(terms: Terms, account: Account, carried: Carried) -> _Year:
    insured = exact(account.insured_years)
    cost = cents(cents(exact(account.cost)) * exact(terms.completion_factor))
    regime = rebasing.regime_factor(account.year, terms.regime_year, terms.regime_factor)
    expected = cents(cents(exact(account.benchmark)) * regime)
    credit = rebasing.prior_savings_credit(
        carried.past, account.contract_year, insured, terms.rebasing_years,
        terms.prior_savings_share,
    )  # fmt: skip
    limit = terms.prior_savings_limit
    credit = sharing.capped(credit, None if limit is None else cents(exact(limit) * expected))
    benchmark = expected + credit
    allocation = None if account.allocation is None else cents(exact(account.allocation) * regime)
    if account.components:
        saved = savings.gained([cents(exact(part)) for part in account.components.values()])
    else:
        saved = savings.measured_savings(benchmark, cost)
    before = carried.past[max(0, len(carried.past) - terms.averaged_years + 1) :]
    settled_benchmark = savings.mean([*(past.benchmark for past in before), benchmark])
    settled = savings.mean([*(past.savings for past in before), saved])
    shareable = settled - carried.deficit
    minimum = savings.minimum_rate(terms.minimum_savings_rate, insured)
    loss = terms.minimum_loss_rate
    return _Year(
        insured=insured,
        allocation=allocation,
        cost=cost,
        regime=regime,
        credit=credit,
        benchmark=benchmark,
        margin=None if allocation is None else allocation - cost,
        savings=saved,
        years=len(before) + 1,
        settled_benchmark=settled_benchmark,
        settled=settled,
        shareable=shareable,
        rate=savings.savings_rate(shareable, settled_benchmark),
        minimum=minimum,
        minimum_loss=minimum if loss is None else exact(loss),
        in_force=in_force(account.year, terms.termination_year),
    )


class _Gain(NamedTuple):
    """Clauses 6.3 to 6.10."""

    rate: Decimal
    above: Decimal
    share: Decimal
    levy: Decimal
    after_levy: Decimal
    cap: Decimal | None
    shared: Decimal


def _share(terms: Terms, account: Account, year: _Year) -> _Gain:
    """What the integrator gets of savings."""
    factor = sharing.quality_factor(
        exact(account.quality_score), exact(terms.quality_gate), scales=terms.quality == "factor"
    )
    first_euro = terms.sharing_from == "first_euro"
    above = sharing.threshold(year.minimum, year.settled_benchmark, first_euro=first_euro)
    shareable = year.shareable
    reached = sharing.reaches(shareable, year.minimum, year.settled_benchmark)
    bands = terms.bands or (Band(above=0, sharing_rate=terms.sharing_rate or 0),)
    whole = sharing.share_by_bands(bands, shareable, year.settled_benchmark, above)
    agreed = sharing.mean_rate(bands, whole, shareable - above)
    share = cents(factor * whole) if reached and year.in_force else NOTHING
    kept = sharing.levy_share(terms.levy, terms.levy_from, account.year)
    after = share - cents(kept * share)
    cap = None if terms.cap is None else cents(exact(terms.cap) * year.settled_benchmark)
    return _Gain(factor * agreed, above, share, kept, after, cap, sharing.capped(after, cap))


class _Loss(NamedTuple):
    """Clauses 6.11 to 6.15."""

    share: Decimal
    amount: Decimal
    limit: Decimal | None
    owed: Decimal


def _lose(terms: Terms, account: Account, year: _Year, sharing_rate: Decimal) -> _Loss:
    """What the integrator owes of a loss; what earlier years left is not lost again."""
    share = sharing.loss_share(terms.loss_share, terms.loss_share_bounds, sharing_rate)
    limit = sharing.loss_limit(
        terms.loss_limit,
        terms.loss_limit_of_revenue,
        year.settled_benchmark,
        None if account.revenue is None else exact(account.revenue),
        account.contract_year,
    )
    lost = -year.settled
    reached = sharing.reaches(lost, year.minimum_loss, year.settled_benchmark)
    if not (terms.two_sided and reached and year.in_force):
        return _Loss(share, NOTHING, limit, NOTHING)
    first_euro = terms.sharing_from == "first_euro"
    above = sharing.threshold(year.minimum_loss, year.settled_benchmark, first_euro=first_euro)
    amount = cents(share * max(NOTHING, lost - above))
    adjustment = cents(exact(account.disaster_adjustment))
    return _Loss(share, amount, limit, sharing.owed(sharing.capped(amount, limit), adjustment))


class _Due(NamedTuple):
    """Clauses 7 and 8."""

    investment_fee: Decimal
    management_fee: Decimal
    kpi_fee: Decimal
    advance: Decimal
    returned: Decimal
    payment: Decimal


def _pay(terms: Terms, account: Account, year: _Year, shared: Decimal, owed: Decimal) -> _Due:
    """Fees of the year, and what is paid or owed once an advance is set off."""
    if not year.in_force:
        return _Due(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    advance = cents(exact(terms.advance) * year.insured)
    returned = cents(exact(terms.clawback) * max(NOTHING, advance - shared))
    return _Due(
        fees.investment_fee(
            account.contract_year, terms.investment_fee, terms.investment_fee_years
        ),
        fees.management_fee(year.insured, terms.management_fee),
        fees.kpi_fee(terms.kpi_fees, account.kpis),
        advance,
        returned,
        max(NOTHING, shared - advance) - returned - owed,
    )


def paid_month(contract_year: int | None, settlement_lag: float) -> int | None:
    """Contract month in which a year is settled: its December and the lag. Clause 8.

    Month 1 is January of the first contract year; a broken lag is rounded to the month.

    >>> paid_month(contract_year=1, settlement_lag=18)
    30
    """
    return None if contract_year is None else 12 * contract_year + round(settlement_lag)


def _past(account: Account, year: _Year, carried: Carried) -> tuple[Past, ...]:
    number = account.contract_year or len(carried.past) + 1
    return (*carried.past, Past(number, year.insured, year.benchmark, year.savings))


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
