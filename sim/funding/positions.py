"""What the other funders have paid in and are owed, month by month and for all seeds at once.

Whole cents, float64 (seeds,), as in `loans`. A position pays in, learns what falls due, and
collects as far as cash goes; the order among them is the waterfall's.
"""

import numpy as np

from sim.funding.instruments import MONTHS, Advance, Equity, Grant, OutcomeBond, Stake
from sim.funding.streams import Cents, Flags, equals, in_cents, part


class GrantPosition:
    """A grant: milestones that are reached or waited for, and what is to be given back."""

    def __init__(self, grant: Grant, seeds: int) -> None:
        self.terms = grant
        self.paid = equals(seeds)
        self.waiting = np.zeros((len(grant.milestones), seeds), bool)
        self.due = equals(seeds)

    def pay(self, month: int, spent: Cents, able: Flags) -> Cents:
        """Pay what is due to those who are `able` to receive it and have spent enough so far."""
        amount = equals(self.paid.size)
        for number, milestone in enumerate(self.terms.milestones):
            if milestone.month == month:
                self.waiting[number] = True
            if self.waiting[number].any():
                enough = spent >= part(self.paid, milestone.spent)
                reached = self.waiting[number] & enough & able
                received = np.where(reached, in_cents(milestone.amount), 0.0)
                self.waiting[number] &= ~reached
                self.paid = self.paid + received
                amount = amount + received
        return amount

    def fall_due(self, month: int, spent: Cents, ended: Flags) -> Cents:
        """Claim back what was not spent; from a company that has just ended, all that was paid."""
        terms = self.terms
        if not terms.clawback or terms.clawback_month is None or month > terms.clawback_month:
            return equals(self.due.size)
        claim = np.where(ended, part(self.paid, terms.clawback), 0.0)
        if month == terms.clawback_month:
            unspent = np.maximum(self.paid - spent, 0.0)
            claim = np.maximum(claim, part(unspent, terms.clawback))
            self.waiting[:] = False
        self.due = self.due + claim
        return claim

    def collect(self, cash: Cents) -> Cents:
        """Take what is due as far as `cash` goes."""
        taken = np.minimum(self.due, np.maximum(cash, 0.0))
        self.due = self.due - taken
        return taken

    @property
    def owed(self) -> Cents:
        """What is to be given back."""
        return self.due


class AdvancePosition:
    """An insurer's advance: paid, set off against settlements, forgiven or asked back."""

    def __init__(self, advance: Advance, seeds: int) -> None:
        self.terms = advance
        self.outstanding = equals(seeds)
        self.due = equals(seeds)

    def pay(self, month: int, insured: Cents, able: Flags) -> Cents:
        """Pay for this month; `insured` are persons, not cents."""
        terms, amount = self.terms, equals(self.due.size)
        if month == terms.first_month:
            amount = equals(self.due.size, terms.lump_sum)
        if terms.per_insured and terms.first_month <= month <= terms.until:
            amount = amount + in_cents(insured * terms.per_insured)
        amount = np.where(able, amount, 0.0)
        self.outstanding = self.outstanding + amount
        return amount

    def set_off(self, settlement: Cents, left: Cents) -> Cents:
        """Keep what is outstanding out of a settlement, of which so much is `left`."""
        most = np.minimum(part(settlement, self.terms.set_off), left)
        kept = np.minimum(most, self.owed)
        first = np.minimum(kept, self.due)
        self.due = self.due - first
        self.outstanding = self.outstanding - (kept - first)
        return kept

    def fall_due(self, month: int) -> Cents:
        """In the final month forgive a part of what is left, ask for the rest; return the first."""
        if month != self.terms.final_month:
            return equals(self.due.size)
        forgiven = part(self.outstanding, self.terms.forgiven)
        self.due = self.due + self.outstanding - forgiven
        self.outstanding = equals(self.due.size)
        return forgiven

    def collect(self, cash: Cents) -> Cents:
        """Take what is due as far as `cash` goes."""
        taken = np.minimum(self.due, np.maximum(cash, 0.0))
        self.due = self.due - taken
        return taken

    @property
    def owed(self) -> Cents:
        """All that is not set off, forgiven or paid back."""
        return self.outstanding + self.due


