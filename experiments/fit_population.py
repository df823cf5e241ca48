"""Which baseline hazards lie behind the published rates? Solve them and ship them in conf/tables.

    python -m experiments.fit_population                                       all countries
    python -m experiments.fit_population population=france region.country=france    one of them

Run it after any change of conf/diseases, conf/population or their tables; until then runs solve
the reference population for themselves and keep it in the user's cache.
"""

import sys
import time
from collections.abc import Sequence

from rich.console import Console

from sim.people.kept import ship
from sim.quantity import Refusal
from sim.scenario import compose
from sim.setting import setting

COUNTRIES: tuple[tuple[str, ...], ...] = ((), ("population=france", "region.country=france"))
"""Overrides of the default scenario that give each country that has a population in conf."""


def main(arguments: Sequence[str]) -> int:
    """Solve the reference population of every country, or of the one asked for, and write it."""
    console = Console()
    chosen = any(text.startswith("population=") for text in arguments)
    for country in ((),) if chosen else COUNTRIES:
        began = time.perf_counter()
        try:
            path = ship(setting(compose([*country, *arguments])).country)
        except Refusal as refusal:
            print(refusal, file=sys.stderr)
            return 2
        console.print(f"Solved in {time.perf_counter() - began:.0f} s: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
