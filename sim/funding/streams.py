"""The cashbook of many seeds at once: for each payer, payee and account, cents by month and seed.

A `Cashbook` lists the payments of one seed; here one array holds those of all seeds, since the
waterfall runs over seeds side by side. Amounts are whole cents in float64, so that sums are
exact up to 9e13 EUR and a seed in a batch has the same bits as the same seed alone.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.funding.cashbook import CENTS, Cashbook

Cents = NDArray[np.float64]
Flags = NDArray[np.bool_]
Key = tuple[str, str, str]  # payer, payee, account


def in_cents(amount: float | NDArray[np.float64]) -> Cents:
    """EUR as whole cents, a tie to the even one; whatever shape comes in.

    >>> in_cents(0.125).item(), in_cents(12.0).item()
    (12.0, 1200.0)
    """
    return np.rint(np.asarray(amount, np.float64) * CENTS)


def part(whole: Cents, share: float) -> Cents:
    """A share (1) of cents, as whole cents.

    >>> part(np.array([101.0]), 0.5).item()
    50.0
    """
    return np.rint(whole * share)


def equals(seeds: int, amount: float = 0.0) -> Cents:
    """The same amount (EUR) for every seed, as cents (seeds,)."""
    return np.full(seeds, float(in_cents(amount)))


class Streams:
    """All payments of a batch of seeds between a first and a last month.

    Attributes
    ----------
    first, last
        Months of the contract; 0 and below are preparation.
    seeds
        How many seeds stand side by side.
    paid
        (payer, payee, account) -> whole cents, none negative, float64 (months, seeds).
    """

    def __init__(self, first: int, last: int, seeds: int) -> None:
        self.first = first
        self.last = last
        self.seeds = seeds
        self.paid: dict[Key, Cents] = {}

    @property
    def months(self) -> range:
        """All months, in order."""
        return range(self.first, self.last + 1)

    def pay(self, month: int, payer: str, payee: str, account: str, cents: Cents) -> None:
        """Enter that payer hands cents, float64 (seeds,), to payee in a month."""
        if not cents.any():
            return
        key = (payer, payee, account)
        if key not in self.paid:
            self.paid[key] = np.zeros((len(self.months), self.seeds))
        self.paid[key][month - self.first] += cents

    def net(self, party: str, accounts: frozenset[str] | None = None) -> Cents:
        """What a party received less what it paid, cents (months, seeds)."""
        found = np.zeros((len(self.months), self.seeds))
        for (payer, payee, account), cents in self.paid.items():
            if accounts is None or account in accounts:
                if payee == party:
                    found += cents
                if payer == party:
                    found -= cents
        return found

    def total(
        self, payer: str | None = None, payee: str | None = None, account: str | None = None
    ) -> Cents:
        """Sum of what was paid by a payer, to a payee, for an account, cents (months, seeds)."""
        found = np.zeros((len(self.months), self.seeds))
        for (paying, paid, reason), cents in self.paid.items():
            if payer in (None, paying) and payee in (None, paid) and account in (None, reason):
                found += cents
        return found

    def parties(self) -> list[str]:
        """Everybody who ever paid or was paid, in alphabetical order."""
        return sorted({party for payer, payee, _ in self.paid for party in (payer, payee)})

    def flows(
        self, party: str, seed: int, accounts: frozenset[str] | None = None
    ) -> dict[int, float]:
        """Received less paid, EUR, by month in which something moved, of the seed in a place."""
        net = self.net(party, accounts)[:, seed]
        return {self.first + int(row): float(net[row]) / CENTS for row in np.flatnonzero(net)}

    def of_month(self, month: int, seed: int) -> Iterator[tuple[str, str, str, float]]:
        """Every payment of one month and seed: payer, payee, account, EUR."""
        for (payer, payee, account), cents in self.paid.items():
            if paid := float(cents[month - self.first, seed]):
                yield payer, payee, account, paid / CENTS

    def entries(self, seed: int) -> Iterator[tuple[int, str, str, str, float]]:
        """Every payment of one seed: month, payer, payee, account, EUR."""
        for (payer, payee, account), cents in self.paid.items():
            for row in np.flatnonzero(cents[:, seed]).tolist():
                yield self.first + row, payer, payee, account, float(cents[row, seed]) / CENTS

    def enter(self, book: Cashbook, seed: int) -> None:
        """Write all payments of one seed into a cashbook."""
        for entry in self.entries(seed):
            book.pay(*entry)
