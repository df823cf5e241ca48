"""The benchmark follows the region's norm at the level of its baseline years."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.contract.benchmarks import (
    contribution_margin,
    contribution_margin_benchmark,
    regional_indexation_factor,
)
from sim.quantity import Refusal

EUROS = st.floats(1e3, 1e9)


def test_each_baseline_year_counts_the_same_however_large_it_was():
    factor = regional_indexation_factor(costs=[90, 1100], allocations=[100, 1000])
    assert factor == pytest.approx(1.0)


@given(EUROS, EUROS, st.floats(0.01, 100))
def test_the_factor_does_not_know_the_currency(cost, allocation, rate):
    factor = regional_indexation_factor([cost], [allocation])
    in_francs = regional_indexation_factor([cost * rate], [allocation * rate])
    assert in_francs == pytest.approx(factor)


@given(EUROS, EUROS)
def test_a_year_like_the_baseline_saves_nothing(cost, allocation):
    factor = regional_indexation_factor([cost, cost], [allocation, allocation])
    assert contribution_margin_benchmark(factor, allocation) == pytest.approx(cost)


@given(EUROS, EUROS)
def test_margin_and_savings_are_the_same_only_where_the_region_starts_at_its_norm(cost, allocation):
    benchmark = contribution_margin_benchmark(1.0, allocation)
    assert contribution_margin(allocation, cost) == benchmark - cost


@pytest.mark.parametrize(
    ("costs", "allocations"), [([], []), ([1.0], [1.0, 2.0]), ([1.0], [0.0]), ([-1.0], [1.0])]
)
def test_a_baseline_that_cannot_be_is_refused_with_its_clause(costs, allocations):
    with pytest.raises(Refusal, match=r"clause 4\.1"):
        regional_indexation_factor(costs, allocations)
