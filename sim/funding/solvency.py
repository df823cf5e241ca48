"""Whether the company keeps its word: arrears, breach, default, insolvency, recovery, with months.

    arrears     something was due and not paid
    breach      a covenant is not kept at a year's end: nothing is distributed until it is
    default     a loan is overdue for as long as the law allows: it is called in
    insolvency  something is overdue for as long as the law allows: nobody pays in any more,
                all loans are called in, and the company goes on or is wound up, as the plan says
    recovery    after default or insolvency nothing is owed that is due

Bonus and silent partners rank behind everybody who could sue: what is late for them alone makes
nobody insolvent.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from sim.funding.loans import LoanPosition
from sim.funding.plan import Law, Plan
from sim.funding.streams import Cents, Flags, in_cents

NEVER = np.iinfo(np.int64).max  # the month of an event that did not happen

Event = Literal["arrears", "breach", "default", "insolvency", "recovery"]
EVENTS: tuple[Event, ...] = ("arrears", "breach", "default", "insolvency", "recovery")


class Solvency:
    """State and events of the company, seed by seed.

    Attributes
    ----------
    events
        Event -> month in which it happened first, int64 (seeds,); NEVER where it did not.
    insolvent, in_default, locked
        As it stands now, bool (seeds,); `locked`: a covenant forbids distributions.
    wound_up
        First month in which the company no longer works, int64 (seeds,); NEVER where it does.
    cover
        December -> cash flow of its twelve months before debt service, and the debt service
        that fell due in them, cents (seeds,).
    breaches
        (lender, December) -> where the covenant was not kept, bool (seeds,).
    """

    def __init__(self, plan: Plan, law: Law, loans: Sequence[LoanPosition], seeds: int) -> None:
        self.law, self.loans = law, loans
        self.ends = plan.after_insolvency == "wound_up"
        self.events = {event: np.full(seeds, NEVER) for event in EVENTS}
        self.insolvent = np.zeros(seeds, bool)
        self.in_default = np.zeros(seeds, bool)
        self.locked = np.zeros(seeds, bool)
        self.wound_up = np.full(seeds, NEVER)
        self.cover: dict[int, tuple[Cents, Cents]] = {}
        self.breaches: dict[tuple[str, int], Flags] = {}
        self._overdue_for = np.zeros(seeds, np.int64)
        self._loan_overdue_for = [np.zeros(seeds, np.int64) for _ in loans]

    def live(self, month: int) -> Flags:
        """Where the company still works in a month."""
        return self.wound_up > month

    def able(self, month: int) -> Flags:
        """Where funders still pay in."""
        return self.live(month) & ~self.insolvent

    @property
    def sound(self) -> Flags:
        """Where nothing but what is overdue forbids distributions."""
        return ~(self.locked | self.insolvent | self.in_default)

    def judge(self, month: int, overdue: Cents) -> None:
        """At the end of a month, find out who is late, in default, insolvent or has recovered."""
        late = overdue > 0
        self._happened("arrears", month, late)
        self._default(month)
        self._overdue_for = np.where(late, self._overdue_for + 1, 0)
        fails = (self._overdue_for >= self.law.insolvent_after) & ~self.insolvent
        self._happened("insolvency", month, fails)
        self.insolvent = self.insolvent | fails
        for loan in self.loans:
            loan.called = loan.called | (fails & (loan.owed > 0))
        if self.ends:
            self.wound_up = np.where(fails, np.minimum(self.wound_up, month + 1), self.wound_up)
        well = (self.insolvent | self.in_default) & ~late
        for loan in self.loans:
            well &= ~loan.called | (loan.owed == 0)
        self._happened("recovery", month, well)
        self.in_default = self.in_default & ~well
        self.insolvent = self.insolvent & ~(well & (self.wound_up == NEVER))

    def _default(self, month: int) -> None:
        for place, loan in enumerate(self.loans):
            months = np.where(loan.overdue > 0, self._loan_overdue_for[place] + 1, 0)
            called = (months >= self.law.default_after) & ~loan.called
            self._loan_overdue_for[place] = months
            self._happened("default", month, called)
            self.in_default = self.in_default | called
            loan.called = loan.called | called

    def test(self, month: int, cash: Cents, flow: Cents, service: Cents) -> None:
        """At a year's end, measure every covenant on the last twelve months."""
        self.cover[month] = (flow, service)
        broken = np.zeros_like(self.locked)
        for loan in self.loans:
            terms = loan.terms.covenants
            if terms is None or month < terms.first_month:
                continue
            breach = np.zeros_like(self.locked)
            if terms.debt_service_cover is not None:
                breach |= (service > 0) & (flow < terms.debt_service_cover * service)
            if terms.minimum_cash is not None:
                breach |= cash < in_cents(terms.minimum_cash)
            breach &= loan.outstanding > 0
            self.breaches[loan.terms.party, month] = breach
            broken |= breach
        self._happened("breach", month, broken)
        self.locked = broken

    def _happened(self, event: Event, month: int, where: Flags) -> None:
        first = where & (self.events[event] == NEVER)
        self.events[event] = np.where(first, month, self.events[event])
