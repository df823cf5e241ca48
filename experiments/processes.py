"""How much do two processes gain over one? Measured beside two loops that merely spin.

What a second process can gain is the machine's affair: cores that are shared or slow down under
load give less than 2. So two loops that touch no memory are timed right before and after.
"""

import time
from collections.abc import Callable

from joblib import Parallel, delayed

from experiments.speed import sized
from sim.run import live
from sim.setting import Setting

SEEDS = 20
ROWS = 100_000
TURNS = 20_000_000


def processes(seeds: int = SEEDS, rows: int = ROWS, turns: int = TURNS) -> dict[str, float]:
    """Seconds of one process over those of two: a run over seeds, and two spinning loops."""
    ready = sized(rows)
    before = gain_of_loops(turns)
    run = gain_of_run(ready, seeds)
    return {
        "two_processes_gain": run,
        "two_loops_gain": (before + gain_of_loops(turns)) / 2,
    }


def gain_of_run(ready: Setting, seeds: int) -> float:
    """Both arms of so many seeds, in one process and in two; the start of these counts."""
    arms = {"intervention": ready, "counterfactual": ready.without_intervention()}
    numbers = range(1, seeds + 1)
    return _seconds(lambda: live(arms, numbers, 1)) / _seconds(lambda: live(arms, numbers, 2))


def gain_of_loops(turns: int) -> float:
    """Two loops one after the other, over both at the same time in processes already there."""
    with Parallel(n_jobs=2) as pair:
        pair(delayed(_spin)(1) for _ in range(2))
        both = _seconds(lambda: pair(delayed(_spin)(turns) for _ in range(2)))
    return _seconds(lambda: [_spin(turns) for _ in range(2)]) / both


def _spin(turns: int) -> int:
    left = turns
    while left:
        left -= 1
    return left


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
