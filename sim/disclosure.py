"""What is published of few persons: nothing, where the persons are real.

A population drawn from tables is nobody's data, and all of it is shown. The persons of a cohort
file are somebody's: a cell of a table that counts 1 to `results.smallest_cell` - 1 of them is left
empty. Zero is shown: there is nobody in it.

An empty cell must not follow from others. Arms and seeds share their people, so a cell is empty in
all arms and seeds of a year as soon as it is in one. The parts of a whole that is known from
elsewhere (insurers, practices) are never empty alone: the next smallest is emptied with it. What
is paid or counted for the same few goes with them. Totals of everybody are always shown, as are
the comparison insured, who are drawn from tables; and everything is computed before anything is
emptied.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

COUNTS = ("person", "case", "person-year")
"""Units of columns that count persons; a case is of one person at least."""


class Rule(NamedTuple):
    """How the lines of a table hang together.

    Attributes
    ----------
    unit
        Column that tells the lines of a year apart; none where a line is of everybody.
    parts
        Whether the units are parts of a whole that is known from elsewhere.
    together
        Whether the counts of a line follow from each other over the years: all or none.
    follows
        Column -> the count with which it is emptied; everything of a line goes with `size`.
    size
        Count of the persons that a line is about.
    """

    unit: str | None = None
    parts: bool = False
    together: bool = False
    follows: Mapping[str, str] = {}
    size: str | None = None


RULES = {
    "population": Rule(
        "insurer", True, follows={"cost_hospital": "admissions"}, size="person_years"
    ),
    "physicians": Rule("physician", True, follows={"bonus": "members"}),
    "programmes": Rule("programme", together=True),
    "components": Rule("component", together=True),
    "insurers": Rule("insurer", True, size="insured_years"),
    "integrators": Rule(),
}


def smallest_cell(config: Mapping[str, Any]) -> int:
    """Fewest persons that a cell may count, in a run of this config; 1: every cell is shown."""
    if (config.get("population") or {}).get("source") != "file":
        return 1
    return int((config.get("results") or {}).get("smallest_cell", 1))


def told(smallest: int) -> list[str]:
    """Say in a sentence what is not shown, where anything is not."""
    if smallest <= 1:
        return []
    return [
        f"The residents come from a cohort file. Cells of the tables that count 1 to "
        f"{smallest - 1} persons, and those they would follow from, are empty in all arms and "
        "seeds of the year; on this page they are called few. Every figure was computed before "
        "they were emptied."
    ]


def withhold(
    name: str, frame: pd.DataFrame, units: Mapping[str, str], smallest: int
) -> tuple[pd.DataFrame, int]:
    """Empty the cells of a table that count too few; return it and how many cells are empty now.

    `units` are those of its columns, in the words of `sim.results`.
    """
    if smallest <= 1 or name not in RULES or frame.empty:
        return frame, 0
    rule = RULES[name]
    ours = frame["resident"].astype(bool) if "resident" in frame else pd.Series(True, frame.index)
    amounts = [column for column in frame if units[str(column)] not in ("text", "flag", "count")]
    counts = [column for column in amounts if units[str(column)] in COUNTS]
    empty = pd.DataFrame(False, frame.index, amounts)
    for column in counts:
        empty[column] = ours & _few(frame, ours, column, rule, smallest)
    if rule.together:
        empty[amounts] = np.repeat(empty.any(axis=1).to_numpy()[:, None], len(amounts), axis=1)
    for column, count in rule.follows.items():
        empty[column] |= empty[count]
    if rule.size is not None:
        empty = empty.apply(lambda column: column | empty[rule.size])
    shown = frame.copy()
    shown[amounts] = frame[amounts].astype(float).mask(empty)
    return shown, int(empty.to_numpy().sum())


def _few(
    frame: pd.DataFrame, ours: "pd.Series[bool]", column: str, rule: Rule, smallest: int
) -> "pd.Series[bool]":
    """Which lines have too few in a column, in any arm or seed of their year and unit."""
    keys = ["year", *([rule.unit] if rule.unit else [])]
    lines = frame.loc[ours, [*keys, column]]
    lines = lines.assign(few=(lines[column] > 0) & (lines[column] < smallest))
    units = lines.groupby(keys, sort=True).agg(few=("few", "any"), most=(column, "max"))
    if rule.parts:
        for _, parts in units.groupby(level=0):
            others = parts.loc[~parts["few"] & (parts["most"] > 0), "most"]
            if parts["few"].sum() == 1 and len(others):
                units.loc[others.idxmin(), "few"] = True
    few = units["few"]
    if rule.unit is None:
        return frame["year"].map(few).fillna(False).astype(bool)
    found = pd.MultiIndex.from_frame(frame[keys]).isin(few.index[few])
    return pd.Series(found, frame.index)
