"""An insurer's own ledger: its written schema, and the person-years of a file by calendar year.

Checked whole before anything is settled. Pseudonyms tell who is the same person in other years;
they are forgotten with that, and never written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim import sheet
from sim.cells import Cells
from sim.contract.ledger import OLDEST, SECTORS, Ledger
from sim.faults import Faults
from sim.quantity import Refusal
from sim.sheet import Column, Sheet, Source, markdown

SOURCE = Source(
    key="ledger",
    what="ledger",
    row="a person and year",
    rows="person-years",
    guide="docs/ledger.md says what a ledger holds, and "
    "python -m experiments.ledger check={path} lists every fault.",
)
DIAGNOSES = 32
"""Documented diagnoses a ledger may have, at most."""


DIAGNOSIS = "diagnosis_"
COLUMNS = {
    "pseudonym": Column(
        True, "1", "a text or number",
        "same person, same pseudonym in all years; compared and forgotten, never written",
    ),
    "year": Column(True, "year", "a whole number, 1900 to 2200", "calendar year of the row"),
    "age": Column(True, "year", f"a whole number, 0 to {OLDEST}", "completed years of age"),
    "sex": Column(True, "1", "male or female", "the same in all years"),
    "region": Column(
        True, "1", "a whole number, 0 to 32767",
        "0: the contract's region; 1 and above: regions of the comparison, insured elsewhere",
    ),
    "insured_months": Column(
        True, "month", "a whole number, 1 to 12",
        "months insured in the year; of a person's rows in a year 12 together, at most",
    ),
    "insurer": Column(False, "1", "a text or number", "with whom; empty: one for all"),
    "physician": Column(
        False, "1", "a whole number, 0 to 65535", "number of the practice; empty or 0: none",
    ),
    "member": Column(
        False, "1", "true or false, or 1 or 0", "has joined the integrator; empty: has not",
    ),
    "newcomer": Column(
        False, "1", "true or false, or 1 or 0",
        "nothing is documented of the year before: a newborn or a joiner; empty: has no row in "
        "the year before (in the first year of the file nobody is)",
    ),
    "cost_hospital": Column(
        False, "EUR/year", "a number, 0 or more", "paid for the insured months, nominal",
    ),
    "cost_physician": Column(False, "EUR/year", "a number, 0 or more", "the same of physicians"),
    "cost_drugs": Column(False, "EUR/year", "a number, 0 or more", "the same of drugs"),
    "cost_other": Column(
        False, "EUR/year", "a number, 0 or more", "the same of all other care that is counted",
    ),
    f"{DIAGNOSIS}<name>": Column(
        False, "1", "true or false, or 1 or 0",
        f"documented in the year BEFORE; a column for each of {DIAGNOSES} diagnoses at most, under "
        "names of your own; empty: is not",
    ),
}  # fmt: skip
"""Every column a ledger may have; all others are refused."""

NEEDED = tuple(name for name, column in COLUMNS.items() if column.needed)
TWELVE = 12


@dataclass(frozen=True)
class Claims:
    """The ledgers of a file by year, and names: sectors it has, diagnoses by bit, insurers."""

    ledgers: Mapping[int, Ledger]
    sectors: tuple[str, ...]
    diagnoses: tuple[str, ...]
    insurers: tuple[str, ...]

    def told(self) -> str:
        """Say what is in it."""
        years = sorted(self.ledgers)
        rows = sum(len(ledger) for ledger in self.ledgers.values())
        return (
            f"{rows:,} person-years of {years[0]} to {years[-1]}, {len(self.diagnoses)} diagnoses"
        )


def read(path: str) -> Claims:
    """Read the ledgers of a file; with a single fault the whole file is refused."""
    claims, faults = check(sheet.read(path, SOURCE))
    if len(faults):
        raise Refusal(faults.told(path, SOURCE))
    return claims


def check(table: Sheet) -> tuple[Claims, Faults]:
    """Read a sheet and find every fault in it; where there are any, there are no ledgers."""
    faults = Faults()
    diagnoses = tuple(name for name in dict.fromkeys(table.names) if name.startswith(DIAGNOSIS))
    sectors = tuple(sector for sector in SECTORS if f"cost_{sector}" in table.names)
    costs = tuple(f"cost_{sector}" for sector in sectors)
    cells = Cells(table, faults, (*NEEDED, *costs))
    plain = [name for name in COLUMNS if not name.startswith(DIAGNOSIS)]
    cells.header([*plain, *diagnoses], SOURCE.what)
    if not sectors:
        faults.add(0, "cost_<sector>", [""], "the cost of at least one sector")
    if len(diagnoses) > DIAGNOSES:
        faults.add(0, diagnoses[DIAGNOSES], [""], f"{DIAGNOSES} diagnoses at most")
    columns = _columns(cells, sectors)
    columns["documented"] = np.zeros(cells.n, np.uint32)
    for bit, name in enumerate(diagnoses[:DIAGNOSES]):
        columns["documented"] |= (cells.flag(name) == 1).astype(np.uint32) << np.uint32(bit)
    person, insurer = _codes(cells, "pseudonym"), _codes(cells, "insurer")
    columns["person"], columns["insurer"] = person, np.maximum(insurer, 0).astype(np.int8)
    if insurer.max(initial=0) > np.iinfo(np.int8).max:
        faults.add(0, "insurer", [""], f"at most {np.iinfo(np.int8).max} insurers")
    if set(NEEDED) <= set(table.names) and not len(faults):
        _check_persons(cells, columns)
    names = _names(cells, "insurer", insurer)
    if len(faults):
        return Claims({}, sectors, (), names), faults
    newcomer = cells.flag("newcomer")
    arrived = _arrived(columns["person"], columns["year"])
    columns["newcomer"] = np.where(newcomer < 0, arrived, newcomer == 1)
    columns["documented"][columns["newcomer"]] = 0
    ledgers = {}
    for year in np.unique(columns["year"]).tolist():
        rows = np.flatnonzero(columns["year"] == year)
        ledgers[year] = Ledger(
            year=year, **{name: column[rows] for name, column in columns.items() if name != "year"}
        )
        ledgers[year].check()
    short = tuple(name.removeprefix(DIAGNOSIS) for name in diagnoses)
    return Claims(ledgers, sectors, short, names), faults


def _columns(cells: Cells, sectors: tuple[str, ...]) -> dict[str, Any]:
    """Columns that stand in the file as they stand in a ledger."""
    cost = np.zeros((cells.n, len(SECTORS)))
    for sector in sectors:
        cost[:, SECTORS.index(sector)] = np.nan_to_num(cells.amount(f"cost_{sector}"))
    return {
        "year": cells.count("year", 1900, 2200),
        "age": cells.count("age", 0, OLDEST).astype(np.int16),
        "sex": cells.code("sex", ("male", "female")).astype(np.int8),
        "region": cells.count("region", 0, np.iinfo(np.int16).max).astype(np.int16),
        "insured_months": cells.count("insured_months", 1, TWELVE).astype(np.int8),
        "physician": np.maximum(
            cells.count("physician", 0, np.iinfo(np.uint16).max), 0
        ).astype(np.uint16),
        "member": cells.flag("member") == 1,
        "cost": cost,
    }  # fmt: skip


def _codes(cells: Cells, name: str) -> NDArray[np.int64]:
    """Number of each text in the order in which it first appears, -1 where there is none [n]."""
    column = cells.trimmed(name)
    if column is None:
        return np.zeros(cells.n, np.int64)
    codes = pc.dictionary_encode(column).indices.to_numpy(zero_copy_only=False)
    found: NDArray[np.int64] = np.nan_to_num(codes.astype(float), nan=-1).astype(np.int64)
    return found


def _names(cells: Cells, name: str, codes: NDArray[np.int64]) -> tuple[str, ...]:
    texts = cells.text(name)
    known, first = np.unique(codes, return_index=True)
    return tuple(str(texts[row]) for code, row in zip(known, first, strict=True) if code >= 0)


def _check_persons(cells: Cells, columns: Mapping[str, Any]) -> None:
    """Find what rows of one person cannot say together; no pseudonym is shown."""
    numbers, faults = cells.sheet.rows, cells.faults
    person, year = columns["person"], columns["year"]

    def first_of(*keys: Any) -> NDArray[np.int64]:
        _, first, which = np.unique(np.stack(keys), axis=1, return_index=True, return_inverse=True)
        place: NDArray[np.int64] = first[which.ravel()]
        return place

    rows = np.arange(cells.n)
    first = first_of(person, year, columns["insurer"])
    again = np.flatnonzero(first != rows)
    before = [f"as in row {number}" for number in numbers[first[again]]]
    faults.add(numbers[again], "pseudonym", before, "one row a person, year and insurer")

    counted = np.where(first == rows, columns["insured_months"], 0)  # each row once
    first = first_of(person, year)
    months = np.bincount(first, counted, cells.n)[first]
    over = np.flatnonzero((months > TWELVE) & (first != rows) & (counted > 0))
    told = [f"{months[row]:.0f} months in all" for row in over]
    faults.add(numbers[over], "insured_months", told, "12 months a person and year at most")

    first = first_of(person)
    other = np.flatnonzero(columns["sex"] != columns["sex"][first])
    before = [f"not as in row {number}" for number in numbers[first[other]]]
    faults.add(numbers[other], "sex", before, "the same sex in all years")
    born = year - columns["age"]
    aged = np.flatnonzero(np.abs(born - born[first]) > 1)
    before = [f"not as in row {number}" for number in numbers[first[aged]]]
    faults.add(numbers[aged], "age", before, "a year older each year")


def _arrived(person: NDArray[np.int64], year: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a person has no row in the year before, from the second year of the file on."""
    people = int(person.max(initial=0)) + 1
    there = np.unique(year * people + person)
    before = (year - 1) * people + person
    known: NDArray[np.bool_] = np.isin(before, there)
    return ~known & (year > year.min())


def schema() -> str:
    """Every column of a ledger as a table in Markdown: docs/ledger.md has it word for word."""
    return markdown(COLUMNS)
