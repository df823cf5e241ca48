"""Who attends what: members, places, and how strongly a programme acts on those who attend.

Enrolment is the kernel's idea again: an eligible person bears so much hazard of being invited, and
when nothing is left she is asked. Whoever agrees waits, ordered by overshoot, until a place is
free. Effects are on treatment: they ramp up, hold while attended and wane afterwards.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.people.population import NEVER, Population


@njit(cache=True)
def _strength(month: Any, ramp: Any, waning: Any, started: Any, ended: Any) -> Any:
    """Rows of all who ever started, and how strongly the programme acts on each."""
    rows = np.flatnonzero(started)
    strength = np.empty(rows.size)
    for i in range(rows.size):
        first, end = started[rows[i]], ended[rows[i]]
        last = min(end - 1, month)  # month attended
        reached = min(max((last - first + 1) / ramp, 0.0), 1.0)
        held = min(max(1.0 - max(month - end, 0) / waning, 0.0), 1.0)
        strength[i] = reached * held
    return rows, strength


@dataclass
class Places:
    """One programme's pool, waiting list and participants, over the rows of a population.

    Attributes
    ----------
    remaining
        float32 [n]: hazard of being invited that each person can still bear.
    waiting
        bool [n]: agreed, and waits for a place.
    times
        uint8 [n]: how often invited so far.
    started, ended, planned
        int16 [n]: month of the last start, of its end (NEVER while attending), and of the end
        that is foreseen; 0 for those who never attended.
    """

    name: str
    remaining: NDArray[np.float32]
    waiting: NDArray[np.bool_]
    times: NDArray[np.uint8]
    started: NDArray[np.int16]
    ended: NDArray[np.int16]
    planned: NDArray[np.int16]

    @classmethod
    def of(cls, name: str, people: Population) -> "Places":
        """Open a programme for a population; nobody attends yet."""
        n = people.n
        return cls(
            name,
            people.threshold(np.arange(n), "invitation", name),
            np.zeros(n, np.bool_),
            np.zeros(n, np.uint8),
            np.zeros(n, np.int16),
            np.zeros(n, np.int16),
            np.zeros(n, np.int16),
        )

    @property
    def attending(self) -> NDArray[np.int64]:
        """Rows of those who attend."""
        return np.flatnonzero(self.ended == NEVER)

    @property
    def taken(self) -> int:
        """How many attend."""
        return int(np.count_nonzero(self.ended == NEVER))

    def invite(
        self, people: Population, rows: NDArray[np.int64], hazard: Any, uptake: float
    ) -> int:
        """Let a month's hazard of invitation run over the eligible; return how many were asked.

        `hazard` is per month, one number or one a row.
        """
        self.remaining[rows] -= np.asarray(hazard, np.float32)
        asked = rows[(self.remaining[rows] <= 0) & ~self.waiting[rows]]
        if not asked.size:
            return 0
        self.times[asked] += np.uint8(1)
        agreed = people.uniform(asked, "uptake", self.name, occurrence=self.times[asked])
        self.waiting[asked[agreed < uptake]] = True
        self._renew(people, asked[agreed >= uptake])
        return int(asked.size)

    def admit(
        self,
        people: Population,
        free: int,
        month: int,
        duration: int,
        attrition: float,
    ) -> NDArray[np.int64]:
        """Give free places to those who have waited longest by overshoot; return who starts."""
        queue: NDArray[np.int64] = np.flatnonzero(self.waiting)
        queue = queue[people.left[queue] == NEVER]
        if free <= 0 or not queue.size:
            return queue[:0]
        order = np.argsort(self.remaining[queue], kind="stable")
        rows: NDArray[np.int64] = queue[order[:free]]
        self.waiting[rows] = False
        self.started[rows] = month
        self.ended[rows] = NEVER
        stays = np.full(rows.size, duration, np.int64)
        if attrition > 0:
            borne = people.threshold(rows, "attrition", self.name, occurrence=self.times[rows])
            stays = np.minimum(stays, np.ceil(borne / attrition * 12).astype(np.int64))
        self.planned[rows] = np.minimum(month + np.maximum(stays, 1), NEVER - 1)
        return rows

    def release(
        self, people: Population, month: int, duration: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """End the attendance of those whose time is over; return who completed, who dropped out.

        The dead and those who moved away leave their place too and count as neither.
        """
        rows, queue = self.attending, np.flatnonzero(self.waiting)
        self.waiting[queue[people.left[queue] != NEVER]] = False
        here = people.left[rows] == NEVER
        over = rows[here & (self.planned[rows] <= month)]
        self.ended[over] = self.ended[rows[~here]] = month
        self._renew(people, over)
        full = month - self.started[over] >= duration
        return over[full], over[~full]

    def close(self, month: int) -> None:
        """The programme stops: everybody leaves, nobody waits."""
        self.ended[self.attending] = month
        self.waiting[:] = False

    def strength(
        self, month: int, ramp: float, waning: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """How much of the full effect acts on those who attend or attended: rows, float64.

        Rises linearly over `ramp` months, falls linearly over `waning` months after the end.
        """
        found: tuple[NDArray[np.int64], NDArray[np.float64]] = _strength(
            month, max(ramp, 1.0), max(waning, 1.0), self.started, self.ended
        )
        return found

    def _renew(self, people: Population, rows: NDArray[np.int64]) -> None:
        if not rows.size:
            return
        times = self.times[rows]
        fresh = people.threshold(rows, "invitation", self.name, occurrence=times)
        self.remaining[rows] = fresh
