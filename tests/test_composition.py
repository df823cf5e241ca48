"""What is remembered of a composition is what Hydra would compose, and is noticed when stale."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim import cache, composition
from sim.composition import _anew, _files_alone, composed
from sim.overrides import CONF
from sim.quantity import Refusal

CASES = (
    [],
    ["population.size=5"],
    ["region.insured=77"],  # to which population.size refers
    ["region.insured=77", "population.size=3"],
    ["population.size=${region.start_year}"],
    ["horizon=${results}"],
    ["out='at ${seeds}'"],
    ["seeds=${oc.env:HOME}"],
    ["seeds=[1,2]", "force=true", "force=false"],
    ["seeds=???"],
    ["+foo=1", "++population.x.y=2"],
    ["~seeds"],
    ["contract={sharing_rate: {value: 0.3}}"],
    ["programmes=[agil]", "programmes.agil.capacity.value=3"],
    ["programmes.agil.capacity.value=3", "programmes=[]"],  # refused: agil is not chosen
    ["funding.instruments.0.amount.value=1"],
    ["population=france", "region.country=france"],
    ["nonsense=1"],
    ["population@elsewhere=tables"],
)


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of one's own."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def own_cache(caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty cache, and nothing remembered from before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    _files_alone.cache_clear()
    yield
    _files_alone.cache_clear()


def answered(how: Any, overrides: list[str]) -> str:
    try:
        return json.dumps(how(overrides))  # the order of the keys counts, too
    except Refusal as refusal:
        return f"refused: {refusal}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_remembered_or_not_the_answer_is_hydras(case: list[str]) -> None:
    expected = answered(lambda given: _anew(given, CONF)[1:], case)
    assert answered(composed, case) == expected
    assert answered(composed, case) == expected
    _files_alone.cache_clear()  # what is kept on the disk remains
    assert answered(composed, case) == expected


@pytest.mark.usefixtures("fresh")
def test_hydra_is_asked_once_for_the_same_files(monkeypatch: pytest.MonkeyPatch) -> None:
    first = composed(["population.size=5"])
    _files_alone.cache_clear()
    monkeypatch.setattr(composition, "compose", None)
    assert composed(["population.size=5"]) == first
    assert composed(["population.size=6"]).config["population"]["size"] == 6


def test_what_is_done_to_a_composition_is_not_remembered() -> None:
    config = composed([]).config
    config["region"]["label"] = "elsewhere"
    assert composed([]).config["region"]["label"] == "Gesundes Kinzigtal"


@pytest.mark.usefixtures("fresh")
def test_a_file_that_changes_is_composed_anew(tmp_path: Path) -> None:
    folder = shutil.copytree(CONF, tmp_path / "conf", ignore=shutil.ignore_patterns("tables"))
    assert composed([], folder).config["horizon"]["years"] == 12
    text = (folder / "config.yaml").read_text("utf-8")
    (folder / "config.yaml").write_text(text.replace("years: 12", "years: 7"), "utf-8")
    assert composed([], folder).config["horizon"]["years"] == 7
    assert not cache.folder().exists()  # kept are the compositions of our own conf alone


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("content", [b"", b"[]", b'{"config": {}}', b"\xff"])
def test_a_cache_that_is_damaged_is_composed_anew(content: bytes) -> None:
    first = composed([])
    (kept,) = cache.folder().iterdir()
    kept.write_bytes(content)
    _files_alone.cache_clear()
    assert composed([]) == first
    assert kept.read_bytes() != content


def test_what_may_be_otherwise_another_time_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(CONF, tmp_path / "conf", ignore=shutil.ignore_patterns("tables"))
    text = (folder / "config.yaml").read_text("utf-8")
    (folder / "config.yaml").write_text(text.replace("out: null", "out: ${oc.env:PLACE}"), "utf-8")
    for place in ("here", "there"):
        monkeypatch.setenv("PLACE", place)
        assert composed([], folder).config["out"] == place
