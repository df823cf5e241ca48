"""A cohort that a planner brings: its written schema, and the persons it lists as columns.

The persons are those insured on the first day of the history, 1 January `region.baseline_years`
before `region.start_year`; they live on from there. Checked whole before anything runs. What the
file leaves open stays open here: sim/people/completion.py draws it. Pseudonyms serve to find
persons listed twice and are forgotten with that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import cohort_file
from sim.cohort_file import Sheet
from sim.people.cells import UNKNOWN, Cells
from sim.people.faults import Faults
from sim.people.population import SECTORS
from sim.quantity import Refusal, nearest

OLDEST = 115
"""Years of age beyond which a birth month is taken for a mistake."""

PAID = SECTORS[:4]
"""Sectors of which last year's cost may be given."""


class Column(NamedTuple):
    """What a column of a cohort file holds, and whether every cohort has it."""

    needed: bool
    unit: str
    allowed: str
    meaning: str


CONDITION = "<condition>"
COLUMNS = {
    "pseudonym": Column(
        True, "1", "a text or number, no two alike",
        "finds a person listed twice; read, compared and forgotten, never written",
    ),
    "born": Column(
        True, "month", f"YYYY-MM, aged 0 to {OLDEST} on the first day of the history",
        "month of birth; of a date the day is not read",
    ),
    "sex": Column(
        True, "1", "male or female", "sex in the tables of rates",
    ),
    "insurer": Column(
        False, "1", "a name of region.insurers",
        "with whom she is insured; empty: drawn from the insurers' shares",
    ),
    "physician": Column(
        False, "1", "a whole number, 1 to region.physicians",
        "number of her practice; empty: drawn from the practices' sizes",
    ),
    "deprivation": Column(
        False, "1", "a whole number, 1 (least deprived) to 5 (most)",
        "fifth of deprivation where she lives; empty: drawn from region.deprivation",
    ),
    "cost_hospital": Column(
        False, "EUR/year", "a number, 0 or more",
        "paid in the twelve months before the first day: whether anything was tells of frailty",
    ),
    "cost_physician": Column(
        False, "EUR/year", "a number, 0 or more",
        "the same of physicians; with drugs and other it tells who is dear among those alike",
    ),
    "cost_drugs": Column(False, "EUR/year", "a number, 0 or more", "the same of drugs"),
    "cost_other": Column(
        False, "EUR/year", "a number, 0 or more",
        "the same of all other care that the insurer pays, without long-term care",
    ),
    CONDITION: Column(
        False, "1", "true or false, or 1 or 0",
        "has it on the first day: a column for each condition or risk factor of conf/diseases "
        "by its name, none for events; empty: drawn among the lives that agree with what is known",
    ),
}  # fmt: skip
"""Every column a cohort file may have; all others are refused."""

NEEDED = tuple(name for name, column in COLUMNS.items() if column.needed)


class Place(NamedTuple):
    """What a cohort file is read for: the first day of the history, and the names it may use."""

    first_month: int
    start_year: int
    insurers: Sequence[str]
    practices: int
    conditions: dict[str, int]  # name -> bit of those that a person has or has not


@dataclass(frozen=True)
class Roster:
    """The persons of a cohort file, by calendar month of birth, else in the order of the file.

    Attributes
    ----------
    born, sex
        int16, uint8 [n]: month of birth (month 1 is the first of the contract); 0 male, 1 female.
    insurer, physician, fifth
        int16 [n]: number of the insurer, of the practice, of the fifth; -1 not known.
    known, has
        uint32 [n]: bit a condition or risk factor of which the file speaks; that she has.
    cost
        float64 [4, n]: last year's by sector, EUR; NaN not known.
    """

    born: NDArray[np.int16]
    sex: NDArray[np.uint8]
    insurer: NDArray[np.int16]
    physician: NDArray[np.int16]
    fifth: NDArray[np.int16]
    known: NDArray[np.uint32]
    has: NDArray[np.uint32]
    cost: NDArray[np.float64]

    @property
    def n(self) -> int:
        """How many persons."""
        return self.born.size

    def structure(self, month: int, ages: int) -> NDArray[np.float64]:
        """Persons by sex and completed age at the start of a month, float64 [2, ages]."""
        age = np.clip((month - self.born.astype(np.int64)) // 12, 0, ages - 1)
        found = np.bincount(self.sex * ages + age, minlength=2 * ages)
        return found.reshape(2, ages).astype(float)


def read(path: str, checksum: str | None, place: Place) -> Roster:
    """Read the persons of a file; with a single fault the whole file is refused."""
    roster, faults = check(cohort_file.read(path, checksum), place)
    if len(faults):
        raise Refusal(faults.told(path))
    return roster


def check(sheet: Sheet, place: Place) -> tuple[Roster, Faults]:
    """Read a sheet and find every fault in it; where there are any, the persons are not whole."""
    faults = Faults()
    _check_header(sheet, place, faults)
    for number, cells in sheet.ragged:
        rule = f"as many cells as the header has names, {len(sheet.names)}"
        faults.add(number, "(all)", [f"{cells} cells"], rule)
    reader = Cells(sheet, faults, NEEDED)
    reader.unique("pseudonym")
    born = reader.month("born", 12 * place.start_year + place.first_month, OLDEST)
    sex = reader.code("sex", ("male", "female"))
    conditions = {name: reader.flag(name) for name in place.conditions}
    known, has = (np.zeros(sheet.rows.size, np.uint32) for _ in range(2))
    for name, flag in conditions.items():
        bit = np.uint32(place.conditions[name])
        known |= (flag != UNKNOWN).astype(np.uint32) << bit
        has |= (flag == 1).astype(np.uint32) << bit
    born -= 12 * place.start_year
    insurer = reader.code("insurer", tuple(place.insurers))
    physician = reader.count("physician", 1, place.practices)
    deprivation = reader.count("deprivation", 1, 5)
    cost = np.stack([reader.amount(f"cost_{sector}") for sector in PAID])
    order = np.argsort((born - 1) % 12, kind="stable")
    return Roster(
        born=born[order].astype(np.int16),
        sex=sex[order].astype(np.uint8),
        insurer=insurer[order].astype(np.int16),
        physician=physician[order].astype(np.int16),
        fifth=np.where(deprivation > 0, deprivation - 1, UNKNOWN)[order].astype(np.int16),
        known=known[order],
        has=has[order],
        cost=cost[:, order],
    ), faults


def _check_header(sheet: Sheet, place: Place, faults: Faults) -> None:
    allowed = [*(name for name in COLUMNS if name != CONDITION), *place.conditions]
    for name in dict.fromkeys(sheet.names):
        if name not in allowed:
            faults.add(0, name, [""], f"a column of the schema. {nearest(name, allowed)}")
        elif sheet.names.count(name) > 1:
            faults.add(0, name, [""], "named once in the header")
        elif name in sheet.unreadable:
            faults.add(0, name, [sheet.unreadable[name]], "a column of texts, numbers or flags")
    for name in (name for name in NEEDED if name not in sheet.names):
        faults.add(0, name, [""], "a column that every cohort has")


def schema() -> str:
    """Every column of a cohort file as a table in Markdown: docs/cohort.md has it word for word."""
    lines = ["| column | needed | unit | allowed | meaning |", "|---|---|---|---|---|"]
    for name, column in COLUMNS.items():
        needed = "yes" if column.needed else "no"
        lines.append(
            f"| `{name}` | {needed} | {column.unit} | {column.allowed} | {column.meaning} |"
        )
    return "\n".join(lines)
