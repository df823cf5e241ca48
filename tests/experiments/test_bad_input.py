"""Promises of the command line: bad input is refused in words, before anything runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments import command
from sim.overrides import groups, sentence

SMALL = ["population.size=300", "population.comparison=600", "horizon.years=2"]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was run: hopefully nothing."""
    scenarios: list[Any] = []
    monkeypatch.setattr(command, "run", lambda scenario, _: scenarios.append(scenario))
    return scenarios


BAD: dict[str, tuple[list[str], list[str]]] = {
    "an unknown key": (["population.sise=5"], ["population.sise", "Did you mean size"]),
    "an unknown choice": (["region=kinzigtall"], ["region=kinzigtall", "Did you mean kinzigtal"]),
    "a list for one choice": (["region=[kinzigtal]"], ["is a list, but one is chosen"]),
    "a list of experiments": (["experiment=[kinzigtal]"], ["is a list", "kinzigtal;"]),
    "nothing for a choice": (["funding=null"], ["funding=null is no choice", "loan, none"]),
    "a choice added": (["+programmes=[agil]"], ["'+programmes=[agil]'", "Write programmes=[agil]"]),
    "a choice elsewhere": (["region@x=kinzigtal"], ["'region@x=kinzigtal'", "region=CHOICE"]),
    "a wrong type": (
        ["population.size=many"],
        ["population.size is 'many'", "whole number", "population.size=31000"],
    ),
    "a value outside its range": (
        ["contract.sharing_rate.value=0.9"],
        ["contract.sharing_rate", "0.9", "0.3 to 0.67", "Give contract.sharing_rate.value another"],
    ),
    "a bare number for a quantity": (
        ["contract.sharing_rate=0.6"],
        ["contract.sharing_rate is 0.6", "Write contract.sharing_rate.value=NUMBER"],
    ),
    "a value of a plain number": (
        ["population.comparison_regions.value=12"],
        ["population.comparison_regions is a plain value", "Write population.comparison_regions="],
    ),
    "text for an entry": (
        ["funding.instruments=5"],
        ["funding.instruments is 5", "a list of entries with kind, lender", "=[]"],
    ),
    "a value taken away": (
        ["~contract.sharing_rate.value"],
        ["contract.sharing_rate.value was taken away", "Leave it"],
    ),
    "a disease that nobody selected": (
        ["diseases=[diabetes]"],
        ["hazard_ratio_of in conf/diseases/diabetes.yaml", "is not a selected", "add "],
    ),
    "no years": (["horizon.years=0"], ["horizon.years is 0", "1 to 40"]),
    "too many years": (["horizon.years=41"], ["horizon.years is 41", "1 to 40"]),
    "years in words": (["horizon.years=ten"], ["horizon.years is 'ten'", "whole number"]),
    "years beyond the tables": (
        ["horizon.years=40"],
        ["horizon.years is 40", "only to 2040", "up to 35 years"],
    ),
    "a start after the tables": (["region.start_year=9999"], ["9999", "Start in 2040 or earlier"]),
    "a start before the tables": (
        ["region.start_year=1990"],
        ["region.start_year is 1990", "back only to 2000", "Start in 2002 or later"],
    ),
    "a start too far from the age structure": (
        ["region.start_year=2012"],
        ["region.start_year is 2012", "of 2004", "Start in 2001 to 2011"],
    ),
    "prices of another age": (["population.price_year=3000"], ["is 3000", "2000 to 2040"]),
    "a loan after the contract": (
        ["horizon.years=2", "funding.instruments.0.first_month=25"],
        ["funding.instruments.0.first_month is 25", "to 24"],
    ),
    "nobody": (["population.size=0"], ["population.size is 0", "1 or more"]),
    "fewer than nobody": (["population.size=-1"], ["population.size is -1", "1 or more"]),
    "nobody to compare with": (
        ["population.comparison=0"],
        ["population.comparison is 0", "1 or more"],
    ),
    "more people than fit": (
        ["population.size=100000000000"],
        ["population.size is 100000000000", "GB of this machine", "lower population.size"],
    ),
    "a reference too small": (["population.reference_size=1"], ["is 1:", "5120", "another value"]),
    "no seeds": (["seeds=0"], ["seeds is 0", "1 to", "seeds=20", "seeds=[1,2,3]"]),
    "fewer than no seeds": (["seeds=-1"], ["seeds is -1", "seeds=20"]),
    "an empty list of seeds": (["seeds=[]"], ["seeds is []", "seeds=[1,2,3]"]),
    "a seed twice": (["seeds=[1,1]"], ["seeds is [1, 1]", "all different"]),
    "half a seed": (["seeds=1.5"], ["seeds is 1.5", "seeds=20"]),
    "seeds without number": (["seeds="], ["seeds is ''", "seeds=20"]),
    "more seeds than there are": (["seeds=99999999999999999999"], ["seeds is 9999999", "1000000"]),
    "a seed too large": (["seeds=[9223372036854775808]"], ["9223372036854775808", "or above"]),
    "bad grammar": (["population.size=["], ["'population.size=['", "Write key=value"]),
    "no key": (["=5"], ["'=5' names no key", "Write key=value"]),
    "no value": (["foo"], ["'foo' cannot be read", "Write key=value"]),
    "nothing": ([""], ["'' is empty", "Write key=value"]),
    "letters that must be quoted": (["out=ünï"], ["'out=ünï' cannot be read", "is quoted"]),
    "Hydra's own": (["hydra.run.dir=elsewhere"], ["'hydra.run.dir=elsewhere'", "out=DIR"]),
    "an option of Hydra's": (["--config-name=other"], ["'--config-name=other'", "-h", "key=value"]),
    "an unknown option": (["-x"], ["'-x' is no option", "-m"]),
    "several values without a sweep": (["seeds=1,2"], ["'seeds=1,2'", "seeds=[...]", "-m"]),
    "a sweep with one bad value": (["-m", "seeds=1,0"], ["seeds is 0"]),
    "a sweep of an unknown key": (["seed=1,2", "-m"], ["seed is not known", "Did you mean seeds"]),
    "a sweep into one folder": (["-m", "seeds=1,2", "out=x"], ["out=x", "Leave out away"]),
    "a channel nobody staffs": (
        ["programmes=[schools]"],
        ["conf/programmes/schools.yaml is ['school'], which nobody staffs", "generation=v3_0"],
    ),
    "a channel that is none": (
        ["programmes.agil.channels=[post]"],
        ["programmes.agil.channels", "post is no channel", "letter"],
    ),
    "a component that the region excludes": (
        ["region=saverne", "region.excludes=[health_kiosk]", "generation=v2_0"],
        ["generation.components.health_kiosk", "region.excludes", "generation=v1_0"],
    ),
    "a programme that is left nothing to act on": (
        ["programmes=[schools]", "generation=v3_0", "~programmes.schools.hazard_ratio_of"],
        ["programmes.schools.hazard_ratio_of was taken away"],
    ),
    "more insured than inhabitants": (
        ["region.insured=90000"],
        ["region.insured is 90000, more than the 71000 inhabitants"],
    ),
    "a place without ages": (
        ["region.population_table=atlantis"],
        ["region.population_table is 'atlantis'", "conf/tables/population_by_age.csv"],
    ),
    "a phase that costs and takes no time": (
        ["region.phases.concept.months=0"],
        ["region.phases.concept", "could never be spent"],
    ),
    "a figure of nothing": (
        ["region.published.0.compare_with=[luck]"],
        ["region.published.0.compare_with", "luck is no outcome", "true_savings"],
    ),
    "a figure of years that run backwards": (
        ["region.published.0.years=[2013,2012]"],
        ["region.published.0.years is [2013, 2012]", "first not after last"],
    ),
    "no folder": (["out="], ["out is ''", "path of a folder"]),
    "a folder nobody can make": (["out=/proc/x"], ["out=/proc/x cannot be written", "out=DIR"]),
    "a folder that is a disk": (["out=/proc"], ["out=/proc is where a disk", "out=/proc/results"]),
    "the folder one is in": (["out=."], ["out=. is the folder you are in", "out=results"]),
    "a folder above": (["out=.."], ["out=.. is", "Name another"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words_before_anything_runs(
    case: str, here: Path, say: Callable[..., Any], ran: list[Any]
) -> None:
    arguments, expected = BAD[case]
    said = say(*arguments)
    assert said.status == 2
    assert said.out == ""
    for words in expected:
        assert words in said.err
    assert len(said.err.strip().splitlines()) <= 40
    assert (ran, list(here.iterdir())) == ([], [])


def test_a_file_in_the_place_of_the_folder_or_above_it_is_refused(
    here: Path, say: Callable[..., Any], ran: list[Any]
) -> None:
    (here / "file").write_text("mine")
    assert say(*SMALL, "out=file").err.startswith("out=file is a file.")
    assert say(*SMALL, "out=file/x").err.startswith("out=file/x cannot be written: Not a directory")
    assert (ran, (here / "file").read_text()) == ([], "mine")


def test_a_folder_with_other_files_is_refused_whatever_is_forced(
    here: Path, say: Callable[..., Any], ran: list[Any]
) -> None:
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.txt").write_text("mine")
    for arguments in (["out=thesis"], ["out=thesis", "force=true"]):
        said = say(*SMALL, *arguments)
        assert said.status == 2
        assert "it holds 'chapter.txt', which no run has put there" in said.err
    assert (ran, (here / "thesis" / "chapter.txt").read_text()) == ([], "mine")


def test_help_shows_every_choice(say: Callable[..., Any]) -> None:
    for option in ("-h", "--help"):
        said = say("seeds=0", option)
        assert (said.status, said.err) == (0, "")
        for words in ("seeds=20", "out=DIR", "kinzigtal", "healthy_weight", "-m "):
            assert words in said.out


def test_help_says_in_a_sentence_what_each_choice_is(say: Callable[..., Any]) -> None:
    out = " ".join(say("--help").out.split())
    known = groups()
    for group in ("region", "generation", "programmes", "contract", "funding"):
        for name in known[group]:
            opening = sentence(group, name)
            assert len(opening) > 25, name
            assert f"{name} {' '.join(opening.split())}"[:60] in out, name
