"""Promises to whoever brings a cohort: it lives, faults are told, and little of it gets out.

The example cohort that the program writes is the one that is tried here.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.testing import assert_array_equal

from experiments import cohort, command
from experiments.cohort import main
from sim import run
from sim.comparison import prices
from sim.disclosure import COUNTS, RULES
from sim.people.diseases import has
from sim.quantity import Refusal
from sim.report.tables import summary
from sim.results import TABLES, column
from sim.results import read as read_run
from sim.run import identity, simulate
from sim.scenario import Scenario, compose
from sim.setting import setting
from tests.worlds import of_arm

OF_FILE = ("population=file", "population.comparison=1200", "horizon.years=2")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated cohort of some hundred persons, as parquet."""
    path = tmp_path_factory.mktemp("cohort") / "cohort.parquet"
    assert main([f"out={path}", "persons=600"]) == 0
    return path


@pytest.fixture(scope="module")
def frame(example: Path) -> pd.DataFrame:
    return pd.read_parquet(example)


def scenario(path: Path, *more: str) -> Scenario:
    return compose([*OF_FILE, f"population.path={path}", "seeds=[1,2]", *more])


# The example.


def test_the_example_is_a_cohort_without_a_fault(
    example: Path, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"check={example}"]) == 0
    assert f"is in order: {len(frame)} persons" in capsys.readouterr().out
    assert 550 < len(frame) < 650
    assert frame["pseudonym"].is_unique
    assert frame["cost_drugs"].isna().sum() < 100  # those who came within the year
    assert (frame["cost_hospital"] > 0).mean() == pytest.approx(0.17, abs=0.1)


def test_a_cohort_written_by_the_model_and_read_again_is_the_same_people(
    example: Path, frame: pd.DataFrame
) -> None:
    ready = setting(scenario(example))
    people = run.residents(ready, 1, prices(ready, 1)).people
    rows = np.arange(len(frame))
    assert people.cohorts[1] == rows.size
    months = frame["born"].str.split("-", expand=True).astype(int)
    assert_array_equal(people.born[rows], (months[0] - ready.region.start_year) * 12 + months[1])
    assert_array_equal(people.sex[rows] == 1, frame["sex"] == "female")
    names = np.array(list(ready.region.insurers))
    assert_array_equal(names[people.insurer[rows]], frame["insurer"])
    assert_array_equal(people.physician[rows], frame["physician"])
    assert_array_equal(people.fifth[rows] + 1, frame["deprivation"])
    for process in ready.country.factors.processes:
        if process.bit >= 0:
            assert_array_equal(has(people, process.bit, rows), frame[process.name])


def test_the_dear_of_last_year_are_the_dear_of_the_next(
    example: Path, frame: pd.DataFrame, tmp_path: Path
) -> None:
    running = ["cost_physician", "cost_drugs", "cost_other"]
    silent = tmp_path / "silent.parquet"
    frame.drop(columns=[*running, "cost_hospital"]).to_parquet(silent)
    known = frame["cost_drugs"].notna()
    alike = []
    for path in (example, silent):
        ready = setting(scenario(path))
        year = cohort.lived(ready, 1).people.account[1:4, : len(frame)].sum(axis=0)
        before = frame.loc[known, running].sum(axis=1)
        alike.append(before.corr(pd.Series(year)[known], method="spearman"))
    assert alike[0] > 0.75
    assert alike[0] > alike[1] + 0.2


def test_csv_and_parquet_of_the_same_cohort_are_the_same_run(
    example: Path, frame: pd.DataFrame, tmp_path: Path
) -> None:
    frame.to_csv(tmp_path / "cohort.csv", index=False)
    found = []
    for path in (example, tmp_path / "cohort.csv"):
        ready = setting(scenario(path))
        people = run.residents(ready, 1, prices(ready, 1)).people
        found.append([column.tobytes() for column in people.columns.values()])
    assert found[0] == found[1]


def test_the_example_is_not_written_over_anything(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = example.read_bytes()
    assert main([f"out={example}"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert example.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["persons=5"], "Give either out=FILE"),
        (["out=a.csv", "check=a.csv"], "Give either out=FILE"),
        (["out=a.xlsx"], ".parquet or .csv"),
        (["out=a.csv", "persons=many"], "persons=many"),
        (["out=a.csv", "region=nowhere"], "region=nowhere is no choice"),
        (["check=missing.csv"], "missing.csv cannot be read"),
        (["out=none/a.csv", "persons=20"], "cannot be written"),
    ],
)
def test_what_cannot_be_written_or_checked_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_help_has_the_schema_in_both_commands(say: Callable[..., Any], capfd: Any) -> None:
    assert cohort.main(["--help"]) == 0
    assert "| `born` | yes |" in capfd.readouterr().out
    said = say("--help").out
    assert "population=file population.path=cohort.parquet" in said
    assert "\n  born            needed; YYYY-MM" in said


# Faults.


