"""How fast and how large? Time and memory of a run by the number of its rows.

A month of a person is measured on the whole loop - ledger, risk adjustment, settlement, agents
and books included - warm, on one core, beside the floor of this machine: a plain scalar loop
that subtracts and compares 36 float32 rows over as many persons. Rows are those of the region and
its comparison together.
"""

import functools
import subprocess
import sys
import time
from typing import Any

import numpy as np
from numba import njit

from sim.comparison import prices
from sim.run import live_seed, residents
from sim.scenario import compose
from sim.setting import Setting, setting

SIZES = (33_000, 300_000, 1_000_000)
SMALL, LARGE = 100_000, 1_000_000
REPEATS = {33_000: 5, 100_000: 5, 300_000: 3, 1_000_000: 2}
NEXT_TO_NOBODY = 1_320  # a comparison of 1,200 is as few as a contract accepts
FLOOR_ROWS = 36
GIB = 2**30


def speed(sizes: tuple[int, ...] = SIZES) -> dict[str, float]:
    """Nanoseconds a person-month beside the floor, medians of paired runs; bytes a row."""
    found: dict[str, float] = {}
    for rows in sizes:
        pairs = measured(rows)
        found[f"ns_per_person_month_{rows}"] = float(np.median([ours for ours, _ in pairs]))
        found[f"floor_ns_{rows}"] = float(np.median([least for _, least in pairs]))
        found[f"ratio_to_floor_{rows}"] = float(np.median([a / b for a, b in pairs]))
    return {**found, "bytes_per_row": bytes_per_row(sized(sizes[0]))}


def growth(small: int = SMALL, large: int = LARGE) -> dict[str, float]:
    """Exponents with which time and memory grow with the rows, and the peak of the large run.

    Time is that of a person-month, times the rows. Memory is the peak of a process of its own,
    beyond what one needs for next to nobody.
    """
    least, most = (min(ours for ours, _ in measured(rows)) for rows in (small, large))
    nobody, little, much = (peak_memory(rows) for rows in (NEXT_TO_NOBODY, small, large))
    span = np.log(large / small)
    return {
        "time_exponent": float(1 + np.log(most / least) / span),
        "memory_exponent": float(np.log((much - nobody) / (little - nobody)) / span),
        f"peak_gib_{large}": much / GIB,
    }


def sized(rows: int) -> Setting:
    """The base case with so many rows in region and comparison together."""
    return setting(compose([f"population.size={max(rows // 11, 10)}"]))


@functools.cache
def measured(rows: int) -> list[tuple[float, float]]:
    """Nanoseconds of a person-month, and of the floor right after, as often as is worth it."""
    live(sized(NEXT_TO_NOBODY))  # compiled once, before anything is measured
    ready = sized(rows)
    return [(nanoseconds(ready), floor(rows)) for _ in range(REPEATS.get(rows, 1))]


def live(ready: Setting) -> tuple[float, float]:
    """One seed through the comparison and both arms: seconds, person-months lived."""
    arms = {"intervention": ready, "counterfactual": ready.without_intervention()}
    began = time.process_time()
    lines = live_seed(arms, 1)
    seconds = time.process_time() - began
    years = sum(line["person_years"] for line in lines["population"])
    before = ready.population.size * ready.region.baseline_years
    return seconds, (years + before) * 12


def nanoseconds(ready: Setting) -> float:
    """Processor time of a person-month, ns."""
    seconds, months = live(ready)
    return seconds / months * 1e9


def floor(rows: int) -> float:
    """Processor time of a person-month of the plain loop, ns."""
    remaining = np.full((FLOOR_ROWS, rows), 1e6, np.float32)
    hazard = np.full((FLOOR_ROWS, rows), 1e-3, np.float32)
    due = np.empty(rows, np.int64)
    _plain(remaining, hazard, due)
    months = 12
    began = time.process_time()
    for _ in range(months):
        _plain(remaining, hazard, due)
    return (time.process_time() - began) / months / rows * 1e9


@njit(cache=True)
def _plain(remaining: Any, hazard: Any, due: Any) -> Any:
    count = 0
    for process in range(remaining.shape[0]):
        for person in range(remaining.shape[1]):
            remaining[process, person] -= hazard[process, person]
            if remaining[process, person] <= np.float32(0):
                due[count] = person
                count += 1
    return count


def bytes_per_row(ready: Setting) -> float:
    """State held for one row."""
    return residents(ready, 1, prices(ready, 1)).people.bytes_per_person


def peak_memory(rows: int) -> int:
    """Largest resident memory of a process of its own that lives one seed, bytes (Linux)."""
    program = (
        f"from experiments.speed import live, sized; live(sized({rows})); "
        "print(open('/proc/self/status').read())"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    highest = next(line for line in found.stdout.splitlines() if line.startswith("VmHWM"))
    return int(highest.split()[1]) * 1024