class StakePosition:
    """A silent partner's stake: interest owed, a part of good years, repayment."""

    def __init__(self, stake: Stake, seeds: int) -> None:
        self.terms = stake
        self.outstanding = equals(seeds)
        self.due_interest = equals(seeds)
        self.due_profit = equals(seeds)
        self.due_repayment = equals(seeds)

    def pay(self, month: int, able: Flags) -> Cents:
        """Pay the stake in, in its month."""
        amount = equals(self.outstanding.size)
        if month == self.terms.month:
            amount = np.where(able, in_cents(self.terms.amount), 0.0)
        self.outstanding = self.outstanding + amount
        return amount

    def fall_due(self, month: int, result: Cents | None) -> tuple[Cents, Cents]:
        """Add the month's interest, at a year's end the part of its `result`; return both.

        From its last month on, the stake itself is due.
        """
        terms = self.terms
        interest = profit = equals(self.outstanding.size)
        if month > terms.month:
            interest = part(self.outstanding, terms.interest / MONTHS)
            self.due_interest = self.due_interest + interest
        if result is not None and terms.profit_share:
            earned = part(np.maximum(result, 0.0), terms.profit_share)
            profit = np.where(self.outstanding > 0, earned, 0.0)
            self.due_profit = self.due_profit + profit
        if month >= terms.repaid_month:
            self.due_repayment = self.outstanding
        return interest, profit

    def collect(self, cash: Cents) -> tuple[Cents, Cents, Cents]:
        """Take interest, part of the results and repayment, as far as `cash` goes."""
        left = np.maximum(cash, 0.0)
        interest = np.minimum(self.due_interest, left)
        profit = np.minimum(self.due_profit, left - interest)
        repayment = np.minimum(self.due_repayment, left - interest - profit)
        self.due_interest = self.due_interest - interest
        self.due_profit = self.due_profit - profit
        self.due_repayment = self.due_repayment - repayment
        self.outstanding = self.outstanding - repayment
        return interest, profit, repayment

    @property
    def owed(self) -> Cents:
        """All that the partner could ask for."""
        return self.outstanding + self.due_interest + self.due_profit


class EquityPosition:
    """Shares: what was paid in, the preferred return that has run up, whether they were sold."""

    def __init__(self, equity: Equity, seeds: int) -> None:
        self.terms = equity
        self.paid_in = equals(seeds)
        self.preferred = equals(seeds)
        self.sold = np.zeros(seeds, bool)

    def pay(self, month: int, able: Flags) -> Cents:
        """Pay in the tranche of this month, and let the preferred return run on the rest."""
        self.preferred = self.preferred + np.where(
            self.sold,
            0.0,
            part(self.paid_in + self.preferred, self.terms.preferred_return / MONTHS),
        )
        amount = equals(self.paid_in.size)
        for tranche in self.terms.tranches:
            if tranche.month == month:
                amount = np.where(able, in_cents(tranche.amount), 0.0)
        self.paid_in = self.paid_in + amount
        return amount

    def prefer(self, distributable: Cents) -> Cents:
        """Take the preferred return as far as what may be distributed goes."""
        taken = np.minimum(self.preferred, np.maximum(distributable, 0.0))
        self.preferred = self.preferred - taken
        return taken

    def sell(self, value: Cents, able: Flags) -> Cents:
        """Sell the shares of a company worth `value`; return the price."""
        price = np.where(able & ~self.sold, part(np.maximum(value, 0.0), self.terms.share), 0.0)
        self.sold = np.ones_like(self.sold)
        self.preferred = equals(price.size)
        return price


class BondPosition:
    """An outcome bond: paid in, paid back by the commissioner for outcomes, at last protected."""

    def __init__(self, bond: OutcomeBond, seeds: int) -> None:
        self.terms = bond
        self.paid_in = equals(seeds)
        self.received = equals(seeds)

    def pay(self, month: int, able: Flags) -> Cents:
        """Pay in the tranche of this month."""
        amount = equals(self.paid_in.size)
        for tranche in self.terms.tranches:
            if tranche.month == month:
                amount = np.where(able, in_cents(tranche.amount), 0.0)
        self.paid_in = self.paid_in + amount
        return amount

    def reward(self, outcome: Cents) -> Cents:
        """Pay the tariff for an outcome (in its own unit, not cents), up to the cap."""
        left = np.maximum(part(self.paid_in, self.terms.cap) - self.received, 0.0)
        paid = np.minimum(in_cents(np.maximum(outcome, 0.0) * self.terms.tariff), left)
        self.received = self.received + paid
        return paid

    def protect(self) -> Cents:
        """Make good what is missing from the protected part of what was paid in."""
        missing = np.maximum(part(self.paid_in, self.terms.protection) - self.received, 0.0)
        self.received = self.received + missing
        return missing
