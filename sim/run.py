"""The arms, the same luck, many seeds: what a scenario comes to."""

import functools
import os
import platform
import resource
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed

from sim.agents.physician import panels
from sim.comparison import Comparison, live_elsewhere, prices
from sim.contract.ledger import cost
from sim.contract.risk_adjustment import total_allocation
from sim.funding.sizing import size
from sim.model import Baseline, Region
from sim.people import cohort
from sim.people.life import Life
from sim.quantity import Refusal
from sim.report.business import operations
from sim.report.tables import beside_truth, precision
from sim.results import ASKED_FOR, Results
from sim.scenario import Scenario, code_hash, scenario_hash
from sim.setting import Setting, setting

Lines = dict[str, list[dict[str, Any]]]
Arms = Mapping[str, Setting]

PACKAGES = ("mesa", "numpy", "numba", "pandas", "scipy", "pydantic", "hydra-core", "pyarrow")


def simulate(
    scenario: Scenario,
    processes: int | None = 1,
    ticks: Path | None = None,
    arms: Arms | None = None,
    code: str | None = None,
) -> Results:
    """Simulate a scenario with and without the intervention, seed by seed.

    With seeds=auto, batch by batch until the true savings are as sure as `precision` asks.

    Parameters
    ----------
    processes
        Over how many processes the seeds are spread; None one a core. The answer is the same.
    ticks
        A file to which a byte is added for every year lived, to watch the progress.
    arms
        The scenario's arms and hash of the code, where these are known already.
    """
    arms, code = arms or arms_of(scenario), code or code_hash()
    run = scenario_hash(scenario, code)
    arms, sizing = _sized(scenario, arms, run, code, processes, ticks)
    found = _simulate(scenario, arms, run, code, processes, ticks)
    return replace(found, manifest={**found.manifest, **sizing})


def arms_of(scenario: Scenario) -> dict[str, Setting]:
    """Make a scenario ready, with and without the intervention."""
    ready = setting(scenario)
    return {"intervention": ready, "counterfactual": ready.without_intervention()}


def _sized(
    scenario: Scenario,
    arms: Arms,
    run: str,
    code: str,
    processes: int | None,
    ticks: Path | None,
) -> tuple[Arms, dict[str, Any]]:
    """Give the plan its size, where funding.size=auto; say how that was found.

    The intervention is lived once before, under the amounts given and with a company that goes
    on whatever happens; what it did tells how much money is enough for all seeds of the run.
    """
    ready = arms["intervention"]
    if ready.plan.size != "auto":
        return arms, {}
    trial = replace(ready, plan=ready.plan.model_copy(update={"after_insolvency": "continues"}))
    lines, _ = live({"intervention": trial}, scenario.seeds, processes, ticks)
    business = operations(_told(scenario, ready, run, code, lines))
    enough = size(ready.plan, ready.law, business, ready.plan.survival)
    sized = replace(ready, plan=ready.plan.scaled(enough.factor))
    return {**arms, "intervention": sized}, {"sizing": enough.told()}


def refuse_sizing(ready: Setting, where: str) -> None:
    """Refuse to look for the size of a plan where not all seeds of a run are lived together."""
    if ready.plan.size == "auto":
        raise Refusal(
            f"funding.size=auto looks at all seeds of a run together, which {where} does not. "
            "Find the size first (make run funding.size=auto) and give the amounts found."
        )


def compare(first: Scenario, second: Scenario, processes: int | None = 1) -> Results:
    """Simulate two scenarios on the same people and the same luck: `first` as intervention.

    They may differ in programmes, network, contract, funding and generation; who the people are
    must be the same.
    """
    one, other = setting(first), setting(second)
    if (one.region, one.population, one.years) != (other.region, other.population, other.years):
        raise Refusal(
            "compare: the two scenarios differ in region, population or horizon, so they are "
            "not about the same people. Let them differ in programmes, network, contract, "
            "funding or generation only."
        )
    arms = {"intervention": one, "counterfactual": other}
    for ready in arms.values():
        refuse_sizing(ready, "a comparison")
    run = f"{identity(first)} against {identity(second)}"
    return _simulate(first, arms, run, code_hash(), processes, None)


def years_to_live(ready: Setting, seeds: int) -> int:
    """How many years a run lives in all: the comparison, the baseline, and each of two arms.

    To find the size of a plan, the intervention is lived once more.
    """
    before = len(ready.calendar) + ready.region.baseline_years
    again = before + ready.years if ready.plan.size == "auto" else 0
    return seeds * (before + 2 * ready.years + again)


def identity(scenario: Scenario) -> str:
    """Hash of everything that decides the results: config, code and tables."""
    return scenario_hash(scenario, code_hash())


def _simulate(
    scenario: Scenario,
    arms: Arms,
    run: str,
    code: str,
    processes: int | None,
    ticks: Path | None,
) -> Results:
    began, asked = time.perf_counter(), scenario.precision
    batch = asked["batch"] if asked else len(scenario.seeds)
    found: list[Lines] = []
    peak = 0
    for place in range(0, len(scenario.seeds), batch):
        lines, most = live(arms, scenario.seeds[place : place + batch], processes, ticks)
        found, peak = [*found, *lines], max(peak, most)
        results = _results(scenario, arms["intervention"], run, code, found)
        sure = precision(results)
        if sure and sure["reached"]:
            break
    spent = round(time.perf_counter() - began, 2)
    about = {**results.manifest, "wall_seconds": spent, "peak_memory_bytes": peak}
    return replace(results, manifest=about)


