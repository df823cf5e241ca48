"""Does the simulated population age, fall ill, cost and die as published? A page of evidence.

    python -m experiments.validate                              into outputs/validation
    python -m experiments.validate out=DIR population.size=50000  elsewhere, with fewer people
    python -m experiments.validate population.frailty_variance.value=0.3

Simulates Germany, three of its states and France without programmes and compares them with the
fixed list of targets in conf/tables/validation_targets.csv: writes validation.csv, curves.csv and
validation.html. Everything else on the command line is an override of a quantity of diseases or
population. population.size is that of Germany; the other populations follow in proportion.
Exit codes: 0 done, whatever passed; 2 refused; 130 interrupted.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

from experiments.validation import curves, evidence
from experiments.validation.populations import plan
from experiments.validation.target import read
from sim import tables
from sim.folder import admit, write
from sim.quantity import Refusal
from sim.report import validation
from sim.scenario import compose

REFUSED, INTERRUPTED = 2, 130
OUT = Path("outputs") / "validation"
ALLOWED = ("diseases.", "population.", "out=", "compute.")


def main(arguments: Sequence[str]) -> int:
    """Simulate, compare, write; say how many targets passed."""
    console = Console()
    if {"-h", "--help"} & set(arguments):
        console.print(__doc__, markup=False, highlight=False)
        return 0
    try:
        found = validate(arguments, console)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    console.print(_screen(found))
    return 0


def validate(arguments: Sequence[str], console: Console) -> list[dict[str, Any]]:
    """Return the lines of validation.csv, which are then in their folder with the page."""
    began = time.perf_counter()
    _check(arguments)
    config = compose(arguments).config
    folder = Path(config["out"] or OUT)
    admit(folder)
    given = [text for text in arguments if not text.startswith("out=")]
    tasks = evidence.tasks(plan(), read(), given)
    for name, task in tasks.items():
        here = task.here
        level = f", mortality level {here.level:.4f}" if here.level != 1 else ""
        console.print(f"{name}: {here.parts} x {here.persons:,} persons{level}")
    work = [(name, part) for name, task in tasks.items() for part in range(task.here.parts)]
    cores = config["compute"]["processes"] or len(os.sched_getaffinity(0))
    lives = (delayed(evidence.gathered)(tasks[name], part) for name, part in work)
    parts: list[evidence.Part] = Parallel(n_jobs=cores)(lives)
    of = {name: [p for (n, _), p in zip(work, parts, strict=True) if n == name] for name in tasks}
    lines = [line for name, task in tasks.items() for line in evidence.rows(task, of[name])]
    order = {target.target: place for place, target in enumerate(read())}
    lines.sort(key=lambda line: order[line["target"]])
    drift = tasks["germany"].here.setting.population.regional_drift_sd
    drawn = curves.drawn([part.curves for part in parts], drift)
    frame = pd.DataFrame(lines)
    people = {name: task.here.parts * task.here.persons for name, task in tasks.items()}
    levels = {name: task.here.level for name, task in tasks.items()}
    rates = tables.table("minimum_savings_rate")
    page = validation.page(frame, drawn, rates, people, levels, given)
    files = {
        "validation.csv": frame.to_csv(index=False, lineterminator="\n").encode(),
        "curves.csv": drawn.round(8).to_csv(index=False, lineterminator="\n").encode(),
        "validation.html": page.encode(),
    }
    write(folder, files, {"targets_passed": evidence.score(lines), "overrides": list(given)})
    console.print(f"Took {time.perf_counter() - began:.0f} s. Page: {folder / 'validation.html'}")
    return lines


def _check(arguments: Sequence[str]) -> None:
    """Refuse what is not a quantity of people and their diseases: the populations are fixed."""
    for text in arguments:
        if not text.startswith(ALLOWED):
            raise Refusal(
                f"{text!r}: experiments.validate simulates fixed populations without programmes. "
                "Allowed are out=DIR, population.size=NUMBER and overrides of quantities, "
                "diseases.NAME....value=NUMBER or population.NAME.value=NUMBER."
            )


def _screen(lines: Sequence[dict[str, Any]]) -> Table:
    """Return how many targets passed, as a table for the terminal."""
    table = Table("Targets", "passed", "of", "share", box=None)
    for name, (passed, count) in evidence.score(lines).items():
        share = f"{passed / count:.1%}" if count else "-"
        table.add_row(name, str(passed), str(count), share)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
