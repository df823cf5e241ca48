"""Simulated runs that take no time: what a worker gives back, made of scenario and seed alone."""

import json
import os
import signal
import time
from pathlib import Path

from sim.engine import Failure
from sim.report.headline import FIGURES
from sim.task import Lived, Task

ABOUT = {"experiment": "quick", "seeds": [1]}
SECONDS = 0.02


def lived(task: Task) -> Lived:
    """A run that says which it is."""
    content = f"{task.entry.run} {task.entry.seed}".encode() * 20
    rate = json.loads(task.scenario)["config"]["contract"]["sharing_rate"]["value"]
    outcomes = dict.fromkeys(FIGURES, rate + task.entry.seed)
    return Lived({"population.parquet": content}, ABOUT, outcomes, SECONDS)


def slowly(task: Task) -> Lived:
    """The same, after a while."""
    time.sleep(SECONDS)
    return lived(task)


def told(task: Task) -> Lived:
    """The same, after it has been told where $TOLD says which process was at work on which run."""
    with Path(os.environ["TOLD"]).open("a") as file:
        file.write(f"{os.getpid()} {task.entry.run}\n")
    time.sleep(10 * SECONDS)
    return lived(task)


def odd_ones_fail(task: Task) -> Lived | Failure:
    """The same, but runs with an odd seed fail."""
    return (
        Failure(f"seed {task.entry.seed} is odd", "where") if task.entry.seed % 2 else lived(task)
    )


def first_ones_kill(task: Task) -> Lived:
    """The same, but runs with seed 1 kill their worker."""
    if task.entry.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return slowly(task)
