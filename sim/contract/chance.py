"""How far chance alone moves a figure: each person's own contribution to it, squared and added.

A figure is a smooth function of sums over person-years; a row's contribution to its error is its
deviation from what was expected of it, times what a euro of it moves the figure. The same
person's years are added up before squaring, since the dear stay dear (clustered by person: Liang
and Zeger 1986, doi:10.1093/biomet/73.1.13).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sim.contract.person_years import PersonYears

_CLOSE = 4  # addresses a row, up to which a gap is cheaper than sorting
Contribution = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Persons [row] and what each row adds to the error of a figure, EUR [row]."""


def deviation(
    rows: PersonYears, expected: NDArray[np.float64], pull: float | NDArray[np.float64]
) -> Contribution:
    """Contribution of rows whose cost deviates from `expected`, EUR [row], times `pull` (1)."""
    return rows.person, pull * (rows.cost - expected)


def from_mean(rows: PersonYears, pull: float) -> Contribution:
    """Contribution of rows that deviate from the mean cost of all for their insured time."""
    return deviation(rows, rows.time * (rows.total_cost / rows.insured_years), pull)


def from_norm(
    rows: PersonYears, norm: NDArray[np.float64], pull: float | NDArray[np.float64]
) -> Contribution:
    """Contribution of rows that deviate from their norm, EUR [row], at the level of all."""
    total = float(norm.sum())
    level = rows.total_cost / total if total > 0 else 0.0
    return deviation(rows, norm * level, pull)


def spread(contributions: Iterable[Contribution]) -> float:
    """Root of the sum over persons of their squared contributions, EUR.

    >>> spread([(np.array([1, 2]), np.array([3.0, 4.0]))])
    5.0
    >>> spread([(np.array([1]), np.array([3.0])), (np.array([1]), np.array([-3.0]))])
    0.0
    """
    persons, amounts = zip(*contributions, strict=True)
    place = _places(np.concatenate(persons))
    return float(np.sqrt((np.bincount(place, np.concatenate(amounts)) ** 2).sum()))


def _places(persons: NDArray[np.int64]) -> NDArray[np.int64]:
    """Small numbers that are the same for the same person [row].

    Where addresses lie close together, as a simulated region's do, they need no sorting.
    """
    if persons.size and np.ptp(persons) < _CLOSE * persons.size:
        return persons - persons.min()
    return np.unique(persons, return_inverse=True)[1]
