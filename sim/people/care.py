"""Who is admitted, and what each person's care costs.

Costs are booked in prices of the price year; the insurer multiplies the year by the national price
index and the level of the place, the same path in every arm.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim import randomness as luck
from sim.people.factors import ADMISSIONS, AGES, DEATH, Factors
from sim.people.population import NEVER, Population
from sim.people.processes import Due

MONTHS_NEAR_DEATH = 12

_AVOIDABLE = ADMISSIONS.index("avoidable_admission")
_SIZES = np.array([luck.decision("size", name) for name in ADMISSIONS])
_NEXT = np.array([luck.decision(name) for name in ADMISSIONS])


@dataclass(frozen=True)
class Care:
    """Prices of care, in EUR of the price year.

    Attributes
    ----------
    case_cost
        float64 [kind of admission, sex, age]: mean cost of an admission.
    size_sd
        Standard deviation of the logarithm of an admission's cost.
    near_death
        float64 [month before death, sector]: cost beyond the ordinary, month 0 the last.
    near_death_by_age
        float64 [sex, age]: factor on it.
    dearness
        float32 [classes]: equally likely factors on a person's admissions and running cost of a
        year: some years are worse than others without any cause that the model holds.
    """

    factors: Factors
    case_cost: NDArray[np.float64]
    size_sd: float
    near_death: NDArray[np.float64]
    near_death_by_age: NDArray[np.float64]
    dearness: NDArray[np.float32]

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        """Kind of admission by slot of the kernel, int64 [slots]; -1 what is none."""
        kinds = {name: kind for kind, name in enumerate(ADMISSIONS)}
        return np.array([kinds.get(process.name, -1) for process in self.factors.processes])

    def renew(self, people: Population, rows: NDArray[np.int64], month: int) -> None:
        """Give fresh thresholds of admission and another dearness, every January.

        In a dear year people bear less of the hazard of admission. Addressed by year and count,
        so that an admission delayed in one year does not delay all later ones for ever.
        """
        drawn = people.uniform(rows, "dear year", occurrence=_year(month))
        people.dearness[rows] = self.dearness[(drawn * self.dearness.size).astype(np.int64)]
        for name in ADMISSIONS:
            slot = self.factors.slot(name)
            people.occurrence[slot, rows] = 0
            first = people.threshold(rows, name, occurrence=_code(month, 0))
            people.remaining[slot, rows] = first / people.dearness[rows]

    def bill(self, people: Population, due: Due, month: int) -> None:
        """Book the admissions of the month; who died or left in it has none.

        What the month's hazard was beyond an admission counts towards the next, which may fall
        due in the same month.
        """
        kind, slot, rows = _admissions(due.slot, due.row, self.kinds, people.left)
        while rows.size:
            self._admit(people, kind, slot, rows, month)
            again = people.remaining[slot, rows] <= 0
            kind, slot, rows = kind[again], slot[again], rows[again]

    def _admit(self, people: Population, kind: Any, slot: Any, rows: Any, month: int) -> None:
        """Admit each of some rows once; a row may come once for each kind."""
        c, occurrence = people.columns, people.occurrence.T
        times = occurrence[rows, slot].astype(np.int64)
        what = np.concatenate([_SIZES[kind], _NEXT[kind]])
        code = np.concatenate([_code(month, times), _code(month, (times + 1) % 256)])
        drawn = luck.uniform(people.seed, np.tile(people.first + rows, 2), what, code)
        spread = np.exp(self.size_sd * luck.normals(drawn[: rows.size]) - self.size_sd**2 / 2)
        counted = np.zeros((2, people.tally.groups))
        _book(
            kind,
            slot,
            rows,
            month,
            spread,
            luck.thresholds(drawn[rows.size :]),
            self.case_cost,
            c["born"],
            c["sex"],
            c["group"],
            c["dearness"],
            people.account.T,
            occurrence,
            people.remaining.T,
            counted,
        )
        people.tally.add_up(("admissions", "avoidable_admissions"), counted)

    def bill_dying(self, people: Population, due: Due, month: int) -> None:
        """Book the cost of dying by the expected remaining time: the same rule in every arm.

        Comes before deaths take effect. Sudden deaths have no such cost, only the event's.
        """
        _bill_dying(
            due.near,
            month,
            people.born,
            people.sex,
            people.remaining.T,
            people.hazard.T,
            self.near_death,
            self.near_death_by_age,
            people.account.T,
        )


@njit(cache=True)
def _admissions(due_slot: Any, due_row: Any, kinds: Any, left: Any) -> Any:
    """Admissions of those who are still there: kind, slot and row."""
    found = np.empty((3, due_slot.size), np.int64)
    count = 0
    for k in range(due_slot.size):
        slot, row = due_slot[k], due_row[k]
        if kinds[slot] >= 0 and left[row] == NEVER:
            found[0, count], found[1, count], found[2, count] = kinds[slot], slot, row
            count += 1
    return found[:, :count]


@njit(cache=True)
def _book(
    kind: Any,
    slot: Any,
    rows: Any,
    month: Any,
    spread: Any,
    fresh: Any,
    case_cost: Any,
    born: Any,
    sex: Any,
    group: Any,
    dearness: Any,
    account: Any,
    occurrence: Any,
    remaining: Any,
    counted: Any,
) -> None:
    """Book each admission at its size, `spread` times the mean, and give the next threshold."""
    for k in range(rows.size):
        row = rows[k]
        age = min(max((month - born[row]) // 12, 0), AGES - 1)
        account[row, 0] += np.float32(case_cost[kind[k], sex[row], age] * spread[k])
        occurrence[row, slot[k]] += np.uint8(1)
        remaining[row, slot[k]] += fresh[k] / dearness[row]
        counted[0, group[row]] += 1
        if kind[k] == _AVOIDABLE:
            counted[1, group[row]] += 1


@njit(cache=True)
def _bill_dying(
    rows: Any,
    month: Any,
    born: Any,
    sex: Any,
    remaining: Any,
    hazard: Any,
    near_death: Any,
    by_age: Any,
    account: Any,
) -> None:
    for row in rows:
        left = math.ceil(remaining[row, DEATH] / hazard[row, DEATH])
        ahead = min(max(left, 0), MONTHS_NEAR_DEATH - 1)
        age = min(max((month - born[row]) // 12, 0), AGES - 1)
        for sector in range(near_death.shape[1]):
            cost = near_death[ahead, sector] * by_age[sex[row], age]
            account[row, sector] += np.float32(cost)


def _year(month: int) -> int:
    """Address of the calendar year in which a month lies, never negative."""
    return (month - 1) // 12 + 1000


def _code(month: int, times: Any) -> Any:
    """Occurrence of an admission: calendar year and count within it, never negative."""
    return _year(month) * 256 + times


def course_of_dying(excess: float, last_quarter_share: float) -> NDArray[np.float64]:
    """Spread the cost of dying over the last twelve months, EUR/month [12], the last first.

    The rise is exponential; its speed is the one at which the last quarter has its share.

    >>> course = course_of_dying(1200.0, 0.5)
    >>> round(float(course.sum()), 6), round(float(course[:3].sum()), 6)
    (1200.0, 600.0)
    """
    from scipy.optimize import brentq

    months = np.arange(MONTHS_NEAR_DEATH)

    def share(speed: float) -> float:
        weights = np.exp(-speed * months)
        return float(weights[:3].sum() / weights.sum()) - last_quarter_share

    speed = float(brentq(share, 1e-6, 3.0))
    weights = np.exp(-speed * months)
    course: NDArray[np.float64] = excess * weights / weights.sum()
    return course


def price_index(
    seed: int, years: int, growth: float, shock_sd: float, to_price_year: int
) -> NDArray[np.float64]:
    """National index of the cost of care, one number a year (price year without shocks = 1).

    Parameters
    ----------
    years
        How many, the first being `to_price_year` years before the price year.
    growth
        Trend, 1/year.
    shock_sd
        Standard deviation of the yearly common shock; shocks accumulate from the first year.
    """
    drawn = luck.normal(seed, np.arange(years), luck.decision("national price shock"))
    drawn[0] = 0.0
    trend = growth * (np.arange(years) - to_price_year)
    index: NDArray[np.float64] = np.exp(trend + np.cumsum(drawn) * shock_sd)
    return index


def regional_levels(
    seed: int, regions: int, years: int, start: float, level_sd: float, drift_sd: float
) -> NDArray[np.float64]:
    """Cost level of each place by year, float64 [regions, years]; place 0 is the region.

    Places differ from the beginning (`level_sd`) and drift on their own (`drift_sd` a year).
    The region's own starting level is given.
    """
    place = np.arange(regions)
    first = luck.normal(seed, place, luck.decision("regional level")) * level_sd
    first[0] = np.log(start)
    steps = np.stack(
        [
            luck.normal(seed, place, luck.decision("regional drift"), year) * drift_sd
            for year in range(years)
        ],
        axis=1,
    )
    steps[:, 0] = 0.0
    levels: NDArray[np.float64] = np.exp(first[:, None] + np.cumsum(steps, axis=1))
    return levels
