"""Promises of the command line: what a run writes, where, and when it is computed again."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from experiments import command
from experiments.run import main
from sim import folder as run_folder
from sim.results import TABLES, Results, to_parquet
from sim.run import compare, identity, simulate
from sim.scenario import Scenario, compose

SMALL = ["population.size=300", "population.comparison=600", "horizon.years=2"]
FIGURES = {"savings", "cash_curve", "break_even", "reach", "published"}
SUMMARY = [
    "experiment",
    "seeds",
    "first_year",
    "last_year",
    "insured",
    "members_by_year",
    "true_savings",
    "contribution_margin",
    "measured_savings",
    "shared_savings",
    "insurer_net_measured",
    "insurer_net_true",
    "payers_net_true",
    "break_even",
    "cash_break_even",
    "payback",
    "peak_funding",
    "irr",
    "deaths_averted",
    "life_years_gained",
    "qalys_gained",
    "admissions_averted",
    "avoidable_admissions_averted",
    "variance_reduction",
]
SPREAD = ["mean", "sd", "p10", "p50", "p90", "n", "none"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two seeds."""
    place = tmp_path_factory.mktemp("results") / "run"
    assert main([*SMALL, "seeds=2", f"out={place}"]) == 0
    return place


@pytest.fixture(scope="module")
def found() -> Results:
    """The same run, in Python."""
    return simulate(compose([*SMALL, "seeds=2"]))


@pytest.fixture
def ran(found: Results, monkeypatch: pytest.MonkeyPatch) -> list[Scenario]:
    """What was simulated: nothing is, the results are always the same."""
    scenarios: list[Scenario] = []

    def simulated(scenario: Scenario, *_: Any) -> Results:
        scenarios.append(scenario)
        manifest = {**found.manifest, "run": identity(scenario)}
        return replace(found, manifest=manifest, config=scenario.config)

    monkeypatch.setattr(command, "simulate", simulated)
    monkeypatch.setattr(command, "documents", lambda _: {"report.html": b"a page"})
    return scenarios


# What is written.


