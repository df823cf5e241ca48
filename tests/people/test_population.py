"""Persons as columns: present, gone, of what age, and with luck of their own."""

import numpy as np
import pytest

from sim.people import population
from sim.people.population import NEVER, Population
from sim.setting import Setting
from tests.people.villages import same_bits, settled


def people_of(n: int = 4, first: int = 0) -> Population:
    people = Population.empty(n, 3, seed=1, first=first)
    people.tally.groups = 2
    return people


def test_who_is_present_has_entered_and_not_left() -> None:
    people = people_of()
    people.entered[:] = [1, 5, 6, 1]
    people.left[:] = [NEVER, NEVER, NEVER, 5]
    assert people.present(5).tolist() == [True, True, False, False]
    assert people.present(4).tolist() == [True, False, False, True]


def test_the_month_of_leaving_is_the_last_month_present() -> None:
    people = people_of()
    people.entered[:] = 1
    people.hazard[:] = 1
    people.remaining[:] = 5
    people.leave(np.array([2]), 7)
    assert people.present(7).all()
    assert people.present(8).tolist() == [True, True, False, True]
    assert people.months_in(1, 12).tolist() == [12, 12, 7, 12]
    assert (people.hazard[:, 2] == 0).all()
    assert np.isinf(people.remaining[:, 2]).all()
    assert (people.hazard[:, [0, 1, 3]] == 1).all()


def test_months_count_both_ends_and_only_the_span_asked_for() -> None:
    people = people_of()
    people.entered[:] = [-20, 3, 12, 13]
    people.left[:] = [NEVER, 5, NEVER, NEVER]
    assert people.months_in(1, 12).tolist() == [12, 2, 1, 0]
    assert people.months_in(1, 12, np.array([1, 2])).tolist() == [2, 1]
    assert people.months_in(3, 4).tolist() == [2, 2, 0, 0]


def test_age_is_in_completed_years_also_before_birth_and_before_month_1() -> None:
    people = people_of()
    people.born[:] = [1, -11, 2, -1199]
    assert people.age(1).tolist() == [0, 1, -1, 100]
    assert people.age(12).tolist() == [0, 1, 0, 100]
    assert people.age(13).tolist() == [1, 2, 0, 101]
    assert people.age(13, np.array([1])).tolist() == [2]


def test_luck_belongs_to_the_address_and_not_to_the_row() -> None:
    here, there = people_of(first=100), people_of(first=102)
    for draw in ("uniform", "threshold", "normal"):
        one = getattr(here, draw)(np.array([2, 3]), "onset", "diabetes")
        other = getattr(there, draw)(np.array([0, 1]), "onset", "diabetes")
        assert (one == other).all()
        assert (one != getattr(here, draw)(np.array([2, 3]), "onset", "stroke")).all()


def test_outcomes_are_counted_by_group() -> None:
    people = people_of()
    people.group[:] = [0, 1, 1, 0]
    people.count("deaths", np.array([1, 2, 3]))
    people.count("deaths", np.array([1]), np.array([0.5]))
    people.count("deaths", np.array([], np.int64))
    assert people.tally.close(["deaths", "births"])["deaths"].tolist() == [1, 2.5]
    assert people.tally.close(["deaths"])["deaths"].tolist() == [0, 0]


def test_what_was_counted_but_never_declared_is_an_error() -> None:
    people = people_of()
    people.count("surprises", np.array([1]))
    with pytest.raises(KeyError, match="surprises"):
        people.tally.close(["deaths"])


def test_a_copy_lives_on_alone(ready: Setting) -> None:
    life = settled(ready, 100)
    life.step(ready.first_month)
    copy = life.people.copy()
    assert same_bits(life.people, copy) == []
    before = copy.state.tobytes(), str(copy.tally.sums), str(copy.expiry)
    for month in range(ready.first_month + 1, ready.first_month + 12):
        life.step(month)
    assert before == (copy.state.tobytes(), str(copy.tally.sums), str(copy.expiry))
    assert "remaining" in same_bits(life.people, copy)


def test_stretches_are_all_rows_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population, "_STRETCH", 3)
    parts = list(Population.empty(9, 2, seed=1).stretches(7))
    assert [part.tolist() for part in parts] == [[0, 1, 2], [3, 4, 5], [6]]


def test_what_is_one_persons_lies_together() -> None:
    people = Population.empty(5, 3, seed=1)
    for array in (people.remaining, people.hazard, people.occurrence, people.rate, people.account):
        assert array.T.flags.c_contiguous
        assert array.shape[-1] == 5
    assert people.copy().hazard.T.flags.c_contiguous


def test_a_column_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="shoe_size"):
        _ = people_of().shoe_size


def test_a_person_takes_at_most_400_bytes(ready: Setting) -> None:
    assert settled(ready, 100).people.bytes_per_person <= 400
