"""Commands as a user gives them, in a folder of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from experiments.run import main


class Said(NamedTuple):
    """What a command answered."""

    status: int
    out: str
    err: str


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the commands are given."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def say(here: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Give a command; whatever it is, it neither fails in code nor moves elsewhere."""

    def answer(*arguments: str) -> Said:
        status = main(arguments)
        said = Said(status, *capfd.readouterr())
        for words in ("Traceback", "Error executing job", "HYDRA_FULL_ERROR"):
            assert words not in said.out + said.err
        assert Path.cwd() == here
        assert not list(here.rglob(".hydra"))
        assert not (here / "multirun.yaml").exists()
        return said

    return answer
