"""A published figure and what the simulation gives for it: target, estimator, standard error."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.validation.survey import Homes
from sim import tables
from sim.observation import Observation, Panel
from sim.quantity import Refusal
from sim.setting import Setting

Sums = NDArray[np.float64]
SEXES = {"male": 0, "female": 1}


@dataclass(frozen=True)
class Target:
    """One line of conf/tables/validation_targets.csv."""

    target: str
    quantity: str
    layer: str
    population: str
    condition: str
    sex: str
    age_low: int
    age_high: int
    year: int
    unit: str
    published: float
    low: float
    high: float
    source: str
    used_for_calibration: str
    note: str

    @property
    def sexes(self) -> slice:
        """Which lines of a table by sex."""
        place = SEXES.get(self.sex)
        return slice(None) if place is None else slice(place, place + 1)

    @property
    def ages(self) -> slice:
        """Which columns of a table by single age."""
        return slice(self.age_low, self.age_high + 1)

    def within(self, grid: NDArray[Any]) -> float:
        """Sum of a table [2, 101] over the sexes and ages of the target."""
        return float(grid[self.sexes, self.ages].sum())

    def whom(self, sex: NDArray[Any], age: NDArray[Any]) -> NDArray[np.bool_]:
        """Who is of the sex and the ages of the target, bool [persons]."""
        old = self.age_high >= tables.AGES[-1]
        ours = (age >= self.age_low) & ((age <= self.age_high) | old)
        place = SEXES.get(self.sex)
        of_sex: NDArray[np.bool_] = ours if place is None else ours & (sex == place)
        return of_sex


@dataclass(frozen=True)
class Lived:
    """A batch of a population that has lived: what was seen, and what it was set to.

    `table` is the published hazard of death of the country, its level included, float64
    [2, 101], in the year of the tables; `preventable` the share of sensitive admissions.
    """

    seen: Observation
    setting: Setting
    homes: Homes
    table: NDArray[np.float64]
    preventable: float

    @property
    def years(self) -> range:
        """Calendar years lived."""
        return range(self.seen.first_year, self.seen.year_of(self.seen.last_month) + 1)

    def year(self, target: Target) -> int:
        """Return the year lived that is nearest to the target's."""
        return min(max(target.year, self.years[0]), self.years[-1])

    def closing(self, target: Target) -> int:
        """Return the same, but a year with a whole one before it: for last years of life."""
        return max(self.year(target), self.years[0] + 1)

    def panel(self, target: Target) -> Panel:
        """Return everybody in the target's year."""
        return self.seen.panels[self.year(target)]

    def bit(self, condition: str) -> int:
        """Bit of a condition in states and diagnoses."""
        return self.seen.bits[condition]

    def price(self, year: int) -> float:
        """EUR of a year per EUR of the price year, by the declared trend, without shocks."""
        terms = self.setting.population
        return math.exp(terms.trends.cost * (year - terms.price_year))


@dataclass(frozen=True)
class Estimator:
    """How a quantity is read: `gather` gives sums of a batch, `settle` the figure of all sums.

    `panel`, `dying` say whether persons, or the dead, of the target's year must be kept.
    """

    gather: Callable[[Lived, Target], Sums]
    settle: Callable[[Sums], float]
    panel: bool = False
    dying: bool = False


def ratio(sums: Sums) -> float:
    """First over second; none where the second is zero.

    >>> ratio(np.array([1.0, 4.0]))
    0.25
    """
    return float(sums[0] / sums[1]) if sums[1] else math.nan


def figure(estimator: Estimator, batches: Sequence[Sums]) -> tuple[float, float]:
    """Return the figure of all batches and its standard error, by leaving out one at a time."""
    stacked = np.stack(batches)
    total = stacked.sum(axis=0)
    value = estimator.settle(total)
    left = np.array([estimator.settle(total - one) for one in stacked])
    n = len(batches)
    spread = float(((left - left.mean()) ** 2).sum() * (n - 1) / n) if n > 1 else math.nan
    return value, math.sqrt(spread)


def read() -> list[Target]:
    """Read the fixed list of targets, in its order."""
    frame = tables.table("validation_targets").fillna({"condition": "", "note": ""})
    names = list(Target.__dataclass_fields__)
    if list(frame.columns) != names:
        raise Refusal(
            f"conf/tables/validation_targets.csv has the columns {', '.join(frame.columns)}; "
            f"expected are {', '.join(names)}. The list of targets is fixed: restore it."
        )
    return [Target(**row) for row in frame.to_dict("records")]
