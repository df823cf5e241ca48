"""How a funder's money comes and goes back: the start-up loan, drawn as needed, with a grace.

A month of a loan, in this order: interest on what was outstanding at its start, repayment,
drawdown. What is drawn in a month therefore bears interest from the next month on, and a loan
that is fully serviced returns `(1 + interest / 12) ** 12 - 1` a year to its lender (more with a
fee). With `k` months since the first month in which the loan can be drawn:

    k = 0 .. grace          may be drawn, never above the commitment
    k = 1 .. term           interest falls due on what is outstanding
    k = grace+1 .. term     equal instalments repay it; nothing is left after the last

What falls due and cannot be paid is arrears. It stays outstanding, is due again the next month
and bears interest like the rest, overdue interest included; after the term everything is due at
once. All amounts are EUR to the cent, so that they tie with the cashbook.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.funding.cashbook import to_the_cent
from sim.quantity import Refusal

MONTHS = 12  # in a year


class Loan(BaseModel):
    """A lender's commitment and what it costs. Units and sources: conf/funding."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["loan"] = "loan"
    lender: str = Field(min_length=1)
    amount: float = Field(gt=0)
    interest: float = Field(ge=0, lt=1)
    grace: int = Field(ge=0)
    term: int = Field(gt=0)
    fee: float = Field(default=0.0, ge=0, lt=1)
    first_month: int = 1

    @model_validator(mode="after")
    def _is_repaid_after_its_grace(self) -> "Loan":
        if self.grace >= self.term:
            raise ValueError(
                f"grace of {self.grace} months leaves no month to repay in a term of "
                f"{self.term}, which counts from the first month of drawdown and includes the "
                "grace. Shorten the grace or lengthen the term"
            )
        return self

    @property
    def party(self) -> str:
        """The lender as the cashbook names it."""
        return f"lender:{self.lender}"

    @property
    def last_month(self) -> int:
        """The month of the last instalment."""
        return self.first_month + self.term


class Due(NamedTuple):
    """What a loan asks for in a month, or what of it was paid, or is in arrears, EUR."""

    interest: float
    repayment: float


NOTHING = Due(0.0, 0.0)


class Schedule(NamedTuple):
    """A loan month by month: month int64 (months,), the rest EUR float64 (months,)."""

    month: NDArray[np.int64]
    opening: NDArray[np.float64]
    drawdown: NDArray[np.float64]
    fee: NDArray[np.float64]
    interest: NDArray[np.float64]
    repayment: NDArray[np.float64]
    closing: NDArray[np.float64]


def interest(outstanding: float, rate: float) -> float:
    """Interest of one month on what is outstanding at its start, EUR: a twelfth of the rate.

    `rate` is nominal, 1/year.

    >>> interest(outstanding=1_000_000, rate=0.06)
    5000.0
    """
    return to_the_cent(outstanding * rate / MONTHS)


def arrangement_fee(loan: Loan, drawdown: float) -> float:
    """What the lender charges once, in the month of drawing, for what is drawn, EUR.

    >>> loan = Loan(lender="bank", amount=500, interest=0, grace=0, term=1, fee=0.01)
    >>> arrangement_fee(loan, drawdown=500)
    5.0
    """
    return to_the_cent(loan.fee * drawdown)


def available(loan: Loan, drawn: float, month: int) -> float:
    """What can still be drawn this month after `drawn` so far, EUR; nothing is drawn twice.

    >>> loan = Loan(lender="bank", amount=500, interest=0.06, grace=2, term=5)
    >>> [available(loan, drawn=200, month=month) for month in (0, 1, 3, 4)]
    [0.0, 300.0, 300.0, 0.0]
    """
    if 0 <= month - loan.first_month <= loan.grace:
        return max(to_the_cent(loan.amount - drawn), 0.0)
    return 0.0


def due(loan: Loan, outstanding: float, month: int, arrears: Due = NOTHING) -> Due:
    """What falls due in a month, arrears included, on principal of `outstanding` EUR before it.

    `arrears` is what was due the month before and not paid; its repayment is part of
    `outstanding`, its interest is not.

    >>> loan = Loan(lender="bank", amount=1200, interest=0.12, grace=2, term=6)
    >>> due(loan, outstanding=1200, month=3)
    Due(interest=12.0, repayment=0.0)
    >>> due(loan, outstanding=1200, month=4)
    Due(interest=12.0, repayment=300.0)
    >>> due(loan, outstanding=1200, month=5, arrears=Due(interest=12, repayment=300))
    Due(interest=24.12, repayment=600.0)
    """
    age = month - loan.first_month
    payments_left = loan.term - age + 1
    if age <= loan.grace:
        repayment = 0.0
    elif payments_left <= 1:
        repayment = outstanding
    else:
        repayment = arrears.repayment + (outstanding - arrears.repayment) / payments_left
    return Due(
        interest=to_the_cent(
            arrears.interest + interest(outstanding + arrears.interest, loan.interest)
        ),
        repayment=to_the_cent(repayment),
    )


def payable(owed: Due, cash: float) -> Due:
    """What of it `cash` EUR can pay: interest first, then repayment, no more than there is.

    >>> payable(Due(interest=12, repayment=300), cash=100)
    Due(interest=12.0, repayment=88.0)
    """
    paid = to_the_cent(max(min(owed.interest, cash), 0.0))
    return Due(paid, to_the_cent(max(min(owed.repayment, cash - paid), 0.0)))


def unpaid(owed: Due, paid: Due) -> Due:
    """What is left of it when that much was paid: the arrears that next month begins with.

    >>> unpaid(Due(interest=12, repayment=300), Due(interest=12, repayment=88))
    Due(interest=0.0, repayment=212.0)
    """
    return Due(
        to_the_cent(owed.interest - paid.interest), to_the_cent(owed.repayment - paid.repayment)
    )


def schedule(loan: Loan, drawn: Mapping[int, float]) -> Schedule:
    """Return the whole life of a loan drawn by month (EUR), everything paid when due."""
    months = range(loan.first_month, loan.last_month + 1)
    _refuse_drawing_outside(loan, drawn)
    rows: list[tuple[float, ...]] = []
    opening = so_far = 0.0
    for month in months:
        owed = due(loan, opening, month)
        drawdown = to_the_cent(drawn.get(month, 0.0))
        _refuse_overdrawing(loan, so_far, drawdown, month)
        so_far += drawdown
        closing = to_the_cent(opening - owed.repayment + drawdown)
        rows.append((opening, drawdown, arrangement_fee(loan, drawdown), *owed, closing))
        opening = closing
    return Schedule(np.array(months, np.int64), *np.array(rows, np.float64).T)


def _refuse_drawing_outside(loan: Loan, drawn: Mapping[int, float]) -> None:
    last = loan.first_month + loan.grace
    for month, amount in drawn.items():
        if amount < 0 or (amount > 0 and not loan.first_month <= month <= last):
            raise Refusal(
                f"{loan.party} is drawn by {amount} EUR in month {month}. It can be drawn by "
                f"amounts above 0 in months {loan.first_month} to {last}, before repayment "
                "begins. Draw earlier, or lengthen the grace."
            )


def _refuse_overdrawing(loan: Loan, so_far: float, drawdown: float, month: int) -> None:
    left = max(to_the_cent(loan.amount - so_far), 0.0)
    if drawdown > left:
        raise Refusal(
            f"{loan.party} is drawn by {drawdown} EUR in month {month}, after {so_far} EUR. It "
            f"commits {loan.amount} EUR, so {left} EUR are left. "
            "Draw less, or raise the amount."
        )
