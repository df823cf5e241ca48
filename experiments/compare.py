"""What do scenarios come to, side by side? One table and one picture.

    python -m experiments.compare scenarios=FILE.csv seeds=20
    python -m experiments.compare scenarios=[kinzigtal,another] out=outputs/two

FILE.csv has a scenario in each row and a key in each column (docs/scale.md); a column `name` names
them. A list names experiments. All else is as in a sweep, and goes through a store: started again,
it goes on where it stopped. Exit codes: 0 done, 1 some runs failed, 2 refused, 130 interrupted.
"""

import hashlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from experiments.run import OF_SWEEP, guarded
from experiments.sweep import Asked, Words, complete, enter, jobs, parted, seeds_of, told
from sim.designs import DEFAULT, NAME, rows_of
from sim.quantity import Refusal, nearest
from sim.report import comparison
from sim.report.headline import FIGURES
from sim.scenario import Scenario, compose_all
from sim.store import Store, scenario_key

PLACE = Path("outputs") / "comparison"
REFUSED = 2
SHOWN = 12  # scenarios on the screen and in the picture


def compare(arguments: Sequence[str], console: Console) -> int:
    """Carry out all scenarios, and put them side by side; return the exit code."""
    words, given = parted(arguments)
    outcomes, given = _outcomes(given)
    if not words.scenarios:
        raise Refusal(
            "Nothing is named to compare. Write scenarios=FILE.csv, with a scenario in each row "
            "and a key in each column, or scenarios=[NAME,NAME] for experiments."
        )
    if words.scenarios.startswith("["):
        given = [f"experiment={words.scenarios.strip('[]')}", *given]
        words = words._replace(scenarios="")
    scenarios = list(compose_all(jobs(words, given)))
    names = _names(words, scenarios)
    first = scenarios[0]
    asked = Asked(words, given, own=True, automatic=first.precision is not None)
    folder = _place(scenarios, asked)
    with Store(folder) as store:
        enter(store, asked)
        if words.retry_failed:
            store.register.retry()
        standing = complete(store, asked, first.config["compute"], console)
        if standing.done == standing.of:
            values = {
                name: _values(store, asked, scenario, outcomes or [*FIGURES])
                for name, scenario in zip(names, scenarios, strict=True)
            }
            _show(store, values, outcomes, first.config["region"]["start_year"], console)
        return told(store, standing, console)


def _show(
    store: Store, values: comparison.Values, outcomes: Sequence[str], first_year: int,
    console: Console,
) -> None:  # fmt: skip
    """Write the table and the picture, and show the table."""
    in_table, in_picture = outcomes or [*FIGURES], outcomes or comparison.PICTURED
    few = dict(list(values.items())[:SHOWN])
    table = io.StringIO()
    comparison.compared(values, in_table).to_csv(table, index=False)
    drawn = comparison.picture(few, in_picture, first_year)
    files = {
        "comparison.csv": table.getvalue().encode(),
        "comparison.png": drawn.png,
        "comparison.svg": drawn.svg,
    }
    for name, content in files.items():
        with store.exchanged(name) as partial:
            partial.write_bytes(content)
    console.print(comparison.screen(few, in_table, first_year))
    if len(values) > SHOWN:
        console.print(f"Shown are the first {SHOWN} of {len(values)}; the table has all.")
    console.print(
        f"\nTable: {store.folder / 'comparison.csv'}\nPicture: {store.folder / 'comparison.png'}",
        soft_wrap=True,
        highlight=False,
    )


def _values(
    store: Store, asked: Asked, scenario: Scenario, outcomes: Sequence[str]
) -> dict[str, dict[int, float | None]]:
    """Return what a scenario came to: outcome -> seed -> value."""
    seeds = set(seeds_of(store, asked, scenario))
    entries = store.register.of_scenario(scenario_key(scenario), asked.code)
    return {
        name: {entry.seed: entry.outcomes[name] for entry in entries if entry.seed in seeds}
        for name in outcomes
    }


def _outcomes(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the outcomes asked for from what is said of the scenarios."""
    asked: list[str] = []
    rest = []
    for text in given:
        if text.startswith("outcomes="):
            asked = [name.strip() for name in text.partition("=")[2].strip("[]").split(",")]
        else:
            rest.append(text)
    for name in asked:
        if name not in FIGURES:
            raise Refusal(
                f"outcomes={name} is not declared. {nearest(name, [*FIGURES])} Another one is "
                "declared in sim/report/headline.py, FIGURES."
            )
    return asked, rest


def _names(words: Words, scenarios: Sequence[Scenario]) -> list[str]:
    """Return a name for each scenario: its own, or what tells it from the others."""
    if words.scenarios:
        header, rows = rows_of(Path(words.scenarios).expanduser())
        if NAME in header and len(rows) == len(scenarios):
            names = [row[header.index(NAME)] for row in rows]
            if len(set(names)) < len(names):
                raise Refusal(f"scenarios={words.scenarios}: name each scenario differently.")
            return names
    shared = set.intersection(*(set(scenario.overrides) for scenario in scenarios))
    names = [
        " ".join(_short(text) for text in scenario.overrides if text not in shared) or DEFAULT
        for scenario in scenarios
    ]
    return [
        name if names.count(name) == 1 else f"{name} ({place})"
        for place, name in enumerate(names, start=1)
    ]


def _short(override: str) -> str:
    """Return an override as a reader needs it: a quantity's last name, an experiment's alone."""
    key, _, value = override.partition("=")
    if key == "experiment":
        return value
    return f"{key.removesuffix('.value').split('.')[-1]} {value}"


def _place(scenarios: Sequence[Scenario], asked: Asked) -> Path:
    """Return the folder of the comparison: `out`, or one named by what is compared."""
    out = scenarios[0].config["out"]
    if any(scenario.config["out"] != out for scenario in scenarios):
        raise Refusal("out differs between the scenarios. Name one folder for all of them.")
    if out is not None:
        return Path(out).expanduser()
    content = " ".join([asked.code, *(scenario_key(scenario) for scenario in scenarios)])
    return PLACE / hashlib.sha256(content.encode()).hexdigest()[:12]


def main(arguments: Sequence[str]) -> int:
    """Answer what was typed; whenever that is interrupted, end in words."""
    return guarded(arguments, lambda: answer, OF_SWEEP)


def answer(arguments: Sequence[str]) -> int:
    """Do what was typed; say what is refused."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(__doc__)
        return 0
    try:
        return compare([text for text in arguments if text not in ("-m", "--multirun")], Console())
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