def faulty(frame: pd.DataFrame, path: Path) -> Path:
    spoilt = frame.copy()
    spoilt.loc[3, "sex"] = "unknown"
    spoilt.loc[7, "pseudonym"] = spoilt.loc[2, "pseudonym"]
    spoilt.to_csv(path, index=False)
    return path


def test_a_faulty_file_is_refused_with_its_faults_and_nothing_is_left(
    say: Callable[..., Any], here: Path, frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = faulty(frame, tmp_path / "faulty.csv")
    said = say(*OF_FILE, f"population.path={path}", "out=results/one")
    assert said.status == 2
    for words in ("has 2 faults", "4  sex", "one of male, female", "8  pseudonym  as in row 3"):
        assert words in said.err
    assert frame.loc[2, "pseudonym"] not in said.err
    assert list(here.iterdir()) == []


def test_every_fault_is_listed_for_whoever_asks(
    frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"check={faulty(frame, tmp_path / 'faulty.csv')}"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "row,column,value,rule",
        '4,sex,unknown,"one of male, female"',
        "8,pseudonym,as in row 3,no two alike",
    ]


def test_a_file_refused_leaves_an_earlier_run_as_it_was(
    say: Callable[..., Any], here: Path, frame: pd.DataFrame, tmp_path: Path
) -> None:
    (here / "one").mkdir()
    path = faulty(frame, tmp_path / "faulty.csv")
    assert say(*OF_FILE, f"population.path={path}", "out=one").status == 2
    assert [path.name for path in here.iterdir()] == ["one"]
    assert list((here / "one").iterdir()) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["population.path=null"], "population.path is null"),
        (["population.path=missing.csv"], "missing.csv cannot be read"),
        (["population.path=cohort.pkl"], ".parquet and .csv"),
        (["population.size=20"], "persons, all of whom live"),
        (["population.checksum=abc"], "it is another cohort"),
        (["results.smallest_cell=0"], "results.smallest_cell is 0"),
        (["results.smallest_cell=5000"], "fewer than results.smallest_cell"),
        (["population.comparison=10000000000"], "give a file of fewer persons"),
        (["region.country=france"], "population=COUNTRY population.source=file"),
    ],
)
def test_what_does_not_go_with_a_cohort_file_is_refused_in_words(
    say: Callable[..., Any], here: Path, example: Path, more: list[str], said: str
) -> None:
    answer = say("population=file", f"population.path={example}", *more)
    assert answer.status == 2
    assert said in answer.err
    assert list(here.iterdir()) == []


def test_a_path_without_a_population_of_that_kind_is_not_overlooked(
    say: Callable[..., Any], example: Path
) -> None:
    answer = say(f"population.path={example}")
    assert answer.status == 2
    assert "Add population=file" in answer.err


# Identity.


