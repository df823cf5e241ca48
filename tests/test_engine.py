"""Promises of the engine: every task has one answer, whoever is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from sim.engine import SUSPECT, Failure, Here, Processes, answers

DEATHS = 40


def given(tasks: Iterable[Any]) -> Callable[[int], list[Any]]:
    """Give tasks out, as many as are asked for."""
    left = list(tasks)

    def more(most: int) -> list[Any]:
        given_out, left[:] = left[:most], left[most:]
        return given_out

    return more


def doubled(number: int) -> int:
    return 2 * number


def who(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def killing_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return number


@pytest.mark.parametrize("start", [Here, lambda: Processes(2)])
def test_every_task_has_one_answer(start: Callable[[], Any]) -> None:
    pool = start()
    try:
        found = dict(answers(pool, doubled, given(range(20)), DEATHS))
    finally:
        pool.close()
    assert found == {number: 2 * number for number in range(20)}


def test_no_more_tasks_are_taken_than_there_are_workers() -> None:
    pool, asked = Processes(2), []

    def more(most: int) -> list[int]:
        asked.append(most)
        return list(range(min(most, 8 - len(asked)))) if len(asked) < 8 else []

    try:
        list(answers(pool, doubled, more, DEATHS))
    finally:
        pool.close()
    assert max(asked) == 2


def test_one_process_does_the_next_task_only_after_the_last_answer_was_taken() -> None:
    done: list[int] = []
    for task, _ in answers(Here(), done.append, given(range(5)), DEATHS):
        assert done == list(range(task + 1))


def test_two_processes_share_the_tasks_and_are_gone_in_the_end() -> None:
    pool = Processes(2)
    found = {answer for _, answer in answers(pool, who, given(range(12)), DEATHS)}
    pool.close()
    assert len(found) == 2
    assert os.getpid() not in found
    for process in found:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_a_task_that_kills_its_worker_is_said_to_and_takes_no_other_along() -> None:
    pool = Processes(2)
    try:
        found = dict(answers(pool, killing_at_three, given(range(6)), SUSPECT + 2))
    finally:
        pool.close()
    guilty = found.pop(3)
    assert isinstance(guilty, Failure)
    assert f"its worker died {SUSPECT + 2} times" in guilty.message
    assert "retry_failed=true" in guilty.message
    assert found == {number: number for number in (0, 1, 2, 4, 5)}


PROGRAM = """
from sim.engine import Processes, answers
from tests.test_engine import given, who
for _, process in answers(Processes(2), who, given(range(10_000)), 3):
    print(process, flush=True)
"""


def test_workers_end_with_the_one_that_started_them() -> None:
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    workers = {int(program.stdout.readline()) for _ in range(12)}
    assert all(alive(worker) for worker in workers)
    program.kill()
    program.communicate()
    end = time.monotonic() + 60
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < end, "a worker lives on"
        time.sleep(0.1)


def alive(process: int) -> bool:
    """Whether a process runs, and is not merely unburied."""
    try:
        status = Path(f"/proc/{process}/stat").read_text("utf-8")
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] not in "ZX"
