"""Every key of conf changes something, or says that it does not and why; nothing selected idles.

A key is shown alone: everything else stays, the key takes another value of its range, and what
follows must differ. So that no key waits for a rare case, the world is a lively one: practices
and patients join at once, programmes are full, savings are shared early. Three looks, the cheap
ones first: the lives of a village under the solved baselines of the lively world; the baselines
that would be solved; and the tables of a whole run, less the columns that only repeat a term.
"""

import functools
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import run
from sim.agents.integrator import Integrator
from sim.coherence import complaints
from sim.comparison import live_elsewhere, prices
from sim.model import Region
from sim.people import country, processes, reference
from sim.people.factors import FRAILTIES
from sim.people.population import Population
from sim.people.reference import Reference, Targets
from sim.quantity import Refusal
from sim.scenario import Scenario, groups
from sim.setting import Setting, _setting, setting
from tests.keys import INERT, choices_of, quantities_of
from tests.worlds import changed, everywhere, live_until, world

WHO_PEOPLE_ARE = ("diseases", "population", "region", "horizon", "seeds")
PANELS = {"region.physicians", "network.panel_sd_log"}  # decide who is whose patient
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
    few = ("population.size=1500", "population.comparison=1500", "generation=v4_0")
    scenario = world(*ALL, *few, *overrides)
    changes: dict[str, Any] = {
        "network.joining": 1.0,
        "network.membership": 2.0,
        "network.avoidable_admission_ratio": 0.5,
        "network.drug_cost_ratio": 0.3,
        "network.pay_per_member": 300.0,
        "contract.settlement_lag": 2.0,
        "contract.management_fee": 500.0,  # so that a loan can be serviced
        "contract.investment_fee": 50_000.0,
    }
    of_all = {"start_month": 2.0, "invitation": 4.0, "capacity": 12.0, "duration": 4.0}
    for key, value in of_all.items():
        changes |= everywhere(scenario, key, value)
    known = {path for path, _ in quantities_of(scenario.config)}
    return changed(scenario, {path: changes[path] for path in changes.keys() & known})


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
        scenario = changed(self.scenario, changes)
        if list(complaints(scenario.values)):
            return True
        try:
            ready = setting(scenario)
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


