"""Every key of conf changes something, or says that it does not and why; nothing selected idles.

A key is shown alone: everything else stays, the key takes another value of its range, and what
follows must differ. So that no key waits for a rare case, the world is a lively one: practices
and patients join at once, programmes are full, savings are shared early. Three looks, the cheap
ones first: the lives of a village under the solved baselines of the lively world; the baselines
that would be solved; and the tables of a whole run, less the columns that only repeat a term.
"""

import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import run
from sim.comparison import live_elsewhere, prices
from sim.model import Region
from sim.people import country, processes, reference
from sim.people.factors import FRAILTIES
from sim.people.population import Population
from sim.people.reference import Reference, Targets
from sim.quantity import Refusal
from sim.scenario import Scenario, groups
from sim.setting import Setting, _setting, setting
from tests.keys import INERT, choices_of, inert, quantities_of
from tests.worlds import changed, everywhere, live_until, world

WHO_PEOPLE_ARE = ("diseases", "population", "region", "horizon", "seeds")
PANELS = {"network.physicians", "network.panel_sd_log"}  # decide who is whose patient
REPEATED = {
    "settlements": ["sharing_rate", "minimum_savings_rate", "paid_month"],
    "lenders": ["committed"],
}
ALL = tuple(
    f"{group}=[{','.join(choices)}]"
    for group, choices in groups().items()
    if group in ("diseases", "programmes")
)


@functools.cache
def lively(*overrides: str) -> Scenario:
    """A world in which everything that can happen does, soon and to many."""
    scenario = world(*ALL, "population.size=1500", "population.comparison=1500", *overrides)
    changes: dict[str, Any] = {
        "network.joining": 1.0,
        "network.membership": 2.0,
        "network.avoidable_admission_ratio": 0.5,
        "network.drug_cost_ratio": 0.3,
        "network.pay_per_member": 300.0,
        "contract.settlement_lag": 2.0,
    }
    if scenario.values["funding"]["instruments"]:
        changes["funding.instruments.0.amount"] = 30e6  # so that it can be serviced
    of_all = {"start_month": 2.0, "invitation": 4.0, "capacity": 12.0, "duration": 4.0}
    for key, value in of_all.items():
        changes |= everywhere(scenario, key, value)
    return changed(scenario, changes)


class Village:
    """The same people under other numbers: what differs, and where it is seen."""

    def __init__(self, scenario: Scenario, seed: int = 1) -> None:
        self.scenario = scenario
        self.seed = seed
        ready = setting(scenario)
        price = prices(ready, seed)
        self.past = run.residents(ready, seed, price)
        self.comparison = live_elsewhere(ready, seed, self.past.people.n, price)
        self.baseline = run.live_before(self.past, ready, self.comparison)
        self.seen = {look: look(self, ready) for look in LOOKS}

    def differs(self, changes: Mapping[str, Any]) -> bool:
        """Whether anything follows from these changes: a refusal, or another outcome."""
        group = next(iter(changes)).split(".")[0]
        try:
            ready = setting(changed(self.scenario, changes))
            looks = LOOKS[:-1] if group in WHO_PEOPLE_ARE else LOOKS[-1:]
            if PANELS & changes.keys():
                looks = (whole_run,)
            return any(look(self, ready) != self.seen[look] for look in looks)
        except Refusal:
            return True


def lives(village: Village, ready: Setting) -> str:
    """Eighteen months in the region before anything is done: states, luck left, and claims."""
    life = run.residents(ready, village.seed, prices(ready, village.seed))
    people, first = life.people, ready.first_month
    for month in range(first, first + 18):
        life.step(month)
        if month == first + 11:
            ledger, _ = life.close_year(month)
    processes.accrue(people, people.n, first + 18)
    columns = [*people.columns.values(), people.remaining, people.hazard, people.account]
    return _hash(*columns, people.occurrence, people.rate, ledger.cost, ledger.documented)


