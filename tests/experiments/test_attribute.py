"""The question what each programme brings: arms that are lived, files, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.attribute import main
from sim.report.attribution import CONTRACT, TOTAL
from sim.run import parts
from sim.setting import setting
from tests.worlds import world

SMALL = [
    "population.size=300",
    "population.comparison=300",
    "horizon.years=2",
    "seeds=[1,2]",
    "compute.processes=1",
    "programmes=[agil,tobacco_free]",
]


def test_the_arms_are_all_none_each_alone_and_all_but_each() -> None:
    arms = parts(setting(world("programmes=[agil,tobacco_free]")))
    assert {arm: list(ready.programmes) for arm, ready in arms.items()} == {
        "intervention": ["agil", "tobacco_free"],
        "network and components": [],
        "only agil": ["agil"],
        "only tobacco_free": ["tobacco_free"],
        "without agil": ["tobacco_free"],
        "without tobacco_free": ["agil"],
        "counterfactual": [],
    }
    assert arms["network and components"].components
    assert not arms["counterfactual"].components


def test_a_table_a_page_and_a_sentence_for_each_programme(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([*SMALL, f"out={out}"]) == 0
    said = capfd.readouterr().out
    assert "Tobacco-free" in said
    assert "interaction" in said
    table = pd.read_csv(out / "attribution.csv")
    ours = table[table["payer"] == CONTRACT].set_index("part")["alone"]
    assert ours.drop(TOTAL).sum() == pytest.approx(ours[TOTAL])
    page = (out / "attribution.html").read_text("utf-8")
    for words in ("Gesundes Kinzigtal", "AGiL", "Statutory long-term care insurance", "svg"):
        assert words in page


def test_without_programmes_there_is_nothing_to_attribute(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["programmes=[]"]) == 2
    assert "programmes is empty" in capfd.readouterr().err


def test_help_says_what_it_does(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "attribution.csv" in capfd.readouterr().out
