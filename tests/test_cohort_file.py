"""Promises of the cohort file as it lies on the disk: two formats, every cell, no line quoted."""

import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from sim import cohort_file, sheet
from sim.quantity import Refusal
from sim.sheet import Sheet

TWO = "pseudonym,born,sex\na1,1954-07,male\nb2,1960-01,female\n"
SECRET = "Erika-4711"


def given(folder: Path, content: str | bytes, name: str = "cohort.csv") -> str:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def cells(sheet: Sheet) -> dict[str, list[Any]]:
    return {name: column.to_pylist() for name, column in sheet.cells.items()}


def test_csv_and_parquet_hold_the_same_cells(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"born": ["1954-07", None], "physician": [3.0, None], "stroke": [True, False]}
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.convert_dtypes().to_parquet(tmp_path / "a.parquet", index=False)
    one = cohort_file.read(str(tmp_path / "a.csv"))
    other = cohort_file.read(str(tmp_path / "a.parquet"))
    assert one.names == other.names == tuple(frame)
    assert one.rows.tolist() == other.rows.tolist() == [1, 2]
    assert cells(one)["born"] == cells(other)["born"] == ["1954-07", None]
    assert [cells(sheet)["physician"] for sheet in (one, other)] == [["3.0", None], ["3", None]]


def test_a_file_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    one, other = given(tmp_path, TWO, "one.csv"), given(tmp_path, TWO, "other.csv")
    assert cohort_file.identify(one) == cohort_file.identify(other)
    checksum, persons = cohort_file.identify(one)
    assert persons == 2
    assert cohort_file.identify(given(tmp_path, TWO + "c3,1970-01,male\n"))[0] != checksum


def test_a_file_that_changed_since_it_was_identified_is_refused(tmp_path: Path) -> None:
    path = given(tmp_path, TWO)
    checksum, _ = cohort_file.identify(path)
    given(tmp_path, TWO.replace("male", "female"))
    with pytest.raises(Refusal, match="has changed"):
        cohort_file.read(path, checksum)


def test_lines_of_another_length_keep_the_numbers_of_the_rest(tmp_path: Path) -> None:
    content = "a,b\n1,2\n3,4,5\n\n6,7\n8\n9,9\n"
    path = given(tmp_path, content)
    sheet = cohort_file.read(path)
    assert cells(sheet)["a"] == ["1", "6", "9"]
    assert sheet.rows.tolist() == [1, 3, 5]
    assert sheet.ragged == ((2, 3), (4, 1))
    assert cohort_file.identify(path)[1] == 5


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_how_a_spreadsheet_writes_utf8_does_not_matter(
    tmp_path: Path, start: str, end: str
) -> None:
    sheet = cohort_file.read(given(tmp_path, start + TWO.replace("\n", end)))
    assert sheet.names == ("pseudonym", "born", "sex")
    assert cells(sheet)["sex"] == ["male", "female"]


REFUSED: dict[str, tuple[str, str | bytes, list[str]]] = {
    "nothing in it": ("c.csv", "", ["empty file", "1 or more"]),
    "a header alone": ("c.csv", "pseudonym,born,sex\n", ["no persons"]),
    "a pickle": ("c.pkl", pickle.dumps({"a": 1}), ["'.pkl'", ".parquet and .csv"]),
    "a pickle in disguise": ("c.parquet", pickle.dumps([1]), ["not a whole parquet file"]),
    "bytes in disguise": ("c.csv", b"PAR1\0\0\0", ["no text"]),
    "a spreadsheet": ("c.xlsx", b"PK", ["'.xlsx'"]),
    "no ending": ("cohort", TWO, ["'nothing'"]),
    "semicolons": ("c.csv", TWO.replace(",", ";"), ["parted by a semicolon", "a comma"]),
    "tabs": ("c.csv", TWO.replace(",", "\t"), ["parted by a tab"]),
    "bars": ("c.csv", TWO.replace(",", "|"), ["parted by a bar"]),
    "a quotation mark left open": ("c.csv", TWO + f'"{SECRET},1960-01,male\n', ["never closed"]),
    "another encoding": ("c.csv", (TWO + f"{SECRET}\xe4,1960-01,male\n").encode("latin-1"),
                         ["UTF-8"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_of_cells_is_refused_without_a_word_of_it(
    tmp_path: Path, case: str
) -> None:
    name, content, said = REFUSED[case]
    path = given(tmp_path, content, name)
    with pytest.raises(Refusal) as refused:
        cohort_file.read(path)
    for words in (f"population.path={path}", *said):
        assert words in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("missing.csv", "folder.csv"):
        with pytest.raises(Refusal, match=f"{name} cannot be read"):
            cohort_file.identify(str(tmp_path / name))


def test_a_file_larger_than_the_machine_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = given(tmp_path, TWO)
    monkeypatch.setattr(sheet, "UNPACKED", 10**12)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(Refusal, match="memory of this machine"):
        cohort_file.identify(path)


def test_a_column_of_lists_is_told_by_its_type(tmp_path: Path) -> None:
    table = pa.table({"born": ["1954-07"], "stroke": [[True]]})
    pa.parquet.write_table(table, tmp_path / "c.parquet")
    sheet = cohort_file.read(str(tmp_path / "c.parquet"))
    assert list(sheet.cells) == ["born"]
    assert "list" in sheet.unreadable["stroke"]
