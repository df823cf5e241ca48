"""A country solved once for all tests of people, on a small reference population."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.setting import Setting, setting
from tests.people.villages import scenario


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep solved reference populations of the tests out of the user's cache."""
    base = tmp_path_factory.getbasetemp()
    worker = base.name.startswith("popen-")
    folder = (base.parent if worker else base) / "cache"  # shared by the workers of one run
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def ready(cache: Path) -> Setting:
    """A village's setting: three contract years after two of history."""
    return setting(scenario())
