"""What is kept of people who live without programmes: year by year and person by person.

The model's own tables add people up; whoever wants to compare the people themselves with what is
published - by age, by what they had before, by what became of them - asks for these.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.people.factors import AGES


@dataclass(frozen=True)
class Watch:
    """What is to be kept, by calendar year.

    Attributes
    ----------
    panels
        Years of which every person is kept.
    hazards
        Years whose monthly hazards are summed, by `classes` of persons.
    dying
        Years whose dead are kept with the cost of their last twelve months.
    classes
        What divides persons, as (layer, condition or event): layer true, documented or past.
    """

    panels: Collection[int] = ()
    hazards: Collection[int] = ()
    dying: Collection[int] = ()
    classes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Panel:
    """Everybody who was there in a year; arrays [persons], cost in EUR of the price year.

    `cost` is [person, sector] of the contract, `cost_before` that of the year before (all its
    sectors), `norm` the prospective norm cost, `expected` whether it rests on a documented year.
    States and diagnoses are those of the end of the year, `_before` of its beginning.
    """

    year: int
    last_month: int
    row: NDArray[np.int64]
    sex: NDArray[np.uint8]
    age: NDArray[np.int16]
    months: NDArray[np.int8]
    died: NDArray[np.bool_]
    here: NDArray[np.bool_]  # alive at the end of the year
    state_before: NDArray[np.uint32]
    state: NDArray[np.uint32]
    documented: NDArray[np.uint32]
    cost: NDArray[np.float32]
    cost_before: NDArray[np.float32]
    norm: NDArray[np.float32]
    expected: NDArray[np.bool_]
    stays: NDArray[np.uint8]
    avoidable: NDArray[np.uint8]


@dataclass
class Hazards:
    """A year's hazards of death and of everything else, summed month by month.

    Attributes
    ----------
    death, exposure
        float64 [class, sex, age]: summed hazard of death (1); person-years.
    consumed, counted
        Process -> float64 [sex]: hazard taken from those at risk; how often it struck.
    """

    death: NDArray[np.float64]
    exposure: NDArray[np.float64]
    consumed: dict[str, NDArray[np.float64]]
    counted: dict[str, NDArray[np.float64]]


@dataclass
class Cases:
    """Onsets or events of one process, arrays [cases]; months as in the model.

    `time` is the how-manieth of this person, `stays` her admissions up to then and `stays_after`
    those up to two years later (-1 where that lies beyond the last month).
    """

    row: NDArray[np.int64]
    month: NDArray[np.int16]
    time: NDArray[np.uint8]
    documented: NDArray[np.bool_]
    stays: NDArray[np.int32]
    stays_after: NDArray[np.int32]


@dataclass(frozen=True)
class Dying:
    """Those who died in a year: sex, age [persons] and cost of the last twelve months.

    `course` is float32 [person, months before death], EUR of the price year, the last first.
    """

    sex: NDArray[np.uint8]
    age: NDArray[np.int16]
    course: NDArray[np.float32]


@dataclass
class Observation:
    """What was kept of one population.

    Attributes
    ----------
    structure
        Persons by sex and age on the first day, float64 [2, 101].
    person_years, free
        Year -> float64 [2, 101]; (layer, condition) -> the same without it.
    left, died, born, sex
        Of every row, at the end: first month no longer there, and whether by death.
    """

    first_year: int
    first_month: int
    bits: dict[str, int]
    structure: NDArray[np.float64]
    last_month: int = 0
    panels: dict[int, Panel] = field(default_factory=dict)
    hazards: dict[int, Hazards] = field(default_factory=dict)
    dying: dict[int, Dying] = field(default_factory=dict)
    cases: dict[str, Cases] = field(default_factory=dict)
    person_years: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    free: dict[int, dict[tuple[str, str], NDArray[np.float64]]] = field(default_factory=dict)
    born: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    sex: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    left: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    died: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def month_of(self, year: int) -> int:
        """December of a calendar year."""
        return self.first_month + 12 * (year - self.first_year) + 11

    def year_of(self, month: Any) -> Any:
        """Calendar year of a month, or of many."""
        return (month - self.first_month) // 12 + self.first_year


def holds(mask: NDArray[np.uint32], bit: int) -> NDArray[np.bool_]:
    """Whose mask of conditions has this bit, bool [mask]."""
    found: NDArray[np.bool_] = (mask >> np.uint32(bit)) & np.uint32(1) == 1
    return found


def by_sex_and_age(sex: Any, age: Any, weights: Any = None) -> NDArray[np.float64]:
    """Count persons, or add up their weights, by sex and single age, float64 [2, 101]."""
    cell = np.asarray(sex, np.int64) * AGES + np.clip(age, 0, AGES - 1)
    found = np.bincount(cell, weights=weights, minlength=2 * AGES)
    return found.reshape(2, AGES).astype(float)
