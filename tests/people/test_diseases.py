"""Who falls ill, worsens and recovers: what an onset, an event and a remission do to a person."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.people import processes
from sim.people.country import frailty_classes
from sim.people.diseases import Diseases, has
from sim.people.factors import DEATH, FRAILTIES, LEAVING
from sim.people.life import Life
from sim.people.population import NEVER, Population
from sim.people.processes import Due
from sim.setting import Setting
from tests.people.villages import bare, settled

MONTH = 7
AS_PUBLISHED = np.ones(11)  # case fatality in every region


@pytest.fixture(scope="module")
def life(ready: Setting) -> Life:
    """A village whose tables are set for the first year; its people are not used."""
    life = settled(ready, 10)
    life.begin(ready.first_month)
    return life


@pytest.fixture
def diseases(ready: Setting) -> Diseases:
    """The diseases, made harmless: nobody dies at once of any of them."""
    return but(ready.country.diseases, **{name: {} for name in ready.country.diseases.specs})


def but(diseases: Diseases, **changes: dict[str, Any]) -> Diseases:
    """Return the diseases with other numbers; those changed do not kill unless they say so."""
    specs = dict(diseases.specs)
    for name, change in changes.items():
        specs[name] = specs[name].model_copy(update={"case_fatality": 0.0} | change)
    return replace(diseases, specs=specs)


def due(diseases: Diseases, *pairs: tuple[str, int]) -> Due:
    slots = [diseases.factors.slot(name) for name, _ in pairs]
    rows = [row for _, row in pairs]
    return Due(np.array(slots, np.int64), np.array(rows, np.int64), np.empty(0, np.int64))


def ill(people: Population, diseases: Diseases, name: str) -> list[bool]:
    found: list[bool] = has(people, diseases.factors.bits[name]).tolist()
    return found


def counted(people: Population) -> dict[str, float]:
    return {name: float(value.sum()) for name, value in people.tally.sums.items() if value.sum()}


def test_an_onset_begins_a_state_that_lasts(life: Life, diseases: Diseases) -> None:
    people = bare(life, 3)
    changed = diseases.react(people, due(diseases, ("diabetes", 1)), MONTH, AS_PUBLISHED)
    assert ill(people, diseases, "diabetes") == [False, True, False]
    assert set(changed.tolist()) == {1}
    assert np.isinf(people.remaining[diseases.factors.slot("diabetes"), 1])
    assert counted(people) == {"onset_diabetes": 1}


def test_a_remission_ends_it_and_the_next_time_has_luck_of_its_own(
    life: Life, diseases: Diseases
) -> None:
    people = bare(life, 2)
    slot = diseases.factors.slot("depression")
    left = []
    for turn in range(4):
        diseases.react(people, due(diseases, ("depression", 0)), MONTH + turn, AS_PUBLISHED)
        assert ill(people, diseases, "depression") == [turn % 2 == 0, False]
        left.append(float(people.remaining[slot, 0]))
    assert len(set(left)) == 4
    assert left == [
        float(people.threshold(np.array([0]), way, "depression", occurrence=times)[0])
        for way, times in (("remission", 1), ("onset", 1), ("remission", 2), ("onset", 2))
    ]
    assert counted(people) == {"onset_depression": 2, "remission_depression": 2}


def test_an_event_brings_its_condition_to_those_who_do_not_have_it(
    life: Life, diseases: Diseases
) -> None:
    people = bare(life, 3)
    people.state[1] = np.uint32(1 << diseases.factors.bits["coronary_heart_disease"])
    diseases.react(people, due(diseases, ("infarction", 0), ("infarction", 1)), MONTH, AS_PUBLISHED)
    assert ill(people, diseases, "coronary_heart_disease") == [True, True, False]
    found = counted(people)
    assert (found["event_infarction"], found["onset_coronary_heart_disease"]) == (2, 1)
    slot = diseases.factors.slot("infarction")
    assert np.isfinite(people.remaining[slot, :2]).all()  # it may come again
    assert people.occurrence[slot].tolist() == [1, 1, 0]


def test_what_kills_always_kills_everybody_once(life: Life, diseases: Diseases) -> None:
    deadly = but(diseases, infarction={"case_fatality": 1.0}, stroke={"case_fatality": 1.0})
    people = bare(life, 3)
    deadly.react(
        people, due(deadly, ("infarction", 0), ("stroke", 0), ("stroke", 2)), MONTH, AS_PUBLISHED
    )
    assert people.left.tolist() == [MONTH + 1, NEVER, MONTH + 1]
    assert people.died.tolist() == [True, False, True]
    assert counted(people)["deaths"] == 2
    assert counted(people)["onset_stroke"] == 2


def test_who_dies_at_once_is_as_many_as_the_share_says(life: Life, diseases: Diseases) -> None:
    n = 20_000
    people = bare(life, n, born=MONTH - 12 * 65)
    risky = but(diseases, hip_fracture={"case_fatality": 0.1})
    risky.react(
        people, due(risky, *(("hip_fracture", row) for row in range(n))), MONTH, AS_PUBLISHED
    )
    share = risky.fatality("hip_fracture")[65]
    assert people.died.mean() == pytest.approx(share, abs=4 * np.sqrt(share / n))
    again = people.died.copy()
    people = bare(life, n, born=MONTH - 12 * 65)
    worse = but(diseases, hip_fracture={"case_fatality": 0.2})
    worse.react(
        people, due(worse, *(("hip_fracture", row) for row in range(n))), MONTH, AS_PUBLISHED
    )
    assert (people.died >= again).all()  # the same luck
    assert people.died.sum() > again.sum()


def test_fatality_is_a_chance_at_every_age(diseases: Diseases) -> None:
    sure = but(diseases, stroke={"case_fatality": 0.9})
    assert (sure.fatality("stroke") <= 1).all()
    shape = sure.shapes["stroke_case_fatality"]
    assert_allclose(sure.fatality("stroke")[65], 0.9 * shape[65])
    assert (sure.fatality("stroke")[shape > 1.2] == 1).all()


def test_who_died_or_left_earlier_in_the_month_has_no_onset(life: Life, diseases: Diseases) -> None:
    people = bare(life, 3)
    people.leave(np.array([0]), MONTH)
    changed = diseases.react(
        people, due(diseases, ("diabetes", 0), ("diabetes", 2)), MONTH, AS_PUBLISHED
    )
    assert ill(people, diseases, "diabetes") == [False, False, True]
    assert changed.tolist() == [2]
    assert people.occurrence[:, 0].sum() == 0


def test_onsets_of_different_kinds_in_one_month_all_count(life: Life, diseases: Diseases) -> None:
    people = bare(life, 1)
    diseases.react(
        people,
        due(diseases, ("diabetes", 0), ("copd", 0), ("hip_fracture", 0)),
        MONTH,
        AS_PUBLISHED,
    )
    found = counted(people)
    assert {"onset_diabetes", "onset_copd", "event_hip_fracture"} <= set(found)


def test_an_admission_that_an_onset_brings_is_paid_at_once(life: Life, diseases: Diseases) -> None:
    dear = but(diseases, stroke={"admission_cost": 6500.0}, diabetes={"admission_cost": 0.0})
    people = bare(life, 2)
    dear.react(people, due(dear, ("stroke", 0), ("diabetes", 1)), MONTH, AS_PUBLISHED)
    assert people.account[0].tolist() == [6500, 0]
    assert counted(people)["admissions"] == 1


def test_the_first_months_last_as_long_as_said(life: Life, diseases: Diseases) -> None:
    fresh = but(diseases, stroke={"recent_months": 3})
    bit = 1 << fresh.factors.bits["stroke"]
    people = bare(life, 1)
    nothing = due(fresh)
    fresh.react(people, due(fresh, ("stroke", 0)), MONTH, AS_PUBLISHED)
    recent = []
    for month in range(MONTH + 1, MONTH + 6):
        recent.append(int(people.recent[0]))  # what holds for the rates of this month
        changed = fresh.react(people, nothing, month, AS_PUBLISHED)
        assert changed.tolist() == ([0] if month == MONTH + 3 else [])
    assert recent == [bit, bit, bit, 0, 0]
    assert ill(people, fresh, "stroke") == [True]


def test_who_is_struck_again_has_first_months_again(life: Life, diseases: Diseases) -> None:
    fresh = but(diseases, infarction={"recent_months": 3}, stroke={"recent_months": 4})
    bit = 1 << fresh.factors.bits["infarction"]
    people = bare(life, 2)
    fresh.react(people, due(fresh, ("infarction", 0), ("infarction", 1)), MONTH, AS_PUBLISHED)
    fresh.react(people, due(fresh, ("infarction", 0), ("stroke", 1)), MONTH + 2, AS_PUBLISHED)
    recent = []
    for month in range(MONTH + 3, MONTH + 7):
        recent.append((people.recent & np.uint32(bit)).astype(bool).tolist())
        fresh.react(people, due(fresh), month, AS_PUBLISHED)
    assert recent == [[True, True], [True, False], [True, False], [False, False]]


def test_a_diagnosis_is_seen_by_as_many_as_the_share_says(life: Life, diseases: Diseases) -> None:
    bit = diseases.factors.bits["copd"]
    seen = []
    for share in (0.0, 0.4, 0.8, 1.0):
        coded = but(diseases, copd={"documented_share": share})
        people = bare(life, 2000)
        coded.react(
            people, due(coded, *(("copd", row) for row in range(1000))), MONTH, AS_PUBLISHED
        )
        assert (people.documented[1000:] == 0).all()
        seen.append((people.documented[:1000] >> np.uint32(bit) & 1).astype(bool))
    assert [part.mean() for part in seen] == pytest.approx([0, 0.4, 0.8, 1], abs=0.06)
    assert all((more >= less).all() for less, more in pairwise(seen))


def test_better_documentation_makes_nobody_ill_and_forgets_nobody(
    life: Life, diseases: Diseases
) -> None:
    people = bare(life, 1000, state=np.uint32(1 << diseases.factors.bits["copd"]))
    diseases.document(people, np.arange(1000))
    before, state = people.documented.copy(), people.state.copy()
    diseases.document(people, np.arange(500), np.where(np.arange(500) < 250, 0.3, 0.0))
    assert (people.state == state).all()
    assert (people.documented & before == before).all()
    new = people.documented != before
    assert new[:250].any()
    assert not new[250:].any()


def test_what_was_documented_stays_when_the_condition_has_gone(
    life: Life, diseases: Diseases
) -> None:
    sure = but(diseases, depression={"documented_share": 1.0})
    people = bare(life, 1)
    for month in (MONTH, MONTH + 1):
        sure.react(people, due(sure, ("depression", 0)), month, AS_PUBLISHED)
    assert ill(people, sure, "depression") == [False]
    assert people.documented[0] == 1 << sure.factors.bits["depression"]


def test_ratios_are_in_the_table_at_the_age_they_are_said_to_hold(ready: Setting) -> None:
    diseases, at = ready.country.diseases, ready.country.factors.rates
    for name, spec in diseases.specs.items():
        line = ready.country.factors.by_state[ready.country.factors.bits[name]]
        for process, ratio in spec.hazard_ratio_of.items():
            assert_allclose(line[65, at[process]], ratio, rtol=1e-5)
        for process, ratio in spec.remission_ratio_of.items():
            assert_allclose(line[:, at[f"{process}.remission"]], ratio, rtol=1e-5)
        for sector, ratio in spec.cost_ratio_of.items():
            assert_allclose(line[:, at[sector]], ratio, rtol=1e-5)
        assert_allclose(line[:, at["qalys"]], 1 - spec.utility_decrement, rtol=1e-5)
        untouched = set(at) - set(spec.hazard_ratio_of) - set(spec.cost_ratio_of) - {"qalys"}
        untouched -= {f"{process}.remission" for process in spec.remission_ratio_of}
        assert (line[:, [at[rate] for rate in untouched]] == 1).all()


def test_first_months_multiply_on_top(ready: Setting, life: Life) -> None:
    factors, spec = life.factors, ready.country.diseases.specs["stroke"]
    bit = np.uint32(1 << factors.bits["stroke"])
    people = bare(life, 2, state=bit)
    people.recent[1] = bit
    processes.refresh(people, factors, np.arange(2), 1)
    ratio = people.hazard[DEATH, 1] / people.hazard[DEATH, 0]
    assert ratio == pytest.approx(spec.recent_hazard_ratio_of["death"], rel=1e-5)


def test_the_frail_die_sooner_and_frailty_is_one_on_average(ready: Setting, life: Life) -> None:
    terms, factors = ready.population, life.factors
    classes = frailty_classes(terms.frailty_variance)
    assert classes.mean() == pytest.approx(1)
    assert classes.var() == pytest.approx(terms.frailty_variance, rel=0.15)
    people = bare(life, FRAILTIES, frailty=np.arange(FRAILTIES))
    processes.refresh(people, factors, np.arange(FRAILTIES), 1)
    ratio = people.hazard[DEATH] / people.hazard[DEATH, 0]
    assert_allclose(ratio, (classes / classes[0]) ** terms.frailty_power.death, rtol=1e-5)
    assert (np.diff(people.hazard[factors.slot("other_admission")]) > 0).all()
    leaving = people.hazard[LEAVING]
    assert leaving[0] > 0
    assert (leaving == leaving[0]).all()


def test_the_most_deprived_fifth_bears_the_published_ratio(ready: Setting, life: Life) -> None:
    people = bare(life, 5, fifth=np.arange(5))
    processes.refresh(people, life.factors, np.arange(5), 1)
    for name, ratio in ready.population.deprivation_gradient.items():
        hazard = people.hazard[life.factors.slot(name)]
        assert hazard[4] / hazard[0] == pytest.approx(ratio, rel=1e-5), name
