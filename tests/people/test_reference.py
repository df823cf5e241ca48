"""The reference population: published rates come out, impossible tables are refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim import tables
from sim.people import country, processes
from sim.people.country import Country
from sim.people.diseases import Disease
from sim.people.factors import DEATH, FRAILTIES
from sim.people.morbidity import Morbidity
from sim.people.population import RUNNING, Population
from sim.people.reference import FIFTHS, Reference, Targets, _incidence, solve
from sim.quantity import Refusal
from sim.scenario import Scenario
from tests.people.villages import scenario

FEW = ("diabetes", "depression", "coronary_heart_disease", "infarction", "smoking", "stroke")
SIZE, LIVES = 6400, 256
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


def alive(compiled: Country, sex: int, age: int) -> Population:
    """The lives kept of one sex and age, every intensity once for each, with their rates."""
    reference, factors = compiled.reference, compiled.factors
    n = FIFTHS * LIVES
    people = Population.empty(n * FRAILTIES, len(factors.processes), seed=1)
    of = np.tile(np.arange(n), FRAILTIES)
    people.sex[:] = sex
    people.fifth[:] = of // LIVES
    people.state[:] = reference.state[sex, age].ravel()[of]
    people.frailty[:] = reference.frailty[sex, age].ravel()[of]
    people.intensity[:] = np.arange(people.n) // n
    people.born[:] = -12 * age
    own = replace(factors, base=(reference.base / 12).astype(np.float32))
    processes.refresh(people, own, np.arange(people.n), 0)
    return people


def test_prevalence_of_the_solved_cohort_is_that_of_the_table(
    compiled: Country, targets: Targets
) -> None:
    for name, published in targets.prevalence.items():
        bit = np.uint32(compiled.factors.bits[name])
        share = (compiled.reference.state >> bit & 1).mean(axis=(2, 3))
        spread = np.sqrt(published * (1 - published) / (FIFTHS * LIVES))
        missing = np.abs(share - published) - 4 * spread
        assert missing[:, :95].max() < 0.003, name
        assert_allclose(share[:, OLD].mean(axis=1), published[:, OLD].mean(axis=1), atol=0.005)


def test_the_solved_cohort_dies_as_the_life_table_says(compiled: Country, targets: Targets) -> None:
    diseases, factors = compiled.diseases, compiled.factors
    for sex in (0, 1):
        for age in range(40, 95, 6):
            people = alive(compiled, sex, age)
            dying = people.hazard[DEATH].astype(float)
            for name, spec in diseases.specs.items():
                at_once = people.hazard[factors.slot(name)] * diseases.fatality(name)[age]
                bit = np.uint32(factors.bits[name])
                well = people.state >> bit & 1 == 0
                dying += at_once if spec.kind == "event" else at_once * well
            assert dying.mean() * 12 == pytest.approx(targets.mortality[sex, age], rel=0.04)


def test_events_and_admissions_are_as_frequent_as_published(
    compiled: Country, targets: Targets
) -> None:
    for name, published in targets.incidence.items():
        slot = compiled.factors.slot(name)
        for sex, age in ((0, 50), (1, 70), (0, 85)):
            yearly = alive(compiled, sex, age).hazard[slot].mean() * 12
            assert yearly == pytest.approx(published[sex, age], rel=0.04), (name, sex, age)


def test_running_costs_are_on_average_those_of_the_table(
    compiled: Country, targets: Targets
) -> None:
    for account, published in targets.running.items():
        if account in ("hospital", "qalys"):
            continue  # hospital cost comes with admissions; utility is that of the healthy
        for sex, age in ((0, 30), (1, 60), (0, 80)):
            rate = alive(compiled, sex, age).rate[RUNNING.index(account)].mean() * 12
            assert rate == pytest.approx(published[sex, age], rel=0.05), (account, sex, age)


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
    """Solve a cohort just big enough to hold every class, with other targets."""
    factors = replace(compiled.factors, base=compiled.factors.base.copy())
    diseases = replace(compiled.diseases, factors=factors)
    return solve(diseases, replace(targets, **changes), 1280, 4)


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
