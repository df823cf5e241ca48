"""How long from the start of the program to the first month simulated? Measured in own processes.

Warm is the second start of the same command: compiled loops and the composed configuration lie in
the user's caches. Cold is the first with these caches empty, as after an installation. Processor
time stands beside the clock's, because a busy machine lengthens only the latter.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 33_000  # region and comparison together, at the default ratio
REPEATS = 5
PROGRAM = """
import json, os, sys, time
from experiments.command import answer
from sim.people.life import Life
imported, month = time.monotonic(), Life.step
def first(life, number):
    month(life, number)
    spent, now = os.times(), time.monotonic()
    found = now - float(sys.argv[1]), now - imported, spent.user + spent.system
    print(json.dumps(found), flush=True)
    os._exit(0)
Life.step = first
sys.exit(answer(sys.argv[2:]))
"""
"""Runs the command itself, and ends it when its first month has been lived."""


def start(rows: int = ROWS, repeats: int = REPEATS) -> dict[str, float]:
    """Seconds to the first month, of these after imports, and of processor time; medians."""
    with tempfile.TemporaryDirectory() as folder:
        caches = Path(folder)
        cold = once(rows, caches)
        warm = np.median([once(rows, caches) for _ in range(repeats)], axis=0)
    return {
        "start_seconds": float(warm[0]),
        "start_seconds_after_imports": float(warm[1]),
        "start_processor_seconds": float(warm[2]),
        "start_seconds_cold": float(cold[0]),
    }


def once(rows: int, caches: Path) -> tuple[float, float, float]:
    """One start with caches in a folder: seconds in all, after imports, of the processor."""
    command = [
        f"population.size={rows // 11}",
        "seeds=1",
        "compute.processes=1",
        f"out={caches / 'never_written'}",
    ]
    places: dict[str, Any] = {
        "XDG_CACHE_HOME": str(caches / "user"),
        "NUMBA_CACHE_DIR": str(caches / "compiled"),
    }
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(time.monotonic()), *command],
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    whole, after, processor = json.loads(found.stdout.splitlines()[-1])
    return whole, after, processor
