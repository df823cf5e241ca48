"""The tables of conf: a structure with a gap is refused with file, key and what is missing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import tables
from sim.quantity import Refusal


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Put a place of our own making in the table of ages."""

    def put(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        whole = pd.DataFrame({"place": "here", "age": range(101), "male": 3, "female": 4.0})
        monkeypatch.setattr(tables, "table", lambda _: change(whole))

    return put


def refusal() -> str:
    with pytest.raises(Refusal) as refused:
        tables.structure("here", "region.population_table")
    return str(refused.value)


def test_a_whole_structure_is_read_by_sex_and_age(place: Callable[[Any], None]) -> None:
    place(lambda whole: whole)
    assert (tables.structure("here", "key") == np.array([[3.0], [4.0]])).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda whole: whole.drop(index=[40, 41]), "lacks the ages [40, 41]"),
        (lambda whole: pd.concat([whole, whole[7:8]]), "has the ages [7] twice"),
        (lambda whole: whole.assign(male=whole["male"].where(whole["age"] != 9)), "the ages [9]"),
        (lambda whole: whole.assign(female=-1.0), "or one below 0"),
        (lambda whole: whole.assign(place="there"), "allowed are there"),
    ],
)
def test_a_table_with_a_gap_is_refused(
    place: Callable[[Any], None], change: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    place(change)
    said = refusal()
    assert said.startswith("region.population_table is 'here'")
    assert "conf/tables/population_by_age.csv" in said
    assert words in said
