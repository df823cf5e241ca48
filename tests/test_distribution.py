"""Promises of a distribution: seeds without a value rank as the worst, never dropped."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.distribution import distribution

numbers = st.floats(-1e9, 1e9)


def test_ten_seeds_with_two_that_never_break_even() -> None:
    found = distribution([24, 30, None, 36, 42, 48, None, 54, 60, 66], bad_end="high")
    # ranks 0..9: p10 at 0.9 (24, 30), p50 at 4.5 (48, 54), p90 at 8.1, among the two without
    assert found == {
        "mean": 45.0,
        "sd": pytest.approx(14.696938),
        "p10": pytest.approx(29.4),
        "p50": 51.0,
        "p90": None,
        "n": 10,
        "none": 2,
    }


def test_where_little_is_bad_the_seeds_without_a_value_come_first() -> None:
    found = distribution([0.1, None, 0.3, 0.2, 0.4], bad_end="low")
    assert found["p10"] is None
    assert found["p50"] == 0.2
    assert found["p90"] == pytest.approx(0.36)


def test_a_quantile_between_a_value_and_none_is_none() -> None:
    assert distribution([1, None], bad_end="high")["p50"] is None
    assert distribution([1, 2, None], bad_end="high")["p50"] == 2


def test_a_rank_that_is_hit_exactly_needs_no_neighbour() -> None:
    seventy_one = [float(place) for place in range(71)]
    assert distribution(seventy_one)["p90"] == 63
    seeds = [float(place) if place < 64 else None for place in range(71)]
    assert distribution(seeds, bad_end="high")["p90"] == 63


def test_one_seed_alone_has_no_spread() -> None:
    alone = distribution([7])
    assert alone == {
        "mean": 7, "sd": None, "p10": None, "p50": 7, "p90": None, "n": 1, "none": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("seeds", "none"), [([], 0), ([None], 1), ([None, None, None], 3)])
def test_without_any_value_there_is_no_figure_but_a_count(seeds: list[None], none: int) -> None:
    found = distribution(seeds, bad_end="high")
    assert found["n"] == found["none"] == none
    assert all(found[key] is None for key in ("mean", "sd", "p10", "p50", "p90"))


def test_mean_and_spread_are_over_the_seeds_that_have_a_value() -> None:
    found = distribution([None, 5, None], bad_end="low")
    assert (found["mean"], found["sd"], found["p50"]) == (5, None, None)


def test_which_end_is_bad_must_be_said_where_a_seed_has_no_value() -> None:
    with pytest.raises(ValueError, match="bad_end"):
        distribution([1, None])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_is_finite_or_none(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        distribution([1, value])


@given(st.lists(numbers, min_size=2, max_size=50))
def test_with_all_values_quantiles_are_numpys(values: list[float]) -> None:
    found = distribution(values)
    expected = np.quantile(values, [0.1, 0.5, 0.9])
    assert [found["p10"], found["p50"], found["p90"]] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert found["sd"] == pytest.approx(np.std(values, ddof=1), rel=1e-6, abs=1e-6)


@given(st.lists(st.none() | numbers, max_size=50), st.sampled_from(["high", "low"]))
def test_the_order_of_seeds_does_not_matter_and_json_holds_it(
    values: list[float | None], bad_end: str
) -> None:
    found = distribution(values, bad_end)
    assert distribution(values[::-1], bad_end) == found
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@given(st.lists(numbers, min_size=2, max_size=50), st.integers(1, 20))
def test_more_seeds_without_a_value_never_better_a_quantile(values: list[float], more: int) -> None:
    sure = distribution(values)
    worse = distribution([*values, *[None] * more], bad_end="high")
    for key in ("p10", "p50", "p90"):
        assert worse[key] is None or worse[key] >= sure[key] - 1e-6
