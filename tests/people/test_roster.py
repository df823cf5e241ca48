"""Promises of the schema: a clean cohort is never refused, and no fault goes unfound."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import cohort_file
from sim.people import roster
from sim.people.roster import COLUMNS, NEEDED, PAID, UNKNOWN, check, schema
from sim.quantity import Refusal
from sim.sheet import Sheet
from tests.people.cohorts import OPTIONAL, PLACE, Columns, clean, sheet

DOCUMENT = Path(__file__).parents[2] / "docs" / "cohort.md"
WRONG: dict[str, list[str]] = {
    "born": ["", "1954", "07.1954", "1954-13", "1954-00", "2004-02", "2019-05", "1888-01", "never"],
    "sex": ["", "m", "0", "Male", "divers", "mal"],
    "insurer": ["tk", "AOK", "0"],
    "physician": ["0", "51", "-1", "2.5", "Dr. House", "nan", "1e1"],
    "deprivation": ["0", "6", "1.5", "high", "-2"],
    **{f"cost_{sector}": ["-1", "-0.01", "nan", "NaN", "inf", "12,5", "much", "1e999"]
       for sector in PAID},
    **{name: ["yes", "2", "-1", "nan", "x"] for name in PLACE.conditions},
}  # fmt: skip


@given(clean())
def test_a_clean_cohort_is_never_refused(columns: Columns) -> None:
    persons, faults = check(sheet(columns), PLACE)
    assert faults.by_rule() == {}
    assert persons.n == len(columns["born"])


@settings(max_examples=200)
@given(columns=clean(), data=st.data())
def test_every_fault_is_found_where_it_is(columns: Columns, data: Any) -> None:
    places = [(name, row) for name in WRONG if name in columns for row in range(len(columns[name]))]
    spoilt = data.draw(st.sets(st.sampled_from(places), min_size=1))
    for name, row in sorted(spoilt):
        columns[name] = list(columns[name])
        columns[name][row] = data.draw(st.sampled_from(WRONG[name]))
    _, faults = check(sheet(columns), PLACE)
    found = faults.frame()
    assert set(zip(found["column"], found["row"] - 1, strict=True)) == spoilt
    assert len(faults) == len(spoilt)
    shown = {(f.column, f.row - 1): f.value for f in found.itertuples()}
    assert all(value == str(columns[name][row]) for (name, row), value in shown.items())


@given(columns=clean(least=2), data=st.data())
def test_whoever_is_listed_twice_is_found_and_not_named(columns: Columns, data: Any) -> None:
    names = list(columns["pseudonym"])
    first, again = sorted(
        data.draw(st.sets(st.integers(0, len(names) - 1), min_size=2, max_size=2))
    )
    names[again] = f" {names[first]}"  # as it is trimmed
    _, faults = check(sheet({**columns, "pseudonym": names}), PLACE)
    (line,) = faults.frame().itertuples(index=False)
    assert tuple(line) == (again + 1, "pseudonym", f"as in row {first + 1}", "no two alike")
    assert names[first] not in faults.told("cohort.csv", cohort_file.SOURCE).split()


@given(clean())
def test_what_is_given_is_read_and_what_is_not_is_unknown(columns: Columns) -> None:
    persons, _ = check(sheet(columns), PLACE)
    months = [(int(cell[:4]) - 2006) * 12 + int(cell[5:7]) for cell in columns["born"]]
    order = sorted(range(len(months)), key=lambda row: (months[row] - 1) % 12)
    assert persons.born.tolist() == [months[row] for row in order]

    def read(name: str) -> list[str]:
        cells = columns.get(name, [None] * len(months))
        return [(cells[row] or "").strip().lower() for row in order]

    assert persons.sex.tolist() == [int(cell == "female") for cell in read("sex")]
    codes = {"": UNKNOWN, "aok": 0, "lkk": 1}
    assert persons.insurer.tolist() == [codes[cell] for cell in read("insurer")]
    assert persons.physician.tolist() == [int(cell or UNKNOWN) for cell in read("physician")]
    fifths = [int(float(cell)) - 1 if cell else UNKNOWN for cell in read("deprivation")]
    assert persons.fifth.tolist() == fifths
    for sector, cost in zip(PAID, persons.cost, strict=True):
        amounts = [float(cell or "nan") for cell in read(f"cost_{sector}")]
        np.testing.assert_array_equal(cost, amounts)
    for name, bit in PLACE.conditions.items():
        said = [cell in ("true", "1", "1.0") if cell else None for cell in read(name)]
        known = (persons.known >> np.uint32(bit) & 1).astype(bool)
        has = (persons.has >> np.uint32(bit) & 1).astype(bool)
        assert known.tolist() == [cell is not None for cell in said]
        assert has.tolist() == [bool(cell) for cell in said]


ONE: Columns = {"pseudonym": ["a"], "born": ["1954-07"], "sex": ["male"]}


def told(columns: Columns, **more: Any) -> dict[str, int]:
    cells = sheet(columns)
    return check(Sheet(**{**vars(cells), **more}), PLACE)[1].by_rule()


@pytest.mark.parametrize("name", NEEDED)
def test_what_every_cohort_has_must_be_there(name: str) -> None:
    columns = {other: cells for other, cells in ONE.items() if other != name}
    assert told(columns) == {f"{name}: a column that every cohort has": 1}


def test_a_column_that_is_not_known_is_answered_with_its_neighbours() -> None:
    (fault,) = told({**ONE, "diabets": ["1"]})
    assert fault == "diabets: a column of the schema. Did you mean diabetes?"
    (fault,) = told({**ONE, "infarction": ["1"]})  # an event, not a state
    assert fault.startswith("infarction: a column of the schema")


def test_a_column_named_twice_or_of_lists_and_a_ragged_line_are_faults() -> None:
    twice = told(ONE, names=(*ONE, "sex"))
    assert twice == {"sex: named once in the header": 1}
    lists = told(ONE, names=(*ONE, "copd"), unreadable={"copd": "list<bool>"})
    assert lists == {"copd: a column of texts, numbers or flags": 1}
    ragged = told(ONE, ragged=((2, 5),))
    assert ragged == {"(all): as many cells as the header has names, 3": 1}


def test_the_bounds_of_age_are_those_of_the_first_day() -> None:
    for born, rule in {
        "2004-01": None,
        "2004-02": "born: born by 2004-01, the first month of the history",
        "1888-02": None,
        "1888-01": "born: not older than 115 years in 2004-01",
    }.items():
        assert list(told({**ONE, "born": [born]})) == ([rule] if rule else [])


def test_a_faulty_file_is_refused_with_a_table_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    lines = [f"secret{i},1954-07,{'x' if i % 2 else 'male'},-1" for i in range(50)]
    path.write_text("\n".join(["pseudonym,born,sex,cost_drugs", *lines]))
    with pytest.raises(Refusal) as refused:
        roster.read(str(path), None, PLACE)
    said = str(refused.value)
    assert "has 75 faults, and nothing was run" in said
    assert said.count("a number, 0 or more") == 13 + 1
    assert "      50  cost_drugs: a number, 0 or more" in said
    assert "      25  sex: one of male, female" in said
    assert f"python -m experiments.cohort check={path}" in said
    assert "secret" not in said


def test_three_hundred_thousand_persons_are_checked_in_seconds() -> None:
    n, rows = 300_000, np.arange(300_000)
    cells = {
        "pseudonym": [f"p{row}" for row in rows],
        "born": [f"{1900 + row % 104}-01" for row in rows],
        "sex": ["male", "female"] * (n // 2),
        "cost_drugs": [f"{row / 7:.2f}" for row in rows],
        "deprivation": [str(row % 5 + 1) for row in rows],
        **{name: ["true", "false", None] * (n // 3) for name in PLACE.conditions},
    }
    read = sheet(cells)
    began = time.process_time()
    persons, faults = check(read, PLACE)
    assert time.process_time() - began < 10  # it takes about one
    assert (persons.n, len(faults)) == (n, 0)


def test_the_structure_counts_everybody_once() -> None:
    columns: Columns = {
        "pseudonym": ["a", "b", "c", "d"],
        "born": ["2004-01", "1954-01", "1954-02", "1890-05"],
        "sex": ["male", "female", "female", "male"],
    }
    persons, _ = check(sheet(columns), PLACE)
    found = persons.structure(PLACE.first_month, 101)
    assert found.sum() == 4
    assert found[0, 0] == found[1, 50] == found[1, 49] == found[0, 100] == 1


def test_the_document_has_the_schema_word_for_word() -> None:
    assert schema() in DOCUMENT.read_text("utf-8")
    assert set(OPTIONAL) - set(PLACE.conditions) == set(COLUMNS) - {*NEEDED, "<condition>"}
