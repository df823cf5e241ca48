"""seeds=auto: how sure a mean is, when that is sure enough, and how many seeds that took."""

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
from scipy.stats import t

from sim import run
from sim.precision import sureness
from sim.report.tables import summary
from sim.results import Results
from sim.run import compare, simulate
from sim.scenario import Scenario, compose, scenario_hash

TINY = ["population.size=200", "population.comparison=1200", "horizon.years=2"]
AUTO = [*TINY, "seeds=auto", "precision.batch=3", "precision.max_seeds=7"]


def auto(*overrides: str) -> Scenario:
    return compose([*AUTO, *overrides])


@pytest.mark.parametrize("count", [2, 5, 60])
def test_the_interval_is_that_of_student(count: int) -> None:
    values = np.random.default_rng(count).normal(40, 9, count)
    found = sureness(values.tolist(), target=0.05, max_seeds=99)
    low, high = t.interval(0.95, count - 1, values.mean(), values.std(ddof=1) / np.sqrt(count))
    assert (found["low"], found["high"]) == pytest.approx((low, high))
    assert found["width"] == pytest.approx((high - low) / values.mean())
    assert found["seeds"] == count


def test_the_target_is_the_whole_width_and_has_to_be_undercut() -> None:
    values = [90.0, 100.0, 110.0]
    width = sureness(values, 1, 9)["width"]
    assert width is not None
    assert [sureness(values, width * by, 9)["reached"] for by in (0.99, 1, 1.01)] == [
        False,
        False,
        True,
    ]


def test_savings_below_zero_can_be_sure_too() -> None:
    found = sureness([-90.0, -100.0, -110.0], target=0.6, max_seeds=9)
    assert found["reached"]
    assert found["low"] < found["mean"] < found["high"] < 0


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [-1.0, 1.0]])
def test_a_mean_of_zero_is_never_sure_enough(values: list[float]) -> None:
    found = sureness(values, target=1e9, max_seeds=9)
    assert found["width"] is None
    assert not found["reached"]


# Whole runs.


@pytest.fixture
def savings(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[float]], list[int]]:
    """Let the seeds have given true savings; return which seeds are lived, as they are."""

    def given(values: list[float]) -> list[int]:
        lived: list[int] = []

        def live(arms: object, seeds: tuple[int, ...], *_: object) -> tuple[list[run.Lines], int]:
            lived.extend(seeds)
            return [_lines(seed, values[seed - 1]) for seed in seeds], 1

        monkeypatch.setattr(run, "live", live)
        return lived

    return given


def _lines(seed: int, saved: float) -> run.Lines:
    about = {"seed": seed, "insurer": "aok", "resident": True, "year": 2006}
    costs = dict.fromkeys(("cost_physician", "cost_drugs", "cost_other"), 0.0)
    arms = {"intervention": 500.0 - saved, "counterfactual": 500.0}
    people = [{"arm": arm, **about, **costs, "cost_hospital": cost} for arm, cost in arms.items()]
    return {"population": people, "settlements": [{"arm": "intervention", "seed": seed, "year": 1}]}


@pytest.mark.parametrize(
    ("values", "took"),
    [
        ([10.0, 10.0, 10.1, 1.0, 1.0, 1.0, 1.0], 3),  # the first batch is sure enough
        ([9.0, 10.0, 11.0, 10.0, 10.0, 10.0, 10.0], 6),
        ([10.0, 10.0, 20.0, 10.0, 10.0, 10.0, 10.0], 7),  # the last batch is cut at the most
        ([0.0] * 7, 7),
    ],
)
def test_seeds_are_added_batch_by_batch_until_the_interval_is_narrow(
    savings: Callable[[list[float]], list[int]], values: list[float], took: int
) -> None:
    lived = savings(values)
    results = simulate(auto("precision.target=0.2"))
    assert lived == list(results.seeds) == list(range(1, took + 1))
    assert results.manifest["peak_memory_bytes"] == 1


def test_how_many_it_took_depends_on_neither_processes_nor_repetition() -> None:
    scenario = auto("precision.target=3.0")
    one, two = (simulate(scenario, processes) for processes in (1, 2))
    assert one.seeds == two.seeds
    assert summary(one) == summary(two)


def test_the_seeds_of_auto_are_those_that_would_have_been_listed() -> None:
    found = simulate(auto("precision.max_seeds=4"))
    listed = simulate(compose([*TINY, "seeds=4"]))
    for name, table in found.tables.items():
        assert table.equals(listed.tables[name])
    one, other = summary(found), summary(listed)
    assert one.pop("precision")["seeds"] == 4
    assert one == other


def test_without_programmes_it_ends_at_the_most_and_says_so() -> None:
    results = simulate(auto("programmes=[]", "network=none"))
    found = summary(results)["precision"]
    assert results.seeds == tuple(range(1, 8))
    assert (found["mean"], found["low"], found["high"]) == (0, 0, 0)
    assert found["width"] is None
    assert not found["reached"]


def test_two_scenarios_can_be_compared_as_surely() -> None:
    scenario = auto("precision.max_seeds=4")
    results: Results = compare(scenario, auto("programmes=[]"))
    found = summary(results)
    assert found["precision"]["mean"] == pytest.approx(found["true_savings"]["mean"])
    assert len(results.seeds) in (3, 4)


def test_the_terms_of_precision_decide_results_only_where_they_are_asked_for() -> None:
    def hashes(scenario: Scenario) -> set[str]:
        config = scenario.config
        others = [config["precision"], {**config["precision"], "max_seeds": 8}]
        return {
            scenario_hash(replace(scenario, config={**config, "precision": other}), "code")
            for other in others
        }

    assert len(hashes(auto())) == 2
    assert len(hashes(compose([*TINY, "seeds=7"]))) == 1


def test_a_given_number_of_seeds_says_nothing_of_precision(
    savings: Callable[[list[float]], list[int]],
) -> None:
    lived = savings([1.0, 2.0])
    results = simulate(compose([*TINY, "seeds=2"]))
    assert lived == [1, 2]
    assert fmean(results.seeds) == 1.5
    assert run.precision(results) is None