CHOSEN_TOGETHER = ("diseases", "programmes")
NEEDS = {"population=france": ("region.country=france",)} | {
    f"generation={early}": (
        "programmes=["
        + ",".join(sorted(set(groups()["programmes"]) - {"schools", "workplace_health"}))
        + "]",
    )
    for early in ("v1_0", "v2_0")
}
"""What a choice cannot be without: a population lives in a region of its own country, and a
programme in a generation that staffs one of its channels.

A cohort file, too, which is written before the tests and is no larger than the village.
"""
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
def cohort_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A cohort of all ages, of whom nothing more is known."""
    path = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    lines = [f"{i},{1905 + i % 99}-{i % 12 + 1:02d},{('fe' * (i % 2))}male" for i in range(1500)]
    path.write_text("\n".join(["pseudonym,born,sex", *lines]))
    NEEDS["population=file"] = (f"population.path={path}", "population.size=null")


@pytest.fixture(scope="module", autouse=True)
def solved_once() -> Iterator[None]:
    """Solve the lively world's baselines once: all others live under the same."""
    real, solved = country.solution, []

    def same(diseases: Any, targets: Targets, raw: Any, morbidity: Any) -> Reference:
        TARGETS[id(diseases)] = targets
        if not solved:
            solved.append(real(diseases, targets, raw, morbidity))
        return solved[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(country, "solution", same)
        _setting.cache_clear()
        yield
        _setting.cache_clear()


@functools.cache
def village(*overrides: str) -> Village:
    return Village(lively(*overrides))


def others(node: Mapping[str, Any]) -> list[float]:
    """Other values of a quantity: the ends of its range, the farther first, and two of our own.

    These are for a number whose range is too narrow, or too far, for so few people to show.
    """
    value, (low, high) = node["value"], node["range"]
    ends = sorted({low, high} - {value}, key=lambda end: -abs(end - value))
    tried = (*ends, value * 1.5 if low >= 0 else value - 0.1, value * 0.25)
    return [round(end) if isinstance(value, int) else end for end in tried]


def idle(village: Village, top: str, among: Collection[str] | None = None) -> list[str]:
    """Quantities below `top` that were changed, each alone, and nothing followed."""
    found = []
    for path, quantity in quantities_of(village.scenario.config[top], top):
        low, high = quantity["range"]
        if low == high or "inert" in quantity or (among is not None and path not in among):
            continue
        if not any(village.differs({path: value}) for value in others(quantity)):
            found.append(path)
    return found


@pytest.mark.parametrize("group", [name for name in groups() if name not in CHOSEN_TOGETHER])
def test_every_quantity_of_every_choice_changes_an_output_or_is_declared_inert(group: str) -> None:
    shown: set[str] = set()  # a key that acts in one choice acts in the others
    for choice in groups()[group]:
        default = lively().choices[group] == choice
        named = f"{group}={choice}"
        given = () if default else (named, *NEEDS.get(named, ()))
        config = lively(*given).config
        if group in config:  # an experiment only selects
            new = {path for path, _ in quantities_of(config[group], group)} - shown
            assert not new or idle(village(*given), group, new) == [], choice
            shown |= new


@pytest.mark.parametrize("group", CHOSEN_TOGETHER)
def test_every_quantity_of_diseases_and_programmes_changes_an_output(group: str) -> None:
    assert list(village().scenario.config[group]) == groups()[group]
    assert idle(village(), group) == []


def test_a_quantity_that_does_nothing_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same look at a world in which a term is never read, as a check of the check."""
    ignored = lambda terms, years: years  # noqa: E731
    monkeypatch.setattr("sim.contract.settlement.management_fee", lambda years, fee: 500 * years)
    monkeypatch.setattr(Integrator, "pass_on", ignored)
    blind = Village(lively())
    assert idle(blind, "contract") == ["contract.management_fee"]
    assert idle(blind, "generation") == ["generation.bonus_share"]


# Structural choices.

SHOWN_BELOW = {"population.reference_size", "population.reference_lives"}
TOGETHER: dict[str, list[dict[str, Any]]] = {
    "region.insurers": [{"region.insurers.aok.share": 0.5, "region.insurers.lkk.share": 0.5}],
    "region.deprivation": [{"region.deprivation": [0.1, 0.2, 0.3, 0.2, 0.2]}],
    "region.insured": [{"population.size": 1400}],  # which is region.insured unless set
    "region.comparison_table": [{"population.comparison_table": "germany"}],  # likewise
    "region.excludes": [{"region.excludes": ["quality_circles"]}],
    "population.structure_years": [
        {"population.structure_years": 0, "region.population_table_year": 2003}
    ],
    "population.comparison_ratio": [{"population.comparison": None}],
}
"""What a change of one key cannot show: shares of one whole, what another key hides."""

NAMES = {
    "hazard_ratio_by_age": ["falling", "pressure"],
    "case_fatality_by_age": ["falling", "pressure"],
    "population_table": ["germany_2004"],
    "comparison_table": ["ortenaukreis_2004"],
}


def alternatives(path: str, value: Any) -> list[Any]:
    """Other values of a plain choice, by its kind."""
    for word, names in NAMES.items():
        if word in path:
            return [name for name in names if name != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value * 2, value // 2, value + 1, value - 1]
    if isinstance(value, list):
        return [value[1:], ["diabetes"], ["smoking"]]
    return ["another"]


def test_every_structural_choice_changes_an_output_or_is_declared_inert() -> None:
    place, idling = village(), []
    for path, value in choices_of(place.scenario.config):
        together = [c for key, c in TOGETHER.items() if path.startswith(key)]
        tried = together[0] if together else [{path: v} for v in alternatives(path, value)]
        if path in INERT or path in SHOWN_BELOW:
            continue
        if not any(place.differs(changes) for changes in tried):
            idling.append(path)
    assert not idling, idling


def test_size_and_lives_of_the_reference_decide_the_people_that_come_of_it() -> None:
    """Solved, as all others here are not, with nothing to fall ill of, which is fast."""
    healthy = setting(world("diseases=[]", "programmes=[]"))
    diseases = healthy.country.diseases
    solved = [
        reference.solve(diseases, TARGETS[id(diseases)], size, lives)
        for size, lives in ((1280, 16), (1600, 16), (1280, 20))
    ]
    assert (solved[0].base != solved[1].base).any()
    assert solved[0].state.shape != solved[2].state.shape


# What is selected acts.


@pytest.mark.parametrize("name", groups()["diseases"])
def test_every_disease_that_is_switched_on_changes_an_outcome_beside_its_own(name: str) -> None:
    one, other = (_year(without) for without in (None, name))
    assert list(one) == list(other)
    own = [column for column in one if column.endswith(f"_{name}")]
    assert sum(one[column] for column in own) > sum(other[column] for column in own)
    assert any(one[column] != other[column] for column in one if column not in own)


def _year(without: str | None) -> dict[str, float]:
    """Outcomes of a year in a town, one disease taken from all and never coming of itself."""
    ready = setting(changed(lively(), {"population.size": 12_000}))
    life = run.residents(ready, 1, prices(ready, 1))
    people, factors = life.people, life.factors
    if without is not None:
        people.columns["state"] &= ~(np.uint32(1) << np.uint32(factors.bits[without]))
        solved = life.country.reference
        base = solved.base.copy()
        base[:, :, factors.rates[without]] = 0
        life.country = replace(life.country, reference=replace(solved, base=base))
        people.remaining[factors.slot(without)] = np.inf
    for month in range(ready.first_month, ready.first_month + 12):
        life.step(month)
    return {outcome: float(sums.sum()) for outcome, sums in life.close_year(month)[1].items()}


@pytest.mark.parametrize("name", groups()["programmes"])
def test_every_programme_that_is_switched_on_changes_an_outcome_of_people(name: str) -> None:
    ample = {f"programmes.{name}.capacity": 1e6, f"programmes.{name}.duration": 36.0}
    ready = setting(changed(lively(), ample))
    only = replace(ready, programmes={name: ready.programmes[name]})
    none = replace(ready, programmes={})
    place = village()
    with_it, without = (_people(place, arm) for arm in (only, none))
    assert (with_it != without).any(axis=None)


def _people(place: Village, ready: Setting) -> pd.DataFrame:
    life = place.past.branch()
    region = Region(ready, "arm", place.seed, life, place.comparison, place.baseline)
    live_until(region, 36)
    return pd.DataFrame(region.yearbook.lines["population"]).drop(columns="members")


@pytest.mark.parametrize("group", [name for name in groups() if len(groups()[name]) > 1])
def test_every_choice_of_a_group_gives_other_results(group: str) -> None:
    if group in CHOSEN_TOGETHER:
        return  # shown one by one above
    named = [f"{group}={choice}" for choice in groups()[group]]
    found = [whole_run(village(), setting(world(one, *NEEDS.get(one, ())))) for one in named]
    assert len(set(found)) == len(found)
