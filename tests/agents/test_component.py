"""A component: who comes, whom its staff can serve, whom it supports, and what it costs."""

from typing import Any

import mesa
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sim.agents.component import Component
from sim.eligibility import Eligibility
from sim.generation import ComponentTerms, Contact
from sim.people.factors import Factors
from sim.people.population import Population

CONTACT: dict[str, Any] = {
    "eligibility": Eligibility(min_age=18),
    "hazard": 1200.0,  # everybody at once
    "deprivation_gradient": 4.0,
    "duration": 6,
    "referral": 0.5,
    "enrols": 0.0,
}
KIOSK: dict[str, Any] = {
    "label": "Kiosk",
    "evidence": "none",
    "start_month": 5,
    "posts": 2.0,
    "post_cost": 1200.0,
    "other_cost": 600.0,
    "per_post": 10.0,
    "staffs": ("kiosk",),
    "acts_on": "contacts",
    "hazard_ratio_of": {"death": 0.8},
}
CIRCLES: dict[str, Any] = {
    **{key: KIOSK[key] for key in KIOSK if key not in ("staffs", "acts_on", "hazard_ratio_of")},
    "label": "Circles",
    "effort": 0.2,
}


@pytest.fixture
def people() -> Population:
    """A thousand grown-ups, two hundred in each fifth, present since long ago."""
    people = Population.empty(1_000, 4, seed=1)
    people.entered[:] = -1000
    people.born[:] = -12 * 40
    people.fifth[:] = np.arange(1_000) % 5
    return people


def kiosk(model: mesa.Model, factors: Factors, people: Population, **changes: Any) -> Component:
    own = {key: changes.pop(key) for key in CONTACT.keys() & changes.keys()}
    terms = ComponentTerms(**KIOSK | {"contact": Contact(**CONTACT | own)} | changes)
    return Component(model, "kiosk", terms, factors, people)


def circles(model: mesa.Model, factors: Factors, people: Population, **changes: Any) -> Component:
    return Component(model, "circles", ComponentTerms(**CIRCLES | changes), factors, people)


def test_no_more_are_in_contact_than_its_staff_can_serve(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    place = kiosk(model, factors, people)
    for month in range(4, 30):
        place.meet(people, np.arange(1_000), month)
        assert place.in_contact().size == (20 if month >= 5 else 0)
    assert place.reached == 20 * 5
    place.close_year()
    assert place.contacts == 20
    assert place.waiting > 900


def test_without_posts_nobody_is_reached(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    place = kiosk(model, factors, people, posts=0.0)
    place.meet(people, np.arange(1_000), 5)
    assert (place.reached, place.in_contact().size) == (0, 0)


def test_the_deprived_come_more_often_by_the_gradient(model: mesa.Model, factors: Factors) -> None:
    crowd = Population.empty(20_000, 4, seed=1)
    crowd.entered[:] = -1000
    crowd.born[:] = -12 * 40
    crowd.fifth[:] = np.arange(20_000) % 5
    place = kiosk(model, factors, crowd, hazard=1.2, posts=2_000.0)
    place.meet(crowd, np.arange(20_000), 5)
    came = np.bincount(crowd.fifth[place.in_contact()], minlength=5) / 4_000
    expected = [1 - np.exp(-0.1 * 4**step) for step in (-0.5, -0.25, 0, 0.25, 0.5)]
    assert_allclose(came, expected, rtol=0.15)


def test_who_comes_stays_for_a_while_and_may_come_again(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    place = kiosk(model, factors, people, posts=1_000.0)
    place.meet(people, np.arange(7), 5)
    for month in range(6, 11):
        place.meet(people, np.arange(0), month)
        assert place.in_contact().size == 7
    place.meet(people, np.arange(0), 11)
    assert place.in_contact().size == 0


def test_some_who_come_become_members_and_nobody_twice(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    people.member[:500] = True
    place = kiosk(model, factors, people, posts=1_000.0, enrols=0.3)
    new = place.meet(people, np.arange(1_000), 5)
    assert (new >= 500).all()
    assert new.size == place.enrolled == pytest.approx(150, abs=30)


def test_it_acts_on_whom_it_is_in_contact_with_and_no_longer(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    place = kiosk(model, factors, people, posts=1_000.0)
    place.meet(people, np.arange(7), 5)
    assert_array_equal(place.act(5), np.arange(7))
    assert place.acting.sum() == 7
    assert place.act(6).size == 0
    place.meet(people, np.arange(0), 11)
    assert_array_equal(place.act(11), np.arange(7))
    assert place.acting.sum() == 0
    assert np.exp(place.effect[factors.rates["death"]]) == pytest.approx(0.8)


def test_it_supports_as_many_practices_as_its_staff_can_serve(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    place = circles(model, factors, people)
    assert place.support(10, month=4) == 0
    assert [place.support(n, month=5) for n in (0, 10, 20)] == [0.2] * 3
    assert place.support(40, month=5) == pytest.approx(0.1)


def test_it_costs_its_posts_and_the_rest_from_the_month_it_starts(
    model: mesa.Model, factors: Factors, people: Population
) -> None:
    place = circles(model, factors, people)
    assert place.bill(4, price=2.0) == 0
    assert place.bill(5, price=2.0) == 3_000
    assert place.cost == 3_000 / 12 * 2
    assert place.posts == 2
    place.open_year()
    assert place.cost == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"staffs": ("kiosk",)}, "contact is missing"),
        ({"acts_on": "contacts"}, "contact is missing"),
        ({"contact": Contact(**CONTACT)}, "write contacts"),
    ],
)
def test_a_component_of_two_minds_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ComponentTerms(**CIRCLES | changes)
