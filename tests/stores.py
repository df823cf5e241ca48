"""Small stores: a few scenarios in a folder, and what of a store must not differ."""

import functools
from collections.abc import Sequence
from pathlib import Path

from sim.register import OWNERS, REGISTER
from sim.scenario import Scenario, compose_all
from sim.store import Store

SMALL = ("population.size=300", "population.comparison=300", "horizon.years=1")
CODE = "a state of the code"
HERE = {"engine": "local", "processes": 1, "deaths": 40}
TWO = {**HERE, "processes": 2}


@functools.cache
def scenarios(*rates: float) -> tuple[Scenario, ...]:
    """Scenarios that differ in the sharing rate."""
    return tuple(compose_all([(*SMALL, f"contract.sharing_rate.value={r}") for r in rates]))


def filled(
    folder: Path, rates: Sequence[float] = (0.4, 0.5), seeds: int = 3, code: str = CODE
) -> Store:
    """Return a store that is asked for some scenarios and seeds."""
    store = Store(folder)
    store.admit(((one, range(1, seeds + 1)) for one in scenarios(*rates)), code)
    return store


def content(folder: Path) -> dict[str, bytes]:
    """Return all that a store holds, hidden files too, but for who is at work on it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and REGISTER not in path.name and path.parent.name != OWNERS
    }
