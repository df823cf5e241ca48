"""What is wrong with a file of rows: row, column, value and rule of every fault, how it is told.

A value is shown so that it can be found and mended; a pseudonym never is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.sheet import Source

SHOWN = 20
"""Faults that a refusal shows; the rest it counts by rule."""

_WIDEST = 24  # characters of a value that are shown


class _Block(NamedTuple):
    rows: NDArray[np.int64]
    column: str
    cells: Sequence[Any]
    rule: str


@dataclass
class Faults:
    """Every fault of a file, in blocks of those against the same rule in the same column.

    Row 0 is the header: a fault of the column as a whole.
    """

    blocks: list[_Block] = field(default_factory=list)

    def add(self, rows: Any, column: str, values: Sequence[Any], rule: str) -> None:
        """Note faults: numbers of their rows, the values that stand there, the rule they break."""
        numbers = np.atleast_1d(np.asarray(rows, np.int64))
        if numbers.size:
            self.blocks.append(_Block(numbers, column, values, rule))

    def __len__(self) -> int:
        """How many faults there are."""
        return sum(block.rows.size for block in self.blocks)

    def frame(self, most: int | None = None) -> pd.DataFrame:
        """Return row, column, value and rule of the faults by row, or of the first of them."""
        numbers = np.concatenate([np.empty(0, np.int64), *(b.rows for b in self.blocks)])
        which = np.repeat(np.arange(len(self.blocks)), [b.rows.size for b in self.blocks])
        within = np.concatenate(
            [np.empty(0, np.int64), *(np.arange(b.rows.size) for b in self.blocks)]
        )
        order = np.argsort(numbers, kind="stable")[:most]
        lines = [
            (
                int(numbers[i]),
                self.blocks[which[i]].column,
                _shown(self.blocks[which[i]].cells[int(within[i])]),
                self.blocks[which[i]].rule,
            )
            for i in order
        ]
        return pd.DataFrame(lines, columns=["row", "column", "value", "rule"])

    def by_rule(self) -> dict[str, int]:
        """Count the faults by column and rule, the most frequent first."""
        counts: dict[str, int] = {}
        for block in self.blocks:
            name = f"{block.column}: {block.rule}"
            counts[name] = counts.get(name, 0) + block.rows.size
        return dict(sorted(counts.items(), key=lambda one: -one[1]))

    def told(self, path: str, source: Source) -> str:
        """Say what is wrong: the first faults as a table, the rest by rule, and what to do."""
        shown = self.frame(SHOWN)
        widths = [
            max(map(len, ["value", *shown["value"]])),
            max(map(len, ["column", *shown["column"]])),
        ]
        lines = [f"{'row':>8}  {'column':{widths[1]}}  {'value':{widths[0]}}  rule"]
        for row, column, value, rule in shown.itertuples(index=False):
            number = "header" if row == 0 else str(row)
            lines.append(f"{number:>8}  {column:{widths[1]}}  {value:{widths[0]}}  {rule}")
        if len(self) > SHOWN:
            lines += [f"These are the first {SHOWN} of {len(self):,} faults. All of them by rule:"]
            lines += [f"{count:>8,}  {rule}" for rule, count in self.by_rule().items()]
        many = "1 fault" if len(self) == 1 else f"{len(self):,} faults"
        return (
            f"{source.key}={path} has {many}, and nothing was run.\n"
            + "\n".join(lines)
            + f"\nMend the file. {source.guide.format(path=path)}"
        )


def _shown(value: Any) -> str:
    text = str(value)
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
