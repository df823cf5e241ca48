"""Promises of differences: a config is what it was once they are taken off and put on again."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sim.differences import MISSING, differences, looked_up, restored

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.floats(0, 1) | st.sampled_from("xy")
KEYS = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=2) | st.dictionaries(KEYS, below, max_size=3)
)
CONFIGS = st.dictionaries(KEYS, TREES, max_size=3)


def paths(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every leaf and list of a tree by dotted path."""
    if not isinstance(node, dict):
        return [(path, node)]
    return [found for key in node for found in paths(node[key], f"{path}.{key}".lstrip("."))]


@given(CONFIGS, CONFIGS)
def test_what_differs_is_all_that_is_needed(one: dict[str, Any], other: dict[str, Any]) -> None:
    before = copy.deepcopy(one)
    found = differences(one, other)
    assert json.dumps(restored(one, found)) == json.dumps(other)
    assert one == before
    assert (found == {}) == (json.dumps(one) == json.dumps(other))
    for path, value in paths(other):
        if path:
            assert json.dumps(looked_up(one, found, path)) == json.dumps(value)


def test_what_is_not_there_is_said_to_be_missing() -> None:
    assert looked_up({"a": {"b": 1}}, {}, "a.c") is MISSING
    assert looked_up({"a": [1, {"b": 2}]}, {}, "a.1.b") == 2
    assert looked_up({"a": [1]}, {"a": [3]}, "a.0") == 3
    assert looked_up({"a": [1]}, {}, "a.b") is MISSING


def test_a_one_is_not_a_true_and_not_a_one_point_nought() -> None:
    assert differences({"a": 1}, {"a": 1.0}) == {"a": 1.0}
    assert differences({"a": 1}, {"a": True}) == {"a": True}
    assert differences({"a": [1]}, {"a": [1.0]}) == {"a": [1.0]}
