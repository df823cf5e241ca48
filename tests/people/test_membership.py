"""Which patients of the network enrol, and how members' deaths are set beside those of others."""

import numpy as np
import pytest

from sim.people.membership import FOLLOW_UP, Membership, deaths_of_members
from sim.people.population import NEVER, Population

CLASSES = np.array([0.5, 1.0, 1.5])
NOBODYS, NONE, HALF, WHOLE = range(4)
EFFORT = np.array([0.0, 0.0, 0.5, 1.0], np.float32)


def crowd(n: int, **columns: object) -> Population:
    people = Population.empty(n, 3, seed=1)
    people.entered[:] = -100
    people.frailty[:] = 1
    for name, value in columns.items():
        people.columns[name][:] = value
    return people


def test_patients_enrol_with_a_hazard_in_proportion_to_the_effort_of_their_practice() -> None:
    n = 40_000
    people = crowd(n, physician=np.arange(n) % 4)
    membership = Membership(people, 0.3, 0.0, CLASSES)
    for month in range(1, 13):
        membership.enrol(people, EFFORT, month)
    shares = [people.member[people.physician == practice].mean() for practice in range(4)]
    expected = [0, 0, 1 - np.exp(-0.15), 1 - np.exp(-0.3)]
    assert shares == pytest.approx(expected, abs=0.015)
    assert shares[NOBODYS] == shares[NONE] == 0


def test_who_enrols_is_told_once_with_the_month() -> None:
    people = crowd(5, physician=WHOLE)
    membership = Membership(people, 1e9, 0.0, CLASSES)
    people.left[1] = 3
    people.entered[2] = 7
    assert membership.enrol(people, EFFORT, 5).tolist() == [0, 3, 4]
    assert membership.enrol(people, EFFORT, 6).tolist() == []
    assert membership.enrol(people, EFFORT, 7).tolist() == [2]
    assert people.member.tolist() == [True, False, True, True, True]
    assert people.member_since[[0, 2, 3]].tolist() == [5, 7, 5]


@pytest.mark.parametrize(("selection", "robust_first"), [(0.0, False), (1.0, True)])
def test_the_robust_come_first_only_if_volunteers_are_selected(
    selection: float, robust_first: bool
) -> None:
    n = 60_000
    people = crowd(n, physician=HALF, frailty=np.arange(n) % 3)
    Membership(people, 1.2, selection, CLASSES).enrol(people, EFFORT, 1)
    robust, _, frail = (people.member[people.frailty == c].mean() for c in range(3))
    assert robust / frail == pytest.approx(3.0 if robust_first else 1.0, rel=0.15)


def test_members_deaths_are_set_beside_what_others_rates_would_give() -> None:
    people = crowd(40, born=-12 * 60, physician=WHOLE)
    people.member[:10] = True
    people.member_since[:10] = 1
    people.left[[0, 10, 11, 12]] = 7
    people.died[[0, 10, 11, 12]] = True
    died, expected = deaths_of_members(people, 12)
    assert died == 1
    months_of_others, months_of_members = 27 * 12 + 3 * 6, 9 * 12 + 6
    assert expected == pytest.approx(3 / months_of_others * months_of_members)


def test_members_are_followed_for_five_years() -> None:
    people = crowd(20, born=-12 * 60)
    people.member[:10] = True
    people.member_since[:10] = 12
    people.left[[0, 19]] = NEVER
    last = 12 + FOLLOW_UP
    people.left[[1, 18]] = last
    people.died[[1, 18]] = True
    assert deaths_of_members(people, last) == (0.0, 0.0)
    assert deaths_of_members(people, last - 12)[0] == 0.0
    people.left[[1, 18]] = last - 20
    assert deaths_of_members(people, last - 12)[0] == 1.0
