"""The till of one company in a run: reads from the cashbook what the business did, pays the rest.

The waterfall of many seeds, here with one. What it pays stands in the cashbook beside the
business, month by month; what insurers pay or are paid as funders is split among them by their
shares, to the cent.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.funding.cashbook import CENTS, OPERATING, Cashbook
from sim.funding.plan import Law, Plan
from sim.funding.solvency import NEVER
from sim.funding.streams import Cents, Streams, in_cents
from sim.funding.waterfall import COMPANY, PHYSICIANS, Business, Waterfall

INSURERS = "insurers"
SETTLED = frozenset({"shared_savings", "bonus"})  # what is told apart by contract year


class Till:
    """One company's money in a run.

    Attributes
    ----------
    bonus_paid
        What physicians were paid this month, EUR: less than was due where money is missing,
        more where it was missing before.
    """

    def __init__(self, plan: Plan, law: Law, book: Cashbook, first: int, last: int) -> None:
        self.book = book
        self.waterfall = Waterfall(plan, law, Streams(first, last, 1))
        self.bonus_paid = 0.0

    @property
    def last_month(self) -> int:
        """When the book is closed."""
        return self.waterfall.streams.last

    def works(self, month: int) -> bool:
        """Whether the company has not been wound up."""
        return bool(self.waterfall.solvency.live(month)[0])

    @property
    def unpaid(self) -> float:
        """What suppliers wait for, EUR."""
        return float(self.waterfall.credit[0]) / CENTS

    def owed(self, party: str) -> float:
        """What a funder could ask for, due or not, EUR."""
        owed = self.waterfall.owed.get(party)
        return 0.0 if owed is None else float(owed[0]) / CENTS

    @property
    def events(self) -> list[tuple[int, str, str]]:
        """What happened first in which month and to whom: month, event, party.

        A covenant that is not kept is told for every lender and December; everything else for
        the company, when it happened first.
        """
        solvency = self.waterfall.solvency
        found = [
            (int(months[0]), str(event), COMPANY)
            for event, months in solvency.events.items()
            if event != "breach" and months[0] != NEVER
        ]
        found += [
            (month, "breach", party)
            for (party, month), broken in solvency.breaches.items()
            if broken[0]
        ]
        return sorted(found)

    def month(
        self,
        month: int,
        settled: Mapping[int, float],
        bonus: Mapping[int, float],
        insured: int,
        outcomes: Mapping[str, Mapping[int, float]],
        shares: Mapping[str, float],
    ) -> None:
        """Close a month: fund it, serve the debts, pay what can be paid.

        `settled` and `bonus` are EUR by contract year, `outcomes` by name and contract year in
        their own unit, `shares` those of the insurers (1), by party.
        """
        business = self._business(month, settled, bonus, insured, outcomes)
        self.waterfall.month(month, business)
        self.bonus_paid = 0.0
        for payer, payee, account, amount in self.waterfall.streams.of_month(month, 0):
            if PHYSICIANS in (payer, payee):
                self.bonus_paid += amount if payee == PHYSICIANS else -amount
            for one, part in split(payer, amount, shares):
                for other, rest in split(payee, part, shares):
                    self.book.pay(month, one, other, account, rest)

    def _business(
        self,
        month: int,
        settled: Mapping[int, float],
        bonus: Mapping[int, float],
        insured: int,
        outcomes: Mapping[str, Mapping[int, float]],
    ) -> Business:
        """What the cashbook says of the month before anything is funded."""
        cost = fees = 0.0
        for account in sorted(OPERATING - SETTLED):
            net = self.book.moved(COMPANY, month, account)
            cost, fees = cost + max(-net, 0.0), fees + max(net, 0.0)
        return Business(
            cost=_one(cost),
            fees=_one(fees),
            settled={year: _one(amount) for year, amount in settled.items()},
            bonus={year: _one(amount) for year, amount in bonus.items()},
            insured=np.array([float(insured)]),
            outcomes={
                name: {year: np.array([found]) for year, found in years.items()}
                for name, years in outcomes.items()
            },
        )


def split(party: str, amount: float, shares: Mapping[str, float]) -> Sequence[tuple[str, float]]:
    """An amount (EUR) of the insurers as parts of each, to the cent; of others as it is.

    >>> split("insurers", 0.05, {"insurer:aok": 0.5, "insurer:lkk": 0.5})
    [('insurer:aok', 0.02), ('insurer:lkk', 0.03)]
    """
    if party != INSURERS:
        return [(party, amount)]
    ends: NDArray[np.float64] = np.rint(np.cumsum(list(shares.values())) * amount * CENTS)
    parts = np.diff(ends, prepend=0.0) / CENTS
    return list(zip(shares, parts.tolist(), strict=True))


def _one(amount: float) -> Cents:
    return in_cents(np.array([amount]))
