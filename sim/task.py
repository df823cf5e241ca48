"""What a worker is given for a run, and what it gives back."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sim.register import Entry


class Task(NamedTuple):
    """A run to live: its entry in the register, and its scenario as JSON."""

    entry: Entry
    scenario: str


class Lived(NamedTuple):
    """What a run has given: files and manifest of its folder, outcomes, and seconds taken."""

    files: Mapping[str, bytes]
    about: Mapping[str, Any]
    outcomes: Mapping[str, float | None]
    seconds: float
