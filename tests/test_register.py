"""Promises of the register: no run is held twice, none is held by the dead, all or none enter."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sim.quantity import Refusal
from sim.register import DONE, FAILED, OWNERS, PENDING, RUNNING, Register, refusing
from tests.stores import CODE, filled

HOLD = """
import sys
from pathlib import Path
from sim.register import Register
register = Register(Path(sys.argv[1]))
register._base.execute("insert into asked select number from runs")
print(len(register.claim(2)), flush=True)
sys.stdin.read()
"""


def test_two_that_claim_at_once_never_hold_the_same_run(tmp_path: Path) -> None:
    filled(tmp_path, (0.4, 0.5), 20).register.close()
    held: list[int] = []

    def take() -> None:
        with filled(tmp_path, (0.4, 0.5), 20) as store:
            while found := store.register.claim(1):
                held.extend(entry.number for entry in found)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == list(range(1, 41))


def test_what_a_killed_process_held_is_pending_again_and_what_a_living_one_holds_is_not(
    tmp_path: Path,
) -> None:
    with filled(tmp_path) as store:
        program = [sys.executable, "-c", HOLD, str(tmp_path)]
        holder = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "2\n"
        assert store.register.release() == []
        assert store.register.count()[RUNNING] == 2
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        assert len(store.register.release()) == 1
        assert store.register.count() == {PENDING: 6, RUNNING: 0, DONE: 0, FAILED: 0}
        assert os.listdir(tmp_path / OWNERS) == []


def test_runs_are_given_back_in_the_order_in_which_they_were_asked_for(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        assert [(e.scenario, e.seed) for e in store.register.claim(4)] == [
            (1, 1), (1, 2), (1, 3), (2, 1),
        ]  # fmt: skip
        store.register.give_back()
        assert [entry.number for entry in store.register.claim(9)] == [1, 2, 3, 4, 5, 6]


def test_a_sweep_claims_only_what_it_asked_for(tmp_path: Path) -> None:
    filled(tmp_path, (0.4, 0.5)).register.close()
    with filled(tmp_path, (0.5, 0.6), 2) as store:
        claimed = store.register.claim(20)
    assert [(entry.scenario, entry.seed) for entry in claimed] == [(2, 1), (2, 2), (3, 1), (3, 2)]


def test_what_is_entered_twice_is_there_once_and_stays_as_it_was(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (first,) = store.register.claim(1)
        store.register.done(first.number, {"true_savings": 1.5}, 2.0, 30)
    with filled(tmp_path) as store:
        assert store.register.count() == {PENDING: 5, RUNNING: 0, DONE: 1, FAILED: 0}
        found = next(store.register.entries(status=DONE))
        assert (found.run, found.outcomes, found.seconds, found.bytes) == (
            first.run, {"true_savings": 1.5}, 2.0, 30,
        )  # fmt: skip


def test_a_key_has_the_kind_of_its_values_and_is_text_where_these_differ(tmp_path: Path) -> None:
    register = Register(tmp_path)
    for number, kinds in enumerate(
        [{"a": "number", "b": None}, {"a": "number", "c": "flag"}, {"b": "whole", "c": "number"}]
    ):
        noted = {"scenario": str(number), "experiment": "", "choices": {}, "overrides": []}
        register.stage({**noted, "differences": {}}, kinds, {1: f"run {number}"})
    register.enter(CODE)
    assert register.keys() == [("a", "number"), ("b", "whole"), ("c", "text")]
    register.close()


def test_only_failed_runs_are_tried_again(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        one, other, third = store.register.claim(3)
        store.register.done(one.number, {}, 1.0, 1)
        store.register.failed(other.number, "why", "where")
        store.register.retry()
        found = {entry.number: entry.status for entry in store.register.entries()}
        assert found[one.number] == DONE
        assert found[other.number] == PENDING
        assert found[third.number] == RUNNING
        assert store.register.trace(other.number) == ""


def test_an_outcome_that_is_no_number_is_never_entered(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (entry,) = store.register.claim(1)
        with pytest.raises(ValueError, match="JSON"):
            store.register.done(entry.number, {"true_savings": float("nan")}, 1.0, 1)
        assert store.register.count()[RUNNING] == 1


def test_what_the_disk_refuses_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused, refusing(tmp_path):
        raise sqlite3.OperationalError("database or disk is full")
    for words in (str(tmp_path), "disk is full", "Make room", "goes on where it stopped"):
        assert words in str(refused.value)


def test_a_file_that_is_no_register_is_refused(tmp_path: Path) -> None:
    (tmp_path / "register.sqlite").write_text("a letter to somebody " * 100)
    with pytest.raises(Refusal, match="not a database"):
        Register(tmp_path)
