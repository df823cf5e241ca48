"""The populations that are compared: how each is set up, and how a part of it lives.

Nobody moves or changes insurer and nobody is invited; births and deaths are the country's. For a
place without a life table of its own one factor on the country's is fitted, in the program, to
the place's life expectancy at birth.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.optimize import brentq

from experiments.validation.mortality import CLASSES, life_expectancy
from experiments.validation.survey import Homes
from experiments.validation.target import Lived
from sim.observation import Observation, Watch
from sim.observer import Observer
from sim.people import cohort
from sim.people.population import SECTORS
from sim.quantity import Refusal, quantities, refusal_from, values
from sim.scenario import CONF, compose
from sim.setting import Setting, setting

BASELINE = 2  # years before the contract of the scenario that lends its settings


class Run(BaseModel):
    """A population and the years it lives, as conf/validation.yaml describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    population: str
    share: float = Field(gt=0)
    overrides: tuple[str, ...]
    table: str
    table_year: int
    first_year: int
    years: int = Field(ge=1)
    hazards: tuple[int, ...]
    life_expectancy: tuple[float, float] | None = None
    answers: tuple[str, ...] = ()

    @property
    def lived(self) -> range:
        """Calendar years that it lives."""
        return range(self.first_year, self.first_year + self.years)


class Plan(BaseModel):
    """All that is simulated: conf/validation.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    persons: int = Field(gt=0)
    fewest: int = Field(gt=0)
    batch: int = Field(gt=0)
    fewest_batches: int = Field(ge=2)
    overrides: tuple[str, ...]
    runs: dict[str, Run]
    homes: dict[str, float]
    preventable_share: float = Field(gt=0, le=1)


@dataclass(frozen=True)
class Place:
    """A run made ready: its setting and level of mortality, and in how many parts it lives."""

    name: str
    run: Run
    setting: Setting
    level: float
    home: cohort.Place
    homes: Homes
    preventable: float
    parts: int
    persons: int


def plan() -> Plan:
    """Read conf/validation.yaml; its quantities are checked like all others."""
    raw = yaml.safe_load((CONF / "validation.yaml").read_text("utf-8"))
    quantities(raw)
    try:
        return Plan.model_validate(values(raw))
    except ValidationError as error:
        raise refusal_from(error, "validation", list(Plan.model_fields)) from error


def place(what: Plan, name: str, given: Sequence[str]) -> Place:
    """Set up a run under what the user gave on the command line."""
    run = what.runs[name]
    terms = (
        *what.overrides,
        *run.overrides,
        f"region.population_table={run.table}",
        f"region.population_table_year={run.table_year}",
        f"region.start_year={run.first_year + BASELINE}",
        f"region.baseline_years={BASELINE}",
        f"horizon.years={max(run.years - BASELINE, 1)}",
        f"population.size={what.persons}",
    )
    scenario = compose([*terms, *given])
    ready = setting(scenario)
    level = fitted(ready, run.life_expectancy) if run.life_expectancy else 1.0
    ready = replace(ready, region=ready.region.model_copy(update={"mortality_level": level}))
    nobody = np.zeros_like(ready.home.leaving)
    years = np.array(ready.calendar) - ready.population.table_year
    carried = np.exp(ready.population.trends.mortality * years)[:, None, None]
    home = replace(
        ready.home,
        leaving=nobody,
        arriving=nobody,
        mortality=ready.country.mortality * carried * level,
    )
    persons = max(round(ready.population.size * run.share), what.fewest)
    parts = max(math.ceil(persons / what.batch), what.fewest_batches)
    return Place(
        name,
        run,
        ready,
        level,
        home,
        Homes.read(what.homes),
        what.preventable_share,
        parts,
        math.ceil(persons / parts),
    )


def fitted(ready: Setting, published: tuple[float, float]) -> float:
    """Level factor on all deaths at which both sexes' life expectancy together is as published."""

    def beyond(level: float) -> float:
        found = life_expectancies(ready, level)
        return float(sum(found) - sum(published))

    try:
        return float(brentq(beyond, 0.3, 3.0, xtol=1e-6))
    except ValueError:
        raise Refusal(
            f"no level of mortality between 0.3 and 3 gives a life expectancy of {published[0]} "
            f"and {published[1]} years; correct life_expectancy in conf/validation.yaml"
        ) from None


def life_expectancies(ready: Setting, level: float) -> tuple[float, float]:
    """Life expectancy at birth of men and women under a level of mortality."""
    hazard = ready.country.mortality * level
    return life_expectancy(hazard[0]), life_expectancy(hazard[1])


def observe(here: Place, part: int, panels: Sequence[int], dying: Sequence[int]) -> Observation:
    """Let one part of a run live, with luck of its own."""
    ready, run = here.setting, here.run
    people = cohort.draw(
        here.home,
        here.persons,
        0,
        ready.first_month,
        ready.country.reference,
        ready.country.diseases,
        part + 1,
    )
    same = np.ones((1 + ready.population.comparison_regions, len(SECTORS)))
    life = ready.life(people, here.home, dict.fromkeys(ready.calendar, same))
    watch = Watch(panels=panels, hazards=run.hazards, dying=dying, classes=CLASSES)
    return Observer(life, watch).live(run.years)


def lived(here: Place, seen: Observation) -> Lived:
    """Put what was seen beside what it was set to."""
    return Lived(seen, here.setting, here.homes, table(here), here.preventable)


def table(here: Place) -> NDArray[np.float64]:
    """Published hazard of death at the place's level, of the year of the tables, [2, 101]."""
    hazard: NDArray[np.float64] = here.setting.country.mortality * here.level
    return hazard


def run_of(runs: Mapping[str, Run], population: str, quantity: str, year: int) -> str:
    """Name the run in which a target is read."""
    ours: dict[str, Any] = {n: run for n, run in runs.items() if run.population == population}
    if not ours:
        raise Refusal(
            f"conf/tables/validation_targets.csv has targets of {population!r}, but no run of "
            "conf/validation.yaml is of that population; add one"
        )
    for name, run in ours.items():
        if quantity in run.answers:
            return name

    def away(name: str) -> tuple[int, int]:
        years = ours[name].lived
        distance = max(years[0] - year, year - years[-1], 0)
        return distance, list(ours).index(name)

    return min(ours, key=away)
