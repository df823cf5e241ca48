"""The arms, the same luck, many seeds: what a scenario comes to."""

import os
import platform
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed

from sim.agents.physician import panels
from sim.comparison import Comparison, live_elsewhere, prices
from sim.contract.ledger import cost
from sim.contract.risk_adjustment import total_allocation
from sim.model import Baseline, Region
from sim.people import cohort
from sim.people.life import Life
from sim.quantity import Refusal
from sim.report.tables import beside_truth
from sim.results import Results
from sim.scenario import Scenario, code_hash, scenario_hash
from sim.setting import Setting, setting

Lines = dict[str, list[dict[str, Any]]]
Arms = Mapping[str, Setting]

PACKAGES = ("mesa", "numpy", "numba", "pandas", "scipy", "pydantic", "hydra-core", "pyarrow")


def simulate(scenario: Scenario, processes: int | None = 1, ticks: Path | None = None) -> Results:
    """Simulate a scenario with and without the intervention, seed by seed.

    Parameters
    ----------
    processes
        Over how many processes the seeds are spread; None one a core. The answer is the same.
    ticks
        A file to which a byte is added for every year lived, to watch the progress.
    """
    ready = setting(scenario)
    arms = {"intervention": ready, "counterfactual": ready.without_intervention()}
    return _simulate(scenario, arms, processes, ticks)


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
    return _simulate(first, {"intervention": one, "counterfactual": other}, processes, None)


def years_to_live(ready: Setting, seeds: int) -> int:
    """How many years a run lives in all: the comparison, the baseline, and each of two arms."""
    return seeds * (len(ready.calendar) + ready.region.baseline_years + 2 * ready.years)


def identity(scenario: Scenario) -> str:
    """Hash of everything that decides the results: config, code and tables."""
    return scenario_hash(scenario, code_hash())


def _simulate(scenario: Scenario, arms: Arms, processes: int | None, ticks: Path | None) -> Results:
    began = time.perf_counter()
    found = live(arms, scenario.seeds, processes, ticks)
    ready = arms["intervention"]
    names = sorted({name for lines in found for name in lines})
    first = ready.region.start_year
    results = Results(
        experiment=scenario.experiment,
        seeds=scenario.seeds,
        first_year=first,
        last_year=first + ready.years - 1,
        sectors=ready.contract.sectors,
        insurers=tuple(ready.region.insurers),
        tables={n: pd.DataFrame([row for lines in found for row in lines[n]]) for n in names},
        config=scenario.config,
        manifest={
            "run": identity(scenario),
            "overrides": list(scenario.overrides),
            "versions": {"python": platform.python_version()}
            | {package: version(package) for package in PACKAGES},
            "wall_seconds": round(time.perf_counter() - began, 2),
            "peak_memory_bytes": _peak_memory(),
        },
    )
    return beside_truth(results)


def live(
    arms: Arms, seeds: Sequence[int], processes: int | None, ticks: Path | None = None
) -> list[Lines]:
    """Let every seed live through all arms; lines of all tables, one entry a seed, in order."""
    cores = processes or len(os.sched_getaffinity(0))
    tasks = (delayed(live_seed)(arms, seed, ticks) for seed in seeds)
    found: list[Lines] = Parallel(n_jobs=max(1, min(cores, len(seeds))))(tasks)
    return found


def live_seed(arms: Arms, seed: int, ticks: Path | None = None) -> Lines:
    """One seed: the comparison and the years before the start once, then every arm."""
    ready = next(iter(arms.values()))
    price = prices(ready, seed)
    past = residents(ready, seed, price)
    comparison = live_elsewhere(ready, seed, past.people.n, price, ticks)
    baseline = live_before(past, ready, comparison, ticks)
    lines: Lines = {"population": list(comparison.yearbook.lines["population"])}
    for arm, own in arms.items():
        region = Region(own, arm, seed, past.branch(), comparison, baseline, ticks)
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
    """Draw the residents and give them their practices."""
    people = cohort.draw(
        ready.home,
        ready.population.size,
        ready.region.baseline_years,
        ready.first_month,
        ready.country.reference,
        ready.country.diseases,
        seed,
    )
    panels(people, ready.network)
    people.group[:] = people.insurer
    people.tally.groups = len(ready.region.insurers)
    return ready.life(people, ready.home, price)


def _peak_memory() -> int:
    """Largest resident memory of this process and of any of its workers, bytes."""
    scale = 1 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who) * scale
