"""A folder that is written whole or not at all, and knows by checksums whether it is whole.

Everything goes into a hidden folder beside the place, which is renamed when all of it is on
the disk; so whatever interrupts the writing leaves nothing that looks whole. Meanwhile it is
locked; a later writer removes what it finds there unlocked.
"""

import fcntl
import glob
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sim.quantity import Refusal

MANIFEST = "manifest.json"
PARTIAL = ".partial-"
FORMAT = "sharedgain run 1"


def write(folder: Path, files: Mapping[str, bytes], about: Mapping[str, Any]) -> None:
    """Put files (relative name -> content) and their manifest in place, whole or not at all.

    The manifest is `about` with the checksums of all files. A folder of ours is replaced.
    """
    admit(folder)
    put(folder, files, about)


def put(
    folder: Path, files: Mapping[str, bytes], about: Mapping[str, Any], *, through: bool = True
) -> int:
    """Put files in place as `write` does, without asking whether the place may be ours.

    What is not written `through` to the disk is whole however the program ends, but not if the
    power fails. Returned is the number of bytes.
    """
    sums = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    manifest = json.dumps(
        {"format": FORMAT, **about, "files": sums},
        allow_nan=False,
        ensure_ascii=False,
        indent=2,
    )
    content = {**files, MANIFEST: f"{manifest}\n".encode()}
    place = folder.resolve()
    with _refusing(folder), _above(place), _partial(place) as partial:
        for name, part in content.items():
            _write(partial / name, part, through)
        if through:
            for directory in [partial, *(path for path in partial.rglob("*") if path.is_dir())]:
                _sync(directory)
        _put_in_place(partial, place, through)
    return sum(map(len, content.values()))


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder of ours; None where there is none or it is another's."""
    with suppress(OSError, ValueError):
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if isinstance(manifest, dict) and manifest.get("format") == FORMAT:
            return manifest if isinstance(manifest.get("files"), dict) else None
    return None


def is_whole(folder: Path) -> bool:
    """Whether every file that the folder's manifest lists is there, and as it lists it."""
    manifest = manifest_of(folder)
    if manifest is None:
        return False
    with suppress(OSError):
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum
            for name, checksum in manifest["files"].items()
        )
    return False


def admit(folder: Path) -> None:
    """Refuse a place that cannot be written to, or that holds what no run has put there.

    What is tried out leaves no trace: not even a folder above the place is made.
    """
    with _refusing(folder):
        place = folder.resolve()
        if place.exists() and not place.is_dir():
            raise Refusal(
                f"out={folder} is a file. Name a folder that is new, empty or an earlier run's."
            )
        if Path.cwd().is_relative_to(place):
            raise Refusal(
                f"out={folder} is the folder you are in, or above it; a run puts a new folder in "
                "its place. Name another, such as out=results."
            )
        if place.is_mount():
            raise Refusal(
                f"out={folder} is where a disk is mounted, and a run puts a new folder in its "
                f"place. Name one in it, such as out={folder / 'results'}."
            )
        foreign = _foreign(place) if place.exists() else []
        if foreign:
            more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
            raise Refusal(
                f"out={folder} is not empty: it holds {foreign[0]!r}{more}, which no run has "
                f"put there. Allowed is a folder that is new, empty or an earlier run's: name "
                f"another one, or move these files away."
            )
        above = next(parent for parent in place.parents if parent.exists())
        with _partial(above / place.name) as trial:
            _write(trial / MANIFEST, b"")


def _foreign(place: Path) -> list[str]:
    """Return the files in a folder that no run has put there, sorted; without a run, all of it."""
    manifest = manifest_of(place)
    if manifest is None:
        return sorted(path.name for path in place.iterdir())
    there = {str(path.relative_to(place)) for path in place.rglob("*") if not path.is_dir()}
    return sorted(there - {MANIFEST, *manifest["files"]})


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """Say what the disk refuses as a refusal that names the folder."""
    try:
        yield
    except OSError as error:
        where = str(error.filename or folder)
        where = where if PARTIAL not in where else str(folder.resolve().parent)
        raise Refusal(
            f"out={folder} cannot be written: {error.strerror or error} ({where}). "
            f"The folder and the one above it must be writable, with room on the disk: "
            f"name another with out=DIR, or make room or change the rights there."
        ) from error


@contextmanager
def _above(place: Path) -> Iterator[None]:
    """Make the folders above a place; those that are empty afterwards are taken away again."""
    made = [parent for parent in place.parents if not parent.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for parent in made:
            with suppress(OSError):
                parent.rmdir()


@contextmanager
def _partial(place: Path) -> Iterator[Path]:
    """Give a hidden, locked folder beside the place; it is gone afterwards unless renamed."""
    for abandoned in place.parent.glob(f".{glob.escape(place.name)}{PARTIAL}*"):
        with _locked(abandoned) as free:
            if free:
                shutil.rmtree(abandoned, ignore_errors=True)
    partial = _beside(place)
    partial.mkdir()
    try:
        with _locked(partial):
            yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _locked(directory: Path) -> Iterator[bool]:
    """Hold the directory's lock; false where another process holds it."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name}{PARTIAL}{secrets.token_hex(4)}")


def _put_in_place(partial: Path, place: Path, through: bool) -> None:
    """Rename the finished folder to its place; what stood there steps aside till then."""
    aside = _beside(place)
    if place.exists():
        place.rename(aside)
    try:
        partial.rename(place)
    except BaseException:
        if aside.exists():
            aside.rename(place)
        raise
    if through:
        _sync(place.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _write(path: Path, content: bytes, through: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        if through:
            file.flush()
            os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
