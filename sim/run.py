"""The arms, the same luck, many seeds, one folder."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from joblib import Parallel, delayed

from sim.comparison import live_elsewhere, prices
from sim.contract.ledger import cost
from sim.contract.risk_adjustment import total_allocation
from sim.model import Baseline, Region
from sim.people import cohort
from sim.people.life import Life
from sim.results import Results
from sim.scenario import Scenario
from sim.setting import Setting, setting

Lines = dict[str, list[dict[str, Any]]]
Arms = Mapping[str, Setting]

PACKAGES = ("mesa", "numpy", "numba", "pandas", "scipy", "pydantic", "hydra-core", "pyarrow")


def simulate(
    scenario: Scenario,
    processes: int | None = 1,
    progress: Callable[[int], None] | None = None,
) -> Results:
    """Simulate a scenario with and without the intervention, seed by seed.

    Parameters
    ----------
    processes
        Over how many processes the seeds are spread; None one a core. The answer is the same.
    progress
        Called with each seed as it is done.
    """
    ready = setting(scenario)
    arms = {"intervention": ready, "counterfactual": ready.without_intervention()}
    return _results(scenario, ready, live(arms, scenario.seeds, processes, progress))


def compare(first: Scenario, second: Scenario, processes: int | None = 1) -> Results:
    """Simulate two scenarios on the same people and the same luck: `first` as intervention.

    They may differ in programmes, network, contract, funding and generation; what decides who
    the people are must be the same.
    """
    one, other = setting(first), setting(second)
    if (one.population, one.region, one.years) != (other.population, other.region, other.years):
        from sim.quantity import Refusal

        raise Refusal(
            "compare: the two scenarios differ in region, population or horizon, so they are "
            "not about the same people; let them differ in programmes, network, contract, "
            "funding or generation only"
        )
    arms = {"intervention": one, "counterfactual": other}
    return _results(first, one, live(arms, first.seeds, processes, None))


def live(
    arms: Arms,
    seeds: tuple[int, ...],
    processes: int | None,
    progress: Callable[[int], None] | None,
) -> list[Lines]:
    """Let every seed live through all arms; lines of all tables, one entry a seed, in order."""
    jobs = len(seeds) if processes is None else processes
    workers = min(jobs, len(seeds))
    tasks = (delayed(live_seed)(arms, seed) for seed in seeds)
    parallel = Parallel(n_jobs=-1 if processes is None else workers, return_as="generator")
    found = []
    for seed, lines in zip(seeds, parallel(tasks), strict=True):
        found.append(lines)
        if progress is not None:
            progress(seed)
    return found


def live_seed(arms: Arms, seed: int) -> Lines:
    """One seed: the comparison and the years before the start once, then every arm."""
    ready = next(iter(arms.values()))
    price = prices(ready, seed)
    people = cohort.draw(
        ready.home,
        ready.population.size,
        ready.region.baseline_years,
        ready.first_month,
        ready.country.reference,
        ready.country.diseases,
        seed,
    )
    from sim.agents.physician import panels

    panels(people, ready.network)
    people.group[:] = people.insurer
    people.tally.groups = len(ready.region.insurers)
    comparison = live_elsewhere(ready, seed, people.n, price)
    start = ready.region.start_year
    past = Life(people, ready.country, ready.home, ready.factors(), ready.trend(), price, start)
    factors = past.factors
    factors.by_physician = factors.ones(ready.network.physicians + 1)
    costs, allocations = [], []
    for month in range(ready.first_month, 1):
        if month % 12 == 1:
            past.begin(month)
        past.live(month)
        if month % 12 == 0:
            ledger, _ = past.close_year(month)
            costs.append(cost(ledger, ready.contract.sectors))
            norm = comparison.norms[past.year_of(month)]
            allocations.append(total_allocation(norm, ledger))
    baseline = Baseline(tuple(costs), tuple(allocations))
    lines: Lines = {"population": list(comparison.yearbook.lines["population"])}
    for arm, own in arms.items():
        life = Life(
            people.copy(),
            own.country,
            own.home,
            own.factors(),
            own.trend(),
            price,
            start,
            past.changed,
        )
        region = Region(own, arm, seed, life, comparison, baseline)
        region.run()
        for table, rows in region.tables().items():
            lines.setdefault(table, []).extend(rows)
    return lines


def _results(scenario: Scenario, ready: Setting, found: list[Lines]) -> Results:
    names = sorted({name for lines in found for name in lines})
    tables = {
        name: pd.DataFrame([row for lines in found for row in lines.get(name, [])])
        for name in names
    }
    first = ready.region.start_year
    return Results(
        experiment=scenario.experiment,
        seeds=scenario.seeds,
        first_year=first,
        last_year=first + ready.years - 1,
        sectors=ready.contract.sectors,
        insurers=tuple(ready.region.insurers),
        tables=tables,
        config=scenario.config,
        manifest={},
    )
