"""Promises of designs: crossed, paired or from a table, each scenario is what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.designs import crossed, design, paired, tabled
from sim.quantity import Refusal

Table = Callable[[str], Path]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Write a table of scenarios."""

    def write(text: str) -> Path:
        (tmp_path / "scenarios.csv").write_text(text, encoding="utf-8")
        return tmp_path / "scenarios.csv"

    return write


def test_a_sweep_is_crossed_in_hydras_order_the_last_key_fastest() -> None:
    assert list(crossed(["seeds=2", "network=none,physicians", "horizon.years=range(1,3)"])) == [
        ("seeds=2", "network=none", "horizon.years=1"),
        ("seeds=2", "network=none", "horizon.years=2"),
        ("seeds=2", "network=physicians", "horizon.years=1"),
        ("seeds=2", "network=physicians", "horizon.years=2"),
    ]


def test_what_is_no_sweep_is_one_scenario_and_a_list_is_one_value() -> None:
    for each in (crossed, paired):
        assert list(each([])) == [()]
        assert list(each(["seeds=[1,2]"])) == [("seeds=[1,2]",)]


def test_pairs_take_values_side_by_side() -> None:
    assert list(paired(["a=1,2,3", "b=x", "c=choice(4,5,6)"])) == [
        ("a=1", "b=x", "c=4"),
        ("a=2", "b=x", "c=5"),
        ("a=3", "b=x", "c=6"),
    ]


def test_pairs_of_unlike_length_are_refused() -> None:
    with pytest.raises(Refusal, match=r"a=1,2 has 2, b=1,2,3 has 3"):
        list(paired(["a=1,2", "b=1,2,3"]))


def test_a_table_gives_a_scenario_for_each_row(table: Table) -> None:
    path = table('name,programmes,seeds\nfew,"[agil,health_coach]",2\nnone,[],default\n\n')
    assert list(tabled(path, ["horizon.years=2"])) == [
        ("horizon.years=2", "programmes=[agil,health_coach]", "seeds=2"),
        ("horizon.years=2", "programmes=[]"),
    ]


def test_the_rows_of_a_table_are_crossed_with_what_else_is_spread(table: Table) -> None:
    found = list(tabled(table("a\n1\n2\n"), ["b=3,4"]))
    assert found == [("b=3", "a=1"), ("b=4", "a=1"), ("b=3", "a=2"), ("b=4", "a=2")]


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "inf", "  "])
def test_a_cell_that_is_no_value_is_refused_with_its_place(table: Table, cell: str) -> None:
    path = table(f"a.value,b.value\n0.5,1\n{cell},2\n")
    with pytest.raises(Refusal, match=r"line 3, a.value is .* Write the value, or default"):
        list(tabled(path, []))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no scenario"),
        ("a,b\n", "holds no scenario"),
        ("a,a\n1,2\n", "has a twice"),
        ("a,\n1,2\n", "a column without a key"),
        ("a,b\n1\n", "line 2 has 1 cells for 2 keys"),
    ],
)
def test_a_table_that_is_none_is_refused(table: Table, text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        list(tabled(table(text), []))


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read: Is a directory"):
        list(tabled(tmp_path, []))
    (tmp_path / "picture.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refusal, match="cannot be read"):
        list(tabled(tmp_path / "picture.csv", []))


def test_a_design_has_a_name() -> None:
    assert (design("crossed"), design("paired")) == (crossed, paired)
    with pytest.raises(Refusal, match="design=random is not known"):
        design("random")


def test_a_thousand_million_combinations_are_no_burden_until_they_are_wanted() -> None:
    many = crossed([f"{key}=range(1,1001)" for key in "abc"])
    assert next(iter(many)) == ("a=1", "b=1", "c=1")
