"""Promises of Dask: the same bits as one process gives, whoever of the cluster is killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.quantity import Refusal
from sim.scenario import code_hash
from sim.store import Store
from sim.sweep import Standing, carry_out, pool
from tests.quick import lived, told
from tests.stores import HERE, content, filled, scenarios
from tests.test_sweep import PATIENCE, RATES, SEEDS, lines

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A scheduler and two workers, each a process of its own; `workers` are their numbers."""
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "told").touch()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    host, port = address.removeprefix("tcp://").split(":")
    programs = [begun("scheduler", "--host", host, "--port", port, "--no-dashboard")]
    own = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path))
    workers = [begun("worker", address, *own) for _ in range(2)]
    yield {
        "engine": "dask",
        "address": address,
        "processes": None,
        "deaths": 40,
        "patience": PATIENCE,
        "workers": [worker.pid for worker in workers],
        "scheduler": programs[0].pid,
    }
    for program in [*workers, *programs]:
        program.kill()
        program.communicate()


def begun(what: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "distributed.cli.dask_" + what, *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_standing_cluster_of_which_a_worker_is_killed_gives_what_one_process_gives(
    tmp_path: Path, cluster: dict[str, Any]
) -> None:
    with filled(tmp_path / "here", RATES, SEEDS) as store:
        carry_out(store, HERE, work=lived)
    killed: list[int] = []

    def kill(standing: Standing) -> None:
        both = {int(worker) for worker, _ in lines(tmp_path)}
        if not killed and len(both) == 2:
            killed.append(int(lines(tmp_path)[-1][0]))
            os.kill(killed[0], signal.SIGKILL)

    with filled(tmp_path / "there", RATES, SEEDS) as store:
        assert carry_out(store, cluster, work=told, watch=kill) == Standing(40, 40, 0)
    assert killed
    assert killed[0] in cluster["workers"]
    assert content(tmp_path / "there") == content(tmp_path / "here")


def test_a_cluster_that_goes_away_ends_the_sweep_in_words_and_what_was_done_stays(
    tmp_path: Path, cluster: dict[str, Any]
) -> None:
    def kill(standing: Standing) -> None:
        if standing.done == 5:
            os.kill(cluster["scheduler"], signal.SIGKILL)

    with filled(tmp_path / "there", RATES, SEEDS) as store:
        with pytest.raises(Refusal, match=r"The workers are gone.*What was done is safe"):
            carry_out(store, cluster, work=told, watch=kill)
        found = store.register.count()
        assert found["done"] >= 5
        assert found["running"] == 0
        assert carry_out(store, HERE, work=lived) == Standing(40, 40, 0)


def test_a_cluster_started_here_gives_what_one_process_gives(tmp_path: Path) -> None:
    asked = scenarios(0.4, 0.5)
    there = {"engine": "dask", "address": None, "processes": 2, "deaths": 3, "patience": PATIENCE}
    for name, compute in (("here", HERE), ("there", there)):
        with Store(tmp_path / name) as store:
            store.admit(((one, [1, 2]) for one in asked), code_hash())
            assert carry_out(store, compute) == Standing(4, 4, 0)
    assert content(tmp_path / "there") == content(tmp_path / "here")


def test_a_cluster_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refusal, match="no cluster with a worker answers there within"):
        pool({"engine": "dask", "address": "tcp://127.0.0.1:9", "processes": 1, "patience": 0.5})
