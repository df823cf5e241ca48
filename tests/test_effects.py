"""How effects combine: ratios multiply, between bounds, unless one alone goes beyond."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.effects import Bounds, Effects, combined
from tests.agents.conftest import factors as _factors

BOUNDS = Bounds(lowest=0.5, highest=2.0)
ratios = st.lists(st.floats(0.1, 5.0), min_size=1, max_size=6)
strengths = st.floats(0.0, 1.0)


@dataclass
class Agent:
    """Something that acts on one person and one rate."""

    acting: NDArray[np.float64]
    effect: NDArray[np.float64]


def together(ratios: list[float], strength: float = 1.0) -> float:
    agents = [Agent(np.array([strength]), np.log([ratio])) for ratio in ratios]
    return float(np.exp(combined(agents, np.array([0]), BOUNDS)[0, 0]))


def test_ratios_multiply_within_the_bounds() -> None:
    assert together([0.8, 0.9]) == pytest.approx(0.72)
    assert together([0.8, 1.1]) == pytest.approx(0.88)
    assert together([0.8, 0.8], strength=0.5) == pytest.approx(0.8)


def test_many_together_go_no_further_than_the_bounds() -> None:
    assert together([0.8] * 10) == pytest.approx(0.5)
    assert together([1.3] * 10) == pytest.approx(2.0)


def test_one_alone_may_go_further_and_the_others_add_nothing_to_it() -> None:
    assert together([0.3]) == pytest.approx(0.3)
    assert together([0.3, 0.9]) == pytest.approx(0.3)
    assert together([3.0, 1.2]) == pytest.approx(3.0)


@given(ratios, strengths)
def test_nothing_together_is_beyond_both_the_bounds_and_the_strongest(
    of: list[float], strength: float
) -> None:
    alone = [ratio**strength for ratio in of]
    found = together(of, strength)
    assert min(*alone, 0.5) - 1e-9 <= found <= max(*alone, 2.0) + 1e-9


@given(ratios)
def test_the_order_of_programmes_does_not_matter(of: list[float]) -> None:
    assert together(of) == pytest.approx(together(of[::-1]))


def test_every_kind_of_effect_has_its_rate() -> None:
    table = _factors.__wrapped__()  # type: ignore[attr-defined]
    effects = Effects(
        hazard_ratio_of={"diabetes": 0.5},
        remission_ratio_of={"smoking": 2.0},
        cost_ratio_of={"drugs": 1.1},
        utility_ratio=1.02,
    )
    expected = {"diabetes": 0.5, "smoking.remission": 2.0, "drugs": 1.1, "qalys": 1.02}
    found = np.exp(effects.logarithms(table))
    for rate, place in table.rates.items():
        assert found[place] == pytest.approx(expected.get(rate, 1.0)), rate


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"hazard_ratio_of": {"death": 0.0}}, "hazard_ratio_of.death is 0; a ratio lies above 0"),
        ({"invites_to": {"agil": -1.0}}, "invites_to.agil is -1"),
        ({"utility_ratio": 0.0}, "greater than 0"),
    ],
)
def test_an_effect_that_cannot_be_is_refused(terms: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Effects(**terms)
