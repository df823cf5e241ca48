"""Who is admitted, and what each person's care costs.

Costs are booked in prices of the price year; the insurer multiplies the year by the national price
index and the level of the place, the same path in every arm.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import randomness as luck
from sim.people.factors import ADMISSIONS, AGES, DEATH, Factors
from sim.people.population import NEVER, SECTORS, Population
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
        kind = self.kinds[due.slot]
        here = np.flatnonzero((kind >= 0) & (people.left[due.row] == NEVER))
        kind, slot, rows = kind[here], due.slot[here], due.row[here]
        while rows.size:
            self._admit(people, kind, slot, rows, month)
            again = people.remaining[slot, rows] <= 0
            kind, slot, rows = kind[again], slot[again], rows[again]

    def _admit(self, people: Population, kind: Any, slot: Any, rows: Any, month: int) -> None:
        """Admit each of some rows once; a row may come once for each kind."""
        address, times = people.first + rows, people.occurrence[slot, rows].astype(np.int64)
        age = np.minimum(np.maximum(people.age(month, rows), 0), AGES - 1)
        size = luck.normal(people.seed, address, _SIZES[kind], _code(month, times))
        mean = self.case_cost[kind, people.sex[rows], age]
        cost = mean * np.exp(self.size_sd * size - self.size_sd**2 / 2)
        np.add.at(people.account[0], rows, cost.astype(np.float32))  # some are admitted twice
        people.count("admissions", rows)
        people.count("avoidable_admissions", rows[kind == _AVOIDABLE])
        people.occurrence[slot, rows] += np.uint8(1)
        code = _code(month, people.occurrence[slot, rows].astype(np.int64))
        again = luck.exponential(people.seed, address, _NEXT[kind], code)
        people.remaining[slot, rows] += again / people.dearness[rows]

    def bill_dying(self, people: Population, due: Due, month: int) -> None:
        """Book the cost of dying by the expected remaining time: the same rule in every arm.

        Comes before deaths take effect. Sudden deaths have no such cost, only the event's.
        """
        rows = due.near
        if not rows.size:
            return
        left = people.remaining[DEATH, rows] / people.hazard[DEATH, rows]
        ahead = np.clip(np.ceil(left), 0, MONTHS_NEAR_DEATH - 1).astype(np.int64)
        age = np.clip(people.age(month, rows), 0, AGES - 1)
        by_age = self.near_death_by_age[people.sex[rows], age]
        cost = self.near_death[ahead] * by_age[:, None]
        people.account.T[rows, : len(SECTORS)] += cost.astype(np.float32)


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
