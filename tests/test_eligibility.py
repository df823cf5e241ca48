"""Who may attend: every term decides, alone, and those who attend already are left out."""

from typing import Any

import numpy as np
import pytest

from sim.eligibility import Eligibility, Eligible
from sim.people.factors import Factors
from sim.people.population import NEVER, Population
from tests.agents.conftest import factors as _factors

N = 60


@pytest.fixture(scope="module")
def table() -> Factors:
    return _factors.__wrapped__()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def people() -> Population:
    """Sixty persons aged 1 to 60 in month 12; sex and fifth go round."""
    people = Population.empty(N, 4, seed=1)
    people.entered[:] = -1000
    people.born[:] = -12 * np.arange(N)
    people.sex[:] = np.arange(N) % 2
    people.fifth[:] = np.arange(N) % 5
    return people


def found(table: Factors, people: Population, cost: Any = None, **terms: Any) -> list[int]:
    ended = np.zeros(N, np.int16)
    ended[3] = NEVER
    who = Eligible(Eligibility(**terms), table)
    rows: list[int] = who.among(people, np.arange(N), 12, ended, cost).tolist()
    return rows


def test_without_terms_everybody_who_is_here_and_does_not_attend(
    table: Factors, people: Population
) -> None:
    people.left[9] = 11
    assert found(table, people) == [row for row in range(N) if row not in (3, 9)]


def test_sex_and_deprivation_decide(table: Factors, people: Population) -> None:
    assert set(people.sex[found(table, people, sex="female")]) == {1}
    assert set(people.sex[found(table, people, sex="male")]) == {0}
    assert set(people.fifth[found(table, people, min_fifth=4)]) == {3, 4}


def test_recent_events_decide_by_any_of_them(table: Factors, people: Population) -> None:
    one, other = (np.uint32(1) << np.uint32(table.bits[n]) for n in ("diabetes", "smoking"))
    people.state[:] = one | other
    people.recent[10], people.recent[20] = one, other
    assert found(table, people, recent_of=("diabetes",)) == [10]
    assert found(table, people, recent_of=("diabetes", "smoking")) == [10, 20]


def test_cost_of_last_year_counts_only_where_it_is_known(
    table: Factors, people: Population
) -> None:
    cost = np.zeros(N, np.float32)
    cost[[5, 6]] = [999.0, 1000.0]
    assert found(table, people, cost, min_prior_cost=1000.0) == [6]
    assert found(table, people, None, min_prior_cost=1000.0) == []
    assert len(found(table, people, None)) == N - 1
