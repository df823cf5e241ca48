"""The regional company: pays staff, programmes and physicians, is paid by the insurers."""

import mesa

from sim.funding.cashbook import OPERATING, Cashbook, to_the_cent
from sim.generation import GenerationTerms
from sim.region import Phases


class Integrator(mesa.Agent):
    """The regional company.

    Rule: pay overhead, components, programmes and network pay month by month; pass a share of the
    shared savings received on to physicians; draw on funders for what is missing and repay them
    when due. Where money is missing it is missing: suppliers wait, and cash shows below zero.
    """

    def __init__(
        self, model: mesa.Model, terms: GenerationTerms, book: Cashbook, phases: Phases
    ) -> None:
        super().__init__(model)
        self.terms = terms
        self.book = book
        self.phases = phases
        self.received = 0.0
        self.members = 0
        self.member_deaths = self.expected_member_deaths = 0.0
        self.income = self.expense = self.staff_cost = self.programme_cost = 0.0

    def prepare(self, month: int, price: float) -> None:
        """Spend a phase's cost in equal parts over its months; its funder pays the staff."""
        phase = self.phases.at(month)
        if phase is not None and phase.cost > 0:
            amount = phase.monthly_cost() * price
            self.book.pay(month, phase.funder, "staff", "overhead", amount)

    @property
    def cash(self) -> float:
        """What is in the till now, EUR; below zero where suppliers wait."""
        return self.book.balance("integrator")

    def pay(
        self, month: int, price: float, components: float, programmes: float, network: float
    ) -> None:
        """Pay a month of overhead and components, programmes and network.

        `price` is EUR per EUR of the price year, in which components cost so much a year; what
        programmes and network cost this month is in EUR already.
        """
        yearly = sum(self.terms.overhead.values()) + components
        self._pay(month, "staff", "overhead", yearly / 12 * price)
        self._pay(month, "providers", "programme", programmes)
        self._pay(month, "physicians", "network_pay", network)

    def pass_on(self, month: int) -> float:
        """Pay the physicians their share of the shared savings received since; return it."""
        received = self.book.total(payee="integrator", account="shared_savings")
        bonus = to_the_cent((received - self.received) * self.terms.bonus_share)
        self.received = received
        self._pay(month, "physicians", "bonus", bonus)
        return bonus

    def close_year(self, month: int, members: int) -> None:
        """Add up the year that ends with `month`, before financing and as dated, EUR."""
        self.members = members
        by_account = {
            account: float(self.book.monthly("integrator", month - 11, month, {account}).sum())
            for account in sorted(OPERATING)
        }
        self.income = sum(max(flow, 0.0) for flow in by_account.values())
        self.expense = sum(max(-flow, 0.0) for flow in by_account.values())
        self.staff_cost = -by_account["overhead"]
        self.programme_cost = -by_account["programme"]

    @property
    def operating_result(self) -> float:
        """Income less expense of the year, before financing, EUR."""
        return self.income - self.expense

    def _pay(self, month: int, payee: str, account: str, amount: float) -> None:
        self.book.pay(month, "integrator", payee, account, amount)
