"""Who ages, arrives, leaves and dies: everybody once, and nobody lost on the way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose

from sim.people import demography
from sim.people.demography import projection, whole
from sim.people.factors import DEATH, LEAVING
from sim.people.population import NEVER
from sim.people.processes import Due
from sim.setting import Setting
from tests.people.villages import bare, settled

YEARS = 5


def due(*pairs: tuple[int, int]) -> Due:
    slot, row = np.array(pairs, np.int64).reshape(-1, 2).T
    return Due(slot, row, np.empty(0, np.int64))


def rates(of: float = 0.0) -> np.ndarray:
    return np.full((2, 101), of)


def project(start: np.ndarray, **changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project with nobody dying, leaving, being born or moving in unless a test says so."""
    quiet = {
        "mortality": np.zeros((YEARS, 2, 101)),
        "leaving": rates(),
        "fertility": np.zeros(101),
        "arriving": rates(),
    }
    return projection(start, **{**quiet, **changes}, male_births=0.6, years=YEARS)


def test_where_nothing_happens_everybody_grows_older() -> None:
    start = rates()
    start[0, 20], start[1, 99] = 3, 7
    arrivals, sizes = project(start)
    assert (arrivals == 0).all()
    assert sizes[YEARS, 0, 20 + YEARS] == 3
    assert sizes[YEARS, 1, 100] == 7  # the oldest stay the oldest
    assert (sizes.sum(axis=(1, 2)) == 10).all()


def test_a_projection_loses_and_invents_nobody(ready: Setting) -> None:
    place = ready.home
    years = place.mortality.shape[0]
    arrivals, sizes = projection(
        place.structure,
        place.mortality,
        place.leaving,
        place.fertility,
        place.arriving,
        place.male_births,
        years,
    )
    assert sizes.shape == (years + 1, 2, 101)
    for year in range(years):
        stay = sizes[year] * np.exp(-place.mortality[year] - place.leaving)
        assert_allclose(sizes[year + 1].sum(), stay.sum() + arrivals[year].sum())
        older = stay[:, :-1] + arrivals[year].sum(axis=0)[:, 1:]
        assert_allclose(sizes[year + 1, :, 1:100], older[:, :99])


def test_the_hazards_of_dying_and_leaving_add_up() -> None:
    start = rates(1.0)
    _, sizes = project(start, mortality=np.full((YEARS, 2, 101), 0.2), leaving=rates(0.1))
    assert_allclose(sizes[1, :, 50], np.exp(-0.3))


def test_women_bear_children_boys_among_them_as_often_as_said() -> None:
    start = rates()
    start[0, 30], start[1, 30] = 1000, 50
    arrivals, sizes = project(start, fertility=np.full(101, 0.1))
    assert_allclose(arrivals[0, 0, :, 0], [50 * 0.1 * 0.6, 50 * 0.1 * 0.4])
    assert_allclose(sizes[1, :, 0], arrivals[0, 0, :, 0])


def test_as_many_move_in_for_each_who_leaves_as_said() -> None:
    arriving = rates()
    arriving[1, 25] = 1.5
    arrivals, sizes = project(rates(10.0), leaving=rates(0.05), arriving=arriving)
    gone = 10 * 202 * (1 - np.exp(-0.05))
    assert_allclose(arrivals[0, 1, 1, 25], 1.5 * gone)
    assert_allclose(sizes[1].sum(), 10 * 202 - gone + 1.5 * gone)


@given(
    arrays.arrays(float, st.integers(1, 30), elements=st.floats(0, 1000)), st.integers(0, 10_000)
)
def test_whole_persons_add_up_and_are_never_one_off(expected: np.ndarray, total: int) -> None:
    if expected.sum() < 1e-6:
        return
    found = whole(expected, total)
    assert found.sum() == total
    assert (np.abs(found - expected * (total / expected.sum())) < 1 + 1e-9).all()


