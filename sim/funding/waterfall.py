"""Who is paid first when money is short: the company's months, for all seeds at once.

A month, in this order:

    1  funders pay in what is dated in it
    2  fees and settlements arrive; advances are set off before
    3  loans are drawn for what is missing: tax, cost, interest
    4  tax; operating cost, with what suppliers still wait for
    5  senior debt; what insurers and grantors ask back; subordinated debt; silent partners
    6  physicians' bonus
    7  in December, of what was earned and lies above the reserve: reinvestment, preferred
       returns, dividends

There are no plugs. Where money is missing it is missing: cost is booked when it falls due and
what cannot be paid of it is a credit that the suppliers (for the bonus: the physicians) give
against their will, until it is paid. So the operating accounts never depend on the funding,
cash is never below zero, and who bore the loss can be read in the books. Within a rank the
order is that of the plan.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.funding.instruments import MONTHS, Advance, Equity, Grant, Loan, OutcomeBond, Stake
from sim.funding.loans import LoanPosition
from sim.funding.plan import Law, Plan
from sim.funding.positions import (
    AdvancePosition,
    BondPosition,
    EquityPosition,
    GrantPosition,
    StakePosition,
)
from sim.funding.solvency import Solvency
from sim.funding.streams import Cents, Flags, Streams, equals, in_cents, part

COMPANY = "integrator"
SUPPLIERS, PHYSICIANS, STATE = "suppliers", "physicians", "tax_office"
FOUNDERS, BUYER, EVALUATOR = "founders", "buyer", "evaluator"

Outcomes = Mapping[str, Mapping[int, NDArray[np.float64]]]


class Business(NamedTuple):
    """What the business itself does in a month: cents (seeds,), persons (seeds,).

    `settled` holds, by contract year, the shared savings that arrive this month, `bonus` what
    physicians are to have of them; `outcomes`, by name and contract year, what an evaluator can
    find out, in its own unit: a bond pays for it after its lag.
    """

    cost: Cents
    fees: Cents
    settled: Mapping[int, Cents]
    bonus: Mapping[int, Cents]
    insured: NDArray[np.float64]
    outcomes: Outcomes


class Trailing(NamedTuple):
    """A month of the last twelve: result, cash before debt service, debt service newly due."""

    result: Cents
    available: Cents
    service: Cents


class Waterfall:
    """The money of a company under a plan; call `month` for each month in order.

    Attributes
    ----------
    cash, credit, bonus_unpaid, tax_unpaid
        In the till; what suppliers, physicians and the state wait for; cents (seeds,).
    streams
        All payments of funding, tax and bonus. Fees, settlements and cost are entered by whoever
        has the business.
    dues
        Who came to owe whom, by month and account, whether it was paid or not: interest, fees,
        parts of the result, clawbacks, tax; and what insurers forgave.
    """

    def __init__(self, plan: Plan, law: Law, streams: Streams) -> None:
        seeds = streams.seeds
        self.plan, self.law, self.streams = plan, law, streams
        self.dues = Streams(streams.first, streams.last, seeds)
        self.nothing = equals(seeds)
        self.cash = self.credit = self.bonus_unpaid = self.tax_unpaid = self.nothing
        self.spent = self.nothing  # on the business
        self.retained = self.nothing  # earned, not lost again and not distributed
        self.losses = self.nothing  # carried forward
        self.taxable = self.result = self.nothing  # of the year so far
        self.given = self.nothing  # of the year so far: taxed, but not earned
        self.assessed: dict[int, Cents] = {}
        self.trailing: deque[Trailing] = deque(maxlen=MONTHS)
        self.grants = [GrantPosition(one, seeds) for one in plan.of(Grant)]
        self.loans = [LoanPosition(one, seeds) for one in plan.of(Loan)]
        self.advances = [AdvancePosition(one, seeds) for one in plan.of(Advance)]
        self.stakes = [StakePosition(one, seeds) for one in plan.of(Stake)]
        self.shares = [EquityPosition(one, seeds) for one in plan.of(Equity)]
        self.bonds = [BondPosition(one, seeds) for one in plan.of(OutcomeBond)]
        self.capital: list[StakePosition | EquityPosition | BondPosition] = [
            *self.stakes,
            *self.shares,
            *self.bonds,
        ]
        self.claims: list[AdvancePosition | GrantPosition] = [*self.advances, *self.grants]
        self.debts: list[LoanPosition | AdvancePosition | GrantPosition | StakePosition] = [
            *self.loans,
            *self.claims,
            *self.stakes,
        ]
        self.solvency = Solvency(plan, law, self.loans, seeds)

    def month(self, month: int, business: Business) -> None:
        """One month of money, in the order of the waterfall."""
        live, able = self.solvency.live(month), self.solvency.able(month)
        cost, fees = np.where(live, business.cost, 0.0), np.where(live, business.fees, 0.0)
        vat = part(cost, self.law.vat * self.law.vat_share)
        self._pay_in(month, business.insured, able)
        settled, bonus = self._lived(business.settled), self._lived(business.bonus)
        self.cash = self.cash + fees + settled
        kept = self._set_off(month, settled)
        result = fees + settled - cost - vat - bonus
        self.spent = self.spent + cost + vat
        self.result, self.taxable = self.result + result, self.taxable + result
        self.tax_unpaid = self.tax_unpaid + self.assessed.pop(month, self.nothing)
        service = self._fall_due(month)
        self._draw(month, cost + vat, able)
        tax = self._pay_tax(month)
        self._pay_cost(month, cost, vat)
        self._serve(month)
        self._pay_bonus(month, bonus)
        self._reward(month, business.outcomes)
        self.trailing.append(Trailing(result, result + bonus - kept - tax, service))
        self.solvency.judge(month, self.overdue)
        if month % MONTHS == 0:
            self._close_year(month)
        self._exit(month)
        if month == self.streams.last:
            self._end(month)

    def _pay_in(self, month: int, insured: NDArray[np.float64], able: Flags) -> None:
        """Funders pay in what is dated in this month."""
        for grant in self.grants:
            amount = grant.pay(month, self.spent, able)
            self._come(month, grant.terms.party, "grant", amount)
            self.given = self.given + amount
        for advance in self.advances:
            amount = advance.pay(month, insured, able)
            self._come(month, advance.terms.party, "advance", amount)
        for position in self.capital:
            amount = position.pay(month, able)
            self._come(month, position.terms.party, "capital", amount)
            if isinstance(position, BondPosition):  # the company never pays it back
                self.given = self.given + amount
        for loan in self.loans:
            if loan.terms.draw == "at_once" and month == loan.terms.first_month:
                self._lend(loan, month, np.where(able, loan.commitment, 0.0))

    def _lived(self, by_year: Mapping[int, Cents]) -> Cents:
        """Sum of what belongs to contract years that the company lived to their end."""
        lived = self.solvency.live
        return self._sum(
            np.where(lived(MONTHS * year), amount, 0.0) for year, amount in by_year.items()
        )

    def _set_off(self, month: int, settled: Cents) -> Cents:
        """Let the insurers keep their advances out of a settlement; return what they keep."""
        kept = self.nothing
        for advance in self.advances:
            own = advance.set_off(settled, settled - kept)
            kept = kept + own
            self._go(month, advance.terms.party, "set_off", own)
        return kept

    def _fall_due(self, month: int) -> Cents:
        """Find what is due this month; return what of the loans' was not due before, cents."""
        service = self.nothing
        for loan in self.loans:
            before = loan.overdue
            loan.fall_due(month)
            service = service + np.maximum(loan.due - before, 0.0)
            self.dues.pay(month, COMPANY, loan.terms.party, "fee", loan.due_fee)
            self.dues.pay(month, COMPANY, loan.terms.party, "interest", loan.charged)
        ended = self.solvency.events["insolvency"] == month - 1  # judged when last month ended
        for grant in self.grants:
            claim = grant.fall_due(month, self.spent, ended)
            self.dues.pay(month, COMPANY, grant.terms.party, "clawback", claim)
        for advance in self.advances:
            forgiven = advance.fall_due(month)
            self.dues.pay(month, advance.terms.party, COMPANY, "forgiven", forgiven)
            self.given = self.given + forgiven
        for stake in self.stakes:
            result = self.result if month % MONTHS == 0 else None
            interest, profit = stake.fall_due(month, result)
            self.dues.pay(month, COMPANY, stake.terms.party, "interest", interest)
            self.dues.pay(month, COMPANY, stake.terms.party, "profit_share", profit)
        return service

    def _draw(self, month: int, cost: Cents, able: Flags) -> None:
        """Draw on the loans, in order, for what is missing."""
        due = self.tax_unpaid + self.credit + cost
        for loan in self.loans:
            due = due + loan.due_fee + loan.due_interest
        for loan in self.loans:
            if loan.terms.draw == "needed":
                self._lend(loan, month, np.where(able, due - self.cash, 0.0))

    def _lend(self, loan: LoanPosition, month: int, need: Cents) -> None:
        lent, fee = loan.lend(need, month)
        self._come(month, loan.terms.party, "drawdown", lent)
        self._go(month, loan.terms.party, "fee", fee)
        self.dues.pay(month, COMPANY, loan.terms.party, "fee", fee)
        self.taxable = self.taxable - fee

    def _pay_tax(self, month: int) -> Cents:
        paid = np.minimum(self.tax_unpaid, self.cash)
        self.tax_unpaid = self.tax_unpaid - paid
        self._go(month, STATE, "profit_tax", paid)
        self.retained = self.retained - paid
        return paid

    def _pay_cost(self, month: int, cost: Cents, vat: Cents) -> None:
        """Pay this month's cost and what suppliers wait for; what cannot be paid they wait for."""
        self.streams.pay(month, COMPANY, STATE, "vat", vat)
        self.credit = self._pay_or_owe(month, SUPPLIERS, cost + vat, self.credit)

    def _pay_bonus(self, month: int, bonus: Cents) -> None:
        """Pay the physicians' bonus, and what they still wait for, from what is left."""
        self.streams.pay(month, COMPANY, PHYSICIANS, "bonus", bonus)
        self.bonus_unpaid = self._pay_or_owe(month, PHYSICIANS, bonus, self.bonus_unpaid)

    def _pay_or_owe(self, month: int, creditor: str, due: Cents, unpaid: Cents) -> Cents:
        """Pay what is due and what was unpaid, as far as cash goes; return what is unpaid now."""
        paid = np.minimum(unpaid + due, self.cash)
        given, repaid = np.maximum(due - paid, 0.0), np.maximum(paid - due, 0.0)
        self.streams.pay(month, creditor, COMPANY, "credit", given)
        self.streams.pay(month, COMPANY, creditor, "credit_repaid", repaid)
        self.cash = self.cash - paid
        return unpaid + given - repaid

    def _serve(self, month: int) -> None:
        """Senior debt, what is asked back, subordinated debt, silent partners."""
        self._collect(month, "senior")
        for claim in self.claims:
            taken = claim.collect(self.cash)
            self._go(month, claim.terms.party, "clawback", taken)
            if isinstance(claim, GrantPosition):
                self.given = self.given - taken
        self._collect(month, "subordinated")
        for stake in self.stakes:
            interest, profit, repayment = stake.collect(self.cash)
            self._go(month, stake.terms.party, "interest", interest)
            self._go(month, stake.terms.party, "profit_share", profit)
            self._go(month, stake.terms.party, "repayment", repayment)
            self.taxable = self.taxable - interest - profit

    def _collect(self, month: int, rank: str) -> None:
        for loan in self.loans:
            if loan.terms.rank == rank:
                paid = loan.collect(self.cash)
                self._go(month, loan.terms.party, "fee", paid.fee)
                self._go(month, loan.terms.party, "interest", paid.interest)
                self._go(month, loan.terms.party, "repayment", paid.repayment)
                self.taxable = self.taxable - paid.fee - paid.interest

    def _reward(self, month: int, outcomes: Outcomes) -> None:
        """The commissioner of a bond pays for what was achieved; at last the guarantor."""
        for bond in self.bonds:
            terms = bond.terms
            for year, found in outcomes.get(terms.outcome, {}).items():
                if month != MONTHS * year + terms.lag:
                    continue
                lived = self.solvency.live(MONTHS * year) & (bond.paid_in > 0)
                lived &= month <= terms.final_month
                paid = bond.reward(np.where(lived, found, 0.0))
                self.streams.pay(month, terms.commissioner, terms.party, "outcome_payment", paid)
                fee = np.where(lived, in_cents(terms.evaluation), 0.0)
                self.streams.pay(month, terms.commissioner, EVALUATOR, "evaluation", fee)
            if month == terms.final_month:
                self.streams.pay(month, terms.guarantor, terms.party, "protection", bond.protect())

    @property
    def overdue(self) -> Cents:
        """What somebody could sue for: what is due to suppliers, state, lenders and grantors."""
        late = self.credit + self.tax_unpaid
        for loan in self.loans:
            late = late + loan.overdue
        for claim in self.claims:
            late = late + claim.due
        return late

    @property
    def owed(self) -> dict[str, Cents]:
        """All that the company owes, due or not, by creditor, cents (seeds,)."""
        state = self._sum(self.assessed.values()) + self.tax_unpaid
        debts = {SUPPLIERS: self.credit, PHYSICIANS: self.bonus_unpaid, STATE: state}
        for position in self.debts:
            party = position.terms.party
            debts[party] = debts.get(party, self.nothing) + position.owed
        return debts

    def _close_year(self, month: int) -> None:
        """Test the covenants, assess the tax, distribute what was earned."""
        flow = self._sum(one.available for one in self.trailing)
        service = self._sum(one.service for one in self.trailing)
        self.solvency.test(month, self.cash, flow, service)
        self.retained = self.retained + self.taxable
        taxable = self.taxable + self.given
        profit = np.maximum(taxable - self.losses, 0.0)
        self.losses = np.maximum(self.losses - taxable, 0.0)
        if self.law.profit_tax:
            assessed = part(profit, self.law.profit_tax)
            self.assessed[month + self.law.tax_lag] = assessed
            self.dues.pay(month, COMPANY, STATE, "profit_tax", assessed)
        self.taxable = self.result = self.given = self.nothing
        self._distribute(month)

    def _distribute(self, month: int) -> None:
        """Reinvest, serve preferred returns, pay dividends; never what was not earned."""
        plan = self.plan
        if not (plan.reinvestment or plan.payout or self.shares):
            return
        tax = self._sum(self.assessed.values())
        above = self.cash - in_cents(plan.reserve) - tax - self.bonus_unpaid
        open_to = self.solvency.sound & (self.overdue == 0)
        free = np.where(open_to, np.maximum(np.minimum(above, self.retained - tax), 0.0), 0.0)
        reinvested = part(free, plan.reinvestment)
        self._share_out(month, "providers", "reinvestment", reinvested)
        free = self._prefer(month, free - reinvested)
        self._to_owners(month, "dividend", part(free, plan.payout))

    def _prefer(self, month: int, free: Cents) -> Cents:
        """Serve the preferred returns, in order; return what is left."""
        for share in self.shares:
            preferred = share.prefer(free)
            self._share_out(month, share.terms.party, "preferred_return", preferred)
            free = free - preferred
        return free

    def _to_owners(self, month: int, account: str, whole: Cents) -> None:
        """Pay owners by their shares; what nobody else holds is the founders'."""
        rest = whole
        for share in self.shares:
            owned = np.minimum(part(whole, share.terms.share), rest)
            for payee, where in ((share.terms.party, ~share.sold), (BUYER, share.sold)):
                self._share_out(month, payee, account, np.where(where, owned, 0.0))
            rest = rest - owned
        self._share_out(month, FOUNDERS, account, rest)

    def _exit(self, month: int) -> None:
        """Whoever leaves this month sells to a buyer."""
        for share in self.shares:
            if share.terms.exit_month == month:
                result = self._sum(one.result for one in self.trailing)
                debts = self._sum(self.owed.values())
                worth = part(result, share.terms.exit_multiple) + self.cash - debts
                price = share.sell(worth, self.solvency.able(month))
                self.streams.pay(month, BUYER, share.terms.party, "exit", price)

    def _end(self, month: int) -> None:
        """Close the book: the last tax is paid, and owners have what is left if nothing is owed."""
        self.tax_unpaid = self.tax_unpaid + self._sum(self.assessed.values())
        self.assessed = {}
        self._pay_tax(month)
        if self.shares:
            settled = self._sum(self.owed.values()) == 0
            left = self._prefer(month, np.where(settled, self.cash, 0.0))
            self._to_owners(month, "liquidation", left)

    def _sum(self, parts: Iterable[Cents]) -> Cents:
        return sum(parts, start=self.nothing)

    def _come(self, month: int, payer: str, account: str, cents: Cents) -> None:
        self.streams.pay(month, payer, COMPANY, account, cents)
        self.cash = self.cash + cents

    def _go(self, month: int, payee: str, account: str, cents: Cents) -> None:
        self.streams.pay(month, COMPANY, payee, account, cents)
        self.cash = self.cash - cents

    def _share_out(self, month: int, payee: str, account: str, cents: Cents) -> None:
        self._go(month, payee, account, cents)
        self.retained = self.retained - cents
