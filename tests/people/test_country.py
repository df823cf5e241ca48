"""A country compiled from its tables: what is solved is kept, and a stale solution never used."""

import shutil
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from sim import tables
from sim.people import country, kept
from sim.people.country import Country
from sim.people.diseases import Disease
from sim.people.factors import lay_out
from sim.people.morbidity import Morbidity
from sim.people.reference import Reference
from sim.scenario import Scenario
from sim.setting import Setting
from tests.people.villages import scenario

Parts = tuple[dict[str, Disease], dict[str, Any], Morbidity]


@pytest.fixture(scope="module")
def chosen() -> Scenario:
    """A scenario whose reference population is not the one that is shipped."""
    return scenario("population.reference_size=6400", "population.reference_lives=16")


def parts(chosen: Scenario) -> Parts:
    raw = dict(chosen.values["diseases"])
    specs = {name: Disease.model_validate(one) for name, one in raw.items()}
    return specs, raw, Morbidity.model_validate(chosen.values["population"])


@pytest.fixture
def solved(ready: Setting, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often a reference population is solved, without solving it.

    What comes of it has few lives, which are written and read the sooner.
    """
    calls: list[int] = []
    whole = ready.country.reference
    few = {name: getattr(whole, name)[..., :16] for name in ("state", "frailty", "recent", "past")}

    def note(*about: Any) -> Reference:
        calls.append(1)
        return replace(whole, **few)

    monkeypatch.setattr(kept, "solve", note)
    return calls


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "sharedgain"


def other(morbidity: Morbidity) -> Morbidity:
    return morbidity.model_copy(update={"frailty_variance": morbidity.frailty_variance * 1.01})


def test_what_was_solved_is_kept_and_solved_anew_only_when_inputs_change(
    chosen: Scenario, solved: list[int], empty_cache: Path
) -> None:
    specs, raw, morbidity = parts(chosen)
    first = country.country(specs, raw, morbidity, 1)
    again = country.country(specs, raw, morbidity, 1)
    assert len(solved) == 1
    for name in {field.name for field in fields(Reference)} - {"events"}:
        solved_then, read_now = (getattr(found.reference, name) for found in (first, again))
        assert read_now.dtype == solved_then.dtype, name
        assert (read_now == solved_then).all(), name
    assert list(again.reference.events) == list(first.reference.events)
    for name, table in first.reference.events.items():
        assert (again.reference.events[name] == table).all()
    country.country(specs, raw, other(morbidity), 1)
    assert len(solved) == 2
    assert len(list(empty_cache.glob("reference_*.npz"))) == 2
    assert not list(empty_cache.glob("*partial*"))


@pytest.mark.parametrize(
    "change", ["disease", "morbidity", "prevalence", "mortality", "shape", "rule"]
)
def test_the_checksum_knows_everything_the_solution_follows_from(
    chosen: Scenario, solved: list[int], empty_cache: Path, change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    specs, raw, morbidity = parts(chosen)
    before = country.country(specs, raw, morbidity, 1).checksum
    if change == "disease":
        raw = raw | {"stroke": raw["stroke"] | {"case_fatality": 0.0512}}
    elif change == "morbidity":
        morbidity = other(morbidity)
    elif change == "shape":
        shapes = {name: shape * 1.01 for name, shape in tables.shapes().items()}
        monkeypatch.setattr(tables, "shapes", lambda: shapes)
    elif change == "rule":
        monkeypatch.setattr(kept, "RULES", (*kept.RULES, "processes.py"))
    else:
        name = "life_table" if change == "mortality" else change
        frame = tables.table(name).copy()
        frame[{"life_table": "hazard"}.get(name, name)] *= 0.999
        known = tables.table
        monkeypatch.setattr(tables, "table", lambda asked: frame if asked == name else known(asked))
    assert country.country(specs, raw, morbidity, 1).checksum != before
    assert len(solved) == 2


def test_what_only_moves_or_prices_people_needs_no_new_solution(
    chosen: Scenario, solved: list[int], empty_cache: Path
) -> None:
    specs, raw, morbidity = parts(chosen)
    country.country(specs, raw, morbidity, 1)
    longer = chosen.values["population"] | {"migration_out": 0.06, "size": 7, "wages": 0.5}
    country.country(specs, raw, Morbidity.model_validate(longer), 1)
    assert len(solved) == 1


def ship(monkeypatch: pytest.MonkeyPatch, folder: Path, compiled: Country) -> Path:
    """Ship a solution from a conf of the test's own, in which nothing was shipped before."""
    own = tables.conf_folder() / "tables"
    shutil.copytree(own, folder / "tables", ignore=shutil.ignore_patterns("*.npz"))
    monkeypatch.setattr(tables, "conf_folder", lambda: folder)
    return kept.ship(compiled.name, compiled.checksum, compiled.reference)


def test_a_shipped_solution_is_used_if_it_fits_and_not_if_it_is_stale(
    chosen: Scenario, solved: list[int], empty_cache: Path,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    specs, raw, morbidity = parts(chosen)
    compiled = country.country(specs, raw, morbidity, 1)
    assert ship(monkeypatch, tmp_path / "conf", compiled).exists()
    for path in empty_cache.iterdir():
        path.unlink()
    country.country(specs, raw, morbidity, 1)
    assert len(solved) == 1
    country.country(specs, raw, other(morbidity), 1)
    assert len(solved) == 2


@pytest.mark.parametrize("damage", ["cut", "empty", "other", "text"])
def test_a_damaged_file_is_as_good_as_none(
    chosen: Scenario, solved: list[int], empty_cache: Path, damage: str
) -> None:
    specs, raw, morbidity = parts(chosen)
    country.country(specs, raw, morbidity, 1)
    (path,) = empty_cache.glob("reference_*.npz")
    whole = path.read_bytes()
    if damage == "other":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("checksum.txt", "nothing")
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"none"}[damage])
    country.country(specs, raw, morbidity, 1)
    assert len(solved) == 2
    country.country(specs, raw, morbidity, 1)
    assert len(solved) == 2


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(
    chosen: Scenario, solved: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert country.country(*parts(chosen), regions=1).reference.base.any()
    assert len(solved) == 1


def test_layout_follows_names_and_not_the_order_of_the_choice(chosen: Scenario) -> None:
    _, raw, _ = parts(chosen)
    assert lay_out(dict(reversed(raw.items()))) == lay_out(raw)


def test_what_is_shipped_was_solved_from_what_is_in_conf(ready: Setting) -> None:
    compiled = ready.country
    shipped = kept.load(kept.shipped("germany"), compiled.checksum, compiled.factors)
    assert shipped is not None, "conf has changed: python -m experiments.fit_population"
    assert (shipped.base == compiled.reference.base).all()


def test_no_price_of_care_is_negative(ready: Setting) -> None:
    care = ready.country.care
    assert (care.case_cost >= 0).all()
    assert (care.near_death >= 0).all()
    assert (ready.country.reference.base >= 0).all()