def test_whole_keeps_whole_numbers_and_the_shape() -> None:
    table = np.array([[1.0, 2.0], [3.0, 0.0]])
    assert whole(table, 6).tolist() == [[1, 2], [3, 0]]
    assert whole(np.zeros((2, 2)), 0).tolist() == [[0, 0], [0, 0]]


def test_everybody_has_a_birthday_exactly_once_a_year(ready: Setting) -> None:
    people = settled(ready).people
    for january in range(ready.first_month, ready.last_month, 12):
        cohorts = demography.entered(people, january)
        celebrated = np.zeros(people.n, int)
        for month in range(january, january + 12):
            rows = demography.starting(people, month)
            there = rows[people.entered[rows] != month]
            celebrated[there] += 1
            assert ((month - people.born[there]) % 12 == 0).all()
        birthday = january + (people.born[:cohorts].astype(int) - january) % 12
        there = people.entered[:cohorts] < birthday
        assert (celebrated[:cohorts][there] == 1).all()
        assert (celebrated[:cohorts] <= 1).all()
        assert (celebrated[cohorts:] == 0).all()


def test_everybody_arrives_once_in_the_month_of_her_entry(ready: Setting) -> None:
    people = settled(ready).people
    came = people.entered == ready.first_month
    for month in range(ready.first_month + 1, ready.last_month + 1):
        rows = demography.starting(people, month)
        arriving = rows[people.entered[rows] == month]
        came[arriving] = True
        assert (arriving < demography.entered(people, month)).all()
        expected = np.flatnonzero(people.entered == month)
        assert set(expected.tolist()) == set(arriving.tolist())
    assert came.all()


def test_nobody_has_entered_before_the_year_of_her_entry(ready: Setting) -> None:
    people = settled(ready).people
    for month in range(ready.first_month, ready.last_month + 1):
        bound = demography.entered(people, month)
        december = (month - 1) // 12 * 12 + 12
        assert (people.entered[:bound] <= december).all()
        assert (people.entered[bound:] > december).all()


def test_who_would_die_and_leave_in_one_month_dies(ready: Setting) -> None:
    people = bare(settled(ready, 10), 4)
    demography.react(people, due((DEATH, 1), (LEAVING, 1), (LEAVING, 2)), 5)
    assert people.left.tolist() == [NEVER, 6, 6, NEVER]
    assert people.died.tolist() == [False, True, False, False]
    counted = people.tally.close(["deaths", "leavings"])
    assert (counted["deaths"][0], counted["leavings"][0]) == (1, 1)


def test_nobody_dies_or_leaves_twice(ready: Setting) -> None:
    people = bare(settled(ready, 10), 2)
    demography.react(people, due((DEATH, 0)), 5)
    demography.react(people, due((DEATH, 0), (LEAVING, 0)), 6)
    assert people.left.tolist() == [6, NEVER]
    assert people.tally.close(["deaths", "leavings"])["deaths"].tolist() == [1]


def test_persons_present_are_those_before_and_arrivals_without_departures(ready: Setting) -> None:
    life = settled(ready, 500)
    people = life.people
    for month in range(ready.first_month, ready.last_month):
        before = int(people.present(month).sum())
        life.step(month)
        gone = int((people.left == month + 1).sum())
        come = int((people.entered == month + 1).sum())
        assert int(people.present(month + 1).sum()) == before - gone + come
        if month % 12 == 0:
            life.close_year(month)
    assert (people.left < NEVER).sum() > 50


@pytest.mark.parametrize("level", [0.0, 1e6])
def test_without_hazard_nobody_dies_and_with_endless_hazard_everybody(
    ready: Setting, level: float
) -> None:
    life = settled(ready, 200)
    for year in life.trend:
        life.trend[year] = life.trend[year].copy()
        life.trend[year][life.factors.rates["death"]] = level
    present = life.people.present(ready.first_month)
    for name in ready.country.diseases.specs:
        life.trend[ready.calendar[0]][life.factors.rates[name]] = 0.0  # no sudden deaths
    life.step(ready.first_month)
    assert life.people.died.tolist() == (present & bool(level)).tolist()