def baselines(village: Village, ready: Setting) -> str:
    """What would be solved at three ages, were the cohort then as it was solved."""
    diseases, lived = ready.country.diseases, ready.country.reference
    factors, targets = diseases.factors, TARGETS[id(diseases)]
    kept, lines = factors.base.copy(), []
    for sex, age in ((0, 20), (1, 50), (0, 80), (1, 80)):
        state = lived.state[sex, age]
        cohort = Population.empty(state.size, len(factors.processes), seed=1)
        cohort.columns["sex"][:] = sex
        cohort.columns["fifth"][:] = np.repeat(np.arange(len(state)), state.shape[1])
        cohort.columns["frailty"][:] = lived.frailty[sex, age].ravel()
        cohort.columns["intensity"][:] = np.arange(state.size) % FRAILTIES
        cohort.columns["state"][:] = state.ravel()
        weight = np.ones(cohort.n)
        lines.append(reference._solve_age(cohort, weight, diseases, targets, sex, age))
    factors.base[:] = kept
    return _hash(*lines)


def whole_run(village: Village, ready: Setting) -> str:
    """Everything, from the draw of the people to the last instalment."""
    return _tables(run.live_seed({"intervention": ready}, village.seed))


def same_people(village: Village, ready: Setting) -> str:
    """The contract years of the same people, and how much luck is left to them."""
    life = village.past.branch()
    region = Region(ready, "arm", village.seed, life, village.comparison, village.baseline)
    region.run()
    return _tables(region.tables()) + _hash(life.people.remaining)


LOOKS = (lives, baselines, whole_run, same_people)
TARGETS: dict[int, Targets] = {}


def _hash(*arrays: np.ndarray) -> str:
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


def _tables(lines: Mapping[str, list[dict[str, Any]]]) -> str:
    whole = hashlib.sha256()
    for name, rows in sorted(lines.items()):
        frame = pd.DataFrame(rows).drop(columns=REPEATED.get(name, []))
        whole.update(frame.to_csv().encode())
    return whole.hexdigest()


@pytest.fixture(scope="module", autouse=True)
def solved_once() -> Iterator[None]:
    """Solve the lively world's baselines once: all others live under the same."""
    real, solved = country._reference, []

    def same(diseases: Any, targets: Targets, raw: Any, morbidity: Any) -> Reference:
        TARGETS[id(diseases)] = targets
        if not solved:
            solved.append(real(diseases, targets, raw, morbidity))
        return solved[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(country, "_reference", same)
        _setting.cache_clear()
        yield
        _setting.cache_clear()


@functools.cache
def village(*overrides: str) -> Village:
    return Village(lively(*overrides))


def others(node: Mapping[str, Any]) -> list[float]:
    """Other values of a quantity: the ends of its range, the farther first, and one beyond.

    The one beyond is for numbers whose range is too narrow for so few people to show.
    """
    value, (low, high) = node["value"], node["range"]
    ends = sorted({low, high} - {value}, key=lambda end: -abs(end - value))
    beyond = value * 1.5 if low >= 0 else value - 0.1
    return [round(end) if isinstance(value, int) else end for end in (*ends, beyond)]


def idle(village: Village, node: Any, top: tuple[str, ...]) -> list[str]:
    """Quantities below `top` that were changed, each alone, and nothing followed."""
    found = []
    for path, quantity in quantities_of(node):
        low, high = quantity["range"]
        if path.split(".")[0] not in top or low == high or "inert" in quantity:
            continue
        if not any(village.differs({path: value}) for value in others(quantity)):
            found.append(path)
    return found


@pytest.mark.parametrize("group", sorted(groups()))
def test_every_quantity_changes_an_output_or_is_declared_inert(group: str) -> None:
    """Each choice of the group with everything else as it is by default."""
    one_of_many = group not in ("diseases", "programmes")
    for choice in groups()[group] if one_of_many else [None]:
        if group == "experiment":
            continue  # it only selects
        place = village(*([f"{group}={choice}"] if choice and choice not in DEFAULT else []))
        assert idle(place, place.scenario.config, (group,)) == [], choice


DEFAULT = set(lively().choices.values())
