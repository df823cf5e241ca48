"""The user's cache: kept whole, the newest of a kind, and no reason to fail."""

import os
from pathlib import Path

import pytest

from sim import cache


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path


def test_what_is_kept_can_be_read_again_and_nothing_else_lies_there(home: Path) -> None:
    assert cache.read("shape_a") is None
    cache.keep("shape_a", b"one", most=2)
    cache.keep("shape_a", b"two", most=2)
    assert cache.read("shape_a") == b"two"
    assert [path.name for path in (home / "caches" / "sharedgain").iterdir()] == ["shape_a"]


def test_only_the_newest_of_a_kind_stay() -> None:
    cache.keep("other_x", b"stays", most=1)
    for place, name in enumerate(("shape_c", "shape_a", "shape_b")):
        cache.keep(name, b"", most=9)
        os.utime(cache.folder() / name, (place, place))
    cache.keep("shape_d", b"", most=2)
    kept = {path.name for path in cache.folder().iterdir()}
    assert kept == {"other_x", "shape_b", "shape_d"}


def test_a_cache_that_cannot_be_written_or_read_is_no_reason_to_fail(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    cache.keep("shape_a", b"one", most=2)
    assert cache.read("shape_a") is None
