"""Many scenarios at once: entered in a store, carried out there, and each reported on.

    python -m experiments.run -m contract.sharing_rate.value=0.4,0.5 seeds=20 out=outputs/shares

Started again, it goes on where it stopped. Exit codes: 0 all done, 1 some runs failed, 2 refused.
"""

import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from experiments.command import FAILED, check, check_place, place, run
from experiments.progress import progress
from sim.designs import Job, design, tabled
from sim.disclosure import smallest_cell
from sim.precision import sureness
from sim.quantity import Refusal
from sim.results import Results
from sim.run import identity
from sim.scenario import Scenario, code_hash, compose_all, parted_numbers
from sim.store import FAILURES, TABLE, Store, scenario_key
from sim.sweep import Standing, carry_out

STORE = Path("outputs") / "store"
REPORTS = "reports"
MOST_REPORTS = 20  # scenarios, of which a report is written unasked
SHOWN = 10  # failures told in full


class Words(NamedTuple):
    """What is said of a sweep as a whole, and not of its scenarios."""

    design: str = "crossed"
    scenarios: str = ""
    add_seeds: int = 0
    retry_failed: bool = False
    keep_going: bool = True
    reports: bool | None = None


def sweep(arguments: Sequence[str], console: Console) -> int:
    """Carry out a sweep; return 0 if all of it is done, 1 if runs failed."""
    words, overrides = parted(arguments)
    first = next(compose_all(jobs(words, overrides)))
    check(first)
    if first.precision and words.add_seeds:
        raise Refusal(
            f"add_seeds={words.add_seeds}: seeds=auto takes as many as it needs. Raise "
            "precision.max_seeds or lower precision.target instead."
        )
    folder, own = home(overrides, first)
    asked = Asked(words, overrides, own, automatic=first.precision is not None)
    with Store(folder) as store:
        entered = enter(store, asked)
        if words.retry_failed:
            store.register.retry()
        if first.config["force"]:
            store.register.again_all()
        standing = complete(store, asked, first.config["compute"], console)
        whole = standing.done == standing.of
        if whole and words.reports is not False and (words.reports or entered <= MOST_REPORTS):
            report(store, asked, console)
        elif whole and words.reports is None:
            console.print("reports=true writes a report for each scenario.")
        return told(store, standing, console)


class Asked:
    """The scenarios of a sweep, composed anew whenever they are gone through."""

    def __init__(
        self, words: Words, overrides: Sequence[str], own: bool, automatic: bool = False
    ) -> None:
        self.words, self.overrides, self.own, self.automatic = words, overrides, own, automatic
        self.code = code_hash()

    def __iter__(self) -> Iterator[Scenario]:
        return compose_all(jobs(self.words, self.overrides))

    def seeds(self, scenario: Scenario) -> tuple[int, ...]:
        """Return all seeds of a scenario; of seeds=auto those of the first batch."""
        seeds = scenario.seeds
        if scenario.precision:
            return seeds[: scenario.precision["batch"]]
        last = max(seeds)
        return (*seeds, *range(last + 1, last + 1 + self.words.add_seeds))


def parted(arguments: Sequence[str]) -> tuple[Words, list[str]]:
    """Part what is said of the sweep from what is said of its scenarios."""
    kinds = Words.__annotations__
    given: dict[str, object] = {}
    overrides = []
    for text in arguments:
        key, found, value = text.partition("=")
        if not found or key not in kinds:
            overrides.append(text)
        elif kinds[key] is int:
            if not value.isdecimal():
                raise Refusal(f"{text}: allowed is a whole number, 0 or more.")
            given[key] = int(value)
        elif kinds[key] is str:
            given[key] = value
        elif value not in ("true", "false"):
            raise Refusal(f"{text}: allowed is true or false.")
        else:
            given[key] = value == "true"
    return Words(**given), overrides  # type: ignore[arg-type]


def jobs(words: Words, overrides: Sequence[str]) -> Iterator[Job]:
    """Return the overrides of every scenario."""
    return (
        tabled(Path(words.scenarios).expanduser(), overrides)
        if words.scenarios
        else design(words.design)(overrides)
    )


def home(overrides: Sequence[str], first: Scenario) -> tuple[Path, bool]:
    """Return the folder of the store, and whether it is one that `out` names for all scenarios."""
    given = [text for text in overrides if text.partition("=")[0] == "out"]
    if not given or "${" in given[-1] or len(list(design("crossed")(given))) > 1:
        return STORE, False
    return place(first), True


def enter(store: Store, asked: Asked) -> int:
    """Enter all scenarios in the store, or none if one of them is refused; say how many."""
    taken: dict[Path, str] = {}
    checked: set[tuple[str, ...]] = set()
    count = 0

    def scenarios() -> Iterator[tuple[Scenario, tuple[int, ...]]]:
        nonlocal count
        for scenario in asked:
            rest = parted_numbers(scenario.overrides)[0]
            if rest not in checked:
                check(scenario)
                checked.add(rest)
            count += 1
            if not asked.own and count <= MOST_REPORTS:
                _check_report(scenario, taken)
            yield scenario, asked.seeds(scenario)

    store.admit(scenarios(), asked.code)
    return count


