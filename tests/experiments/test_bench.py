"""The bench measures what it says, each figure beside its target, and ends in one JSON object."""

import json

import pytest

from experiments import bench, funding, processes, speed

ROWS = 1_100


def test_a_run_is_measured_beside_the_floor() -> None:
    found = speed.speed((ROWS,))
    ours, least = found[f"ns_per_person_month_{ROWS}"], found[f"floor_ns_{ROWS}"]
    assert ours > least > 0
    assert found[f"ratio_to_floor_{ROWS}"] == pytest.approx(ours / least)
    assert 100 < found["bytes_per_row"] < 400


def test_growth_is_one_where_a_person_month_and_its_memory_stay_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cost = {100: [(50.0, 20.0), (60.0, 20.0)], 1_000: [(70.0, 20.0), (50.0, 20.0)]}
    peaks = {speed.NEXT_TO_NOBODY: 2 * speed.GIB, 100: 3 * speed.GIB, 1_000: 12 * speed.GIB}
    monkeypatch.setattr(speed, "measured", cost.get)
    monkeypatch.setattr(speed, "peak_memory", peaks.get)
    found = speed.growth(100, 1_000)
    assert found == pytest.approx({"time_exponent": 1, "memory_exponent": 1, "peak_gib_1000": 12})


def test_the_peak_of_a_run_is_that_of_a_process_of_its_own() -> None:
    assert 0.1 < speed.peak_memory(ROWS) / speed.GIB < 1


def test_two_processes_are_timed_beside_two_loops() -> None:
    found = processes.processes(seeds=2, rows=ROWS, turns=200_000)
    assert set(found) == {"two_processes_gain", "two_loops_gain"}
    assert all(value > 0 for value in found.values())


def test_many_seeds_are_carried_beside_one_by_one_and_are_the_same() -> None:
    found = funding.funding(seeds=60, chunk=30, alone=2)
    assert found["funding_months"] == 240
    assert found["funding_same_alone"] == 1
    assert found["funding_gain"] > 10
    assert {one.kind for one in funding.all_kinds().instruments} == set(funding.KINDS)


def test_a_seed_that_differs_is_noticed() -> None:
    business = funding.businesses(4)
    batch = funding.carry(funding.all_kinds(), funding.UNTAXED, business)
    alone = funding.carry(funding.all_kinds(), funding.UNTAXED, business.of(slice(2, 3)))
    assert funding.equal(alone, batch, 2)
    assert not funding.equal(alone, batch, 1)


def test_a_figure_stands_beside_its_target() -> None:
    assert bench.line("floor_ns_300000", 18.3, None) == "floor_ns_300000: 18.3"
    target = bench.TARGETS["bytes_per_row"]
    assert bench.line("bytes_per_row", 400.0, target).endswith("target at most 400: met")
    assert bench.line("bytes_per_row", 401.0, target).endswith("missed")


def test_some_targets_follow_from_what_else_was_found() -> None:
    found = {"ratio_to_floor_300000": 2.0, "ratio_to_floor_33000": 2.7, "two_loops_gain": 1.2}
    assert bench.targets(found)["ratio_to_floor_33000"] == ("at most", 2.6)
    assert bench.targets(found)["two_processes_gain"] == ("at least", pytest.approx(1.08))
    assert bench.targets({"two_loops_gain": 2.0})["two_processes_gain"] == ("at least", 1.5)
    assert bench.report(found)["missed"] == ["ratio_to_floor_33000"]


def test_sections_can_be_chosen_and_the_last_line_is_one_json_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(bench.SECTIONS, "speed", lambda: {"bytes_per_row": 282.0, "other": 2.0})
    monkeypatch.setitem(bench.SECTIONS, "luck", lambda: {"variance_reduction": 50.0})
    assert bench.main(["sections=[speed,luck]"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["bytes_per_row: 282   target at most 400: met", "other: 2"]
    expected = {"bytes_per_row": 282, "other": 2, "variance_reduction": 50}
    assert json.loads(lines[-1]) == {**expected, "missed": ["variance_reduction"]}


@pytest.mark.parametrize("given", [["sections=[haste]"], ["rows=3"], ["sections=[speed]", "x"]])
def test_what_is_no_section_is_refused(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(given) == 2
    said = capsys.readouterr()
    assert "speed, growth, processes, start, luck, funding" in said.err
    assert said.out == ""
