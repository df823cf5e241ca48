"""Who carries the company until the first settlement: for now a lender."""

import mesa

from sim.funding.cashbook import CENTS, Cashbook, to_the_cent
from sim.funding.instruments import Loan
from sim.funding.loans import LoanPosition
from sim.funding.streams import equals


class Lender(mesa.Agent):
    """A lender with one loan.

    Rule: lend what the integrator lacks while the commitment lasts; collect interest and
    instalments when due, as far as there is cash; what is not paid is overdue.
    """

    def __init__(self, model: mesa.Model, loan: Loan, book: Cashbook) -> None:
        super().__init__(model)
        self.loan = loan
        self.book = book
        self.lender = loan.funder
        self.committed = loan.amount
        self.drawn = self.interest = self.repaid = 0.0  # within the year
        self._position = LoanPosition(loan, 1)

    @property
    def outstanding(self) -> float:
        """Principal that is not paid back, EUR."""
        return float(self._position.outstanding[0]) / CENTS

    def settle(self, cash: float, month: int) -> None:
        """Lend what is missing, this month's interest included, then collect what is due.

        `cash` is what the integrator has, EUR; instalments are paid from it as far as it goes.
        """
        self._position.fall_due(month)
        due = float(self._position.due_interest[0]) / CENTS
        cash += self.lend(due - cash, month)
        self.collect(cash, month)

    def fall_due(self, month: int) -> None:
        """Find what falls due this month on what is outstanding at its start, overdue included."""
        self._position.fall_due(month)

    def lend(self, need: float, month: int) -> float:
        """Lend up to `need` EUR of what is still available; return it less the fee."""
        lent, fee = (
            float(cents[0]) / CENTS for cents in self._position.lend(equals(1, need), month)
        )
        self.book.pay(month, self.loan.party, "integrator", "drawdown", lent)
        self.book.pay(month, "integrator", self.loan.party, "fee", fee)
        return to_the_cent(lent - fee)

    def collect(self, cash: float, month: int) -> float:
        """Collect what is due as far as `cash` EUR goes; return what was paid."""
        paid = self._position.collect(equals(1, cash))
        self.book.pay(month, "integrator", self.loan.party, "fee", float(paid.fee[0]) / CENTS)
        for account, cents in (("interest", paid.interest), ("repayment", paid.repayment)):
            self.book.pay(month, "integrator", self.loan.party, account, float(cents[0]) / CENTS)
        return float(paid.together[0]) / CENTS

    def close_year(self, month: int) -> None:
        """Add up what was lent and paid back in the year that ends with `month`."""

        def of_year(account: str) -> float:
            flows = self.book.monthly(self.loan.party, month - 11, month, {account})
            return to_the_cent(float(flows.sum()))

        self.drawn = -of_year("drawdown")
        self.interest = of_year("interest")
        self.repaid = of_year("repayment")