def test_a_run_is_written_under_its_names(written: Path) -> None:
    tables = {f"{name}.parquet" for name in TABLES}
    assert {"population", "settlements", "cashbook"} < set(TABLES)
    papers = {"summary.json", "config.yaml", "manifest.json", "report.html", "figures"}
    assert {path.name for path in written.iterdir()} == tables | papers
    figures = {path.name for path in (written / "figures").iterdir()}
    assert {f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg")} <= figures
    assert run_folder.is_whole(written)
    assert list(written.parent.iterdir()) == [written]


def test_the_summary_has_its_keys_and_distributions(written: Path) -> None:
    summary = json.loads((written / "summary.json").read_text())
    assert list(summary) == SUMMARY
    assert summary["experiment"] == "kinzigtal"
    assert summary["seeds"] == [1, 2]
    assert (summary["first_year"], summary["last_year"]) == (2006, 2007)
    variances = {"cost", "deaths", "admissions", "avoidable_admissions"}
    assert set(summary["variance_reduction"]) == variances
    for name in ("insured", "members_by_year"):
        assert list(summary[name]) == ["2006", "2007"]
        assert [list(of) for of in summary[name].values()] == [SPREAD, SPREAD]
    for name in SUMMARY[6:-1]:
        assert list(summary[name]) == SPREAD, name
        assert summary[name]["n"] == 2, name
    assert 250 < summary["insured"]["2006"]["mean"] < 350
    assert summary["peak_funding"]["mean"] > 0


def test_the_manifest_says_what_ran_on_what_and_how_long(written: Path) -> None:
    manifest = json.loads((written / "manifest.json").read_text())
    for name in ("run", "code"):
        assert re.fullmatch("[0-9a-f]{64}", manifest[name])
    assert manifest["seeds"] == [1, 2]
    assert {"python", "numpy", "numba", "mesa"} < set(manifest["versions"])
    assert manifest["wall_seconds"] > 0
    assert manifest["peak_memory_bytes"] > 1e7
    for name, checksum in manifest["files"].items():
        assert hashlib.sha256((written / name).read_bytes()).hexdigest() == checksum


def test_the_written_config_is_the_composed_one(written: Path) -> None:
    config = yaml.safe_load((written / "config.yaml").read_text())
    assert config == {**compose([*SMALL, "seeds=2"]).config, "out": str(written)}


def test_tables_hold_no_paths_and_no_times(written: Path) -> None:
    for name in TABLES:
        table = pq.ParquetFile(written / f"{name}.parquet")
        assert table.metadata.metadata is None
        kinds = {str(kind) for kind in table.schema_arrow.types}
        assert kinds <= {"string", "bool", "int64", "double"}
        content = (written / f"{name}.parquet").read_bytes()
        assert os.fsencode(written.parent) not in content


def test_the_report_loads_nothing(written: Path) -> None:
    page = (written / "report.html").read_text()
    loaded = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'\s>]+)""", page)
    assert loaded
    assert not [place for place in loaded if not place.startswith(("data:", "#"))]
    assert "@import" not in page
    assert not re.findall(r"url\((?!['\"]?(?:data:|#))", page)
    assert not re.findall(r"<(?:iframe|object|embed)\b", page)


def test_python_finds_the_same_to_the_bit(written: Path, found: Results) -> None:
    for name in TABLES:
        content = (written / f"{name}.parquet").read_bytes()
        assert to_parquet(name, found.table(name)) == content, name
        assert len(found.table(name)) > 0, name


def test_comparing_with_nothing_is_the_arm_without_intervention(found: Results) -> None:
    nothing = compose([*SMALL, "seeds=2", "programmes=[]", "network=none", "funding=none"])
    both = compare(compose([*SMALL, "seeds=2"]), nothing)
    assert to_parquet("population", both.table("population")) == to_parquet(
        "population", found.table("population")
    )
    assert both.manifest["run"] != found.manifest["run"]


def test_one_seed_alone_has_no_spread_and_says_so(here: Path, say: Callable[..., Any]) -> None:
    said = say(*SMALL, "seeds=1", "out=one")
    assert said.status == 0
    assert "One seed: figures without spread." in said.out
    summary = json.loads((here / "one" / "summary.json").read_text())
    savings = summary["true_savings"]
    assert savings["p50"] == savings["mean"]
    assert [savings[name] for name in ("sd", "p10", "p90", "n", "none")] == [None] * 3 + [1, 0]
    assert "One seed" in (here / "one" / "report.html").read_text()


# Where it is written, and when it runs again.


def test_a_run_has_a_folder_named_by_experiment_and_hash(
    here: Path, say: Callable[..., Any], ran: list[Scenario]
) -> None:
    said = say(*SMALL, "seeds=2")
    place = Path("outputs") / "kinzigtal" / identity(ran[0])[:12]
    assert said.status == 0
    assert f"Report: {place / 'report.html'}" in said.out
    assert run_folder.is_whole(here / place)
    assert [path.name for path in here.iterdir()] == ["outputs"]


def test_a_run_that_is_there_is_shown_and_computed_again_only_by_force(
    here: Path, say: Callable[..., Any], ran: list[Scenario]
) -> None:
    first = say(*SMALL, "seeds=2", "out=run")
    assert (first.status, len(ran)) == (0, 1)
    shown = say(*SMALL, "seeds=2", "out=run")
    assert (shown.status, len(ran)) == (0, 1)
    assert shown.out.startswith("run already holds this run; force=true")
    assert first.out.split("The integrator", 1)[1] == shown.out.split("The integrator", 1)[1]
    assert say(*SMALL, "seeds=2", "out=run", "force=true").status == 0
    assert len(ran) == 2


def test_a_run_that_lost_a_file_is_computed_again(
    here: Path, say: Callable[..., Any], ran: list[Scenario]
) -> None:
    say(*SMALL, "seeds=2", "out=run")
    (here / "run" / "cashbook.parquet").unlink()
    assert say(*SMALL, "seeds=2", "out=run").status == 0
    assert len(ran) == 2
    assert run_folder.is_whole(here / "run")


def test_another_run_is_replaced_by_force_alone(
    here: Path, say: Callable[..., Any], ran: list[Scenario]
) -> None:
    say(*SMALL, "seeds=2", "out=run")
    said = say(*SMALL, "seeds=3", "out=run")
    assert (said.status, len(ran)) == (2, 1)
    assert "out=run holds another run (experiment kinzigtal, seeds [1, 2])" in said.err
    assert "force=true" in said.err
    assert say(*SMALL, "seeds=3", "out=run", "force=true").status == 0
    assert json.loads((here / "run" / "manifest.json").read_text())["run"] == identity(ran[1])


def test_a_home_folder_may_be_written_as_a_tilde(
    here: Path, say: Callable[..., Any], ran: list[Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(here / "home"))
    assert say(*SMALL, "seeds=2", "out='~/run'").status == 0
    assert run_folder.is_whole(here / "home" / "run")


# What goes wrong on the way.


def test_a_full_disk_leaves_nothing_and_is_said(
    here: Path, say: Callable[..., Any], ran: list[Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = run_folder._write

    def fill(path: Path, content: bytes, through: bool = True) -> None:
        if path.name == "report.html":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, content, through)

    monkeypatch.setattr(run_folder, "_write", fill)
    said = say(*SMALL, "seeds=2", "out=new/run")
    assert (said.status, len(ran)) == (2, 1)
    assert "out=new/run cannot be written: No space left on device" in said.err
    assert "make room" in said.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/ticks"), "/tmp/ticks"),
        (MemoryError(), "for want of memory"),
    ],
)
def test_what_the_machine_lacks_while_it_runs_is_said(
    trouble: Exception,
    words: str,
    here: Path,
    say: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise trouble

    monkeypatch.setattr(command, "simulate", fail)
    said = say(*SMALL, "seeds=2", "out=run")
    assert said.status == 2
    assert "The run stopped" in said.err
    assert words in said.err
    assert list(here.iterdir()) == []


def test_an_interruption_leaves_nothing(
    here: Path, say: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "simulate", interrupt)
    said = say(*SMALL, "seeds=2", "out=run")
    assert said.status == 130
    assert said.err == "\nInterrupted; nothing of this run was written.\n"
    assert list(here.iterdir()) == []
