"""Promises of a sweep: whatever happens to it, the store ends as though nothing had happened."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim import folder as run_folder
from sim.engine import Failure
from sim.quantity import Refusal
from sim.results import TABLES, to_parquet
from sim.run import simulate
from sim.scenario import code_hash, compose
from sim.store import TABLE, Store
from sim.sweep import Standing, carry_out, live_run
from sim.task import Task
from tests.quick import first_ones_kill, lived, odd_ones_fail, slowly
from tests.stores import HERE, TWO, content, filled, scenarios

RATES = (0.4, 0.45, 0.5, 0.55)
SEEDS = 10
KILLS = 20
PATIENCE = 300.0  # seconds, for a machine that is busy
PROGRAM = """
import sys
from pathlib import Path
from sim.sweep import carry_out
from tests.quick import told
from tests.stores import TWO, filled
with filled(Path(sys.argv[1]), {rates}, {seeds}) as store:
    print(carry_out(store, TWO, work=told), flush=True)
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a store holds whose sweep nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with filled(folder, RATES, SEEDS) as store:
        assert carry_out(store, HERE, work=lived) == Standing(40, 40, 0)
    return content(folder)


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Begin sweeps of that kind in programs of their own."""
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    (tmp_path / "told").touch()
    programs: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        program = PROGRAM.format(rates=RATES, seeds=SEEDS)
        command = [sys.executable, "-c", program, str(tmp_path / "store")]
        programs.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return programs[-1]

    yield begin
    for program in programs:
        program.kill()
        program.communicate()


def lines(tmp_path: Path) -> list[list[str]]:
    """Who was at work on which run, so far."""
    return [line.split() for line in (tmp_path / "told").read_text().splitlines()]


def wait_for(tmp_path: Path, more_than: int) -> list[list[str]]:
    end = time.monotonic() + PATIENCE
    while len(found := lines(tmp_path)) <= more_than:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


# Killed on the way.


def test_a_worker_killed_twenty_times_leaves_no_trace(
    tmp_path: Path, begun: Any, undisturbed: dict[str, bytes]
) -> None:
    program, luck, seen = begun(), random.Random(1), 0
    for _ in range(KILLS):
        found = wait_for(tmp_path, seen)
        time.sleep(luck.uniform(0, 0.3))
        seen = len(found)
        worker = int(found[-1][0])
        if worker != program.pid:
            try:
                os.kill(worker, signal.SIGKILL)
            except ProcessLookupError:
                continue
    out, err = program.communicate(timeout=PATIENCE)
    assert out == f"{Standing(40, 40, 0)}\n", err
    assert content(tmp_path / "store") == undisturbed


def test_a_sweep_killed_again_and_again_goes_on_where_it_stopped(
    tmp_path: Path, begun: Any, undisturbed: dict[str, bytes]
) -> None:
    seen = 0
    for _ in range(3):
        program = begun()
        seen = len(wait_for(tmp_path, seen + 5))
        program.kill()
        program.communicate()
    done = list((tmp_path / "store" / "runs").glob("*/*/manifest.json"))
    assert 0 < len(done) < 40
    out, err = begun().communicate(timeout=PATIENCE)
    assert out == f"{Standing(40, 40, 0)}\n", err
    assert content(tmp_path / "store") == undisturbed
    assert len(lines(tmp_path)) <= 40 + 3 * 2 * TWO["processes"]


def test_two_sweeps_on_one_store_at_once_share_the_work(
    tmp_path: Path, begun: Any, undisturbed: dict[str, bytes]
) -> None:
    programs = [begun(), begun()]
    for program in programs:
        out, err = program.communicate(timeout=PATIENCE)
        assert out == f"{Standing(40, 40, 0)}\n", err
    assert content(tmp_path / "store") == undisturbed
    runs = [run for _, run in lines(tmp_path)]
    assert len(runs) == len(set(runs)) == 40
    assert len({worker for worker, _ in lines(tmp_path)}) > 1


def test_of_two_sweeps_one_takes_over_what_the_other_held_when_it_was_killed(
    tmp_path: Path, begun: Any, undisturbed: dict[str, bytes]
) -> None:
    first = begun()
    wait_for(tmp_path, 4)
    second = begun()
    wait_for(tmp_path, 14)
    first.kill()
    out, err = second.communicate(timeout=PATIENCE)
    assert out == f"{Standing(40, 40, 0)}\n", err
    assert content(tmp_path / "store") == undisturbed


def test_a_run_that_kills_its_worker_fails_and_the_others_are_done(tmp_path: Path) -> None:
    with filled(tmp_path, (0.4,), 6) as store:
        found = carry_out(store, {**TWO, "deaths": 4}, work=first_ones_kill)
        assert found == Standing(6, 5, 1)
        failed = list(store.register.entries(status="failed"))
    assert [entry.seed for entry in failed] == [1]
    assert all("its worker died 4 times" in entry.message for entry in failed)


# What fails, and what is stopped.


def test_a_finished_sweep_does_nothing_when_it_is_begun_again(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    for work in (lived, odd_ones_fail):
        with filled(tmp_path, RATES, SEEDS) as store:
            assert carry_out(store, HERE, work=work) == Standing(40, 40, 0)
    assert content(tmp_path) == undisturbed


def test_more_seeds_are_done_beside_those_that_are(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    asked: list[int] = []

    def note(task: Task) -> object:
        asked.append(task.entry.seed)
        return lived(task)

    with filled(tmp_path, RATES, 6) as store:
        carry_out(store, HERE, work=lived)
    with filled(tmp_path, RATES, SEEDS) as store:
        carry_out(store, HERE, work=note)  # type: ignore[arg-type]
    assert sorted(asked) == sorted([7, 8, 9, 10] * 4)
    runs = {name: found for name, found in content(tmp_path).items() if name != TABLE}
    assert runs == {name: found for name, found in undisturbed.items() if name != TABLE}


def test_failures_stop_nothing_unless_asked_to_and_are_tried_again_when_asked_to(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    with filled(tmp_path, RATES, SEEDS) as store:
        assert carry_out(store, HERE, keep_going=False, work=odd_ones_fail).failed == 1
        found = carry_out(store, HERE, work=odd_ones_fail)
        assert found == Standing(40, 20, 20)
        assert carry_out(store, HERE, work=lived) == found
        store.register.retry()
        assert carry_out(store, HERE, work=lived) == Standing(40, 40, 0)
    assert content(tmp_path) == undisturbed


def test_how_far_it_is_is_told_after_every_run(tmp_path: Path) -> None:
    found: list[Standing] = []
    with filled(tmp_path, (0.4,), 4) as store:
        carry_out(store, HERE, work=odd_ones_fail, watch=found.append)
    assert found == [
        Standing(4, 0, 0), Standing(4, 0, 1), Standing(4, 1, 1), Standing(4, 1, 2),
        Standing(4, 2, 2),
    ]  # fmt: skip
    assert [standing.left for standing in found] == [4, 3, 2, 1, 0]


def test_an_interruption_gives_back_what_was_under_way(tmp_path: Path) -> None:
    def interrupt(standing: Standing) -> None:
        if standing.done == 3:
            raise KeyboardInterrupt

    with filled(tmp_path, RATES, SEEDS) as store:
        with pytest.raises(KeyboardInterrupt):
            carry_out(store, TWO, work=slowly, watch=interrupt)
        assert store.register.count() == {"pending": 37, "running": 0, "done": 3, "failed": 0}


@pytest.mark.parametrize("when", ["a run is written", "the register is", "the table is"])
def test_a_full_disk_stops_the_sweep_in_words_and_harms_nothing(
    tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with filled(tmp_path, RATES, SEEDS) as store, monkeypatch.context() as broken:

        def fill(standing: Standing) -> None:
            if standing.done == 5:
                if when == "a run is written":
                    broken.setattr(run_folder, "_write", full)
                elif when == "the register is":
                    store.register._base.execute("pragma max_page_count = 1")
                else:
                    broken.setattr("sim.store.pq.ParquetWriter", full)

        with pytest.raises(Refusal, match=r"No space left|disk is full") as refused:
            carry_out(store, HERE, work=lived, watch=fill)
        assert "Make room" in str(refused.value).replace("make room", "Make room")
    with filled(tmp_path, RATES, SEEDS) as store:
        assert carry_out(store, HERE, work=lived) == Standing(40, 40, 0)
    assert content(tmp_path) == undisturbed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_really_fills_up_harms_nothing(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=640k", "small", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        with (
            pytest.raises(Refusal, match=r"No space left|disk is full|disk I/O"),
            filled(disk / "store", RATES, SEEDS) as store,
        ):
            carry_out(store, HERE, work=lived)
        found = content(disk / "store")
        assert {name: part for name, part in found.items() if "runs/" in name}.items() <= (
            undisturbed.items()
        )
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        with filled(disk / "store", RATES, SEEDS) as store:
            assert carry_out(store, HERE, work=lived) == Standing(40, 40, 0)
        assert content(disk / "store") == undisturbed
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# What a run gives.


def test_results_are_those_of_simulate_to_the_bit_with_one_process_and_with_two(
    tmp_path: Path,
) -> None:
    asked = scenarios(0.4, 0.5)
    for name, compute in (("one", HERE), ("two", TWO)):
        with Store(tmp_path / name) as store:
            store.admit(((one, [1, 2]) for one in asked), code_hash())
            assert carry_out(store, compute) == Standing(4, 4, 0)
            for scenario in asked:
                alone = simulate(compose([*scenario.overrides, "seeds=2"]))
                found = store.results(
                    compose([*scenario.overrides, "seeds=2"]), [1, 2], code_hash()
                )
                for table in TABLES:
                    assert to_parquet(table, found.table(table)) == to_parquet(
                        table, alone.table(table)
                    ), table
                unlike = {"wall_seconds", "peak_memory_bytes"}
                assert {k: v for k, v in found.manifest.items() if k not in unlike} == {
                    k: v for k, v in alone.manifest.items() if k not in unlike
                }
                assert (found.seeds, found.config) == (alone.seeds, alone.config)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_what_goes_wrong_in_a_run_is_said_by_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def undeclared(*_: Any, **__: Any) -> None:
        raise ValueError("population.happiness is not an outcome. Declare it in sim/results.py")

    with filled(tmp_path, (0.4,), 1, code_hash()) as store:
        (entry,) = store.register.claim(1)
        task = Task(entry, json.dumps(store.scenario(1)))
        monkeypatch.setattr("sim.sweep.parts", undeclared)
        found = live_run(task)
        other = live_run(Task(entry._replace(code="another"), task.scenario))
    assert isinstance(found, Failure)
    assert found.message.startswith("ValueError: population.happiness is not an outcome")
    assert "live_run" in found.trace
    assert isinstance(other, Failure)
    assert "another code" in other.message


def test_memory_does_not_grow_with_the_number_of_runs(tmp_path: Path) -> None:
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom sim.sweep import carry_out\n"
        "from tests.quick import lived\nfrom tests.stores import HERE, filled\n"
        "with filled(Path(sys.argv[1]), (0.4, 0.5), int(sys.argv[2])) as store:\n"
        "    carry_out(store, HERE, work=lived)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", program, str(tmp_path / str(seeds)), str(seeds)],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for seeds in (50, 500)
    ]
    assert peaks[1] - peaks[0] < 20_000  # kilobytes; a config alone has 100
    found = pd.read_parquet(tmp_path / "500" / TABLE)
    assert len(found) == 1000
