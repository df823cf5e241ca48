"""Who attends what: invitations, waiting, places, and how strongly a programme acts."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sim.people.participation import Places
from sim.people.population import NEVER, Population

N = 400


@pytest.fixture
def people() -> Population:
    return crowd()


def crowd(n: int = N) -> Population:
    people = Population.empty(n, 3, seed=1)
    people.entered[:] = -100
    return people


def opened(people: Population) -> Places:
    return Places.of("health_coach", people)


def full(people: Population, rows: list[int], month: int = 5, duration: int = 12) -> Places:
    """A programme that `rows` have started in a month, none of whom will drop out."""
    places = opened(people)
    places.invite(people, np.array(rows), 100.0, uptake=1.0)
    places.admit(people, len(rows), month, duration, attrition=0.0)
    return places


def strength_of(places: Places, month: int, ramp: float, waning: float) -> np.ndarray:
    """Strength by row, zero for those who never attended."""
    found = np.zeros(places.started.size)
    rows, strength = places.strength(month, ramp, waning)
    found[rows] = strength
    return found


def test_a_hazard_of_invitation_asks_those_who_can_bear_no_more(people: Population) -> None:
    places = opened(people)
    before = places.remaining.copy()
    assert places.invite(people, np.arange(N), 0.1, uptake=1.0) == (before <= 0.1).sum()
    assert (places.waiting == (before <= np.float32(0.1))).all()
    assert 10 < places.waiting.sum() < 80


def test_hazards_may_differ_by_person(people: Population) -> None:
    places = opened(people)
    places.invite(people, np.arange(N), np.where(np.arange(N) < 200, 0.0, 100.0), uptake=1.0)
    assert not places.waiting[:200].any()
    assert places.waiting[200:].all()


def test_only_those_asked_are_invited_and_nobody_twice_at_a_time(people: Population) -> None:
    places = opened(people)
    assert places.invite(people, np.arange(10), 100.0, uptake=1.0) == 10
    assert places.invite(people, np.arange(10), 100.0, uptake=1.0) == 0
    assert places.times.tolist() == [1] * 10 + [0] * (N - 10)


def test_uptake_is_the_share_of_those_asked_who_agree() -> None:
    people = crowd(20_000)
    agreed = []
    for uptake in (0.0, 0.3, 0.6, 1.0):
        places = opened(people)
        places.invite(people, np.arange(people.n), 100.0, uptake)
        agreed.append(places.waiting.copy())
    assert [part.mean() for part in agreed] == pytest.approx([0, 0.3, 0.6, 1], abs=0.015)
    assert all((more >= less).all() for less, more in pairwise(agreed))


def test_who_declines_is_asked_again_later_with_luck_of_its_own(people: Population) -> None:
    places = opened(people)
    before = places.remaining.copy()
    places.invite(people, np.arange(N), 100.0, uptake=0.0)
    assert (places.remaining > 0).all()
    assert (places.remaining != before).all()
    places.invite(people, np.arange(N), 100.0, uptake=0.5)
    assert places.times.tolist() == [2] * N
    expected = people.uniform(np.arange(N), "uptake", "health_coach", occurrence=2) < 0.5
    assert (places.waiting == expected).all()


def test_free_places_go_to_those_who_have_borne_most_beyond_their_threshold(
    people: Population,
) -> None:
    places = opened(people)
    places.remaining[[3, 8, 20, 30]] = [-0.1, -0.7, -0.3, -0.7]
    places.waiting[[3, 8, 20, 30]] = True
    assert places.admit(people, 3, 5, 12, 0.0).tolist() == [8, 30, 20]
    assert np.flatnonzero(places.waiting).tolist() == [3]
    assert places.attending.tolist() == [8, 20, 30]
    assert places.admit(people, 0, 6, 12, 0.0).size == 0
    assert places.admit(people, -2, 6, 12, 0.0).size == 0


@given(
    st.integers(0, 30),
    st.floats(0, 3),
    st.integers(1, 15),
    st.just(0.0) | st.floats(0.01, 4),
    st.floats(0.05, 1),
)
def test_there_are_never_more_than_places(
    capacity: int, hazard: float, duration: int, attrition: float, uptake: float
) -> None:
    people = crowd(60)
    places = opened(people)
    started = ended = 0
    for month in range(1, 25):
        people.left[month] = month
        completed, dropped = places.release(people, month, duration)
        gone = int(((places.ended == month) & (people.left != NEVER)).sum())
        ended += completed.size + dropped.size + gone
        rows = np.flatnonzero((people.left == NEVER) & (places.ended != NEVER))
        places.invite(people, rows, hazard, uptake)
        free = capacity - places.attending.size
        assert free >= 0
        new = places.admit(people, free, month, duration, attrition)
        started += new.size
        waiting = places.waiting & (people.left == NEVER)
        assert places.attending.size <= capacity
        assert places.attending.size == started - ended
        assert not waiting.any() or places.attending.size == capacity
        assert not (waiting & (places.ended == NEVER)).any()


def test_who_stays_to_the_end_completes_and_may_be_invited_again(people: Population) -> None:
    places = full(people, [1, 2], month=5, duration=3)
    for month in (6, 7):
        assert [rows.size for rows in places.release(people, month, 3)] == [0, 0]
        assert places.attending.tolist() == [1, 2]
    completed, dropped = places.release(people, 8, 3)
    assert (completed.tolist(), dropped.tolist()) == ([1, 2], [])
    assert places.attending.size == 0
    fresh = people.threshold(np.array([1, 2]), "invitation", "health_coach", occurrence=1)
    assert (places.remaining[[1, 2]] == fresh).all()


def test_attrition_drops_as_many_out_as_its_hazard_says() -> None:
    people = crowd(20_000)
    places = opened(people)
    places.waiting[:] = True
    places.admit(people, people.n, 1, 24, attrition=0.5)
    stayed = []
    for month in range(2, 26):
        completed, dropped = places.release(people, month, 24)
        stayed.append(places.attending.size / people.n)
        assert completed.size == 0 or (month == 25 and dropped.size < 500)
    assert stayed[11] == pytest.approx(np.exp(-0.5), abs=0.015)
    assert stayed[22] == pytest.approx(np.exp(-0.5 * 23 / 12), abs=0.015)
    assert stayed[23] == 0


def test_everybody_attends_at_least_a_month() -> None:
    people = crowd()
    places = opened(people)
    places.waiting[:] = True
    places.admit(people, people.n, 1, 24, attrition=1e9)
    assert places.attending.size == N
    _, dropped = places.release(people, 2, 24)
    assert dropped.size == N


def test_the_dead_leave_their_places_and_the_waiting_list_and_count_as_neither(
    people: Population,
) -> None:
    places = full(people, [1, 2, 3])
    places.waiting[[10, 11]] = True
    people.leave(np.array([2, 10]), 6)
    completed, dropped = places.release(people, 7, 12)
    assert completed.size + dropped.size == 0
    assert places.attending.tolist() == [1, 3]
    assert np.flatnonzero(places.waiting).tolist() == [11]


def test_the_dead_get_no_place(people: Population) -> None:
    places = opened(people)
    places.waiting[[1, 2]] = True
    people.leave(np.array([1]), 5)
    assert places.admit(people, 5, 5, 12, 0.0).tolist() == [2]


def test_when_a_programme_stops_everybody_leaves_and_nobody_waits(people: Population) -> None:
    places = full(people, [1, 2])
    places.waiting[5] = True
    places.close(9)
    assert places.attending.size == 0
    assert not places.waiting.any()
    assert strength_of(places, 9 + 12, ramp=1, waning=12).sum() == 0


def test_an_effect_ramps_up_holds_and_wanes(people: Population) -> None:
    places = full(people, [7], month=5, duration=10)
    places.release(people, 15, 10)
    course = [strength_of(places, month, ramp=4, waning=5)[7] for month in range(5, 22)]
    held = [1.0] * 8  # the last months of attendance, and the first after it
    assert_allclose(course, [0.25, 0.5, 0.75, *held, 0.8, 0.6, 0.4, 0.2, 0, 0], atol=1e-12)
    others = [strength_of(places, month, 4, 5) for month in (5, 12, 17)]
    assert all(np.delete(strength, 7).sum() == 0 for strength in others)


def test_who_leaves_early_keeps_no_more_than_was_reached(people: Population) -> None:
    places = full(people, [7], month=5, duration=2)
    reached = strength_of(places, 6, ramp=8, waning=4)[7]
    places.release(people, 7, 2)
    after = [strength_of(places, month, ramp=8, waning=4)[7] for month in range(7, 12)]
    assert reached == 2 / 8
    assert_allclose(after, [reached, 0.75 * reached, 0.5 * reached, 0.25 * reached, 0])


def test_without_ramp_and_waning_the_effect_is_there_and_gone(people: Population) -> None:
    places = full(people, [7], month=5, duration=2)
    places.release(people, 7, 2)
    course = [strength_of(places, month, ramp=0, waning=0)[7] for month in (5, 6, 8)]
    assert course == [1, 1, 0]


def test_who_starts_again_ramps_up_again(people: Population) -> None:
    places = full(people, [7], month=5, duration=3)
    places.release(people, 8, 3)
    places.waiting[7] = True
    places.admit(people, 1, 20, 3, 0.0)
    assert strength_of(places, 20, ramp=4, waning=5)[7] == 0.25


def test_another_programme_has_other_luck(people: Population) -> None:
    one, other = Places.of("health_coach", people), Places.of("tobacco_free", people)
    assert (one.remaining != other.remaining).all()