def _check_report(scenario: Scenario, taken: dict[Path, str]) -> None:
    """Refuse reports that could not be written, or would overwrite each other."""
    check_place(scenario)
    folder, which = place(scenario).resolve(), identity(scenario)
    if taken.setdefault(folder, which) != which:
        raise Refusal(
            f"out={place(scenario)} would hold several runs of this sweep. Leave out away, or let "
            "it name one folder for all of them, which becomes their store."
        )


def complete(store: Store, asked: Asked, compute: Mapping[str, Any], console: Console) -> Standing:
    """Carry out all runs, with further seeds where seeds=auto is not sure yet."""
    with progress(console) as watch:
        while True:
            standing = carry_out(store, compute, keep_going=asked.words.keep_going, watch=watch)
            if standing.left or not asked.automatic:
                return standing
            unsure = [
                (scenario, seeds)
                for scenario in asked
                for seeds, sure in [automatic(store, scenario, asked.code)]
                if not sure
            ]
            if not unsure:
                return standing
            store.admit(unsure, asked.code)


def automatic(store: Store, scenario: Scenario, code: str) -> tuple[tuple[int, ...], bool]:
    """Return how many seeds seeds=auto wants so far, and whether it is content with them.

    A seed that has failed ends it, since nothing can be said then.
    """
    asked = scenario.precision or {}
    entries = {
        entry.seed: entry for entry in store.register.of_scenario(scenario_key(scenario), code)
    }
    seeds = scenario.seeds
    for end in range(asked["batch"], len(seeds) + asked["batch"], asked["batch"]):
        so_far = [entries.get(seed) for seed in seeds[:end]]
        if any(entry is None for entry in so_far):
            return seeds[:end], False
        values = [entry.outcomes.get("true_savings") for entry in so_far if entry is not None]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return seeds[:end], True
        if sureness(known, asked["target"], asked["max_seeds"])["reached"]:
            return seeds[:end], True
    return seeds, True


def seeds_of(store: Store, asked: Asked, scenario: Scenario) -> tuple[int, ...]:
    """Return all seeds of a scenario, now that they are done."""
    if scenario.precision:
        return automatic(store, scenario, asked.code)[0]
    return asked.seeds(scenario)


def report(store: Store, asked: Asked, console: Console) -> None:
    """Write and show a report of every scenario, as though it had been run alone."""
    for scenario in asked:
        seeds = seeds_of(store, asked, scenario)
        scenario = scenario if scenario.precision else _under(scenario, seeds)
        folder = place(scenario)
        if asked.own:
            name = f"{scenario.experiment}-{identity(scenario)[:12]}"
            folder = store.folder / REPORTS / name
        console.print(f"\n{' '.join(scenario.overrides)}", style="bold", markup=False)
        if smallest_cell(scenario.config) > 1:
            console.print(
                "No report: a store keeps no cells that count few persons of a cohort file. Run "
                "this scenario without -m for one."
            )
            continue
        run(
            scenario, console, folder, functools.partial(store.results, scenario, seeds, asked.code)
        )


def _under(scenario: Scenario, seeds: tuple[int, ...]) -> Scenario:
    """Return the scenario as though these seeds had been asked for."""
    whole = seeds == tuple(range(1, len(seeds) + 1))
    config = {**scenario.config, "seeds": len(seeds) if whole else list(seeds)}
    return scenario if scenario.seeds == seeds else replace(scenario, config=config)


def through_store(scenario: Scenario, console: Console) -> Results:
    """Return the results of one scenario whose seeds are spread as `compute` says."""
    words = Words(retry_failed=True)
    with Store(STORE) as store:
        asked = Asked(words, scenario.overrides, False, scenario.precision is not None)
        enter(store, asked)
        store.register.retry()
        standing = complete(store, asked, scenario.config["compute"], console)
        if standing.failed or standing.left:
            failures = store.register.entries(status="failed", asked=True)
            raise Refusal("\n".join(f"seed {entry.seed}: {entry.message}" for entry in failures))
        return store.results(scenario, seeds_of(store, asked, scenario), asked.code)


def told(store: Store, standing: Standing, console: Console) -> int:
    """Say what came of the sweep, and list what failed."""
    console.print(f"\n{standing.done} of {standing.of} runs done. All runs: {store.folder / TABLE}",
                  soft_wrap=True, highlight=False)  # fmt: skip
    if not standing.failed:
        return 0
    failed = list(islice(store.register.entries(status="failed", asked=True), SHOWN))
    lines = [f"{standing.failed} failed:"]
    for entry in failed:
        given = " ".join(store.register.scenario(entry.scenario)["overrides"])
        lines.append(f"  {given} seed {entry.seed}: {entry.message}")
    if standing.failed > SHOWN:
        lines.append(f"  ... and {standing.failed - SHOWN} more.")
    lines.append(
        f"All of them, with where in the code: {store.folder / FAILURES}. The same command with "
        "retry_failed=true tries them again."
    )
    print("\n".join(lines), file=sys.stderr)
    return FAILED
