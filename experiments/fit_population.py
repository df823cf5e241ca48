"""Which numbers reproduce what is published? Fit them, solve the baselines, ship both in conf.

    python -m experiments.fit_population               fit conf/fit.yaml, then solve all countries
    python -m experiments.fit_population fit=false     solve only
    python -m experiments.fit_population fit=false region.country=france ...    of one country

Fitting writes the numbers where they stand in conf/diseases, conf/population and conf/tables; it
takes about ten minutes. Solving is needed after any change of conf/diseases, conf/population or
their tables; until then runs solve the reference population for themselves and keep it in the
user's cache. Exit codes: 0 done, 2 refused, 130 interrupted; then conf is as it was.
"""

import sys
import time
from collections.abc import Sequence

from rich.console import Console

from experiments.validation.fitting import Fits, fit
from sim.people.kept import ship
from sim.quantity import Refusal
from sim.scenario import compose
from sim.setting import forget, setting

REFUSED, INTERRUPTED = 2, 130
COUNTRIES: tuple[tuple[str, ...], ...] = (
    (),
    ("population=france", "region.country=france", "law=france"),
)
"""Overrides of the default scenario that give each country that has a population in conf."""


def main(arguments: Sequence[str]) -> int:
    """Fit, then solve the reference population of every country, or of the one asked for."""
    console = Console()
    if {"-h", "--help"} & set(arguments):
        console.print(__doc__, markup=False, highlight=False)
        return 0
    given = [text for text in arguments if text != "fit=false"]
    try:
        if len(given) == len(arguments):
            _fit(given, console)
        chosen = any(text.startswith("population=") for text in given)
        for country in ((),) if chosen else COUNTRIES:
            _solve([*country, *given], console)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; conf is as it was.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _fit(given: Sequence[str], console: Console) -> None:
    if given:
        raise Refusal(
            f"{' '.join(given)}: what is fitted stands in conf/fit.yaml. Write fit=false to solve "
            "the baselines of another scenario without fitting."
        )
    fits = Fits.read()

    def report(round_: int, values: Sequence[float], missed: Sequence[float]) -> None:
        console.print(f"Round {round_}: number, and how much higher its targets are")
        for one, value, miss in zip(fits.fits, values, missed, strict=True):
            line = f"  {one.numbers[0]:60} {value:9.4g} {miss:+8.1%}"
            console.print(line, highlight=False, soft_wrap=True)

    fit(fits, report)


def _solve(overrides: Sequence[str], console: Console) -> None:
    began = time.perf_counter()
    forget()
    country = setting(compose(overrides)).country
    path = ship(country.name, country.checksum, country.reference)
    console.print(f"Solved in {time.perf_counter() - began:.0f} s: {path}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
