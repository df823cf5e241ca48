"""A contract year reckoned step by step: what it was, the shares of it, what is due.

Each step is a group of clauses of `settlement.py`, in their order.
"""

from decimal import Decimal
from typing import NamedTuple

from sim.contract import fees, rebasing, savings, sharing
from sim.contract.account import Account
from sim.contract.carried import Carried
from sim.contract.money import NOTHING, cents, exact
from sim.contract.termination import in_force
from sim.contract.terms import Band, Terms


class Year(NamedTuple):
    """Clauses 1 to 6: what the year was, and what of it is settled."""

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


def measure(terms: Terms, account: Account, carried: Carried) -> Year:
    """What the year was, after what earlier ones left; which part of it is settled."""
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
    return Year(
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


class Gain(NamedTuple):
    """Clauses 7.3 to 7.9: what the integrator gets of savings."""

    rate: Decimal
    above: Decimal
    share: Decimal
    levy: Decimal
    after_levy: Decimal
    cap: Decimal | None
    shared: Decimal


def share(terms: Terms, account: Account, year: Year) -> Gain:
    """Share what was saved, from the minimum on and as quality allows."""
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
    part = cents(factor * whole) if reached and year.in_force else NOTHING
    kept = sharing.levy_share(terms.levy, terms.levy_from, account.year)
    after = part - cents(kept * part)
    cap = None if terms.cap is None else cents(exact(terms.cap) * year.settled_benchmark)
    return Gain(factor * agreed, above, part, kept, after, cap, sharing.capped(after, cap))


class Loss(NamedTuple):
    """Clauses 8.2 to 8.6: what the integrator owes of a loss."""

    share: Decimal
    amount: Decimal
    limit: Decimal | None
    owed: Decimal


def lose(terms: Terms, account: Account, year: Year, sharing_rate: Decimal) -> Loss:
    """Share what was lost this year; what earlier years left is not lost again."""
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
        return Loss(share, NOTHING, limit, NOTHING)
    first_euro = terms.sharing_from == "first_euro"
    above = sharing.threshold(year.minimum_loss, year.settled_benchmark, first_euro=first_euro)
    amount = cents(share * max(NOTHING, lost - above))
    adjustment = cents(exact(account.disaster_adjustment))
    return Loss(share, amount, limit, sharing.owed(sharing.capped(amount, limit), adjustment))


class Due(NamedTuple):
    """Clauses 9 and 10: what is paid for the year."""

    investment_fee: Decimal
    management_fee: Decimal
    kpi_fee: Decimal
    advance: Decimal
    returned: Decimal
    payment: Decimal


def pay(terms: Terms, account: Account, year: Year, shared: Decimal, owed: Decimal) -> Due:
    """Fees of the year, and what is paid or owed once an advance is set off."""
    if not year.in_force:
        return Due(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    advance = cents(exact(terms.advance) * year.insured)
    returned = cents(exact(terms.clawback) * max(NOTHING, advance - shared))
    return Due(
        fees.investment_fee(
            account.contract_year, terms.investment_fee, terms.investment_fee_years
        ),
        fees.management_fee(year.insured, terms.management_fee),
        fees.kpi_fee(terms.kpi_fees, account.kpis),
        advance,
        returned,
        max(NOTHING, shared - advance) - returned - owed,
    )
