"""Small worlds: scenarios of some thousand people whose numbers a test may change at will."""

import copy
import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from sim import run
from sim.comparison import kept, live_elsewhere, prices
from sim.model import Region
from sim.quantity import is_quantity, values
from sim.scenario import Scenario, compose
from sim.setting import Setting, setting

SMALL = (
    "population.size=2000",
    "population.comparison=2000",
    "horizon.years=3",
    "seeds=[1]",
    "compute.processes=1",
)


@functools.cache
def world(*overrides: str) -> Scenario:
    """Compose a small world: Kinzigtal with a few people, three years and one seed."""
    return compose((*SMALL, *overrides))


def changed(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return the scenario with other numbers, by dotted path, whatever their ranges say."""
    config = copy.deepcopy(scenario.config)
    for path, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        node: Any = config
        for part in parents:
            node = node[part]
        node[last] = {**node[last], "value": value} if is_quantity(node[last]) else value
    return replace(scenario, config=config, values=values(config))


def everywhere(scenario: Scenario, key: str, value: Any) -> dict[str, Any]:
    """Changes that give a number to all programmes."""
    return {f"programmes.{name}.{key}": value for name in scenario.config["programmes"]}


def arms_of(scenario: Scenario) -> dict[str, Setting]:
    """The two arms of a scenario, as `sim.run` makes them."""
    ready = setting(scenario)
    return {"intervention": ready, "counterfactual": ready.without_intervention()}


def regions(arms: Mapping[str, Setting], seed: int = 1) -> dict[str, Region]:
    """Regions of all arms at the eve of preparation, after the same history."""
    ready = next(iter(arms.values()))
    price = prices(ready, seed)
    past = run.residents(ready, seed, price)
    views = kept((own.agreement for own in arms.values()), ready.region.start_year)
    comparison = live_elsewhere(ready, seed, past.people.n, price, views=views)
    histories = run.live_before(past, ready, comparison)
    return {
        arm: Region(own, arm, seed, past.branch(), comparison, histories)
        for arm, own in arms.items()
    }


def live_until(region: Region, month: int) -> Region:
    """Let a region prepare and live until the end of a contract month; no run-off."""
    while region.month < 1:
        region.prepare()
    while region.month <= month:
        region.step()
    return region


def of_arm(table: pd.DataFrame, arm: str) -> pd.DataFrame:
    """The lines of an arm, without its name."""
    return table[table["arm"] == arm].drop(columns="arm").reset_index(drop=True)