def _results(
    scenario: Scenario, ready: Setting, run: str, code: str, found: Sequence[Lines]
) -> Results:
    """Put together what the seeds lived so far have given, measured savings beside true ones."""
    return beside_truth(_told(scenario, ready, run, code, found))


def _told(
    scenario: Scenario, ready: Setting, run: str, code: str, found: Sequence[Lines]
) -> Results:
    """Put together what has been written down."""
    names = sorted({name for lines in found for name in lines})
    first = ready.region.start_year
    return Results(
        experiment=scenario.experiment,
        seeds=scenario.seeds[: len(found)],
        first_year=first,
        last_year=first + ready.years - 1,
        sectors=ready.contract.sectors,
        insurers=tuple(ready.region.insurers),
        tables={name: _table(name, found) for name in names},
        config=scenario.config,
        manifest={
            "run": run,
            "code": code,
            "overrides": list(scenario.overrides),
            "versions": versions(),
            **_cohort(ready),
        },
    )


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide results."""
    packages = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **packages}


def _table(name: str, found: Sequence[Lines]) -> pd.DataFrame:
    """Put together what all seeds wrote down in a table: lines, or columns of persons."""
    parts = [part for lines in found for part in lines.get(name, [])]
    if name in ASKED_FOR:
        return pd.concat([pd.DataFrame(columns) for columns in parts], ignore_index=True)
    return pd.DataFrame(parts)


def _cohort(ready: Setting) -> dict[str, Any]:
    """Say which cohort file the persons are of: its checksum and how many it lists."""
    if ready.roster is None:
        return {}
    return {"cohort": {"checksum": ready.population.checksum, "persons": ready.roster.n}}


def live(
    arms: Arms, seeds: Sequence[int], processes: int | None, ticks: Path | None = None
) -> tuple[list[Lines], int]:
    """Let every seed live through all arms; lines of all tables by seed, peak memory in bytes."""
    cores = processes or cpu_count()
    tasks = (delayed(_live_for)(os.getpid(), arms, seed, ticks) for seed in seeds)
    found = Parallel(n_jobs=max(1, min(cores, len(seeds))))(tasks)
    return [lines for lines, _ in found], max(_peak_memory(), *(peak for _, peak in found))


def _live_for(owner: int, arms: Arms, seed: int, ticks: Path | None) -> tuple[Lines, int]:
    """One seed, here or in a worker; its lines and the peak memory of the process."""
    if os.getpid() != owner:
        _end_with(owner)
    return live_seed(arms, seed, ticks), _peak_memory()


@functools.cache
def _end_with(owner: int) -> None:
    """End this worker soon after the process that started it, even if that one was killed."""

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def live_seed(arms: Arms, seed: int, ticks: Path | None = None) -> Lines:
    """One seed: the comparison and the years before the start once, then every arm."""
    ready = next(iter(arms.values()))
    price = prices(ready, seed)
    past = residents(ready, seed, price)
    comparison = live_elsewhere(ready, seed, past.people.n, price, ticks)
    baseline = live_before(past, ready, comparison, ticks)
    lines: Lines = {"population": list(comparison.yearbook.lines["population"])}
    last = list(arms)[-1]
    for arm, own in arms.items():
        life = past if arm == last else past.branch()  # the last one lives on in the past itself
        region = Region(own, arm, seed, life, comparison, baseline, ticks)
        region.run()
        for table, rows in region.tables().items():
            lines.setdefault(table, []).extend(rows)
    return lines


def live_before(
    past: Life, ready: Setting, comparison: Comparison, ticks: Path | None = None
) -> Baseline:
    """Let the region live through the years before the start, the same for every arm."""
    costs, allocations = [], []
    for month in range(ready.first_month, 1):
        past.step(month)
        if month % 12 == 0:
            ledger, _ = past.close_year(month, ticks)
            norm = comparison.norms[past.year_of(month)]
            costs.append(cost(ledger, ready.contract.sectors))
            allocations.append(total_allocation(norm, ledger))
    return Baseline(tuple(costs), tuple(allocations))


def residents(ready: Setting, seed: int, price: Any) -> Life:
    """Draw the residents, or read them from the cohort file; give them their practices."""
    people = cohort.draw(
        ready.home,
        ready.population.size,
        ready.region.baseline_years,
        ready.first_month,
        ready.country.reference,
        ready.country.diseases,
        seed,
        roster=ready.roster,
    )
    panels(people, ready.network)
    if ready.roster is not None:
        given = np.flatnonzero(ready.roster.physician > 0)
        people.physician[given] = ready.roster.physician[given]
    people.group[:] = people.insurer
    people.tally.groups = len(ready.region.insurers)
    return ready.life(people, ready.home, price)


def _peak_memory() -> int:
    """Largest resident memory of this process so far, bytes."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
