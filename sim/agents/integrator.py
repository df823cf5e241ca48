"""The regional company: pays staff, programmes and physicians, is paid by the insurers."""

from collections.abc import Sequence

import mesa
from pydantic import BaseModel, Field

from sim.agents.investor import Lender
from sim.agents.physician import Physician
from sim.agents.programme import Programme
from sim.funding.cashbook import OPERATING, Cashbook, to_the_cent


class GenerationTerms(BaseModel, frozen=True, extra="forbid"):
    """What the company is made of, as conf/generation describes it; units and sources there."""

    label: str
    overhead: dict[str, float]
    preparation_cost: float = Field(ge=0)
    bonus_share: float = Field(ge=0, le=1)


class Integrator(mesa.Agent):
    """The regional company.

    Rule: pay overhead, programmes and network pay month by month; pass a share of the shared
    savings received on to physicians; draw on funders for what is missing and repay them when
    due. Where money is missing it is missing: suppliers wait, and cash shows below zero.
    """

    def __init__(
        self, model: mesa.Model, terms: GenerationTerms, book: Cashbook, preparation: int
    ) -> None:
        super().__init__(model)
        self.terms = terms
        self.book = book
        self.preparation = preparation
        self.cash = 0.0
        self.received = 0.0
        self.members = 0
        self.income = self.expense = self.staff_cost = self.programme_cost = 0.0

    def prepare(self, month: int, price: float) -> None:
        """Spend the cost of preparation in equal parts, before the first contract month."""
        if 1 - self.preparation <= month <= 0:
            self._pay(month, "staff", "overhead", self.terms.preparation_cost / self.preparation * price)

    def pay(
        self,
        month: int,
        price: float,
        programmes: Sequence[Programme],
        network: Sequence[Physician],
    ) -> None:
        """Pay a month of overhead, programmes and network; `price` as in the programmes."""
        yearly = sum(self.terms.overhead.values())
        self._pay(month, "staff", "overhead", yearly / 12 * price)
        self._pay(month, "providers", "programme", sum(p.due for p in programmes))
        self._pay(month, "physicians", "network_pay", sum(p.due for p in network))

    def pass_on(self, month: int, network: Sequence[Physician]) -> None:
        """Give the network its bonus of the shared savings received, by members."""
        received = self.book.total(payee="integrator", account="shared_savings")
        bonus = (received - self.received) * self.terms.bonus_share
        self.received = received
        members = sum(physician.members for physician in network)
        if bonus > 0 and members:
            for physician in network:
                physician.bonus += bonus * physician.members / members
            self._pay(month, "physicians", "bonus", bonus)

    def settle_with_lenders(self, month: int, lenders: Sequence[Lender]) -> None:
        """Service debts as far as cash goes, then draw what is missing."""
        cash = self.book.balance("integrator")
        for lender in lenders:
            cash -= lender.collect(max(cash, 0.0), month)
        for lender in lenders:
            cash += lender.lend(-cash, month)
        self.cash = to_the_cent(cash)

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
