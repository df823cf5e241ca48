"""The user's cache: what was worked out once and follows from its name, kept for the next start.

Nothing depends on it: what is not there, or cannot be read or written, is worked out again.
"""

import os
from contextlib import suppress
from pathlib import Path


def folder() -> Path:
    """Where what is kept lies: XDG_CACHE_HOME, or .cache at home."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "sharedgain"


def read(name: str) -> bytes | None:
    """Return what is kept under a name; None where there is nothing."""
    with suppress(OSError):
        return (folder() / name).read_bytes()
    return None


def keep(name: str, content: bytes, most: int) -> None:
    """Keep content under a name, whole or not at all; of its kind only the newest `most` stay.

    The kind is what stands before the first underscore of the name.
    """
    with suppress(OSError):
        place = folder() / name
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f"{name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        partial.replace(place)
        alike = sorted(
            place.parent.glob(f"{name.partition('_')[0]}_*"), key=lambda path: path.stat().st_mtime
        )
        for old in alike[:-most]:
            old.unlink(missing_ok=True)
