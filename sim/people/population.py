"""Who there is: one row a person, one array a property.

Why columns. A region of 33,000 insured has ten times as many people in its comparison; as objects
they cost a thousand nanoseconds a month, as columns some dozens. Everybody has a row from the
start, those not yet born or not yet moved in too: row number = person = address of her luck, in
every arm, for ever.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sim import randomness
from sim.people.tally import Tally

NEVER = 32_000
"""Month of those who have not left: later than any horizon."""

SECTORS = ("hospital", "physician", "drugs", "other", "long_term_care", "patient")
"""Where money for care goes; the contract chooses among the first four."""

ACCOUNTS = (*SECTORS, "qalys")
"""What a person's year adds up to: EUR by sector in prices of the price year, and QALYs."""

RUNNING = ACCOUNTS[1:]
"""Accounts that run from month to month; hospital cost comes with events alone."""

VARYING = (1, 3)
"""From which to before which of them cost varies from year to year without any cause: drugs and
other; physicians are paid a lump sum a quarter."""

_STRETCH = 16_384

_COLUMNS: dict[str, Any] = {
    "born": np.int16,  # month of birth; month 1 is the first contract month
    "entered": np.int16,  # first month present
    "left": np.int16,  # first month no longer present, NEVER while present
    "billed": np.int16,  # running costs are booked up to the start of this month
    "sex": np.uint8,  # 0 male, 1 female
    "group": np.uint8,  # line of the tables: insurer's residents, or its comparison insured
    "region": np.uint8,  # 0 the region, 1.. where the comparison lives
    "insurer": np.uint8,
    "fifth": np.uint8,  # of deprivation, 0 least to 4 most
    "frailty": np.uint8,  # class; its effect stands in Factors
    "intensity": np.uint8,  # class of running cost, independent of health, for life
    "dearness": np.float32,  # factor on this year's admissions and running cost
    "physician": np.uint16,  # 0 none, else number of the practice
    "member": np.bool_,
    "member_since": np.int16,
    "died": np.bool_,  # left by death
    "participation": np.int32,  # row of the table of programme effects, 0 none
    "state": np.uint32,  # bit a condition or risk factor
    "recent": np.uint32,  # bit a condition or event in its first months
    "documented": np.uint32,  # bit a diagnosis the insurer has seen
    "documented_before": np.uint32,  # the same at the end of last year
}


