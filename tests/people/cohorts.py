"""Cohorts for tests: clean ones, drawn cell by cell, and what a file of them is read for."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from sim.people.roster import PAID, Place
from sim.sheet import Sheet

PLACE = Place(
    first_month=-23,
    start_year=2006,
    insurers=("aok", "lkk"),
    practices=50,
    conditions={"copd": 0, "diabetes": 1, "smoking": 5},
)
"""The first day is 1 January 2004."""

MONTHS = st.builds(
    "{:04d}-{:02d}{}".format,
    st.integers(1889, 2003),
    st.integers(1, 12),
    st.sampled_from(["", "-01", "-17 00:00:00"]),
)
AMOUNTS = st.one_of(st.integers(0, 10**6).map(str), st.floats(0, 1e6).map(repr), st.just("0"))
FLAGS = st.sampled_from(["true", "false", "1", "0", "True", "FALSE", "1.0"])
OPTIONAL: dict[str, st.SearchStrategy[str]] = {
    "insurer": st.sampled_from(PLACE.insurers),
    "physician": st.integers(1, PLACE.practices).map(str),
    "deprivation": st.sampled_from(["1", "2", "3", "4", "5", "5.0"]),
    **{f"cost_{sector}": AMOUNTS for sector in PAID},
    **dict.fromkeys(PLACE.conditions, FLAGS),
}

Columns = dict[str, list[Any]]


@st.composite
def clean(draw: Any, least: int = 1) -> Columns:
    """A cohort without a fault: some persons, some of the columns, some cells empty."""
    n = draw(st.integers(least, 8))
    names = draw(st.sets(st.sampled_from(sorted(OPTIONAL))))
    columns: Columns = {
        "pseudonym": draw(st.permutations([f"p{i}" for i in range(n)])),
        "born": draw(st.lists(MONTHS, min_size=n, max_size=n)),
        "sex": draw(st.lists(st.sampled_from(["male", "female"]), min_size=n, max_size=n)),
    }
    for name in sorted(names):
        cell = st.one_of(st.none(), st.just(""), OPTIONAL[name], OPTIONAL[name].map(" {} ".format))
        columns[name] = draw(st.lists(cell, min_size=n, max_size=n))
    return columns


def sheet(columns: Columns) -> Sheet:
    """Cells as they are read from a file."""
    cells = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    n = len(next(iter(columns.values())))
    return Sheet(tuple(columns), cells, np.arange(1, n + 1))
