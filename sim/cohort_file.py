"""The cohort file that a planner names: its checksum, its persons, its sheet."""

import hashlib

from sim import sheet
from sim.quantity import Refusal
from sim.sheet import Sheet, Source

SOURCE = Source(
    key="population.path",
    what="cohort",
    row="a person",
    rows="persons",
    guide="docs/cohort.md says what a cohort file holds, and "
    "python -m experiments.cohort check={path} lists every fault.",
)


def identify(path: str) -> tuple[str, int]:
    """Checksum (sha256) and number of persons of a file; what cannot be read is refused."""
    content = sheet.load(path, SOURCE)
    return hashlib.sha256(content).hexdigest(), sheet.count(path, SOURCE, content)


def read(path: str, checksum: str | None = None) -> Sheet:
    """Read a file whole; one that is no longer what its checksum says is refused."""
    content = sheet.load(path, SOURCE)
    if checksum is not None and hashlib.sha256(content).hexdigest() != checksum:
        raise Refusal(
            f"{SOURCE.key}={path} has changed since this run was put together: its checksum is "
            f"no longer {checksum[:12]}... Run it again, or give the file that has this checksum."
        )
    return sheet.read(path, SOURCE, content)
