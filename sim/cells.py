"""How the cells of a file of rows are read: text into arrays, and every fault on the way.

A cell is trimmed; an empty one is not known. What cannot be read is a fault, and stands as not
known in the array, so that one fault hides no other.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.faults import Faults
from sim.quantity import nearest
from sim.sheet import Sheet

UNKNOWN = -1

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE = r"^\+?\d{1,9}(\.0*)?$"
_MONTH = r"^\d{4}-(0[1-9]|1[0-2])(-\d{2}([ T].*)?)?$"
_FLAGS = ("false", "true", "0", "1", "0.0", "1.0")  # no and yes by turns


class Cells:
    """The cells of a sheet, read column by column; faults are noted as they are found.

    `needed` are the columns in which no cell may be empty.
    """

    def __init__(self, sheet: Sheet, faults: Faults, needed: Collection[str]) -> None:
        self.sheet, self.faults, self.needed = sheet, faults, needed
        self.n = sheet.rows.size

    def header(self, allowed: Sequence[str], what: str) -> None:
        """Find columns that are unknown, doubled, unreadable or missing, and rows of other length.

        `what` is the kind of file, in the words of its messages.
        """
        sheet, faults = self.sheet, self.faults
        for name in dict.fromkeys(sheet.names):
            if name not in allowed:
                faults.add(0, name, [""], f"a column of the schema. {nearest(name, allowed)}")
            elif sheet.names.count(name) > 1:
                faults.add(0, name, [""], "named once in the header")
            elif name in sheet.unreadable:
                faults.add(0, name, [sheet.unreadable[name]], "a column of texts, numbers or flags")
        for name in (name for name in self.needed if name not in sheet.names):
            faults.add(0, name, [""], f"a column that every {what} has")
        for number, cells in sheet.ragged:
            rule = f"as many cells as the header has names, {len(sheet.names)}"
            faults.add(number, "(all)", [f"{cells} cells"], rule)

    def unique(self, name: str) -> None:
        """Find empty cells, and those that stand in an earlier row already; none is shown."""
        cells = self.trimmed(name)
        if cells is None:
            return
        codes = pc.dictionary_encode(cells).indices.to_numpy(zero_copy_only=False)
        codes = np.nan_to_num(codes.astype(float), nan=-1).astype(np.int64)
        _, first, which = np.unique(codes, return_index=True, return_inverse=True)
        again = np.flatnonzero((first[which] != np.arange(self.n)) & (codes >= 0))
        before = [f"as in row {number}" for number in self.sheet.rows[first[which][again]]]
        self.faults.add(self.sheet.rows[again], name, before, "no two alike")

    def month(self, name: str, first: int, oldest: int) -> NDArray[np.int64]:
        """Months of birth of persons aged 0 to `oldest` in the month `first`, int64 [n].

        Months are counted from the year 0, whose January is 1.
        """
        cells = self._matching(name, _MONTH, "a month as YYYY-MM, such as 1954-07")
        if cells is None:
            return np.full(self.n, first)
        year, month = (
            _numbers(pc.utf8_slice_codeunits(cells, start, stop))
            for start, stop in ((0, 4), (5, 7))
        )
        found = np.nan_to_num(12 * year + month, nan=first).astype(np.int64)
        day = f"{(first - 1) // 12}-{(first - 1) % 12 + 1:02d}"
        self._refuse(name, found > first, f"born by {day}, the first month of the history")
        too_old = (first - found) // 12 > oldest
        self._refuse(name, too_old, f"not older than {oldest} years in {day}")
        return np.where(too_old | (found > first), first, found)

    def code(self, name: str, allowed: tuple[str, ...]) -> NDArray[np.int64]:
        """Place among the allowed names, -1 where nothing is given, int64 [n]."""
        cells = self.trimmed(name)
        if cells is None:
            return np.full(self.n, UNKNOWN)
        found = pc.index_in(cells, value_set=pa.array(allowed, pa.string()))
        place = np.nan_to_num(_numbers(found), nan=UNKNOWN).astype(np.int64)
        wrong = (place == UNKNOWN) & pc.is_valid(cells).to_numpy(zero_copy_only=False)
        self._refuse(name, wrong, f"one of {', '.join(allowed)}")
        return place

    def count(self, name: str, low: int, high: int) -> NDArray[np.int64]:
        """Whole numbers, -1 where nothing is given, int64 [n]."""
        rule = f"a whole number from {low} to {high}"
        found = np.nan_to_num(_numbers(self._matching(name, _WHOLE, rule), self.n), nan=UNKNOWN)
        self._refuse(name, (found != UNKNOWN) & ~((low <= found) & (found <= high)), rule)
        return found.astype(np.int64)

    def amount(self, name: str) -> NDArray[np.float64]:
        """Amounts of money, NaN where nothing is given, float64 [n]."""
        return self.number(name, 0, np.inf, "a number, 0 or more")

    def number(self, name: str, low: float, high: float, rule: str) -> NDArray[np.float64]:
        """Finite numbers, NaN where nothing is given, float64 [n]."""
        found = _numbers(self._matching(name, _NUMBER, rule), self.n)
        self._refuse(name, (found < low) | (found > high) | np.isinf(found), rule)
        return found

    def text(self, name: str) -> list[str | None]:
        """Texts, None where nothing is given [n]."""
        cells = self.trimmed(name)
        return [None] * self.n if cells is None else list(cells.to_pylist())

    def flag(self, name: str) -> NDArray[np.int64]:
        """1 for yes, 0 for no, -1 where nothing is given, int64 [n]."""
        cells = self.trimmed(name)
        if cells is None:
            return np.full(self.n, UNKNOWN)
        found = _numbers(pc.index_in(pc.utf8_lower(cells), value_set=pa.array(_FLAGS)))
        wrong = np.isnan(found) & pc.is_valid(cells).to_numpy(zero_copy_only=False)
        self._refuse(name, wrong, "true or false, or 1 or 0")
        place = np.nan_to_num(found, nan=UNKNOWN).astype(np.int64)
        return np.where(place >= 0, place % 2, UNKNOWN)

    def trimmed(self, name: str) -> Any:
        """Trimmed cells of a column, null where empty; None where there is none to read."""
        cells = self.sheet.cells.get(name)
        if cells is None:
            return None
        cells = pc.utf8_trim_whitespace(cells)
        cells = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
        if name in self.needed:
            empty = pc.is_null(cells).to_numpy(zero_copy_only=False)
            self.faults.add(self.sheet.rows[empty], name, [""] * int(empty.sum()), "not empty")
        return cells

    def _matching(self, name: str, pattern: str, rule: str) -> Any:
        """Cells that are written as they should be; the others are faults, and null."""
        cells = self.trimmed(name)
        if cells is None:
            return None
        right = pc.match_substring_regex(cells, pattern)
        self._refuse(
            name, pc.equal(right, False).fill_null(False).to_numpy(zero_copy_only=False), rule
        )
        return pc.if_else(right, cells, pa.scalar(None, pa.string()))

    def _refuse(self, name: str, wrong: NDArray[np.bool_], rule: str) -> None:
        rows = np.flatnonzero(wrong)
        if rows.size:
            values = self.sheet.cells[name].take(rows).to_pylist()
            self.faults.add(self.sheet.rows[rows], name, values, rule)


def _numbers(cells: Any, n: int = 0) -> NDArray[np.float64]:
    """Cells of numbers as float64 [cells], NaN where null; `n` of NaN where there is no column."""
    if cells is None:
        return np.full(n, np.nan)
    found: NDArray[np.float64] = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
    return found.astype(float)
