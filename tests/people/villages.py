"""Villages for the tests of people: small worlds in which everything can happen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.comparison import prices
from sim.people import cohort
from sim.people.life import Life
from sim.people.population import NEVER, Population
from sim.scenario import Scenario, compose
from sim.setting import Setting

SMALL = (
    "population.size=500",
    "population.comparison=2000",
    "horizon.years=3",
    "seeds=1",
)


def scenario(*overrides: str) -> Scenario:
    """Compose a scenario of a village."""
    return compose([*SMALL, *overrides])


def settled(ready: Setting, size: int = 500, seed: int = 1, first: int = 0, **more: Any) -> Life:
    """Settle a village: everybody who will ever live there, at the start of the history."""
    people = cohort.draw(
        ready.home,
        size,
        ready.region.baseline_years,
        ready.first_month,
        ready.country.reference,
        ready.country.diseases,
        seed,
        first,
        **more,
    )
    people.group[:] = people.insurer
    people.tally.groups = len(ready.region.insurers)
    return ready.life(people, ready.home, prices(ready, seed))


def lived(life: Life, months: Sequence[int]) -> list[tuple[Any, dict[str, NDArray[np.float64]]]]:
    """Let a village live some months; ledger and sums of the years that end in them."""
    years = []
    for month in months:
        life.step(month)
        if month % 12 == 0:
            years.append(life.close_year(month))
    return years


def history(ready: Setting, years: int) -> range:
    """Months of the first years of a village."""
    return range(ready.first_month, ready.first_month + 12 * years)


def bare(life: Life, n: int, **columns: Any) -> Population:
    """Return `n` persons present since long ago, to whom nothing happens unless a test says so."""
    people = Population.empty(n, len(life.factors.processes), seed=7)
    people.tally.groups = 1
    people.cohorts = np.array([0, n, n])
    people.birthdays = np.zeros((2, 13), np.int64)
    people.born[:] = -12 * 60
    people.entered[:] = -100
    people.billed[:] = 1
    people.left[:] = NEVER
    for name, value in columns.items():
        people.columns[name][:] = value
    return people


def same_bits(one: Population, other: Population) -> list[str]:
    """Name what differs between two populations, to the bit."""
    arrays = ("remaining", "hazard", "occurrence", "rate", "account")
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in arrays}
    pairs |= {name: (one.columns[name], other.columns[name]) for name in one.columns}
    return [name for name, (a, b) in pairs.items() if a.tobytes() != b.tobytes()]
