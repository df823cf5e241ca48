"""The risk list: whose cost of last year the company can read, and from when."""

from typing import Any

import numpy as np
import pytest

from sim.people.population import Population
from sim.region import DataTerms
from sim.risk_list import RiskList

N = 500


class Claims:
    """Claims of a year: every other person, at 7 EUR in four sectors."""

    person = np.arange(0, N, 2)
    cost = np.full((N // 2, 4), 7.0, np.float32)


def listed(linked_month: int, lag: int, consent: float = 1.0) -> tuple[RiskList, Population]:
    people = Population.empty(N, 4, seed=1)
    data = DataTerms(linked_month=linked_month, lag=lag, consent=consent)
    return RiskList(people, data), people


def first_read(risk_list: RiskList) -> int:
    return next(month for month in range(1, 100) if risk_list.read(month).any())


@pytest.mark.parametrize(
    ("linked_month", "lag", "expected"), [(1, 6, 18), (30, 6, 30), (1, 15, 27), (-5, 0, 12)]
)
def test_a_year_is_read_after_its_lag_and_not_before_the_data_are_linked(
    linked_month: int, lag: int, expected: int
) -> None:
    risk_list, people = listed(linked_month, lag)
    claims: Any = Claims
    risk_list.note(people, claims, 12)
    assert first_read(risk_list) == expected


def test_last_year_replaces_the_one_before_even_where_the_lag_is_long() -> None:
    risk_list, people = listed(1, 15)
    claims: Any = Claims
    risk_list.note(people, claims, 12)
    risk_list.note(people, claims, 24)
    assert risk_list.read(26).sum() == 0
    assert risk_list.read(27).sum() == risk_list.read(39).sum() == N / 2 * 28


def test_only_those_who_consent_are_on_the_list() -> None:
    claims: Any = Claims
    some, people = listed(1, 0, consent=0.4)
    some.note(people, claims, 12)
    assert (some.read(12) > 0).sum() == pytest.approx(0.4 * N / 2, abs=25)
    nobody, people = listed(1, 0, consent=0.0)
    nobody.note(people, claims, 12)
    assert not nobody.read(12).any()
