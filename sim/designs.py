"""Which runs a sweep consists of: all combinations, pairs, or the rows of a table."""

import csv
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sim.overrides import FORMS, read
from sim.quantity import Refusal

Job = tuple[str, ...]  # overrides of one scenario
DEFAULT = "default"  # in a cell: what conf has
NAME = "name"  # a column that only names the rows


def crossed(overrides: Sequence[str]) -> Iterator[Job]:
    """Yield every combination of the values given, in Hydra's order: the last one fastest.

    >>> list(crossed(["a=1,2", "b=3", "c=4,5"]))[:2]
    [('a=1', 'b=3', 'c=4'), ('a=1', 'b=3', 'c=5')]
    """
    return itertools.product(*(_values(text) for text in overrides))


def paired(overrides: Sequence[str]) -> Iterator[Job]:
    """Yield the first values of all, then the second ones and so on; single values in each.

    >>> list(paired(["a=1,2", "b=3", "c=4,5"]))
    [('a=1', 'b=3', 'c=4'), ('a=2', 'b=3', 'c=5')]
    """
    values = [_values(text) for text in overrides]
    lengths = {text: len(of) for text, of in zip(overrides, values, strict=True) if len(of) > 1}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{text} has {length}" for text, length in lengths.items())
        raise Refusal(
            f"design=paired takes the values side by side, but {told}. Give each as many values, "
            "or leave design=paired out for all combinations."
        )
    for place in range(max(lengths.values(), default=1)):
        yield tuple(of[place] if len(of) > 1 else of[0] for of in values)


def tabled(path: Path, overrides: Sequence[str]) -> Iterator[Job]:
    """Yield the rows of a table of overrides (a CSV, a key a column), with what else is given."""
    header, rows = rows_of(path)
    for row, rest in itertools.product(rows, list(crossed(overrides))):
        cells = zip(header, row, strict=True)
        yield (*rest, *(f"{key}={cell}" for key, cell in cells if told(key, cell)))


def told(key: str, cell: str) -> bool:
    """Whether a cell says anything of the scenario."""
    return key != NAME and cell != DEFAULT


def rows_of(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read a table of overrides: its keys, and the rows with a cell for each."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [[cell.strip() for cell in line] for line in csv.reader(file) if any(line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise Refusal(
            f"scenarios={path} cannot be read: {reason}. It is a CSV, with a key in each column's "
            "head, such as contract.sharing_rate.value, and a scenario in each row."
        ) from error
    if len(lines) < 2:
        raise Refusal(
            f"scenarios={path} holds no scenario. Give a row of keys, then rows of values."
        )
    header, *rows = lines
    twice = {key for key in header if header.count(key) > 1}
    if twice or not all(header):
        wrong = f"has {', '.join(sorted(twice))} twice" if twice else "has a column without a key"
        raise Refusal(f"scenarios={path} {wrong}. Give each column a key of its own.")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise Refusal(
                f"scenarios={path}, line {number} has {len(row)} cells for {len(header)} keys. "
                "Give a value for each key; a value with a comma stands in quotes."
            )
        for key, cell in zip(header, row, strict=True):
            if not cell or _is_nan(cell):
                raise Refusal(
                    f"scenarios={path}, line {number}, {key} is {cell or 'empty'}, which is no "
                    f"value. Write the value, or {DEFAULT} for what conf has."
                )
    return header, rows


def design(name: str) -> Callable[[Sequence[str]], Iterator[Job]]:
    """Return the design of a name."""
    known = {"crossed": crossed, "paired": paired}
    if name not in known:
        raise Refusal(f"design={name} is not known. Allowed are {' and '.join(known)}.")
    return known[name]


def _values(text: str) -> list[str]:
    """Return the overrides that one of several values stands for, as Hydra's sweeper does."""
    override = read(text)
    if not override.is_sweep_override():
        return [text]
    if not override.is_discrete_sweep():
        raise Refusal(f"{text!r} cannot be spread: it names no single values. {FORMS}")
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _is_nan(cell: str) -> bool:
    try:
        return not math.isfinite(float(cell))
    except ValueError:
        return False
