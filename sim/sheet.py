"""A file of rows as it lies on the disk: every cell as text, or a refusal.

Parquet and CSV, because they hold cells and nothing else; a pickle is a program, and is never
opened. Every cell becomes the text that stands in it, so that one rule reads it whichever of the
two it comes from. No message quotes a line of the file: there are pseudonyms in it.
"""

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.quantity import Refusal

FORMATS = (".parquet", ".csv")
SEPARATORS = {";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "a space"}
UNPACKED = 20
"""Bytes in memory for a byte of CSV, about, while it is read."""


class Source(NamedTuple):
    """A kind of file, in the words of its messages: key, what it is, what its rows are."""

    key: str  # under which its path was given
    what: str
    row: str  # one of them
    rows: str
    guide: str  # what to read and what to do where a file has faults


class Column(NamedTuple):
    """What a column of a kind of file holds, and whether every file of the kind has it."""

    needed: bool
    unit: str
    allowed: str
    meaning: str


@dataclass(frozen=True)
class Sheet:
    """The cells of a file.

    Attributes
    ----------
    names
        Of the columns as the file has them, twice where it names one twice.
    cells
        Name -> pyarrow array of text [rows], null where a cell is empty.
    unreadable
        Name -> type, of columns that hold lists, structures or bytes.
    rows
        Number of each row in the file, below the header the first is 1, int64 [rows].
    ragged
        Rows left out, as (number, cells): they have not as many cells as the header.
    """

    names: tuple[str, ...]
    cells: dict[str, Any]
    rows: NDArray[np.int64]
    unreadable: dict[str, str] = field(default_factory=dict)
    ragged: tuple[tuple[int, int], ...] = ()


def markdown(columns: Mapping[str, Column]) -> str:
    """Return columns as a table in Markdown."""
    lines = ["| column | needed | unit | allowed | meaning |", "|---|---|---|---|---|"]
    for name, column in columns.items():
        needed = "yes" if column.needed else "no"
        lines.append(
            f"| `{name}` | {needed} | {column.unit} | {column.allowed} | {column.meaning} |"
        )
    return "\n".join(lines)


def read(path: str, source: Source, content: bytes | None = None) -> Sheet:
    """Read a file whole, or the content of it that is there already."""
    content = load(path, source) if content is None else content
    whole = _parquet if _suffix(path) == ".parquet" else _csv
    sheet = whole(path, source, content)
    if not sheet.rows.size and not sheet.ragged:
        raise Refusal(
            f"{source.key}={path} has no {source.rows} in it. Allowed is one row {source.row}, "
            "1 or more."
        )
    return sheet


def write(path: str, frame: pd.DataFrame) -> None:
    """Write rows into a new file of an allowed kind, whole or not at all."""
    admit(path)
    place = Path(os.path.expanduser(path))
    partial = place.with_name(f".{place.name}.partial")
    try:
        if _suffix(path) == ".csv":
            frame.to_csv(partial, index=False)
        else:
            frame.to_parquet(partial, index=False)
        partial.replace(place)
    except OSError as error:
        raise Refusal(f"out={path} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def admit(path: str) -> None:
    """Refuse a file that could not be written, before anything is computed for it."""
    place = Path(os.path.expanduser(path))
    if _suffix(path) not in FORMATS:
        raise Refusal(f"out={path}: allowed are files that end in .parquet or .csv.")
    if place.exists():
        raise Refusal(f"out={path} is there already. Name another file, or move it away.")


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()


def load(path: str, source: Source) -> bytes:
    """Bytes of a file of an allowed kind that fits into this machine."""
    place = Path(os.path.expanduser(path))
    if _suffix(path) not in FORMATS:
        raise Refusal(
            f"{source.key}={path} ends in {place.suffix or 'nothing'!r}. Allowed are "
            f"{' and '.join(FORMATS)}, which hold cells and nothing else; write the {source.what} "
            "as one of these."
        )
    try:
        size = place.stat().st_size
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if size * UNPACKED > there:
            raise Refusal(
                f"{source.key}={path} has {size / 1e9:.1f} GB, too much for the "
                f"{there / 1e9:.0f} GB of memory of this machine. Give fewer {source.rows} or "
                "columns, or a larger machine."
            )
        content = place.read_bytes()
    except OSError as error:
        raise Refusal(
            f"{source.key}={path} cannot be read: {error.strerror or error}. Give the path of a "
            "parquet or CSV file, from the folder you are in or from the root."
        ) from error
    if not content:
        raise Refusal(
            f"{source.key}={path} is an empty file. Allowed is one row {source.row}, 1 or more."
        )
    return content


def count(path: str, source: Source, content: bytes) -> int:
    """Rows of a file, without reading more of it than that needs."""
    if _suffix(path) == ".parquet":
        try:
            return int(pq.read_metadata(pa.BufferReader(content)).num_rows)
        except (pa.ArrowException, OSError) as error:
            raise _not_parquet(path, source) from error
    sheet = _csv(path, source, content)
    return sheet.rows.size + len(sheet.ragged)


def _parquet(path: str, source: Source, content: bytes) -> Sheet:
    try:
        table = pq.read_table(pa.BufferReader(content)).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, source) from error
    cells, unreadable = {}, {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        try:
            cells[name] = pc.cast(column, pa.string()).combine_chunks()
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            unreadable[name] = str(column.type)
    rows = np.arange(1, table.num_rows + 1)
    return Sheet(tuple(table.column_names), cells, rows, unreadable)


def _csv(path: str, source: Source, content: bytes) -> Sheet:
    names = _header(path, source, content)
    if content.count(b'"') % 2:
        raise Refusal(
            f"{source.key}={path}: a quotation mark is opened and never closed, so the rows behind "
            "it would be lost. Close it, or leave quotation marks out."
        )
    ragged: list[tuple[int, int]] = []

    def leave_out(row: Any) -> str:
        ragged.append((row.number - 1, row.actual_columns))  # the header is the first
        return "skip"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(content),
            arrow_csv.ReadOptions(use_threads=False),  # rows are numbered in one thread alone
            arrow_csv.ParseOptions(invalid_row_handler=leave_out),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        ).combine_chunks()
    except pa.ArrowException as error:  # its own words may quote a line
        raise Refusal(
            f"{source.key}={path} cannot be read as CSV. Allowed are lines of text in UTF-8, "
            "cells parted by commas, the first line with the names of the columns."
        ) from error
    numbers = np.arange(1, table.num_rows + len(ragged) + 1)
    rows = np.setdiff1d(numbers, [number for number, _ in ragged])
    found = [column.combine_chunks() for column in table.columns]
    cells = dict(zip(table.column_names, found, strict=True))
    return Sheet(tuple(table.column_names), cells, rows, ragged=tuple(ragged))


def _header(path: str, source: Source, content: bytes) -> list[str]:
    """Names in the first line; another separator than a comma is refused by name."""
    if b"\0" in content[:65536]:
        raise Refusal(
            f"{source.key}={path} is no text, so it is no CSV. Allowed is a CSV in UTF-8, or a "
            "parquet file that ends in .parquet."
        )
    line = content.lstrip().partition(b"\n")[0].decode("utf-8-sig", "replace").strip()
    for separator, what in SEPARATORS.items():
        if "," not in line and separator in line:
            raise Refusal(
                f"{source.key}={path}: its columns are parted by {what}. Allowed is a comma, with "
                "a point in numbers; write the file anew with commas."
            )
    return next(csv.reader([line]), [])


def _not_parquet(path: str, source: Source) -> Refusal:
    return Refusal(
        f"{source.key}={path} is not a whole parquet file. Write it anew, or give a CSV that ends "
        "in .csv."
    )
