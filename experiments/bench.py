"""How fast, how large, how lucky? Measured on this machine; the last line is one JSON object.

    python -m experiments.bench                          all sections
    python -m experiments.bench sections=[speed]         some of them alone

Sections are speed, growth, processes, start, luck and funding. Each figure is printed beside its
target, where it has one, and whether that is met.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console

from experiments import luck as pairs
from experiments.funding import funding
from experiments.luck import luck
from experiments.processes import processes
from experiments.speed import growth, speed
from experiments.start import start
from sim.quantity import Refusal

SECTIONS: dict[str, Callable[[], dict[str, float]]] = {
    "speed": speed,
    "growth": growth,
    "processes": processes,
    "start": start,
    "luck": luck,
    "funding": funding,
}
SMALL_RUN = 1.3  # ratio to the floor of the small run, over that of the middle one
LOOPS = 0.9  # of what two spinning loops gain, where that is less than what is asked
TWO_PROCESSES = 1.5


class Target(NamedTuple):
    """What a figure is meant to be."""

    sign: str  # "at most" or "at least"
    bound: float

    def met(self, value: float) -> bool:
        """Whether the figure is on the right side."""
        return value <= self.bound if self.sign == "at most" else value >= self.bound


TARGETS = {
    "ratio_to_floor_300000": Target("at most", 3.5),
    "ratio_to_floor_1000000": Target("at most", 3.5),
    "bytes_per_row": Target("at most", 400),
    "time_exponent": Target("at most", 1.12),
    "memory_exponent": Target("at most", 1.01),
    "peak_gib_1000000": Target("at most", 2),
    "start_seconds": Target("at most", 2.5),
    "start_seconds_after_imports": Target("at most", 0.6),
    "funding_gain": Target("at least", 100),
    "funding_same_alone": Target("at least", 1),
    **{
        f"variance_reduction{'' if outcome == 'cost' else f'_{outcome}'}": Target("at least", least)
        for outcome, least in pairs.LEAST.items()
    },
}


def main(arguments: Sequence[str]) -> int:
    """Measure the sections asked for; print what is found, then one JSON object."""
    asked = [a for a in arguments if a.startswith("sections=")]
    names = asked[-1].removeprefix("sections=").strip("[]").split(",") if asked else [*SECTIONS]
    unknown = [name for name in names if name not in SECTIONS]
    if unknown or len(asked) < len(arguments):
        print(
            f"experiments.bench: {' '.join(arguments)}. Allowed is sections=[...] of "
            f"{', '.join(SECTIONS)}. Name some of them, or nothing for all.",
            file=sys.stderr,
        )
        return 2
    console, found = Console(), dict[str, float]()
    try:
        for name in names:
            measured = SECTIONS[name]()
            found |= measured
            for key, value in measured.items():
                console.print(line(key, value, targets(found).get(key)), highlight=False)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(json.dumps(report(found)))
    return 0


def targets(found: Mapping[str, float]) -> dict[str, Target]:
    """All targets; some follow from what else was found."""
    own = dict(TARGETS)
    if middle := found.get("ratio_to_floor_300000"):
        own["ratio_to_floor_33000"] = Target("at most", SMALL_RUN * middle)
    if loops := found.get("two_loops_gain"):
        own["two_processes_gain"] = Target("at least", min(TWO_PROCESSES, LOOPS * loops))
    return own


def line(key: str, value: float, target: Target | None) -> str:
    """A figure, its target and whether it is met."""
    shown = f"{key}: {value:.4g}"
    if target is None:
        return shown
    verdict = "met" if target.met(value) else "missed"
    return f"{shown}   target {target.sign} {target.bound:.4g}: {verdict}"


def report(found: Mapping[str, float]) -> dict[str, Any]:
    """Every figure by name, and the names of those that miss their target."""
    aimed = targets(found)
    missed = [key for key in found if key in aimed and not aimed[key].met(found[key])]
    return {**{key: float(f"{value:.5g}") for key, value in found.items()}, "missed": missed}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
