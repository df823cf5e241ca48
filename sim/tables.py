"""The tables of conf, by name: columns as they stand, courses by single year of age."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from sim.quantity import Refusal

AGES = np.arange(101)


def conf_folder() -> Path:
    """Where conf lies: beside the package, in a checkout and in an installed wheel alike."""
    return Path(__file__).resolve().parent.parent / "conf"


@functools.cache
def table(name: str) -> pd.DataFrame:
    """Read a table of conf/tables; its sources stand in its head, behind `#`."""
    path = conf_folder() / "tables" / f"{name}.csv"
    if not path.exists():
        raise Refusal(
            f"conf/tables/{name}.csv is named but does not exist; write it or name another"
        )
    return pd.read_csv(path, comment="#")


def course(ages: Any, values: Any) -> NDArray[np.float64]:
    """Monotone interpolation between points to single years 0 to 100, float64 [101]."""
    order = np.argsort(np.asarray(ages))
    x = np.asarray(ages, dtype=float)[order]
    y = np.asarray(values, dtype=float)[order]
    if x.size == 1:
        return np.full(AGES.size, y[0])
    inside = np.clip(AGES, x[0], x[-1])
    found: NDArray[np.float64] = PchipInterpolator(x, y)(inside)
    return found


def by_sex_and_age(frame: pd.DataFrame, column: str, what: str) -> NDArray[np.float64]:
    """Courses of a column for men and women, float64 [2, 101]; `what` names it in errors."""
    rows = []
    for sex in ("male", "female"):
        part = frame[frame["sex"] == sex]
        if part.empty:
            raise Refusal(f"conf/tables has no rows for {what}, sex {sex}; add them with source")
        rows.append(course(part["age"], part[column]))
    return np.stack(rows)


def structure(place: str, key: str) -> NDArray[np.float64]:
    """Persons of a place by sex and single age, float64 [2, 101]; `key` is where it is named."""
    frame = table("population_by_age")
    rows = frame[frame["place"] == place].sort_values("age")
    file = "conf/tables/population_by_age.csv"
    if rows.empty:
        known = ", ".join(sorted(frame["place"].unique()))
        raise Refusal(f"{key} is {place!r}, which {file} does not hold; allowed are {known}")
    gaps = np.setdiff1d(AGES, rows["age"])
    if len(gaps) or len(rows) != AGES.size:
        twice = rows.loc[rows["age"].duplicated(), "age"].tolist()
        wrong = f"lacks the ages {gaps.tolist()}" if len(gaps) else f"has the ages {twice} twice"
        raise Refusal(
            f"{key} is {place!r}, which {wrong} in {file}: an age structure has one line for each "
            "age from 0 to 100. Complete it, or name another place."
        )
    if not (rows[["male", "female"]] >= 0).all(axis=None):
        ages = rows.loc[~(rows[["male", "female"]] >= 0).all(axis=1), "age"].tolist()
        raise Refusal(
            f"{key} is {place!r}, which has no number of men or women, or one below 0, at the ages "
            f"{ages} in {file}. Complete it, or name another place."
        )
    persons: NDArray[np.float64] = rows[["male", "female"]].to_numpy(float).T
    return persons


def shapes() -> dict[str, NDArray[np.float64]]:
    """Named courses by age, 1 at age 65, by which ratios and fatalities vary."""
    frame = table("age_shapes")
    return {str(name): course(part["age"], part["factor"]) for name, part in frame.groupby("shape")}
