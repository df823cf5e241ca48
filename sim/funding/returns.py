"""What the money does: break-even, payback, peak funding, rate of return, present value, multiple.

Everything here takes the flows of one party in one seed: EUR by month, month 1 being the first
contract month and 0 and below preparation; a month that is not there is a month without money.
`Cashbook.flows(party, OPERATING)` are those of the project before financing. Sums are compared
to the cent, so that the rounding of floats decides nothing. What does not exist is None or has
a named state, never NaN.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import NDArray
from pyxirr import npv

MONTHS = 12  # in a year
LASTING = 24  # months that a break-even holds at least, by definition

# Where roots are looked for: from losing 99.9 % a year to ten times the money every month.
LOWEST, HIGHEST, STEPS = np.log(0.001) / MONTHS, np.log(10.0), 6000
HALVINGS = 60  # of the interval between two steps: to the last bit
DEEPEST = -0.9  # a year: below it a rate means something only if the sign changes once

Months = Mapping[int, float]
State = Literal["found", "no_sign_change", "total_loss", "no_root", "several_roots", "borrowed"]


class PeakFunding(NamedTuple):
    """The deepest point of the cumulative cash, EUR, and its month; 0 and None without need."""

    amount: float
    month: int | None


class InternalRate(NamedTuple):
    """A yearly effective rate (1/year), or None and the state that says why there is none."""

    rate: float | None
    state: State


class Root(NamedTuple):
    """A yearly rate at which flows are worth nothing; `falls`: above it they are worth less."""

    rate: float
    falls: bool


def operating_result(cash: Months, earned: Months) -> dict[int, float]:
    """Return the operating result by month, EUR, settlements recognised in the year earned.

    `cash` holds the operating flows without settlements; `earned` what the settlement of each
    contract year (1, 2, ...) came to, whenever it was paid: a twelfth belongs to each of its
    months.

    >>> operating_result({1: -10.0, 13: -10.0}, earned={1: 36.0})[1]
    -7.0
    """
    result = dict(cash)
    for year, amount in earned.items():
        for month in range(MONTHS * (year - 1) + 1, MONTHS * year + 1):
            result[month] = result.get(month, 0.0) + amount / MONTHS
    return dict(sorted(result.items()))


def break_even(operating_result: Months, last_month: int) -> int | None:
    """First month from which the trailing-12-month operating result stays at or above zero.

    It stays so to `last_month`, the end of the contract, and for at least 24 months. A trailing
    year is twelve contract months: month 12 is the earliest there can be, and a contract of
    less than 35 months has none. Not the payback, which also returns the losses made before.
    """
    months = range(1, last_month + 1)
    result = np.array([operating_result.get(month, 0.0) for month in months], np.float64)
    if result.size < MONTHS:
        return None
    trailing = np.convolve(result, np.ones(MONTHS), "valid").round(2)  # [0] ends in month 12
    losing = np.flatnonzero(trailing < 0)
    first = MONTHS + (int(losing[-1]) + 1 if losing.size else 0)
    return first if last_month - first + 1 >= LASTING else None


def cash_break_even(cash: Months, last_month: int) -> int | None:
    """Return the break-even of cash: a settlement counts in the month in which it is paid."""
    return break_even(cash, last_month)


def cumulative(cash: Months) -> dict[int, float]:
    """Return the sum of all cash up to each month, EUR, from the first given to the last."""
    if not cash:
        return {}
    months = range(min(cash), max(cash) + 1)
    sums = np.cumsum([cash.get(month, 0.0) for month in months]).round(2) + 0.0
    return dict(zip(months, sums.tolist(), strict=True))


def peak_funding(cash: Months) -> PeakFunding:
    """Deepest point of the cumulative operating cash before financing, and its first month.

    >>> peak_funding({0: -100.0, 1: -50.0, 2: 200.0})
    PeakFunding(amount=150.0, month=1)
    """
    curve = cumulative(cash)
    if not curve or min(curve.values()) >= 0:
        return PeakFunding(0.0, None)
    month = min(curve, key=curve.__getitem__)
    return PeakFunding(-curve[month], month)


def payback(cash: Months) -> int | None:
    """First month after the peak funding from which the cumulative cash stays at or above zero.

    Where no money was ever needed it is the first month of the cash. Not the break-even, which
    looks at one trailing year and forgives what was lost before.

    >>> payback({0: -100.0, 1: -50.0, 2: 200.0})
    2
    """
    curve = cumulative(cash)
    if not curve:
        return None
    below = [month for month, amount in curve.items() if amount < 0]
    first = below[-1] + 1 if below else min(curve)
    return first if first in curve else None


def discounted(flows: Months, rate: float, at: int = 0) -> dict[int, float]:
    """Return what each month's money is worth at the end of month `at`, EUR.

    `rate` is yearly and effective (1/year); a month is a twelfth of a year.

    >>> discounted({0: -100.0, 12: 110.0}, rate=0.1)
    {0: -100.0, 12: 100.0}
    """
    return {
        month: round(amount / (1 + rate) ** ((month - at) / MONTHS), 6)
        for month, amount in flows.items()
    }


def present_value(flows: Months, rate: float, at: int = 0) -> float:
    """Sum of all flows as they are worth at the end of month `at`, EUR; above 0 is a gain.

    >>> round(present_value({0: -100.0, 12: 110.0}, rate=0.05), 2)
    4.76
    """
    return sum(discounted(flows, rate, at).values())


def discounted_payback(cash: Months, rate: float) -> int | None:
    """Return the payback of discounted cash: never sooner than the simple one.

    >>> cash = {0: -100.0, 12: 101.0, 24: 50.0}
    >>> payback(cash), discounted_payback(cash, rate=0.1)
    (12, 24)
    """
    return payback(discounted(cash, rate))


def moic(flows: Months) -> float | None:
    """Multiple on invested capital: money received per euro put in (1).

    None where nothing was put in. A month counts with its net. Not a rate: it knows no time.

    >>> moic({0: -100.0, 12: 30.0, 24: 95.0})
    1.25
    """
    put_in = -sum(amount for amount in flows.values() if amount < 0)
    received = sum(amount for amount in flows.values() if amount > 0)
    return received / put_in if put_in else None


def irr(flows: Months) -> InternalRate:
    """Return the yearly effective rate at which flows by month are worth nothing.

    Where there is none, the state says why. `no_sign_change`: nothing was put in. `total_loss`:
    nothing came back, or less than a thousandth a year. `no_root`: no rate does, up to ten
    times the money every month. `several_roots`: more than one does; a negative one beside a
    single positive one does not count where more came back than was put in, since it only says
    that the last flows are costs. `borrowed`: the money came before it was spent, so the root
    is what it cost and not what it returned.

    >>> round(irr({0: -100.0, 12: 110.0}).rate, 6)
    0.1
    >>> irr({0: -100.0, 1: 230.0, 2: -132.0})
    InternalRate(rate=None, state='several_roots')
    """
    amounts = _trimmed(flows)
    if not (amounts < 0).any():
        return InternalRate(None, "no_sign_change")
    if not (amounts > 0).any():
        return InternalRate(None, "total_loss")
    amounts /= np.abs(amounts).max()
    total = round(amounts.sum(), 9)
    roots = _roots(amounts)
    if np.count_nonzero(np.diff(np.sign(amounts[amounts != 0]))) == 1:  # one root there is
        if not roots and amounts[0] < 0:
            return InternalRate(None, "no_root" if total > 0 else "total_loss")
    else:
        roots = _meaningful(roots, total)
    if len(roots) > 1:
        return InternalRate(None, "several_roots")
    if not roots:
        return InternalRate(None, "no_root")
    return (
        InternalRate(roots[0].rate, "found") if roots[0].falls else InternalRate(None, "borrowed")
    )


def _trimmed(flows: Months) -> NDArray[np.float64]:
    """EUR by month from the first flow to the last, float64 (months,)."""
    moved = [month for month, amount in flows.items() if amount]
    months = range(min(moved), max(moved) + 1) if moved else range(0)
    return np.array([flows.get(month, 0.0) for month in months], np.float64)


def _roots(amounts: NDArray[np.float64]) -> list[Root]:
    """Every rate between LOWEST and HIGHEST at which the present value changes its sign."""
    growth = np.linspace(LOWEST, HIGHEST, STEPS)
    signs = np.sign(polyval(np.exp(-growth), amounts))
    apart = np.flatnonzero(signs).tolist()  # a point that is itself a root lies between two
    return [
        _root(amounts, growth[low], growth[high], falls=bool(signs[low] > 0))
        for low, high in pairwise(apart)
        if signs[low] != signs[high]
    ]


def _root(amounts: NDArray[np.float64], low: float, high: float, falls: bool) -> Root:
    """The root between two logarithms of monthly growth, by halving until nothing is left."""
    low, high = float(np.expm1(low)), float(np.expm1(high))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        positive = (npv(middle, amounts) or 0.0) > 0
        low, high = (middle, high) if positive == falls else (low, middle)
    return Root((1 + middle) ** MONTHS - 1, falls)


def _meaningful(roots: list[Root], total: float) -> list[Root]:
    """The roots left for flows that change sign more than once; see `irr`."""
    kept = [root for root in roots if root.rate >= DEEPEST]
    positive = [root for root in kept if round(root.rate, 9) > 0]
    return positive if total > 0 and len(positive) == 1 else kept
