"""The regional company: pays staff, programmes and physicians, is paid by the insurers."""

from collections.abc import Mapping

import mesa
from pydantic import BaseModel, Field

from sim.funding.cashbook import OPERATING, Cashbook


class GenerationTerms(BaseModel, frozen=True, extra="forbid"):
    """What the company is made of, as conf/generation describes it; units and sources there."""

    label: str
    overhead: dict[str, float]
    preparation_cost: float = Field(ge=0)
    bonus_share: float = Field(ge=0, le=1)


class Integrator(mesa.Agent):
    """The regional company.

    Rule: order overhead, programmes and network month by month, and owe physicians a share of
    the shared savings received. How that is paid is the till's: drawn from funders while they
    pay in, by rank, and where money is missing it is missing: suppliers wait.
    """

    def __init__(
        self, model: mesa.Model, terms: GenerationTerms, book: Cashbook, preparation: int
    ) -> None:
        super().__init__(model)
        self.terms = terms
        self.book = book
        self.preparation = preparation
        self.members = self.insured = 0
        self.unpaid = 0.0
        self.member_deaths = self.expected_member_deaths = 0.0
        self.income = self.expense = self.staff_cost = self.programme_cost = 0.0

    def prepare(self, month: int, price: float) -> None:
        """Spend the cost of preparation in equal parts, before the first contract month."""
        if 1 - self.preparation <= month <= 0:
            self._pay(
                month,
                "staff",
                "overhead",
                self.terms.preparation_cost / self.preparation * price,
            )

    @property
    def cash(self) -> float:
        """What is in the till now, EUR."""
        return self.book.balance("integrator")

    def pay(self, month: int, price: float, programmes: float, network: float) -> None:
        """Pay a month of overhead, programmes and network.

        `price` is EUR per EUR of the price year; what programmes and network cost this month
        is in EUR already.
        """
        yearly = sum(self.terms.overhead.values())
        self._pay(month, "staff", "overhead", yearly / 12 * price)
        self._pay(month, "providers", "programme", programmes)
        self._pay(month, "physicians", "network_pay", network)

    def bonus(self, settled: Mapping[int, float]) -> dict[int, float]:
        """What it owes the physicians of shared savings that arrive, EUR by contract year."""
        return {year: amount * self.terms.bonus_share for year, amount in settled.items()}

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
