"""Promises of overrides: each word is read, or answered in words."""

from pathlib import Path

import pytest

from sim.overrides import CONF, check, groups, keys, unknown
from sim.quantity import Refusal


def test_keys_are_those_of_groups_and_of_values() -> None:
    assert keys(["region=kinzigtal", "+contract.bonus=1", "~seeds"]) == [
        "region",
        "contract.bonus",
        "seeds",
    ]


def test_groups_are_the_folders_with_choices(tmp_path: Path) -> None:
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "b.yaml").touch()
    (tmp_path / "region" / "a.yaml").touch()
    (tmp_path / "tables").mkdir()
    assert groups(tmp_path) == {"region": ["a", "b"]}


@pytest.mark.parametrize(
    "override", ["seeds=2", "programmes=[agil,health_coach]", "programmes=agil", "programmes=[]"]
)
def test_what_a_run_can_be_asked_passes(override: str) -> None:
    check([override], CONF)


@pytest.mark.parametrize("override", ["hydra.verbose=true", "hydra/launcher=basic", "~hydra.mode"])
def test_what_is_hydras_own_is_refused(override: str) -> None:
    with pytest.raises(Refusal, match="about Hydra itself"):
        check([override], CONF)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("seed", "seed is not known: conf has no seed. Did you mean seeds? Correct the name."),
        ("rate.valu", "rate has no valu. Did you mean value? Write rate.value=NUMBER."),
        ("years.value", "years is a plain value. Write years=VALUE."),
        ("loans.2", "loans has no 2. Allowed: 0. Correct the name."),
    ],
)
def test_an_unknown_key_is_answered_with_what_is_there(key: str, said: str) -> None:
    config = {"rate": {"value": 1, "unit": "1"}, "years": 3, "loans": [{"sum": 1}], "seeds": 1}
    assert said in str(unknown(config, key, []))


@pytest.mark.parametrize("key", ["rate.value", "loans.0.sum"])
def test_a_known_key_is_no_complaint(key: str) -> None:
    assert unknown({"rate": {"value": 1}, "loans": [{"sum": 1}]}, key, []) is None
