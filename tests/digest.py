"""A run's tables as one hash, for a process of its own: python -m tests.digest OVERRIDE..."""

import hashlib
import sys

from sim import results
from sim.run import simulate
from tests.worlds import world


def digest(overrides: tuple[str, ...], processes: int = 1) -> str:
    """Hash of all tables of a small world, as parquet."""
    found = simulate(world(*overrides), processes=processes)
    whole = hashlib.sha256()
    for name, frame in sorted(found.tables.items()):
        whole.update(name.encode())
        whole.update(results.to_parquet(name, frame))
    return whole.hexdigest()


if __name__ == "__main__":
    print(digest(tuple(sys.argv[1:])))
