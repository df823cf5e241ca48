"""Every pair of region and generation runs, with all its components, on a few hundred people."""

import copy
import functools
from dataclasses import replace
from typing import Any

import pytest

from sim.quantity import values
from sim.run import simulate
from sim.scenario import Scenario, compose, groups

FEW = (
    "population.size=200",
    "population.comparison=200",
    "horizon.years=2",
    "seeds=[1]",
    "compute.processes=1",
)
REGIONS, GENERATIONS = groups()["region"], groups()["generation"]


@functools.cache
def composed(*overrides: str) -> Scenario:
    return compose((*FEW, *overrides))


def pair(region: str, generation: str) -> Scenario:
    """Compose a pair of its parts: Hydra takes seconds for each pair, and gives the same."""
    place = composed(f"region={region}")
    config: dict[str, Any] = copy.deepcopy(place.config)
    config["generation"] = composed(f"generation={generation}").config["generation"]
    choices = {**place.choices, "generation": generation}
    return replace(place, config=config, values=values(config), choices=choices)


@pytest.mark.parametrize(
    ("region", "generation"), [("saverne", "v2_0"), ("kinzigtal", "v4_0"), ("heringen", "v1_0")]
)
def test_a_pair_is_composed_of_its_parts(region: str, generation: str) -> None:
    whole, parts = (
        composed(f"region={region}", f"generation={generation}"),
        pair(region, generation),
    )
    assert (whole.config, whole.values) == (parts.config, parts.values)
    assert whole.choices == parts.choices


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("region", REGIONS)
def test_every_pair_of_region_and_generation_runs(region: str, generation: str) -> None:
    scenario = pair(region, generation)
    results = simulate(scenario)
    components = results.tables["components"]
    assert set(components["component"]) == set(scenario.values["generation"]["components"])
    assert (components["cost"] > 0).any()
    assert len(results.tables["settlements"]) == 2
    payers = {"insurers", *scenario.values["region"]["payers"]}
    assert set(results.tables["payers"]["payer"]) == payers
