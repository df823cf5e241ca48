"""The luck that both arms share is measured both ways, with the size of the effect beside it."""

import math

import pytest

from experiments import luck
from sim.report.tables import summary
from sim.run import simulate
from sim.scenario import compose

TINY = ("population.size=1000", "population.comparison=1200", "horizon.years=2")
SOON = ("network.joining.value=0.2", "network.avoidable_admission_ratio.value=0.81")


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    return luck.luck(10, *TINY, *SOON, "compute.processes=1")


def test_every_outcome_is_measured_with_feedback_and_without(found: dict[str, float]) -> None:
    for outcome in ("", "_admissions", "_avoidable_admissions"):
        for way in ("", "_with_feedback"):
            assert found[f"variance_reduction{outcome}{way}"] > 1
    assert all(math.isfinite(value) for value in found.values())
    assert found["variance_reduction"] != found["variance_reduction_with_feedback"]


def test_what_is_measured_is_what_a_run_reports(found: dict[str, float]) -> None:
    results = simulate(compose([*TINY, *SOON, "seeds=10", "network.feedback=false"]))
    reported = summary(results)
    assert found["variance_reduction"] == reported["variance_reduction"]["cost"]
    people = results.table("population").query("resident and arm != 'comparison'")
    cost = people.filter(["cost_hospital", "cost_physician", "cost_drugs", "cost_other"]).sum(
        axis=1
    )
    by_arm = cost.groupby(people["arm"]).sum()
    effect = by_arm["intervention"] / by_arm["counterfactual"] - 1
    assert found["effect_cost"] == pytest.approx(effect)


def test_an_outcome_in_which_arms_do_not_differ_has_no_ratio() -> None:
    results = simulate(compose([*TINY, "seeds=10", "programmes=[]", "network=none"]))
    figures = luck.measured(results)
    assert not [name for name in figures if name.startswith("variance_reduction")]
    assert set(figures.values()) == {0.0}
    assert luck.table({"without feedback": figures}, 10).row_count == len(luck.LEAST)
