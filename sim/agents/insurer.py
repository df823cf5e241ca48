"""An insurer: pays for care, is paid its allocation, shares with the integrator what it saves."""

import mesa
import numpy as np

from sim.contract.benchmarks import contribution_margin
from sim.contract.ledger import Ledger, cost, insured_years
from sim.contract.risk_adjustment import Norm, total_allocation
from sim.contract.settlement import Settlement
from sim.funding.cashbook import Cashbook


class Insurer(mesa.Agent):
    """An insurer that signed the contract.

    Rule: pay the care of the insured residents, receive the risk-adjusted allocation for them, and
    pay the integrator its part of fees and shared savings, by insured-years; be paid its part of
    a loss that is shared.
    """

    def __init__(self, model: mesa.Model, number: int, name: str, book: Cashbook) -> None:
        super().__init__(model)
        self.number = number
        self.insurer = name
        self.book = book
        self.insured_years = 0.0
        self.cost = 0.0
        self.allocation = 0.0
        self.paid_to_integrator = 0.0

    @property
    def party(self) -> str:
        """The insurer as the cashbook names it."""
        return f"insurer:{self.insurer}"

    def close_year(
        self, ledger: Ledger, norm: Norm, sectors: tuple[str, ...], month: int, regime: float = 1.0
    ) -> None:
        """Book the care of the year and the allocation for it, at the year's end.

        `regime` is what a change of risk equalisation makes of the allocation (1).
        """
        own = ledger.where(np.flatnonzero(ledger.insurer == self.number))
        self.insured_years = insured_years(own)
        self.cost = cost(own, sectors)
        self.allocation = regime * total_allocation(norm, own)
        self.book.pay(month, self.party, "providers", "care", self.cost)
        self.book.pay(month, "risk_pool", self.party, "allocation", self.allocation)

    @property
    def contribution_margin(self) -> float:
        """What is left of the allocation after paying for care, EUR/year."""
        return contribution_margin(self.allocation, self.cost)

    def pay_fees(self, settlement: Settlement, share: float, month: int) -> None:
        """Pay its share of fees and advance of a contract year, which fall due at its end."""
        for account in ("investment_fee", "management_fee", "kpi_fee", "advance"):
            self._pay(month, account, getattr(settlement, account) * share)

    def settle(self, settlement: Settlement, share: float, month: int) -> None:
        """Pay its share of the shared savings when the settlement is due, or be paid.

        The advance comes back as far as savings were earned or the contract claws it back; what
        the integrator owes of a loss comes on top. All in all this is the settlement's payment.
        """
        self._pay(month, "shared_savings", settlement.shared_savings * share)
        earned = min(settlement.advance, settlement.shared_savings)
        self._receive(month, "advance", (earned + settlement.advance_returned) * share)
        self._receive(month, "shared_loss", settlement.shared_loss * share)

    def _pay(self, month: int, account: str, amount: float) -> None:
        self.book.pay(month, self.party, "integrator", account, amount)
        self.paid_to_integrator += amount

    def _receive(self, month: int, account: str, amount: float) -> None:
        self.book.pay(month, "integrator", self.party, account, amount)
        self.paid_to_integrator -= amount
