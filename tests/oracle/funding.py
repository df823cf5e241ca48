"""The funding room written a second time: plain loops, no arrays, money in whole cents."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

Payment = tuple[int, str, str, str, float]  # month, payer, payee, account, EUR


def cents(amount: float) -> int:
    """Return whole cents, a tie going to the even one."""
    return int((Decimal(amount) * 100).to_integral_value(rounding=ROUND_HALF_EVEN))


def balance(payments: Iterable[Payment], party: str, until: int) -> int:
    """Return what a party received less what it paid, in cents."""
    left = 0
    for month, payer, payee, _, amount in payments:
        if month <= until and payee == party:
            left += cents(amount)
        if month <= until and payer == party:
            left -= cents(amount)
    return left


def loan_life(
    rate: float,
    grace: int,
    term: int,
    drawn: Sequence[float],
    repayment: str = "linear",
    capitalised: bool = False,
) -> list[tuple[float, float, float]]:
    """Return (interest, repayment, closing) for each month of a loan's life, unrounded."""
    life = []
    outstanding = 0.0
    monthly = rate / 12
    for age in range(term + 1):
        interest = outstanding * monthly
        back = 0.0
        if age <= grace and capitalised:
            outstanding += interest
            interest = 0.0
        if age == grace + 1:
            months = term - grace
            instalment = outstanding / months
            powers = sum((1 + monthly) ** -month for month in range(1, months + 1))
            payment = outstanding / powers
        if age > grace:
            back = {
                "linear": instalment,
                "annuity": payment - interest,
                "bullet": outstanding if age == term else 0.0,
            }[repayment]
        outstanding = outstanding - back + (drawn[age] if age < len(drawn) else 0.0)
        life.append((interest, back, outstanding))
    return life


def break_even(result: Sequence[int]) -> int | None:
    """Try every month, in cents and from the first in the list, month 1, until one holds."""
    for month in range(12, len(result) + 1):
        holds = len(result) - month + 1 >= 24
        for later in range(month, len(result) + 1):
            trailing = 0
            for back in range(12):
                trailing += result[later - back - 1]
            if trailing < 0:
                holds = False
        if holds:
            return month
    return None


def peak_funding(cash: Sequence[int]) -> tuple[int, int | None]:
    """Return the deepest cumulative cash, as cents needed, and its place; None without need."""
    total, deepest, place = 0, 0, None
    for index, amount in enumerate(cash):
        total += amount
        if total < deepest:
            deepest, place = total, index
    return -deepest, place


def payback(cash: Sequence[int]) -> int | None:
    """Return the first place after the peak from which the cash is never below zero again."""
    _, peak = peak_funding(cash)
    for start in range(0 if peak is None else peak + 1, len(cash)):
        if all(sum(cash[: end + 1]) >= 0 for end in range(start, len(cash))):
            return start
    return None


def monthly_rate(flows: Sequence[float]) -> float:
    """Halve the interval of monthly rates; flows are first below, then above zero."""
    low, high = -0.5, 9.0
    for _ in range(200):
        middle = (low + high) / 2
        worth = 0.0
        for month, amount in enumerate(flows):
            worth += amount / (1 + middle) ** month
        if worth > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
