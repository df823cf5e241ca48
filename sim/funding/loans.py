"""A loan month by month, for all seeds at once: drawn as needed, with a grace, then repaid.

Everything is whole cents, float64 (seeds,); rates turn into cents the moment they are applied,
a tie to the even one, so that nothing is ever lost between two ends. A month of a debt, in this
order: interest on what was outstanding at its start, repayment, drawdown. What is drawn in a
month therefore bears interest from the next month on, and a loan that is fully serviced returns
`(1 + interest / 12) ** 12 - 1` a year to its lender (more with a fee). With `k` months since
the first month of a loan:

    k = 0 .. grace          may be drawn, never above the commitment
    k = 1 .. term           interest falls due on what is outstanding
    k = grace+1 .. term     it is repaid; nothing is left after the last instalment

What falls due and cannot be paid is overdue. It stays outstanding, is due again the next month
and bears interest like the rest, overdue interest included; after the term everything is due at
once, and so it is when the loan is called in.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.funding.cashbook import CENTS
from sim.funding.instruments import MONTHS, Loan
from sim.funding.streams import Cents, equals, in_cents, part
from sim.quantity import Refusal


class Paid(NamedTuple):
    """What of a debt was paid in a month, cents (seeds,)."""

    fee: Cents
    interest: Cents
    repayment: Cents

    @property
    def together(self) -> Cents:
        """All of it."""
        total: Cents = self.fee + self.interest + self.repayment
        return total


class Schedule(NamedTuple):
    """A loan month by month: month int64 (months,), the rest EUR float64 (months,)."""

    month: NDArray[np.int64]
    opening: NDArray[np.float64]
    drawdown: NDArray[np.float64]
    fee: NDArray[np.float64]
    interest: NDArray[np.float64]
    repayment: NDArray[np.float64]
    closing: NDArray[np.float64]


def annuity_part(rate: float, payments: int) -> float:
    """Which part of a debt the first of so many equal payments repays, after its interest (1).

    `rate` is that of one period. The payments are equal, interest and repayment together.

    >>> annuity_part(0.0, 4), round(annuity_part(0.01, 12), 6)
    (0.25, 0.078849)
    """
    return rate / math.expm1(payments * math.log1p(rate)) if rate else 1 / payments


class LoanPosition:
    """A loan: drawn, owed, overdue. `due_*` are of this month, overdue parts included."""

    def __init__(self, loan: Loan, seeds: int) -> None:
        self.terms = loan
        self.commitment = equals(seeds, loan.amount)
        self.drawn = equals(seeds)
        self.outstanding = equals(seeds)
        self.overdue_interest = equals(seeds)
        self.overdue_repayment = equals(seeds)
        self.due_fee = equals(seeds)
        self.due_interest = equals(seeds)
        self.due_repayment = equals(seeds)
        self.charged = equals(seeds)  # interest of the month, paid, overdue or added to the debt
        self.called = np.zeros(seeds, bool)

    def fall_due(self, month: int) -> None:
        """Find what is due this month on what is outstanding at its start."""
        terms, age = self.terms, month - self.terms.first_month
        monthly = terms.interest / MONTHS
        self.due_fee = self.charged = equals(self.drawn.size)
        if age <= 0:
            return
        if age <= terms.grace and terms.commitment_fee:
            undrawn = np.where(self.called, 0.0, self.commitment - self.drawn)
            self.due_fee = part(undrawn, terms.commitment_fee / MONTHS)
        interest = self.charged = part(self.outstanding + self.overdue_interest, monthly)
        if age <= terms.grace and terms.grace_interest == "capitalised":
            self.outstanding = self.outstanding + np.where(self.called, 0.0, interest)
            interest = np.where(self.called, interest, 0.0)
        self.due_interest = self.overdue_interest + interest
        self.due_repayment = np.where(
            self.called, self.outstanding, self.overdue_repayment + self._instalment(age)
        )

    def _instalment(self, age: int) -> Cents:
        terms, left = self.terms, self.terms.term - age + 1
        rest = self.outstanding - self.overdue_repayment
        if age <= terms.grace:
            return np.zeros_like(rest)
        if left <= 1:
            return rest
        match terms.repayment:
            case "bullet":
                return np.zeros_like(rest)
            case "annuity":
                return part(rest, annuity_part(terms.interest / MONTHS, left))
            case _:
                return np.rint(rest / left)

    def available(self, month: int) -> Cents:
        """What can still be drawn this month; nothing is drawn twice, nor once called in."""
        if not 0 <= month - self.terms.first_month <= self.terms.grace:
            return np.zeros_like(self.drawn)
        return np.where(self.called, 0.0, np.maximum(self.commitment - self.drawn, 0.0))

    def lend(self, need: Cents, month: int) -> tuple[Cents, Cents]:
        """Lend so much that `need` is met after the fee, as far as it is available; the fee too."""
        asked = np.ceil(np.round(np.maximum(need, 0.0) / (1 - self.terms.fee), 6))
        if self.terms.draw == "at_once":
            asked = np.where(need > 0, self.commitment, 0.0)
        lent = np.minimum(asked, self.available(month))
        self.take(lent)
        return lent, part(lent, self.terms.fee)

    def take(self, lent: Cents) -> None:
        """Draw so many cents."""
        self.drawn = self.drawn + lent
        self.outstanding = self.outstanding + lent

    @property
    def due(self) -> Cents:
        """All that is due this month."""
        return self.due_fee + self.due_interest + self.due_repayment

    def collect(self, cash: Cents) -> Paid:
        """Take what is due as far as `cash` goes: fee, interest, repayment; the rest is overdue."""
        left = np.maximum(cash, 0.0)
        fee = np.minimum(self.due_fee, left)
        interest = np.minimum(self.due_interest, left - fee)
        repayment = np.minimum(self.due_repayment, left - fee - interest)
        self.outstanding = self.outstanding - repayment
        self.overdue_interest = self.due_interest - interest + self.due_fee - fee
        self.overdue_repayment = self.due_repayment - repayment
        return Paid(fee, interest, repayment)

    @property
    def overdue(self) -> Cents:
        """What was due and not paid."""
        return self.overdue_interest + self.overdue_repayment

    @property
    def owed(self) -> Cents:
        """All that the lender could ask for: principal and overdue interest."""
        return self.outstanding + self.overdue_interest


def schedule(loan: Loan, drawn: Mapping[int, float]) -> Schedule:
    """Return the whole life of a loan drawn by month (EUR), everything paid when due."""
    _refuse_drawing_outside(loan, drawn)
    position = LoanPosition(loan.model_copy(update={"draw": "needed"}), 1)
    months = range(loan.first_month, loan.last_month + 1)
    rows: list[list[float]] = []
    for month in months:
        opening = position.outstanding
        position.fall_due(month)
        paid = position.collect(position.due)
        lent = np.minimum(equals(1, drawn.get(month, 0.0)), position.available(month))
        position.take(lent)
        columns = (opening, lent, part(lent, loan.fee) + paid.fee, *paid[1:], position.outstanding)
        rows.append([float(cents[0]) / CENTS for cents in columns])
    return Schedule(np.array(months, np.int64), *np.array(rows, np.float64).T)


def _refuse_drawing_outside(loan: Loan, drawn: Mapping[int, float]) -> None:
    last, left = loan.first_month + loan.grace, float(in_cents(loan.amount))
    for month, amount in sorted(drawn.items()):
        if amount < 0 or (amount > 0 and not loan.first_month <= month <= last):
            raise Refusal(
                f"{loan.party} is drawn by {amount} EUR in month {month}. It can be drawn by "
                f"amounts above 0 in months {loan.first_month} to {last}, before repayment "
                "begins. Draw earlier, or lengthen the grace."
            )
        if float(in_cents(amount)) > left:
            raise Refusal(
                f"{loan.party} is drawn by {amount} EUR in month {month}. It commits "
                f"{loan.amount} EUR, of which {left / CENTS} EUR are left. Draw less, or raise "
                "the amount."
            )
        left -= float(in_cents(amount))
