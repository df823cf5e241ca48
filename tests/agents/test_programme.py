"""A programme: whom it invites, how many places it has, what it does and what it costs."""

from typing import Any

import mesa
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sim.agents.programme import Programme, ProgrammeTerms
from sim.eligibility import Eligibility
from sim.people.factors import Factors
from sim.people.population import NEVER, Population

TERMS: dict[str, Any] = {
    "label": "Course",
    "evidence": "none",
    "eligibility": Eligibility(),
    "channels": ("physician",),
    "start_month": 5,
    "invitation": 1200.0,  # everybody at once
    "uptake": 1.0,
    "capacity": 10,
    "duration": 6,
    "attrition": 0.0,
    "adherence": 0.5,
    "ramp": 4.0,
    "waning": 2.0,
    "hazard_ratio_of": {"death": 0.8, "diabetes": 0.5},
    "remission_ratio_of": {"smoking": 2.0},
    "cost_ratio_of": {"drugs": 1.1},
    "fixed_cost": 1200.0,
    "participant_cost": 30.0,
}
FULL = np.ones(60, np.float32)


@pytest.fixture
def people() -> Population:
    """Sixty persons aged 1 to 60 in month 12, present since long ago."""
    people = Population.empty(60, 4, seed=1)
    people.entered[:] = -1000
    people.born[:] = -12 * np.arange(60)
    return people


def course(model: mesa.Model, factors: Factors, people: Population, **changes: Any) -> Programme:
    return Programme(model, "course", ProgrammeTerms(**TERMS | changes), factors, people)


def eligible(programme: Programme, people: Population, month: int = 12) -> list[int]:
    return programme.candidates(people, np.arange(60), month).tolist()


def test_ages_are_eligible_from_the_least_to_the_greatest(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people, eligibility=Eligibility(min_age=20, max_age=30))
    assert eligible(programme, people) == list(range(19, 30))
    assert eligible(programme, people, month=24) == list(range(18, 29))


