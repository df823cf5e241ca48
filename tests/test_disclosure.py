"""Promises of disclosure: no cell of few persons is shown, nor follows from those that are."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from sim.disclosure import COUNTS, RULES, smallest_cell, withhold
from sim.results import TABLES

ARMS, SEEDS, YEARS = ("counterfactual", "intervention"), (1, 2), (2006, 2007)
SMALLEST = 5
UNITS = {
    name: {column: declared.unit for column, declared in TABLES[name].items() if "<" not in column}
    for name in RULES
}


@st.composite
def tables(draw: Any, name: str, units: int = 3) -> pd.DataFrame:
    """A table with counts that are often small, one line an arm, seed, year and unit."""
    unit = RULES[name].unit
    lines = []
    for arm in ARMS:
        for seed in SEEDS:
            for year in YEARS:
                for number in range(units if unit else 1):
                    line: dict[str, Any] = {"arm": arm, "seed": seed, "year": year}
                    for column, what in UNITS[name].items():
                        if what in COUNTS:
                            line[column] = float(draw(st.integers(0, 30)))
                        elif column not in line and what not in ("text", "flag"):
                            line[column] = 100.0
                    flags = {c: True for c, what in UNITS[name].items() if what == "flag"}
                    lines.append({**line, **flags, **({unit: number} if unit else {})})
    return pd.DataFrame(lines)


def shown(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return withhold(name, frame, UNITS[name], SMALLEST)[0]


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=20)
@given(data=st.data())
def test_no_cell_of_few_is_shown_in_any_arm_or_seed_and_the_rest_is_as_it_was(
    name: str, data: Any
) -> None:
    frame = data.draw(tables(name))
    before = frame.copy()
    found, cells = withhold(name, frame, UNITS[name], SMALLEST)
    assert_frame_equal(frame, before)  # what is computed with is whole
    assert cells == int(found.isna().to_numpy().sum())
    kept = found.notna()
    assert (found.where(kept, 0) == frame.where(kept, 0)).all(axis=None)
    keys = ["year", *([RULES[name].unit] if RULES[name].unit else [])]
    for column in (c for c, what in UNITS[name].items() if what in COUNTS):
        few = frame[column].between(1, SMALLEST - 1)
        for _, lines in frame.groupby(keys):
            if few[lines.index].any():
                assert found.loc[lines.index, column].isna().all()
            empty = found.loc[lines.index, column].isna()
            assert empty.all() or not empty.any()


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.parts])
@settings(max_examples=20)
@given(data=st.data())
def test_a_part_of_a_known_whole_is_never_empty_alone(name: str, data: Any) -> None:
    frame = data.draw(tables(name))
    found = shown(name, frame)
    for column in (c for c, what in UNITS[name].items() if what in COUNTS):
        for _, lines in frame.groupby(["arm", "seed", "year"]):
            empty = found.loc[lines.index, column].isna()
            others = frame.loc[lines.index[~empty], column]
            everywhere = frame[frame["year"] == lines["year"].iloc[0]]
            someone = everywhere.groupby(RULES[name].unit)[column].max()
            shown_units = lines.loc[others.index, RULES[name].unit]
            if empty.sum() == 1:  # then the others are nobody, everywhere
                assert (someone[shown_units] == 0).all()


def lines(name: str, **columns: Any) -> pd.DataFrame:
    """Lines of 2006 with 100 of everything but what is given."""
    n = len(next(iter(columns.values())))
    unit = RULES[name].unit
    base = {column: [100.0] * n for column, what in UNITS[name].items()}
    base |= {c: [True] * n for c, what in UNITS[name].items() if what == "flag"}
    base |= {"arm": ["intervention"] * n, "seed": [1] * n, "year": [2006] * n}
    if unit:
        base[unit] = [f"unit {i}" for i in range(n)]
    return pd.DataFrame({**base, **columns})


def test_zero_and_the_smallest_cell_itself_are_shown() -> None:
    frame = lines("population", deaths=[0.0, 5.0, 6.0])
    assert_frame_equal(shown("population", frame), frame, check_dtype=False)


def test_the_next_smallest_is_emptied_with_the_only_one_that_is_too_small() -> None:
    found = shown("population", lines("population", deaths=[90.0, 3.0, 8.0, 0.0]))
    assert found["deaths"].isna().tolist() == [False, True, True, False]
    assert found["members"].notna().all()


def test_what_is_paid_for_few_goes_with_them() -> None:
    found = shown("population", lines("population", admissions=[3.0, 90.0, 80.0]))
    assert found["cost_hospital"].isna().tolist() == [True, False, True]
    assert found["cost_drugs"].notna().all()
    found = shown("physicians", lines("physicians", members=[2.0, 3.0, 80.0]))
    assert found["bonus"].isna().tolist() == [True, True, False]
    assert found["effort"].notna().all()


def test_an_insurer_with_few_insured_is_not_shown_at_all() -> None:
    found = shown("insurers", lines("insurers", insured_years=[4.2, 90.0, 80.0]))
    amounts = [c for c, what in UNITS["insurers"].items() if what not in ("text", "count")]
    assert found[amounts].isna().all(axis=1).tolist() == [True, False, True]


def test_a_programme_is_shown_whole_or_not_since_its_counts_follow_from_each_other() -> None:
    found = shown("programmes", lines("programmes", started=[2.0, 50.0]))
    amounts = [c for c, what in UNITS["programmes"].items() if what not in ("text", "count")]
    assert found[amounts].isna().all(axis=1).tolist() == [True, False]
    assert found[amounts].isna().any(axis=1).tolist() == [True, False]


def test_the_comparison_insured_are_drawn_and_always_shown() -> None:
    frame = lines("population", deaths=[3.0, 2.0], resident=[False, False], arm=["comparison"] * 2)
    assert shown("population", frame)["deaths"].notna().all()


def test_the_books_are_of_everybody_and_stay_whole() -> None:
    assert not {"settlements", "cashbook", "lenders"} & set(RULES)
    found = shown("integrators", lines("integrators", member_deaths=[2.0]))
    assert found.columns[found.isna().any()].tolist() == ["member_deaths"]


def test_only_a_run_from_a_cohort_file_withholds() -> None:
    results = {"persons": False, "smallest_cell": 7}
    assert smallest_cell({"population": {"source": "file"}, "results": results}) == 7
    assert smallest_cell({"population": {"source": "tables"}, "results": results}) == 1
    assert smallest_cell({}) == 1
    frame = lines("population", deaths=[1.0, 2.0])
    assert withhold("population", frame, UNITS["population"], 1)[0] is frame


def test_every_table_with_counts_of_persons_has_a_rule() -> None:
    counting = {
        name
        for name, columns in TABLES.items()
        if {declared.unit for declared in columns.values()} & set(COUNTS)
    }
    everybody = {"settlements", "measurements"}  # insured-years of everybody together
    assert counting - set(RULES) == everybody
