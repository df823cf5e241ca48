"""Who paid whom, when, for what: every euro has two ends, and the book only grows.

An entry is an amount above zero that a payer hands to a payee in a month, under an account.
Nothing is ever struck out or negative: what goes back is a new entry with payer and payee
swapped. Amounts are rounded to the cent when they enter (a tie goes to the even cent) and are
added up as whole cents, so the balances of all parties sum to zero exactly and every statement
ties to the cent.

Month 1 is the first contract month; 0 and below are preparation. A month can be entered late:
the book is dated, not ordered.
"""

import math
from collections import Counter
from collections.abc import Iterable
from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.quantity import Refusal

OPERATING = frozenset(
    {
        "advance",
        "allocation",
        "bonus",
        "care",
        "investment_fee",
        "kpi_fee",
        "management_fee",
        "network_pay",
        "overhead",
        "programme",
        "shared_loss",
        "shared_savings",
    }
)
"""Accounts of the business itself: what is left of them is the result before financing."""

FINANCING = frozenset({"drawdown", "fee", "interest", "repayment"})
"""Accounts between a company and those who fund it."""

ACCOUNTS = OPERATING | FINANCING
CENTS = 100  # in a euro
COLUMNS = ["month", "payer", "payee", "account", "amount"]


class Entry(NamedTuple):
    """One payment: amount in whole cents, above zero, from payer to payee in a month."""

    month: int
    payer: str
    payee: str
    account: str
    cents: int


def to_the_cent(amount: float) -> float:
    """Round EUR to the cent, a tie to the even one, as every entry of the book is.

    >>> to_the_cent(0.125), to_the_cent(0.375)
    (0.12, 0.38)
    """
    return round(float(amount), 2) + 0.0  # the sum turns -0.0 into 0.0


class Cashbook:
    """All payments of one arm and one seed, by month.

    >>> book = Cashbook()
    >>> book.pay(0, "lender:bank", "integrator", "drawdown", 1000)
    >>> book.pay(1, "integrator", "staff", "overhead", 250.5)
    >>> book.balance("integrator"), book.balance("integrator", until=0)
    (749.5, 1000.0)
    """

    def __init__(self) -> None:
        """Open an empty book."""
        self._entries: list[Entry] = []
        self._net: dict[str, Counter[tuple[int, str]]] = {}  # cents received less paid

    def pay(self, month: int, payer: str, payee: str, account: str, amount: float) -> None:
        """Enter that payer hands amount (EUR) to payee; less than half a cent is no entry."""
        what = f"{account} of {amount} EUR from {payer!r} to {payee!r} in month {month}"
        if isinstance(month, bool) or not isinstance(month, Integral):
            raise Refusal(
                f"{what}: a month is a whole number, 1 being the first contract month. "
                "Give the month as an integer."
            )
        if account not in ACCOUNTS:
            raise Refusal(
                f"{what}: there is no account {account!r}. Accounts are "
                f"{', '.join(sorted(ACCOUNTS))}. Use one of them, or add yours to "
                "OPERATING or FINANCING in sim/funding/cashbook.py."
            )
        if not payer or not payee or payer == payee:
            raise Refusal(
                f"{what}: a payment has two different ends, and nobody pays himself. "
                "Name the party that pays and the other that is paid."
            )
        if not math.isfinite(amount):
            raise Refusal(f"{what}: an amount is a finite number of EUR. Compute it anew.")
        cents = round(to_the_cent(amount) * CENTS)
        if cents < 0:
            raise Refusal(
                f"{what}: an amount is never negative. To book a reversal, swap payer and payee."
            )
        if cents == 0:
            return
        month = int(month)
        self._entries.append(Entry(month, payer, payee, account, cents))
        for party, sign in ((payer, -1), (payee, 1)):
            self._net.setdefault(party, Counter())[month, account] += sign * cents

    def parties(self) -> list[str]:
        """Return everybody who ever paid or was paid, in alphabetical order."""
        return sorted(self._net)

    def balance(self, party: str, until: int | None = None) -> float:
        """Return what a party received less what it paid, EUR, to the end of month `until`."""
        moves = self._net.get(party, Counter()).items()
        cents = sum(cents for (month, _), cents in moves if until is None or month <= until)
        return cents / CENTS

    def flows(self, party: str, accounts: Iterable[str] | None = None) -> dict[int, float]:
        """Return received less paid, EUR, by month in which something moved, in order.

        `accounts` keeps to some accounts, such as `OPERATING`; without it, all count.
        """
        kept = ACCOUNTS if accounts is None else frozenset(accounts)
        net: Counter[int] = Counter()
        for (month, account), cents in self._net.get(party, Counter()).items():
            if account in kept:
                net[month] += cents
        return {month: net[month] / CENTS for month in sorted(net)}

    def monthly(
        self, party: str, first: int, last: int, accounts: Iterable[str] | None = None
    ) -> NDArray[np.float64]:
        """Return received less paid, EUR, from month first to last, float64 (months,)."""
        flows = self.flows(party, accounts)
        return np.array([flows.get(month, 0.0) for month in range(first, last + 1)], np.float64)

    def total(
        self, payer: str | None = None, payee: str | None = None, account: str | None = None
    ) -> float:
        """Return the sum of the entries, EUR, of a payer, a payee, an account, or of all."""
        cents = sum(
            entry.cents
            for entry in self._entries
            if payer in (None, entry.payer)
            and payee in (None, entry.payee)
            and account in (None, entry.account)
        )
        return cents / CENTS

    def frame(self) -> pd.DataFrame:
        """Return one row an entry, sorted by all columns: order of entry leaves no trace."""
        rows = sorted(self._entries)
        return pd.DataFrame(
            {
                "month": np.array([entry.month for entry in rows], np.int64),
                "payer": pd.Series([entry.payer for entry in rows], dtype="str"),
                "payee": pd.Series([entry.payee for entry in rows], dtype="str"),
                "account": pd.Series([entry.account for entry in rows], dtype="str"),
                "amount": np.array([entry.cents for entry in rows], np.float64) / CENTS,
            },
            columns=COLUMNS,
        )

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)
