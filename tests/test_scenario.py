"""Promises of scenarios: what is asked for is composed, what makes no sense is refused."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from sim.quantity import Refusal
from sim.scenario import (
    CONF,
    Scenario,
    code_hash,
    compose,
    compose_all,
    groups,
    scenario_hash,
    vary,
)


@pytest.fixture(scope="module")
def kinzigtal() -> Scenario:
    return compose()


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Return a copy of the configuration that a test may change."""
    return shutil.copytree(CONF, tmp_path / "conf", ignore=shutil.ignore_patterns("tables"))


def refusal(*overrides: str, folder: Path = CONF) -> str:
    with pytest.raises(Refusal) as refused:
        compose(overrides, folder)
    return str(refused.value)


def add(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_the_default_is_kinzigtal_from_2006_with_eight_programmes(kinzigtal: Scenario) -> None:
    assert kinzigtal.experiment == "kinzigtal"
    assert kinzigtal.choices["region"] == "kinzigtal"
    assert kinzigtal.values["region"]["start_year"] == 2006
    assert len(kinzigtal.values["programmes"]) == 8
    assert kinzigtal.values["population"]["size"] == kinzigtal.values["region"]["insured"]
    assert kinzigtal.seeds == tuple(range(1, 11))
    assert "hydra" not in kinzigtal.config


def test_values_are_numbers_where_the_config_has_quantities(kinzigtal: Scenario) -> None:
    assert kinzigtal.values["contract"]["sharing_rate"] == 0.5
    assert kinzigtal.config["contract"]["sharing_rate"]["unit"] == "1"
    assert kinzigtal.quantities["contract.sharing_rate"].value == 0.5


def test_every_published_figure_says_with_what_it_is_compared(kinzigtal: Scenario) -> None:
    for figure in kinzigtal.values["region"]["published"]:
        assert figure["compare_with"]
        assert figure["source"]
        first, last = figure["years"]
        assert first <= last


def test_what_is_asked_for_is_in_the_scenario() -> None:
    asked = compose(
        [
            "region=kinzigtal",
            "experiment=kinzigtal",
            "contract=contribution_margin",
            "funding=none",
            "programmes=[healthy_weight]",
            "network=none",
            "seeds=[3,1]",
            "population.size=5000",
            "horizon.years=8",
            "out=somewhere/else",
            "force=true",
            "contract.sharing_rate.value=0.6",
        ]
    )
    assert list(asked.values["programmes"]) == ["healthy_weight"]
    assert asked.values["network"]["joining"] == 0
    assert asked.values["funding"] == {
        "label": "Nobody",
        "after_insolvency": "continues",
        "instruments": [],
    }
    assert asked.seeds == (3, 1)
    assert asked.values["population"]["size"] == 5000
    assert asked.values["horizon"]["years"] == 8
    assert asked.values["out"] == "somewhere/else"
    assert asked.values["force"] is True
    assert asked.values["contract"]["sharing_rate"] == 0.6


def test_no_programmes_and_few_seeds_can_be_asked_for() -> None:
    asked = compose(["programmes=[]", "seeds=3"])
    assert asked.values["programmes"] == {}
    assert asked.seeds == (1, 2, 3)


def test_fewer_diseases_are_accepted_where_nobody_names_the_others(conf: Path) -> None:
    add(conf / "diseases", "smoking", "smoking: {kind: risk_factor, hazard_ratio_of: {}}")
    asked = compose(["diseases=[smoking]", "programmes=[]"], conf)
    assert list(asked.values["diseases"]) == ["smoking"]


def other_choices(conf: Path) -> None:
    """Add a second contract and funding, and a region that chooses them by default."""
    terms = (conf / "contract" / "contribution_margin.yaml").read_text(encoding="utf-8")
    add(conf / "contract", "other", terms)
    add(conf / "contract", "third", terms)
    kinzigtal = (conf / "region" / "kinzigtal.yaml").read_text(encoding="utf-8")
    region = kinzigtal.replace(
        "override /contract@_global_.contract: contribution_margin",
        "override /contract@_global_.contract: other",
    ).replace("label: Gesundes Kinzigtal", "label: Elsewhere")
    add(conf / "region", "elsewhere", region)


def test_a_region_chooses_its_contract(conf: Path) -> None:
    other_choices(conf)
    asked = compose(["region=elsewhere"], conf)
    assert asked.choices["contract"] == "other"
    assert asked.values["region"]["label"] == "Elsewhere"


def test_the_command_line_beats_the_region(conf: Path) -> None:
    other_choices(conf)
    asked = compose(["region=elsewhere", "contract=third"], conf)
    assert asked.choices["contract"] == "third"
    asked = compose(["contract=third", "region=elsewhere"], conf)
    assert asked.choices["contract"] == "third"


EXPERIMENT = """# @package _global_
# Is it elsewhere what it is here?
defaults:
  - override /region: elsewhere
"""


def test_an_experiment_chooses_the_region_and_the_region_its_contract(conf: Path) -> None:
    other_choices(conf)
    add(conf / "experiment", "question", EXPERIMENT)
    asked = compose(["experiment=question"], conf)
    assert asked.experiment == "question"
    assert asked.choices["region"] == "elsewhere"
    assert asked.choices["contract"] == "other"


def test_an_experiment_beats_the_region_and_the_command_line_both(conf: Path) -> None:
    other_choices(conf)
    question = f"{EXPERIMENT}  - override /contract: third\n  - override /programmes: [agil]\n"
    add(conf / "experiment", "question", question)
    asked = compose(["experiment=question"], conf)
    assert asked.choices["contract"] == "third"
    assert list(asked.values["programmes"]) == ["agil"]
    asked = compose(["experiment=question", "contract=contribution_margin"], conf)
    assert asked.choices["contract"] == "contribution_margin"
    asked = compose(["experiment=question", "region=kinzigtal", "programmes=[]"], conf)
    assert asked.choices["region"] == "kinzigtal"
    assert asked.choices["contract"] == "third"
    assert asked.values["programmes"] == {}


def test_an_experiment_may_set_a_value_and_the_command_line_beats_it(conf: Path) -> None:
    question = "# @package _global_\n# What if?\ncontract: {sharing_rate: {value: 0.6}}\n"
    add(conf / "experiment", "question", question)
    asked = compose(["experiment=question"], conf)
    assert asked.values["contract"]["sharing_rate"] == 0.6
    asked = compose(["experiment=question", "contract.sharing_rate.value=0.4"], conf)
    assert asked.values["contract"]["sharing_rate"] == 0.4


def test_a_misspelt_key_in_an_experiment_is_refused(conf: Path) -> None:
    question = "# @package _global_\n# What if?\ncontract: {sharing_rat: {value: 0.6}}\n"
    add(conf / "experiment", "question", question)
    said = refusal("experiment=question", folder=conf)
    assert "contract.sharing_rat is not known. Did you mean sharing_rate" in said


BAD: dict[str, tuple[list[str], list[str]]] = {
    "an unknown choice": (
        ["contract=contribution"],
        ["contract=contribution", "Did you mean contribution_margin", "conf/contract"],
    ),
    "an unknown programme": (["programmes=[agile]"], ["programmes=agile", "agil,", "conf/"]),
    "an unknown experiment": (["experiment=nope"], ["experiment=nope", "kinzigtal"]),
    "a choice taken away": (["~contract"], ["~contract", "a run needs"]),
    "a choice of nothing": (["contract=null"], ["contract=", "contribution_margin"]),
    "a choice made twice": (["programmes=[agil,agil]"], ["twice"]),
    "two regions": (["region=[kinzigtal,kinzigtal]"], ["region"]),
    "an unknown key": (["seed=3"], ["seed is not known", "Did you mean seeds"]),
    "an unknown key below": (
        ["contract.sharing_rat.value=0.6"],
        ["contract.sharing_rat", "Did you mean sharing_rate"],
    ),
    "an unknown key added": (["+contract.bonus=1"], ["contract.bonus is not known"]),
    "an unknown group added": (["+colour=red"], ["colour is not known"]),
    "a disease added without a file": (["+diseases.gout.label=x"], ["diseases.gout", "conf/"]),
    "a key taken away": (["~horizon.years"], ["horizon.years was taken away"]),
    "bad grammar": (["seeds=[1"], ["'seeds=[1' cannot be read", "key=value"]),
    "no key": (["=3"], ["names no key"]),
    "no value": (["seeds"], ["cannot be read"]),
    "a sweep": (["seeds=1,2"], ["seeds=1,2", "seeds=[...]"]),
    "a reference to nothing": (["population.size=${nope}"], ["population.size", "nope"]),
    "a number for a quantity": (
        ["contract.sharing_rate=0.6"],
        ["contract.sharing_rate is 0.6", "contract.sharing_rate.value=NUMBER"],
    ),
    "a quantity outside its range": (
        ["contract.sharing_rate.value=2"],
        ["contract.sharing_rate: value 2 lies outside its range 0.3 to 0.67", "widen"],
    ),
    "a word for a number": (
        ["contract.sharing_rate.value=half"],
        ["contract.sharing_rate.value is 'half'", "number"],
    ),
    "a word for a count": (["population.size=many"], ["population.size is 'many'", "whole"]),
    "a word for a switch": (["force=maybe"], ["force is 'maybe'", "true or false"]),
    "a number for a group of keys": (["horizon=8"], ["horizon is 8", "years"]),
    "a place outside a list": (
        ["funding.instruments.7.amount.value=5"],
        ["funding.instruments has no 7"],
    ),
    "zero persons": (["population.size=0"], ["population.size is 0", "1 or more"]),
    "a start before the tables": (["region.start_year=1980"], ["region.start_year is 1980"]),
    "no seeds": (["seeds=0"], ["seeds is 0", "seeds=20"]),
    "a disease that nobody selected": (
        ["diseases=[diabetes]", "programmes=[]"],
        ["hazard_ratio_of in conf/diseases/diabetes.yaml", "is not a selected disease"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(case: str) -> None:
    overrides, expected = BAD[case]
    said = refusal(*overrides)
    for words in expected:
        assert words in said


def test_a_config_file_that_is_not_yaml_is_refused(conf: Path) -> None:
    add(conf / "contract", "contribution_margin", "rule: [")
    assert "cannot be composed" in refusal(folder=conf)


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refusal("seeds=0", "horizon.years=0", "population.size=0")
    for words in ("seeds is 0", "horizon.years is 0", "population.size is 0"):
        assert words in said


def test_composing_leaves_a_running_hydra_as_it_was() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        running = GlobalHydra.instance().hydra
        compose(["programmes=[]"])
        assert GlobalHydra.instance().hydra is running
    assert not GlobalHydra.instance().is_initialized()


def hash_with(scenario: Scenario, **changes: object) -> str:
    return scenario_hash(replace(scenario, config=scenario.config | changes), "code")


@pytest.mark.parametrize(
    "same", [{"out": "elsewhere"}, {"force": True}, {"compute": {"processes": 2}}]
)
def test_where_and_how_to_compute_does_not_change_the_hash(
    kinzigtal: Scenario, same: dict[str, object]
) -> None:
    assert hash_with(kinzigtal, **same) == scenario_hash(kinzigtal, "code")


@pytest.mark.parametrize("other", [{"seeds": 11}, {"horizon": {"years": 8}}, {"programmes": {}}])
def test_what_is_simulated_changes_the_hash(kinzigtal: Scenario, other: dict[str, object]) -> None:
    assert hash_with(kinzigtal, **other) != scenario_hash(kinzigtal, "code")


def test_a_scenario_composed_twice_has_one_hash(kinzigtal: Scenario) -> None:
    assert scenario_hash(compose(), "code") == scenario_hash(kinzigtal, "code")


def test_the_code_changes_the_hash(kinzigtal: Scenario) -> None:
    assert scenario_hash(kinzigtal, "code") != scenario_hash(kinzigtal, "other code")


@pytest.fixture
def changed_table(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        (tmp_path / "tables").mkdir(exist_ok=True)
        (tmp_path / "tables" / "life_table.csv").write_text(text, encoding="utf-8")
        return code_hash(tmp_path)

    return write


def test_a_table_changes_the_hash_of_the_code(changed_table: Callable[[str], str]) -> None:
    assert changed_table("a") == changed_table("a")
    assert changed_table("a") != changed_table("b")


def test_every_group_lists_its_choices() -> None:
    known = groups()
    assert "tables" not in known
    assert {"physicians", "none"} <= set(known["network"])


# Many scenarios.

JOBS = [
    ["contract.sharing_rate.value=0.4"],
    ["contract.sharing_rate.value=0.4", "seeds=3", "population.trends.cost.value=0.03"],
    ["funding.instruments.0.interest.value=3e-2", "programmes=[agil]"],
    ["contract.settlement_lag.value=12"],
    ["contract.sharing_rate.value=0.4", "out='at ${contract.sharing_rate.value}'"],
    ["contract.sharing_rate.value=0.4", "contract.sharing_rate.value=0.5"],
    ["region.insured=5000"],
    [],
]


@pytest.mark.parametrize("job", JOBS)
def test_composed_with_others_a_scenario_is_what_it_is_alone(job: list[str]) -> None:
    (found,) = compose_all([job])
    assert found == compose(job)


@pytest.mark.parametrize(
    "job",
    [
        ["contract.sharing_rate.value=0.9"],
        ["contract.sharing_rat.value=0.4"],
        ["horizon.value=3"],
        ["contract.sharing_rate.value=nan"],
        ["contract.sharing_rate.value=1e999"],
        ["contract.sharing_rate.value=0.4", "seeds=0"],
    ],
)
def test_what_is_refused_alone_is_refused_with_others_in_the_same_words(job: list[str]) -> None:
    said = refusal(*job)
    with pytest.raises(Refusal) as refused:
        list(compose_all([[], job]))
    assert str(refused.value) == said


def test_quantities_can_be_varied_by_numbers(kinzigtal: Scenario) -> None:
    found = vary(kinzigtal, {"contract.sharing_rate": 0.4, "population.trends.cost": 0.03})
    given = ("contract.sharing_rate.value=0.4", "population.trends.cost.value=0.03")
    assert found == compose(given)
    assert kinzigtal.values["contract"]["sharing_rate"] == 0.5


def test_a_quantity_that_is_not_there_or_no_number_is_refused(kinzigtal: Scenario) -> None:
    with pytest.raises(Refusal, match=r"Did you mean contract\.sharing_rate"):
        vary(kinzigtal, {"contract.sharing_rat": 0.4})
    with pytest.raises(Refusal, match="no number"):
        vary(kinzigtal, {"contract.sharing_rate": float("nan")})
