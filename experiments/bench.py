"""How fast, how large, how lucky? Measured on this machine; the last line is one JSON object.

    python -m experiments.bench                          all sections
    python -m experiments.bench sections=[speed]         speed, growth, start or luck alone

A month of a person is measured on the whole loop - ledger, risk adjustment, settlement, agents
and books included - warm, on one core, beside the floor of this machine: a plain scalar loop
that subtracts and compares 36 float32 rows over as many persons.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from rich.console import Console

from experiments.luck import luck
from experiments.start import start
from sim.comparison import prices
from sim.quantity import Refusal
from sim.run import live_seed, residents
from sim.scenario import compose
from sim.setting import Setting, setting

SECTIONS = ("speed", "growth", "start", "luck")
ROWS = 300_000
FLOOR_ROWS = 36
REPEATS = 3


def main(arguments: Sequence[str]) -> int:
    """Measure the sections asked for; print what is found, then one JSON object."""
    console = Console()
    asked = [a for a in arguments if a.startswith("sections=")]
    names = asked[-1].removeprefix("sections=").strip("[]").split(",") if asked else SECTIONS
    unknown = [name for name in names if name not in SECTIONS]
    if unknown or len(asked) < len(arguments):
        print(
            f"experiments.bench: {' '.join(arguments)}. Allowed is sections=[...] of "
            f"{', '.join(SECTIONS)}. Name some of them, or nothing for all.",
            file=sys.stderr,
        )
        return 2
    found: dict[str, Any] = {}
    try:
        for name in names:
            measured = {"speed": speed, "growth": growth, "start": start, "luck": luck}[name]()
            for key, value in measured.items():
                console.print(f"{key}: {value:.4g}")
            found |= measured
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(json.dumps({key: float(f"{value:.5g}") for key, value in found.items()}))
    return 0


def speed() -> dict[str, float]:
    """Nanoseconds a person-month at 300,000 rows, beside the floor; medians of paired runs."""
    ready = sized(ROWS)
    live(sized(3_000))  # compiled once, before anything is measured
    pairs = [(nanoseconds(ready), floor(ROWS)) for _ in range(REPEATS)]
    return {
        "ns_per_person_month": float(np.median([ours for ours, _ in pairs])),
        "floor_ns_per_person_month": float(np.median([least for _, least in pairs])),
        "ratio_to_floor": float(np.median([ours / least for ours, least in pairs])),
        "bytes_per_person": bytes_per_person(ready),
    }


def growth() -> dict[str, float]:
    """Exponents with which time and memory of the process grow from 10,000 to 300,000 rows."""
    small, large = 10_000, ROWS
    live(sized(small))
    times = [_best(sized(rows)) for rows in (small, large)]
    memory = [_peak_memory(rows) for rows in (small, large)]
    span = np.log(large / small)
    return {
        "time_exponent": float(np.log(times[1] / times[0]) / span),
        "memory_exponent": float(np.log(memory[1] / memory[0]) / span),
    }


def sized(rows: int) -> Setting:
    """The base case with so many rows in region and comparison together."""
    first = setting(compose([f"population.size={max(rows // 11, 10)}"]))
    return first


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


def bytes_per_person(ready: Setting) -> float:
    """State held for one row."""
    return residents(ready, 1, prices(ready, 1)).people.bytes_per_person


def _best(ready: Setting) -> float:
    return min(live(ready)[0] for _ in range(REPEATS))


def _peak_memory(rows: int) -> int:
    """Largest resident memory of a process of its own that lives one seed, bytes (Linux)."""
    program = (
        f"from experiments.bench import live, sized; live(sized({rows})); "
        "print(open('/proc/self/status').read())"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    highest = next(line for line in found.stdout.splitlines() if line.startswith("VmHWM"))
    return int(highest.split()[1]) * 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