def test_a_run_is_known_by_the_content_of_its_file_and_not_by_the_path(
    example: Path, frame: pd.DataFrame, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere.parquet"
    moved.write_bytes(example.read_bytes())
    assert identity(scenario(moved)) == identity(scenario(example))
    frame.iloc[::-1].to_parquet(tmp_path / "other.parquet")
    assert identity(scenario(tmp_path / "other.parquet")) != identity(scenario(example))
    checksum = scenario(example).config["population"]["checksum"]
    assert scenario(moved, f"population.checksum={checksum}")


def test_a_file_that_changes_between_two_looks_is_refused(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "cohort.csv"
    frame.to_csv(path, index=False)
    composed = scenario(path)
    frame.iloc[1:].to_csv(path, index=False)
    with pytest.raises(Refusal, match="has changed"):
        setting(composed)


def test_a_cohort_of_today_lives_in_a_contract_of_today(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "today.csv"
    frame.to_csv(path, index=False)
    ready = setting(scenario(path, "region.start_year=2027"))
    assert ready.calendar[0] == 2025
    assert ready.roster is not None
    assert ready.roster.structure(ready.first_month, 101)[:, :21].sum() == 0  # born by 2003


def test_the_file_goes_with_the_tables_of_another_country(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "cohort.csv"
    frame.to_csv(path, index=False)
    french = ("population=france", "population.source=file", "region.country=france")
    ready = setting(scenario(path, *french))
    assert ready.country.name == "france"
    assert ready.roster is not None


# What is published.


@pytest.fixture(scope="module")
def written(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the example with a table of persons."""
    folder = tmp_path_factory.mktemp("run") / "run"
    status = command.answer(
        [*OF_FILE, f"population.path={example}", "seeds=[1,2]", "results.persons=true",
         "compute.processes=1", f"out={folder}"]
    )  # fmt: skip
    assert status == 0
    return folder


@pytest.fixture(scope="module")
def whole(example: Path) -> Any:
    """The same run in Python, with every cell."""
    return simulate(scenario(example, "results.persons=true"))


def test_no_pseudonym_is_in_anything_that_is_written(written: Path, frame: pd.DataFrame) -> None:
    tables = [pd.read_parquet(path).to_csv().encode() for path in written.glob("*.parquet")]
    contents = [path.read_bytes() for path in written.rglob("*") if path.is_file()]
    for pseudonym in frame["pseudonym"]:
        assert not any(pseudonym.encode() in content for content in (*tables, *contents))


def test_the_manifest_has_checksum_and_number_of_persons(
    written: Path, example: Path, frame: pd.DataFrame
) -> None:
    manifest = json.loads((written / "manifest.json").read_text())
    config = yaml.safe_load((written / "config.yaml").read_text())
    composed = scenario(example)
    checksum = composed.config["population"]["checksum"]
    assert manifest["cohort"] == {"checksum": checksum, "persons": len(frame)}
    assert config["population"]["checksum"] == checksum
    assert config["population"]["size"] == len(frame)
    assert manifest["withheld"]["smallest_cell"] == 5
    empty = {
        name: int(pd.read_parquet(written / f"{name}.parquet").isna().to_numpy().sum())
        for name in RULES
    }
    assert manifest["withheld"]["cells"] == {name: cells for name, cells in empty.items() if cells}
    assert empty["population"] > 0


def test_no_cell_of_few_is_published_and_all_others_are_what_was_computed(
    written: Path, whole: Any
) -> None:
    for name in TABLES:
        shown, computed = pd.read_parquet(written / f"{name}.parquet"), whole.table(name)
        keys = [key for key in ("arm", "seed", "year", "month") if key in computed]
        computed = computed.sort_values(keys, kind="stable").reset_index(drop=True)
        ours = computed["resident"] if "resident" in computed else np.ones(len(computed), bool)
        for one in computed:
            kept = shown[one].notna()
            if column(name, one).unit in COUNTS and name in RULES:
                few = computed[one].between(1, 4) & ours
                assert not (few & kept).any(), (name, one)
            if name in RULES:
                assert (shown.loc[kept, one] == computed.loc[kept, one]).all(), (name, one)
            else:
                pd.testing.assert_series_equal(shown[one], computed[one], check_dtype=False)


def test_savings_and_summary_are_computed_with_every_cell(written: Path, whole: Any) -> None:
    kept = json.loads((written / "summary.json").read_text())
    computed = json.loads(json.dumps(summary(whole)))
    assert kept == computed
    told = read_run(written)
    ours, theirs = told.table("settlements"), whole.table("settlements")
    assert sorted(ours["true_savings"]) == pytest.approx(sorted(theirs["true_savings"]))


def test_a_run_that_is_there_is_shown_with_the_figures_it_was_written_with(
    written: Path, example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.answer(
        [*OF_FILE, f"population.path={example}", "seeds=[1,2]", "results.persons=true",
         "compute.processes=1", f"out={written}"]
    )  # fmt: skip
    said = capsys.readouterr()
    assert "already holds this run" in said.out
    assert "True savings" in said.out
    assert said.err == ""


def test_the_page_says_what_is_not_shown_and_shows_nothing_of_it(written: Path) -> None:
    page = (written / "report.html").read_text()
    assert "Cells of the tables that count 1 to 4 persons" in page
    assert "of the cohort file with checksum" in page
    programmes = pd.read_parquet(written / "programmes.parquet")
    last = programmes[(programmes["year"] == 2007) & programmes["eligible"].isna()]
    assert len(last)
    assert page.count('<td class="number">few</td>') >= last["programme"].nunique()


def test_persons_are_written_by_address_for_whoever_asks_for_them(
    written: Path, whole: Any, frame: pd.DataFrame
) -> None:
    persons = pd.read_parquet(written / "persons.parquet")
    assert not persons.duplicated(["arm", "seed", "person"]).any()
    for arm in ("intervention", "counterfactual"):
        settled = of_arm(whole.table("population"), arm)
        sectors = [f"cost_{sector}" for sector in whole.sectors]
        cost = settled[sectors].sum(axis=None)
        assert of_arm(persons, arm)["cost"].sum() == pytest.approx(cost, rel=1e-5)
    died = persons[persons["died"]]
    assert died["left"].notna().all()
    listed = persons[persons["person"] < len(frame)]
    assert (listed["entered"] == -23).all()
    assert "has_diabetes" in persons
    assert not {"pseudonym", "born", "insurer"} & set(persons)


def test_without_being_asked_no_run_has_a_table_of_persons(example: Path, tmp_path: Path) -> None:
    found = simulate(scenario(example, "seeds=[1]", "horizon.years=1"))
    assert "persons" not in found.tables
    assert "cohort" in found.manifest


def test_a_population_from_tables_is_nobodys_and_shown_whole(
    say: Callable[..., Any], here: Path
) -> None:
    small = ("population.size=300", "population.comparison=1200", "horizon.years=1", "seeds=[1]")
    assert say(*small, "out=run").status == 0
    manifest = json.loads((here / "run" / "manifest.json").read_text())
    assert not {"withheld", "cohort"} & set(manifest)
    population = pd.read_parquet(here / "run" / "population.parquet")
    assert population.drop(columns="arm").notna().all(axis=None)
    assert not (here / "run" / "persons.parquet").exists()