def test_conditions_decide_who_is_eligible(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    one, other = (np.uint32(1) << np.uint32(factors.bits[n]) for n in ("diabetes", "smoking"))
    people.state[:] = np.array([0, one, other, one | other], np.uint32)[np.arange(60) % 4]
    both = ("diabetes", "smoking")
    wanted = {"any_of": {1, 2, 3}, "all_of": {3}, "none_of": {0}}
    for rule, kinds in wanted.items():
        programme = course(model, factors, people, eligibility=Eligibility(**{rule: both}))
        assert {row % 4 for row in eligible(programme, people)} == kinds, rule
        assert len(eligible(programme, people)) == 15 * len(kinds)


def test_the_dead_and_those_who_attend_are_not_eligible(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people)
    people.left[:10] = 11
    programme.recruit(people, np.arange(60), FULL, 12)
    attending = programme.places.attending
    assert attending.size == 10
    assert_array_equal(np.sort([*eligible(programme, people), *attending]), np.arange(10, 60))


def test_nobody_is_invited_and_nothing_paid_before_the_start(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people)
    for month in range(1, 5):
        programme.recruit(people, np.arange(60), FULL, month)
        programme.bill(month, 1.0, people)
        assert (programme.invited, programme.due, programme.cost) == (0, 0, 0)
    programme.recruit(people, np.arange(60), FULL, 5)
    programme.bill(5, 1.0, people)
    assert programme.invited == 60
    assert programme.due == 1200 / 12 + 10 * 30


def test_no_more_attend_than_there_are_places_and_the_next_wait(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people)
    waiting = []
    for month in range(5, 30):
        programme.recruit(people, np.arange(60), FULL, month)
        assert programme.places.attending.size == 10
        waiting.append(int(programme.places.waiting.sum()))
    assert waiting[:6] == [50] * 6  # the first course lasts half a year
    assert waiting[6] < 50 + 10  # ten of the fifty have a place now, and the first ten may ask
    assert programme.started == 10 * 5
    assert programme.completed == 10 * 4
    assert programme.dropped_out == 0


def test_without_places_everybody_waits(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people, capacity=0)
    programme.recruit(people, np.arange(60), FULL, 5)
    assert (programme.started, programme.places.waiting.sum()) == (0, 60)


def test_practices_that_make_no_effort_invite_nobody(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people)
    programme.recruit(people, np.arange(60), np.float32(np.arange(60) < 7), 5)
    assert_array_equal(np.sort(programme.places.attending), np.arange(7))


def test_uptake_is_the_share_of_the_invited_who_agree(model: mesa.Model, factors: Factors) -> None:
    crowd = Population.empty(5_000, 4, seed=2)
    crowd.entered[:] = -1000
    programme = course(model, factors, crowd, uptake=0.3, capacity=10_000)
    programme.recruit(crowd, np.arange(5_000), np.ones(5_000, np.float32), 5)
    assert programme.invited == 5_000
    assert programme.started == pytest.approx(1_500, abs=100)


def test_attrition_ends_attendance_before_the_course_does(
    model: mesa.Model, factors: Factors
) -> None:
    crowd = Population.empty(5_000, 4, seed=2)
    crowd.entered[:] = -1000
    programme = course(model, factors, crowd, capacity=10_000, attrition=1.2, invitation=0.0)
    programme.places.remaining[:] = 0
    programme.recruit(crowd, np.arange(5_000), np.ones(5_000, np.float32), 5)
    for month in range(6, 12):
        programme.recruit(crowd, np.arange(0), np.ones(5_000, np.float32), month)
    assert programme.started == 5_000 == programme.completed + programme.dropped_out
    assert programme.completed == pytest.approx(5_000 * np.exp(-0.1 * 5), rel=0.05)


def test_the_effect_builds_up_holds_and_wanes_and_is_as_strong_as_adherence(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people)
    members = np.arange(60)
    found = []
    for month in range(5, 15):
        programme.recruit(people, members if month == 5 else members[:0], FULL, month)
        programme.places.waiting[:] = False
        rows, strength = programme.strength(month)
        assert rows.size == 10
        found.append(strength[0])
    assert_allclose(found, 0.5 * np.array([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.5, 0, 0]))


def test_the_effect_is_the_logarithm_of_the_ratios(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    effect = np.exp(course(model, factors, people).effect)
    expected = {"death": 0.8, "diabetes": 0.5, "smoking.remission": 2.0, "drugs": 1.1}
    for rate, place in factors.rates.items():
        assert effect[place] == pytest.approx(expected.get(rate, 1.0)), rate


def test_cost_of_the_year_adds_up_and_begins_anew(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people)
    for month in range(1, 13):
        programme.recruit(people, np.arange(60), FULL, month)
        programme.bill(month, 2.0, people)
    assert programme.cost == pytest.approx(8 * (100 + 300) * 2)
    programme.close_year(people, np.arange(60), 12)
    assert (programme.enrolled, programme.eligible) == (10, 50)
    programme.open_year()
    assert (programme.cost, programme.invited, programme.started, programme.completed) == (0,) * 4


def test_who_dies_leaves_the_place_and_counts_neither_as_completed_nor_as_dropped_out(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people)
    programme.recruit(people, np.arange(60), FULL, 5)
    dead = programme.places.attending[:4]
    people.left[dead] = 6
    programme.recruit(people, np.arange(60), FULL, 6)
    assert programme.places.attending.size == 10
    assert not np.isin(dead, programme.places.attending).any()
    assert (programme.started, programme.completed, programme.dropped_out) == (14, 0, 0)
    assert (people.left[programme.places.attending] == NEVER).all()


def test_who_is_no_member_pays_a_part_and_the_company_the_rest(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    people.member[:30] = True
    programme = course(model, factors, people, capacity=60, co_payment=5.0)
    programme.recruit(people, np.arange(20, 60), FULL, 5)
    programme.bill(5, 2.0, people)
    assert programme.co_payments == 30 * 5 * 2
    assert programme.due + programme.co_payments == programme.cost == (100 + 40 * 30) * 2


def test_participants_never_pay_more_than_the_programme_costs(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    programme = course(model, factors, people, capacity=60, co_payment=1_000.0)
    programme.recruit(people, np.arange(60), FULL, 5)
    programme.bill(5, 1.0, people)
    assert programme.due == 0
    assert programme.co_payments == programme.cost
