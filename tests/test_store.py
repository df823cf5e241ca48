"""Promises of the store: runs are known by content, and what it holds can be read at any time."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sim.quantity import Refusal
from sim.register import DONE, PENDING
from sim.report.headline import FIGURES
from sim.scenario import compose, scenario_of
from sim.store import FAILURES, TABLE, Store, check, run_key, scenario_key
from sim.sweep import carry_out
from sim.task import Task
from tests.quick import lived, odd_ones_fail
from tests.stores import CODE, HERE, SMALL, content, filled, scenarios


def test_a_scenario_is_known_by_what_decides_it_and_not_by_where_and_how_it_is_run() -> None:
    base = compose(SMALL)
    for same in (["seeds=7"], ["seeds=auto"], ["out=there"], ["force=true"], ["compute=dask"]):
        assert scenario_key(compose([*SMALL, *same])) == scenario_key(base), same
    for other in (["contract.sharing_rate.value=0.4"], ["programmes=[]"], ["horizon.years=2"]):
        assert scenario_key(compose([*SMALL, *other])) != scenario_key(base), other


def test_a_run_is_another_one_under_another_seed_or_another_code() -> None:
    (one,) = scenarios(0.4)
    keys = {run_key(scenario_key(one), seed, code) for seed in (1, 2) for code in ("a", "b")}
    assert len(keys) == 4


def test_every_scenario_is_kept_as_it_was_composed(tmp_path: Path) -> None:
    asked = [
        *scenarios(0.4, 0.5),
        compose([*SMALL, "programmes=[agil]", "funding=none"]),
        compose([*SMALL, "funding.instruments.0.interest.value=0.06"]),
    ]
    with Store(tmp_path) as store:
        store.admit(((one, [1]) for one in asked), CODE)
        for number, one in enumerate(asked, start=1):
            noted = store.scenario(number)
            found = scenario_of(noted["config"], noted["choices"])
            assert found.config == {**one.config, "out": None, "seeds": 1}
            assert found.choices == one.choices
            assert tuple(noted["overrides"]) == one.overrides


def test_the_table_has_a_line_a_run_with_what_differs_and_what_came_out(tmp_path: Path) -> None:
    with filled(tmp_path, (0.4, 0.5), 2) as store:
        store.admit([(compose([*SMALL, "programmes=[agil]", "funding=none"]), [1])], CODE)
        carry_out(store, HERE, work=lived)
    table = pd.read_parquet(tmp_path / TABLE)
    assert table["seed"].tolist() == [1, 2, 1, 2, 1]
    assert table["status"].tolist() == [DONE] * 5
    assert table["contract.sharing_rate.value"].tolist() == [0.4, 0.4, 0.5, 0.5, 0.5]
    assert table["population.size"].tolist() == [300] * 5
    assert table["programmes"].tolist()[-1] == "agil"
    assert "agil, health_coach" in table["programmes"][0]
    assert table["funding"].tolist() == ["loan"] * 4 + ["none"]
    assert table["true_savings"].tolist() == pytest.approx([1.4, 2.4, 1.5, 2.5, 1.5])
    assert set(FIGURES) < set(table)
    assert table["run"].is_unique


def test_the_table_of_a_store_in_which_nothing_has_run_can_be_read(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        store.write_table()
    assert pd.read_parquet(tmp_path / TABLE)["status"].tolist() == [PENDING] * 6


def test_the_table_can_be_read_while_the_sweep_goes_on(tmp_path: Path) -> None:
    seen = []

    def look(task: Task) -> object:
        store.write_table()
        seen.append(pd.read_parquet(tmp_path / TABLE)["status"].tolist().count(DONE))
        return lived(task)

    with filled(tmp_path) as store:
        carry_out(store, HERE, work=look)  # type: ignore[arg-type]
    assert seen == [0, 1, 2, 3, 4, 5]


def test_a_store_holds_no_times_and_no_places(tmp_path: Path) -> None:
    for name in ("one", "other"):
        with filled(tmp_path / name) as store:
            carry_out(store, HERE, work=lived)
    one, other = content(tmp_path / "one"), content(tmp_path / "other")
    assert one == other
    assert len(one) == 1 + 6 * 2
    assert not any(str(tmp_path).encode() in part for part in one.values())


def test_failures_are_listed_and_the_list_goes_when_there_are_none(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        carry_out(store, HERE, work=odd_ones_fail)
        listed = pd.read_csv(tmp_path / FAILURES)
        assert listed["seed"].tolist() == [1, 3, 1, 3]
        assert listed["message"].tolist()[0] == "seed 1 is odd"
        assert listed["trace"].tolist() == ["where"] * 4
        assert "contract.sharing_rate.value=0.4" in listed["overrides"][0]
        store.register.retry()
        carry_out(store, HERE, work=lived)
    assert not (tmp_path / FAILURES).exists()


def test_an_outcome_that_nobody_declares_is_refused(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (entry,) = store.register.claim(1)
        with pytest.raises(ValueError, match="happiness is not an outcome"):
            store.put(entry, {}, {}, {"happiness": 1.0}, 1.0)
        assert not store.place(entry).exists()


def test_a_run_whose_folder_was_lost_is_done_again_after_a_crash(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        carry_out(store, HERE, work=lived)
        owner = store.register.owner
        entries = list(store.register.entries())
        (store.place(entries[1]) / "population.parquet").write_bytes(b"")
        store.doubt([owner])
        assert store.register.count() == {"pending": 1, "running": 0, "done": 5, "failed": 0}


@pytest.mark.parametrize("what", ["a file", "a letter"])
def test_a_folder_of_somebody_else_is_refused_and_untouched(tmp_path: Path, what: str) -> None:
    place = tmp_path / "mine"
    if what == "a file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "letter").write_text("mine")
    with pytest.raises(Refusal, match=r"a file|it holds 'letter'"):
        check(place)
    with pytest.raises(Refusal):
        Store(place)
    assert (place if what == "a file" else place / "letter").read_text() == "mine"


def test_a_new_store_that_nothing_has_entered_leaves_no_trace(tmp_path: Path) -> None:
    def refused() -> object:
        yield scenarios(0.4)[0], [1]
        raise Refusal("no")

    with pytest.raises(Refusal, match="no"), Store(tmp_path / "new") as store:
        store.admit(refused(), CODE)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_what_is_not_done_cannot_be_put_together(tmp_path: Path) -> None:
    (one,) = scenarios(0.4)
    with filled(tmp_path, (0.4,)) as store, pytest.raises(Refusal, match=r"seeds \[1, 2\]"):
        store.results(replace(one), [1, 2], CODE)
