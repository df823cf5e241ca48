"""Promises of a sweep at the command line: its store, its table, its reports, its exit code."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import command, sweep
from experiments.progress import Pace
from experiments.run import OF_SWEEP
from experiments.sweep import parted
from sim import folder as run_folder
from sim.results import TABLES
from sim.scenario import CONF
from sim.store import TABLE
from sim.sweep import Standing, carry_out
from sim.task import Lived, Task
from tests.quick import lived, odd_ones_fail
from tests.stores import content

SMALL = ("population.size=300", "population.comparison=300", "horizon.years=2")
RATES = "contract.sharing_rate.value=0.4,0.5"
ALONE = (*SMALL, "compute.processes=1")
Say = Callable[..., Any]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """What was lived: nothing is, runs give what they say in no time; no reports are written."""
    tasks: list[Task] = []

    def note(task: Task) -> Lived:
        tasks.append(task)
        return lived(task)

    monkeypatch.setattr(sweep, "carry_out", functools.partial(carry_out, work=note))
    monkeypatch.setattr(sweep, "report", lambda *_: None)
    return tasks


def table(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / TABLE)


# Where it is.


def test_a_sweep_leaves_a_store_a_report_for_each_scenario_and_what_a_single_run_would(
    here: Path, say: Say
) -> None:
    said = say(*SMALL, "-m", "seeds=2", RATES, "out=store")
    assert (said.status, said.err) == (0, "")
    found = table(here / "store")
    assert found["status"].tolist() == ["done"] * 4
    assert found["contract.sharing_rate.value"].tolist() == [0.4, 0.4, 0.5, 0.5]
    reports = sorted((here / "store" / "reports").iterdir())
    assert len(reports) == 2
    assert said.out.count("Report: ") == 2
    assert "4 of 4 runs done. All runs: store/runs.parquet" in said.out
    assert say(*SMALL, "seeds=2", "contract.sharing_rate.value=0.4", "out=alone").status == 0
    run = json.loads((here / "alone" / "manifest.json").read_text())["run"]
    (same,) = [path for path in reports if path.name.endswith(run[:12])]
    assert run_folder.is_whole(same)
    for name in [*(f"{name}.parquet" for name in TABLES), "summary.json", "report.html"]:
        if name != "report.html":  # says where it was written
            assert (same / name).read_bytes() == (here / "alone" / name).read_bytes(), name
    summary = json.loads((same / "summary.json").read_text())
    ours = found[found["contract.sharing_rate.value"] == 0.4]
    assert summary["true_savings"]["mean"] == pytest.approx(ours["true_savings"].mean())


def test_reports_lie_where_a_single_run_would_put_them_unless_out_names_a_store(
    here: Path, say: Say
) -> None:
    assert say(*SMALL, "-m", "seeds=1,2", "out='at ${seeds}'").status == 0
    assert say(*SMALL, "-m", "seeds=1").status == 0
    assert run_folder.is_whole(here / "at 1")
    assert run_folder.is_whole(here / "at 2")
    assert len(table(here / "outputs" / "store")) == 2
    (report,) = (here / "outputs" / "kinzigtal").iterdir()
    assert run_folder.is_whole(report)


def test_as_many_seeds_as_it_takes_are_those_a_single_run_takes(here: Path, say: Say) -> None:
    auto = ("seeds=auto", "precision.batch=2", "precision.max_seeds=6")
    said = say(*SMALL, "-m", *auto, "precision.target=0.01,4.0", "out=store")
    assert said.status == 0
    seeds = [
        json.loads((path / "manifest.json").read_text())["seeds"]
        for path in (here / "store" / "reports").iterdir()
    ]
    taken = []
    for target in (0.01, 4.0):
        say(*SMALL, *auto, f"precision.target={target}", f"out=at{target}")
        taken.append(json.loads((here / f"at{target}" / "manifest.json").read_text())["seeds"])
    assert sorted(seeds, key=len) == sorted(taken, key=len)
    assert len(table(here / "store")) == max(map(len, taken))


def test_a_single_run_on_dask_gives_what_it_gives_here(here: Path, say: Say) -> None:
    run = (*SMALL, "seeds=2", "compute.processes=2")
    assert say(*run, "out=one").status == 0
    assert say(*run, "compute=dask", "out=other").status == 0
    for name in TABLES:
        one, other = (here / folder / f"{name}.parquet" for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes(), name


# Begun again.


def test_a_sweep_begun_again_does_what_is_left_and_adds_seeds_when_asked_to(
    here: Path, say: Say, asked: list[Task]
) -> None:
    base = (*SMALL, "-m", "seeds=2", RATES, "out=store", "compute.processes=1")
    assert (say(*base).status, len(asked)) == (0, 4)
    assert (say(*base).status, len(asked)) == (0, 4)
    for _ in range(2):
        assert (say(*base, "add_seeds=3").status, len(asked)) == (0, 10)
    assert sorted(table(here / "store")["seed"]) == sorted([1, 2, 3, 4, 5] * 2)
    assert (say(*base, "force=true").status, len(asked)) == (0, 14)


def test_failures_are_listed_with_a_code_of_their_own_and_tried_again_when_asked_to(
    here: Path, say: Say, asked: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = (*SMALL, "-m", "seeds=3", RATES, "out=store", "compute.processes=1")
    failing = functools.partial(carry_out, work=odd_ones_fail)
    with monkeypatch.context() as broken:
        broken.setattr(sweep, "carry_out", failing)
        said = say(*base, "keep_going=false")
        assert said.status == 1
        assert table(here / "store")["status"].tolist().count("failed") == 1
        said = say(*base)
        assert said.status == 1
        assert "2 of 6 runs done" in said.out
        assert "4 failed:" in said.err
        assert "contract.sharing_rate.value=0.5 out=store" in said.err
        assert "seed 3: seed 3 is odd" in said.err
        assert "store/failures.csv" in said.err
    assert (say(*base).status, len(asked)) == (1, 0)
    assert (say(*base, "retry_failed=true").status, len(asked)) == (0, 4)
    assert set(table(here / "store")["status"]) == {"done"}


def test_two_sweeps_share_what_they_have_in_common(here: Path, say: Say, asked: list[Task]) -> None:
    say(*ALONE, "-m", "seeds=2", RATES, "out=store")
    say(*ALONE, "-m", "seeds=3", "contract.sharing_rate.value=0.5,0.6", "out=store")
    assert len(asked) == 4 + 1 + 3
    assert len(table(here / "store")) == 8


# Designs.


def test_pairs_and_tables_are_designs_too(here: Path, say: Say, asked: list[Task]) -> None:
    pairs = (RATES, "contract.minimum_savings_rate.value=0.01,0.02")
    assert say(*SMALL, "-m", "design=paired", *pairs, "seeds=1", "out=pairs").status == 0
    found = table(here / "pairs")
    assert found["contract.sharing_rate.value"].tolist() == [0.4, 0.5]
    assert found["contract.minimum_savings_rate.value"].tolist() == [0.01, 0.02]
    (here / "scenarios.csv").write_text(
        'name,programmes,contract.sharing_rate.value\nfew,"[agil]",0.4\nnone,[],default\n'
    )
    assert say(*SMALL, "-m", "scenarios=scenarios.csv", "seeds=1", "out=rows").status == 0
    found = table(here / "rows")
    assert found["programmes"].tolist() == ["agil", ""]
    assert found["contract.sharing_rate.value"].tolist() == [0.4, 0.5]


def test_every_scenario_is_composed_and_kept_before_the_first_run_begins(
    here: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(task: Task) -> Lived:
        seen.append(len(pd.read_parquet(here / "store" / TABLE)) if seen else 0)
        return lived(task)

    seen: list[int] = []
    monkeypatch.setattr(sweep, "report", lambda *_: None)

    def begin(store: Any, *rest: Any, **others: Any) -> Standing:
        store.write_table()
        assert table(store.folder)["status"].tolist() == ["pending"] * 4
        return carry_out(store, *rest, work=look, **others)

    monkeypatch.setattr(sweep, "carry_out", begin)
    assert say(*SMALL, "-m", "seeds=2", RATES, "out=store").status == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [("nan", "line 3, contract.sharing_rate.value is nan"), ("0.9", "outside its range")],
)
def test_a_design_with_a_bad_row_is_refused_as_a_whole(
    here: Path, say: Say, asked: list[Task], row: str, said: str
) -> None:
    (here / "scenarios.csv").write_text(f"contract.sharing_rate.value\n0.4\n{row}\n0.5\n")
    found = say(*SMALL, "-m", "scenarios=scenarios.csv", "seeds=1", "out=store")
    assert found.status == 2
    assert said in found.err
    assert asked == []
    assert [path.name for path in here.iterdir()] == ["scenarios.csv"]


def test_a_bad_row_harms_no_store_that_is_there(here: Path, say: Say, asked: list[Task]) -> None:
    say(*SMALL, "-m", "seeds=1", RATES, "out=store")
    before = content(here / "store")
    assert say(*SMALL, "-m", "seeds=1", RATES.replace("0.5", "0.9"), "out=store").status == 2
    assert say(*SMALL, "-m", "seeds=1", "contract.sharing_rat.value=1,2", "out=store").status == 2
    assert content(here / "store") == before
    say(*SMALL, "-m", "seeds=1", RATES, "out=store")
    assert content(here / "store") == before


def test_a_folder_that_is_no_store_is_refused(here: Path, say: Say, asked: list[Task]) -> None:
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.txt").write_text("mine")
    said = say(*SMALL, "-m", "seeds=1,2", "out=thesis")
    assert said.status == 2
    assert "out=thesis is no store of runs: it holds 'chapter.txt'" in said.err
    assert [path.name for path in (here / "thesis").iterdir()] == ["chapter.txt"]


def test_a_cluster_that_is_not_there_is_refused(here: Path, say: Say, asked: list[Task]) -> None:
    where = ("compute=dask", "compute.address=tcp://127.0.0.1:9", "compute.patience=1")
    said = say(*SMALL, "-m", "seeds=1", *where, "out=store")
    assert said.status == 2
    assert "compute.address=tcp://127.0.0.1:9: no cluster with a worker answers" in said.err
    assert say(*ALONE, "-m", "seeds=1", "out=store").status == 0


# How it is told.


def test_words_of_a_sweep_are_parted_from_those_of_its_scenarios() -> None:
    words, rest = parted(["seeds=2", "add_seeds=3", "keep_going=false", "scenarios=a.csv"])
    assert (words.add_seeds, words.keep_going, words.scenarios) == (3, False, "a.csv")
    assert rest == ["seeds=2"]


def test_reports_of_many_scenarios_are_written_only_when_asked_for(
    here: Path, say: Say, asked: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[int] = []
    monkeypatch.setattr(sweep, "report", lambda *_: reported.append(1))
    many = ("-m", "population.size=range(100,122)", "seeds=1", "out=store")
    said = say(*SMALL[1:], *many)
    assert "reports=true writes a report for each scenario." in said.out
    assert reported == []
    say(*SMALL[1:], *many, "reports=true")
    assert reported == [1]
    say(*SMALL, "-m", "seeds=1", "out=store", "reports=false")
    assert reported == [1]


def test_the_line_of_progress_has_done_failed_rate_and_time_left() -> None:
    times = iter([0.0, 60.0])
    pace = Pace(lambda: next(times))
    pace.note(Standing(1000, 100, 0))
    said = pace.line(Standing(1000, 220, 20))
    assert said == "220 of 1,000 done, 20 failed, 2.3 runs/s, 5 min left"


def test_an_interrupted_sweep_says_so_and_goes_on_when_begun_again(tmp_path: Path) -> None:
    sizes = "population.size=" + ",".join(str(size) for size in range(300, 308))
    program = subprocess.Popen(
        [sys.executable, "-m", "experiments.run", "-m", *SMALL[1:], sizes, "seeds=4",
         "compute.processes=2", "reports=false", "out=store"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(CONF.parent)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 300
    while not list(tmp_path.glob("store/runs/*/*/manifest.json")):
        assert time.monotonic() < end
        assert program.poll() is None
        time.sleep(0.1)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=300)
    assert (program.returncode, err) == (130, OF_SWEEP)
    assert "Traceback" not in out
    done = len(list(tmp_path.glob("store/runs/*/*/manifest.json")))
    assert 0 < done < 32


def test_a_sweep_asks_for_help_as_a_run_does(say: Say) -> None:
    said = say("-m", "--help")
    assert said.status == 0
    for words in ("add_seeds=", "design=paired", "scenarios=FILE.csv", "compute.address=tcp://"):
        assert words in said.out
    assert re.search(r"compute +dask, local", said.out)


def test_a_run_alone_knows_no_words_of_sweeps(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "run", None)
    assert "add_seeds is not known" in say(*SMALL, "add_seeds=3").err
