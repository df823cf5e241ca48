"""The reference population: published rates come out, impossible tables are refused."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim import tables
from sim.people import country, processes
from sim.people.country import Country
from sim.people.diseases import Disease, has
from sim.people.factors import AGES, FRAILTIES, INTENSITIES
from sim.people.morbidity import Morbidity
from sim.people.population import RUNNING, Population
from sim.people.reference import FIFTHS, Reference, Targets, _incidence, _solve_age, solve
from sim.quantity import Refusal
from sim.scenario import Scenario
from tests.people.villages import scenario

FEW = ("diabetes", "depression", "coronary_heart_disease", "infarction", "smoking", "stroke")
SIZE, LIVES = 2 * FIFTHS * FRAILTIES * INTENSITIES, 256  # all classes equally often
CELLS = [(sex, age) for sex in (0, 1) for age in range(40, 95, 5)]
OLD = slice(40, 90)  # ages at which there are both enough ill and enough alive


@pytest.fixture(scope="module")
def chosen() -> Scenario:
    """A scenario with a reference population that is small, but big enough to be compared."""
    return scenario(f"population.reference_size={SIZE}", f"population.reference_lives={LIVES}")


def parts(chosen: Scenario) -> tuple[dict[str, Disease], dict[str, Any], Morbidity]:
    """Six diseases, at least one of each sort, without what they do to others."""
    raw = {name: only_about_few(chosen.values["diseases"][name]) for name in FEW}
    specs = {name: Disease.model_validate(one) for name, one in raw.items()}
    return specs, raw, Morbidity.model_validate(chosen.values["population"])


def only_about_few(disease: dict[str, Any]) -> dict[str, Any]:
    others = set(tables.table("prevalence")["condition"]) | {"recurrent_stroke", "hip_fracture"}
    return {
        key: {k: v for k, v in value.items() if k not in others - set(FEW)}
        if isinstance(value, dict)
        else value
        for key, value in disease.items()
    }


@pytest.fixture(scope="module")
def compiled(chosen: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Country:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return country.country(*parts(chosen), regions=1)


@pytest.fixture(scope="module")
def targets(chosen: Scenario, compiled: Country) -> Targets:
    return country._targets(parts(chosen)[2], parts(chosen)[0], compiled.factors)


def alive(compiled: Country, sex: int, age: int, reached: int) -> Population:
    """The lives kept at a birthday, `reached` years, with the rates of an age before the next.

    Everybody once with each intensity, so that luck with it is in no mean.
    """
    reference, factors = compiled.reference, compiled.factors
    n = FIFTHS * LIVES
    people = Population.empty(n * INTENSITIES, len(factors.processes), seed=1)
    of = np.tile(np.arange(n), INTENSITIES)
    people.sex[:] = sex
    people.fifth[:] = of // LIVES
    for column in ("state", "frailty", "recent"):
        people.columns[column][:] = getattr(reference, column)[sex, reached].ravel()[of]
    people.intensity[:] = np.arange(people.n) // n
    people.born[:] = -12 * age
    own = replace(factors, base=(reference.base / 12).astype(np.float32))
    processes.refresh(people, own, np.arange(people.n), 0)
    return people


def mean(compiled: Country, people: Population, values: Any, sex: int, reached: int) -> float:
    """Mean over lives kept: each fifth counts as many as are left of it."""
    surviving = compiled.reference.surviving[sex, reached]
    return float(np.average(values, weights=surviving[people.fifth]))


@dataclass(frozen=True)
class Year:
    """Mean rates of a whole year of age: of those who begin it and those who have lived it."""

    hazards: dict[str, float]
    sudden: float  # deaths at an onset or event, 1/person-year
    costs: dict[str, float]

    @property
    def death(self) -> float:
        """All deaths, 1/person-year."""
        return self.hazards["death"] + self.sudden


@pytest.fixture(scope="module")
def year(compiled: Country) -> Callable[[int, int], Year]:
    """Rates of a year of age, found once for each that is asked for."""
    return functools.cache(lambda sex, age: rates(compiled, sex, age))


def rates(compiled: Country, sex: int, age: int) -> Year:
    diseases, factors = compiled.diseases, compiled.factors
    hazards = {process.name: 0.0 for process in factors.processes}
    costs, sudden = dict.fromkeys(RUNNING, 0.0), 0.0
    for reached in (age, age + 1):  # half of the year is nearer to either
        people = alive(compiled, sex, age, reached)

        def of_all(values: Any, people: Population = people, reached: int = reached) -> float:
            return mean(compiled, people, values, sex, reached) * 12 / 2

        for slot, process in enumerate(factors.processes):
            hazard = people.hazard[slot].astype(float)
            if process.bit >= 0:
                hazard *= ~has(people, process.bit)
            hazards[process.name] += of_all(hazard)
            if process.name in diseases.specs:
                sudden += of_all(hazard) * diseases.fatality(process.name)[age]
        for place, account in enumerate(RUNNING):
            costs[account] += of_all(people.rate[place])
    return Year(hazards, sudden, costs)


def test_prevalence_of_the_solved_cohort_is_that_of_the_table(
    compiled: Country, targets: Targets
) -> None:
    weights = np.broadcast_to(compiled.reference.surviving[..., None], (2, AGES, FIFTHS, LIVES))
    for name, published in targets.prevalence.items():
        bit = np.uint32(compiled.factors.bits[name])
        ill = compiled.reference.state >> bit & 1
        share = np.average(ill, axis=(2, 3), weights=weights)
        spread = np.sqrt(published * (1 - published) / (FIFTHS * LIVES))
        missing = np.abs(share - published) - 4 * spread
        assert missing[:, :95].max() < 0.003, name
        assert_allclose(share[:, OLD].mean(axis=1), published[:, OLD].mean(axis=1), atol=0.005)


def test_the_solved_cohort_dies_as_the_life_table_says(
    targets: Targets, year: Callable[[int, int], Year]
) -> None:
    ratios = [year(*cell).death / targets.mortality[cell] for cell in CELLS]
    assert ratios == pytest.approx(np.ones(len(CELLS)), abs=0.04)
    assert np.mean(ratios) == pytest.approx(1, abs=0.01)


def test_events_and_admissions_are_as_frequent_as_published(
    targets: Targets, year: Callable[[int, int], Year]
) -> None:
    """An event makes the next likelier for some months: few had one lately, so single ages vary."""
    for name, published in targets.incidence.items():
        ratios = [year(*cell).hazards[name] / published[cell] for cell in CELLS]
        single = 0.08 if name in FEW else 0.04
        assert ratios == pytest.approx(np.ones(len(CELLS)), abs=single), name
        assert np.mean(ratios) == pytest.approx(1, abs=0.01), name


def test_running_costs_are_on_average_those_of_the_table(
    targets: Targets, year: Callable[[int, int], Year]
) -> None:
    """With what those who die other than suddenly cost more: it is part of the published mean."""
    for account, published in targets.running.items():
        if account in ("hospital", "qalys"):
            continue  # hospital cost comes with admissions; utility is that of the healthy
        ratios = []
        for cell in CELLS:
            cost = year(*cell).costs[account]
            if account in targets.dying:
                cost += year(*cell).hazards["death"] * targets.dying[account][cell]
            ratios.append(cost / published[cell])
        assert ratios == pytest.approx(np.ones(len(CELLS)), abs=0.04), account
        assert np.mean(ratios) == pytest.approx(1, abs=0.01), account


def test_what_grows_within_a_year_of_age_is_asked_for_less_at_the_birthday(
    compiled: Country, targets: Targets
) -> None:
    """Published is the rate of the whole year; sudden deaths are no more than their events are."""
    factors = replace(compiled.factors, base=compiled.factors.base.copy())
    people = alive(compiled, 0, 70, 70)
    people.born[:] = 0
    about = people, np.ones(people.n), replace(compiled.diseases, factors=factors), targets
    growing = {"other_admission": 1.1, "infarction": 1.2, "patient": 1.3}
    as_published, asked, living = (
        _solve_age(*about, growth, 0, 70)[0] for growth in ({}, growing, {"death": 1.1})
    )
    for name, growth in growing.items():
        place = factors.rates[name]
        assert asked[place] * growth == pytest.approx(as_published[place]), name
    place = factors.rates["avoidable_admission"]
    assert asked[place] == as_published[place]
    place = factors.rates["death"]
    assert 0 < living[place] < as_published[place] / 1.1


def test_the_frail_are_rarer_among_the_old_and_all_classes_are_born(compiled: Country) -> None:
    frailty = compiled.reference.frailty.astype(float)
    newborn = np.bincount(compiled.reference.frailty[:, 0].ravel(), minlength=FRAILTIES)
    assert (newborn == 2 * FIFTHS * LIVES / FRAILTIES).all()
    assert frailty[:, 50].mean() == pytest.approx(frailty[:, 0].mean(), abs=0.3)
    assert frailty[:, 95].mean() < frailty[:, 90].mean() < frailty[:, 0].mean() - 1


def test_the_ill_are_frailer_than_the_well(compiled: Country) -> None:
    bit = np.uint32(compiled.factors.bits["diabetes"])
    state, frailty = compiled.reference.state[:, 60], compiled.reference.frailty[:, 60]
    ill = state >> bit & 1 == 1
    assert frailty[ill].mean() > frailty[~ill].mean() + 0.5


def tiny(compiled: Country, targets: Targets, **changes: Any) -> Reference:
    """Solve a cohort just big enough to hold the frail and the robust of each fifth."""
    factors = replace(compiled.factors, base=compiled.factors.base.copy())
    diseases = replace(compiled.diseases, factors=factors)
    return solve(diseases, replace(targets, **changes), 16 * FIFTHS * FRAILTIES, 4)


def test_incidence_is_what_keeps_up_a_prevalence_against_death_and_recovery() -> None:
    flat = np.full(101, 0.1)
    about: dict[str, Any] = {"name": "copd", "prevalence": flat, "age": 50}
    nothing = {"excess": 0.0, "remission": 0.0, "brought": 0.0, "fatality": 0.0}

    def incidence(**changes: Any) -> float:
        return _incidence(**(about | nothing | changes))

    assert incidence() == 0
    assert incidence(excess=0.02) == pytest.approx(0.02 * 0.1)
    assert incidence(remission=0.3) == pytest.approx(0.3 * 0.1 / 0.9)
    assert incidence(remission=0.3, brought=0.01) == pytest.approx(0.3 * 0.1 / 0.9 - 0.01)
    assert incidence(remission=0.3, fatality=0.2) == pytest.approx(0.3 * 0.1 / 0.9 / 0.8)
    rising = np.linspace(0, 0.5, 101)
    assert incidence(prevalence=rising) == pytest.approx(0.005 / (1 - 0.2525))
    assert incidence(prevalence=rising, age=100) == 0
    with pytest.raises(Refusal, match=r"diseases\.copd: .*at age 50"):
        incidence(brought=0.01)


def steep(targets: Targets, name: str, age: int) -> dict[str, np.ndarray]:
    """Prevalences of which one falls by a half within a year."""
    curve = targets.prevalence[name].copy()
    curve[:, age + 1 :] *= 0.5
    return targets.prevalence | {name: curve}


def test_a_prevalence_that_falls_too_fast_is_refused_with_condition_and_age(
    compiled: Country, targets: Targets
) -> None:
    prevalence = steep(targets, "diabetes", 61)
    with pytest.raises(Refusal, match=r"diseases\.diabetes: .*at age 61 .*negative .*flatten"):
        tiny(compiled, targets, prevalence=prevalence)


def test_what_heals_may_become_rarer_with_age(compiled: Country, targets: Targets) -> None:
    curve = targets.prevalence["depression"].copy()
    curve[:, 62:] *= 0.9
    solved = tiny(compiled, targets, prevalence=targets.prevalence | {"depression": curve})
    line = solved.base[0, :, compiled.factors.rates["depression"]]
    assert 0 < line[61] < line[60]


def test_more_sudden_deaths_than_the_life_table_has_are_refused(
    compiled: Country, targets: Targets
) -> None:
    with pytest.raises(Refusal, match=r"sudden deaths at age \d+ already exceed the life table"):
        tiny(compiled, targets, mortality=targets.mortality * 1e-3)


def test_the_same_inputs_give_the_same_bits(compiled: Country, targets: Targets) -> None:
    one, other = tiny(compiled, targets), tiny(compiled, targets)
    assert (one.base == other.base).all()
    assert (one.state == other.state).all()
