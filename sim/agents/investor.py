"""Who carries the company until the first settlement: for now a lender."""

import mesa

from sim.funding.cashbook import Cashbook, to_the_cent
from sim.funding.instruments import (
    NOTHING,
    Due,
    Loan,
    arrangement_fee,
    available,
    due,
    payable,
    unpaid,
)


class Lender(mesa.Agent):
    """A lender with one loan.

    Rule: lend what the integrator lacks while the commitment lasts; collect interest and
    instalments when due, as far as there is cash; what is not paid is in arrears.
    """

    def __init__(self, model: mesa.Model, loan: Loan, book: Cashbook) -> None:
        super().__init__(model)
        self.loan = loan
        self.book = book
        self.lender = loan.lender
        self.committed = loan.amount
        self.outstanding = 0.0
        self.drawn = self.interest = self.repaid = 0.0  # within the year
        self._drawn = 0.0  # so far
        self._arrears = NOTHING

    def settle(self, cash: float, month: int) -> None:
        """Lend what is missing, this month's interest included, then collect what is due.

        `cash` is what the integrator has, EUR; instalments are paid from it as far as it goes.
        """
        owed = self.due(month)
        cash += self.lend(owed.interest - cash, month)
        self.collect(owed, cash, month)

    def due(self, month: int) -> Due:
        """What falls due this month on what is outstanding at its start, arrears included."""
        return due(self.loan, self.outstanding, month, self._arrears)

    def lend(self, need: float, month: int) -> float:
        """Lend up to `need` EUR of what is still available; return it less the fee."""
        lent = to_the_cent(min(max(need, 0.0), available(self.loan, self._drawn, month)))
        fee = arrangement_fee(self.loan, lent)
        self.book.pay(month, self.loan.party, "integrator", "drawdown", lent)
        self.book.pay(month, "integrator", self.loan.party, "fee", fee)
        self._drawn = to_the_cent(self._drawn + lent)
        self.outstanding = to_the_cent(self.outstanding + lent)
        return to_the_cent(lent - fee)

    def collect(self, owed: Due, cash: float, month: int) -> float:
        """Collect what is owed as far as `cash` EUR goes; return what was paid."""
        paid = payable(owed, cash)
        self.book.pay(month, "integrator", self.loan.party, "interest", paid.interest)
        self.book.pay(month, "integrator", self.loan.party, "repayment", paid.repayment)
        self.outstanding = to_the_cent(self.outstanding - paid.repayment)
        self._arrears = unpaid(owed, paid)
        return to_the_cent(paid.interest + paid.repayment)

    def close_year(self, month: int) -> None:
        """Add up what was lent and paid back in the year that ends with `month`."""

        def of_year(account: str) -> float:
            flows = self.book.monthly(self.loan.party, month - 11, month, {account})
            return to_the_cent(float(flows.sum()))

        self.drawn = -of_year("drawdown")
        self.interest = of_year("interest")
        self.repaid = of_year("repayment")
