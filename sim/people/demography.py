"""Who ages, arrives, leaves and dies."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.people.factors import DEATH, LEAVING
from sim.people.population import NEVER, Population
from sim.people.processes import Due


def entered(people: Population, month: int) -> int:
    """How many rows have had their year of entry by this month; the rest are yet to come."""
    year = (month - people.first_month) // 12
    return int(people.cohorts[year + 2])


def starting(people: Population, month: int) -> NDArray[np.int64]:
    """Rows whose rates must be set at the start of this month: birthdays and arrivals.

    A row may come twice, which is harmless.
    """
    year = (month - people.first_month) // 12
    place = (month - 1) % 12
    parts = [np.arange(*people.birthdays[k, place : place + 2]) for k in range(year + 2)]
    first, last = people.cohorts[year + 1], people.cohorts[year + 2]
    arriving = first + np.flatnonzero(people.entered[first:last] == month)
    return np.concatenate([*parts, arriving])


def react(people: Population, due: Due, month: int) -> None:
    """Let those die and leave whose time has come; death comes first."""
    c = people.columns
    counted = np.zeros((2, people.tally.groups))
    _depart(
        due.slot,
        due.row,
        month,
        c["left"],
        c["died"],
        c["group"],
        people.remaining.T,
        people.hazard.T,
        counted,
    )
    people.tally.add_up(("deaths", "leavings"), counted)


@njit(cache=True)
def _depart(
    slot: Any,
    row: Any,
    month: Any,
    left: Any,
    died: Any,
    group: Any,
    remaining: Any,
    hazard: Any,
    counted: Any,
) -> None:
    for kind in (DEATH, LEAVING):
        for k in range(slot.size):
            if slot[k] == kind and left[row[k]] == NEVER:
                left[row[k]] = month + 1
                died[row[k]] = kind == DEATH
                hazard[row[k], :] = 0
                remaining[row[k], :] = np.inf
                counted[kind, group[row[k]]] += 1


def projection(
    start: NDArray[np.float64],
    mortality: NDArray[np.float64],
    leaving: NDArray[np.float64],
    fertility: NDArray[np.float64],
    arriving: NDArray[np.float64],
    male_births: float,
    years: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the expected arrivals and sizes of a population, year by year (cohort-component).

    Parameters
    ----------
    start
        Persons by sex and age at the beginning, float64 [2, 101].
    mortality
        Hazard of death by year, sex and age, float64 [years, 2, 101], 1/person-year.
    leaving
        Hazard of leaving by sex and age, float64 [2, 101], 1/person-year.
    fertility
        Births per woman and year by age, float64 [101].
    arriving
        Persons who move in, per person who leaves, by sex and age of arrival: shares that sum
        to the ratio of arrivals to departures, float64 [2, 101].
    male_births
        Share of boys among the newborn.

    Returns
    -------
    arrivals
        Newborn (age 0) and movers by year, sex and age, float64 [years, 2, 2, 101]: kind 0
        births, kind 1 movers.
    sizes
        Persons by year (at its start), sex and age, float64 [years + 1, 2, 101].
    """
    ages = start.shape[1]
    sizes = np.zeros((years + 1, 2, ages))
    arrivals = np.zeros((years, 2, 2, ages))
    sizes[0] = start
    for year in range(years):
        now = sizes[year]
        stay = np.exp(-(mortality[year] + leaving))
        departures = float((now * (1 - np.exp(-leaving))).sum())
        births = float((now[1] * fertility).sum())
        arrivals[year, 0, :, 0] = births * np.array([male_births, 1 - male_births])
        arrivals[year, 1] = departures * arriving
        survivors = now * stay
        aged = np.zeros_like(now)
        aged[:, 1:] = survivors[:, :-1]
        aged[:, -1] += survivors[:, -1]
        aged[:, 0] += arrivals[year, 0, :, 0]
        sizes[year + 1] = aged + arrivals[year, 1]
    return arrivals, sizes


def whole(expected: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Round shares to whole persons that add up to `total` (largest remainders), same shape.

    >>> whole(np.array([1.4, 1.4, 0.2]), 3).tolist()
    [2, 1, 0]
    """
    flat = expected.ravel() * (total / expected.sum()) if expected.sum() else expected.ravel()
    down = np.floor(flat).astype(np.int64)
    missing = total - int(down.sum())
    order = np.argsort(-(flat - down), kind="stable")
    down[order[:missing]] += 1
    return down.reshape(expected.shape)