@dataclass
class Population:
    """Persons as columns. `n` rows; every array's last axis is the row.

    What has two axes lies in memory person by person, since a month runs through all slots of a
    person and an event changes many: `people.hazard.T` is one piece.

    Attributes
    ----------
    seed, first
        Of the replicate; address of row 0: luck is drawn for (seed, first + row).
    remaining, hazard
        float32 [slots, n]: hazard each person can still bear; hazard per month.
    occurrence
        uint8 [slots, n]: how often the process has struck (admissions: this year).
    rate, account
        float32 [running, n], [accounts, n]: running cost per month; booked this year.
    expiry
        Month -> (slots, rows, occurrences): when the first months after onsets and events end.
    first_month
        In which the first year of this population begins.
    cohorts
        int64 [years + 1]: first row of those entering in each year; rows are sorted by year of
        entry and calendar month of birth, so that a month's birthdays are slices.
    birthdays
        int64 [years, 13]: bounds of the slices of each cohort by calendar month of birth.
    tally
        What happened to whom this year.
    """

    seed: int
    first: int
    n: int
    columns: dict[str, NDArray[Any]]
    remaining: NDArray[np.float32]
    hazard: NDArray[np.float32]
    occurrence: NDArray[np.uint8]
    rate: NDArray[np.float32]
    account: NDArray[np.float32]
    expiry: dict[int, list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]]] = field(
        default_factory=dict
    )
    first_month: int = 1
    cohorts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, np.int64))
    birthdays: NDArray[np.int64] = field(default_factory=lambda: np.zeros((1, 13), np.int64))
    tally: Tally = field(default_factory=Tally)

    def __getattr__(self, name: str) -> NDArray[Any]:
        """Make each column readable as an attribute."""
        try:
            column: NDArray[Any] = self.__dict__["columns"][name]
            return column
        except KeyError:
            raise AttributeError(name) from None

    @classmethod
    def empty(cls, n: int, slots: int, seed: int, first: int = 0) -> Self:
        """`n` rows of nobody, addressed from `first` on: all zero, not yet entered."""
        people = cls(
            seed=seed,
            first=first,
            n=n,
            columns={name: np.zeros(n, dtype) for name, dtype in _COLUMNS.items()},
            remaining=np.full((n, slots), np.inf, np.float32).T,
            hazard=np.zeros((n, slots), np.float32).T,
            occurrence=np.zeros((n, slots), np.uint8).T,
            rate=np.zeros((n, len(RUNNING)), np.float32).T,
            account=np.zeros((n, len(ACCOUNTS)), np.float32).T,
        )
        people.left[:] = NEVER
        people.dearness[:] = 1.0
        return people

    def uniform(self, rows: Any, *decision: str, occurrence: Any = 0) -> NDArray[np.float64]:
        """Luck in (0, 1) of some rows for a named decision, float64 [rows]."""
        what = randomness.decision(*decision)
        return randomness.uniform(self.seed, self.first + rows, what, occurrence)

    def threshold(self, rows: Any, *decision: str, occurrence: Any = 0) -> NDArray[np.float32]:
        """How much hazard some rows can bear for a named decision, float32 [rows]."""
        what = randomness.decision(*decision)
        return randomness.exponential(self.seed, self.first + rows, what, occurrence)

    def normal(self, rows: Any, *decision: str, occurrence: Any = 0) -> NDArray[np.float64]:
        """Standard normal luck of some rows for a named decision, float64 [rows]."""
        what = randomness.decision(*decision)
        return randomness.normal(self.seed, self.first + rows, what, occurrence)

    def count(self, outcome: str, rows: Any, weights: Any = None) -> None:
        """Count rows, or add up their weights, under an outcome, by group."""
        self.tally.add(outcome, self.group[rows], weights)

    @property
    def bytes_per_person(self) -> float:
        """State held for one row, in bytes."""
        arrays = [*self.columns.values(), self.remaining, self.hazard, self.occurrence]
        return sum(a.nbytes for a in [*arrays, self.rate, self.account]) / self.n

    def stretches(self, rows: int) -> Iterator[NDArray[np.int64]]:
        """The first so many rows in stretches small enough for a processor to keep at hand."""
        for first in range(0, rows, _STRETCH):
            yield np.arange(first, min(first + _STRETCH, rows))

    def present(self, month: int) -> NDArray[np.bool_]:
        """Who is insured and alive at the start of a month, bool [n]."""
        there: NDArray[np.bool_] = (self.entered <= month) & (self.left > month)
        return there

    def age(self, month: int, rows: Any = slice(None)) -> NDArray[np.int16]:
        """Completed years of age, int16 [rows]; negative before birth."""
        age: NDArray[np.int16] = (month - self.born[rows]) // np.int16(12)
        return age

    def months_in(self, first: int, last: int, rows: Any = slice(None)) -> NDArray[np.int16]:
        """Months present from `first` to `last`, both included, int16 [rows]."""
        start = np.maximum(self.entered[rows], np.int16(first))
        end = np.minimum(self.left[rows], np.int16(last + 1))
        months: NDArray[np.int16] = np.maximum(end - start, 0)
        return months

    def leave(self, rows: NDArray[Any], month: int) -> None:
        """Take rows out for ever: this month is their last."""
        self.left[rows] = month + 1
        self.hazard[:, rows] = 0
        self.remaining[:, rows] = np.inf

    def copy(self) -> Self:
        """Return a snapshot that lives on independently: how arms start from one history."""
        return copy.deepcopy(self)
