"""The kernel: hazards accumulate, events fall due; the same bits however it is run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.people import demography, processes
from sim.people.factors import DEATH
from sim.people.life import Life
from sim.people.population import NEVER, RUNNING, Population
from sim.setting import Setting
from tests.people.lived import digest, village
from tests.people.villages import bare, same_bits, settled

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def life(ready: Setting) -> Life:
    """A village in its fourth month; tests work on copies of its people."""
    life = settled(ready, 600)
    for month in range(ready.first_month, ready.first_month + 4):
        life.step(month)
    return life


def crowd(n: int = 6, slots: int = 3) -> Population:
    return Population.empty(n, slots, seed=1)


def test_a_month_takes_its_hazard_and_returns_who_has_nothing_left() -> None:
    people = crowd()
    people.remaining[:] = np.array([[1], [0.5], [2]], np.float32)
    people.hazard[1, 2] = 0.5
    people.hazard[2, 4] = 3
    people.hazard[2, 5] = 1.5
    due = processes.advance(people, 6)
    assert (due.slot.tolist(), due.row.tolist()) == ([1, 2], [2, 4])
    assert people.remaining[:, 4].tolist() == [1, 0.5, -1]
    assert people.remaining[2].tolist() == [2, 2, 2, 2, -1, 0.5]


def test_rows_of_later_years_are_left_alone() -> None:
    people = crowd()
    people.remaining[:] = 1
    people.hazard[:] = 0.25
    processes.advance(people, 4)
    assert (people.remaining[:, :4] == 0.75).all()
    assert (people.remaining[:, 4:] == 1).all()
    assert [part.size for part in processes.advance(people, 0)] == [0, 0, 0]


def test_near_death_are_those_with_less_than_twelve_months_to_be_expected() -> None:
    people = crowd()
    people.remaining[DEATH] = [np.inf, 13, 12.5, 12, 1, 5]
    people.hazard[DEATH] = [1, 1, 1, 1, 1, 0]
    due = processes.advance(people, 6)
    assert people.remaining[DEATH].tolist() == [np.inf, 12, 11.5, 11, 0, 5]
    assert due.near.tolist() == [3, 4]
    assert due.row.tolist() == [4]


def test_who_can_expect_exactly_eleven_more_months_is_near_death_also_when_alone() -> None:
    people = crowd(1)
    people.remaining[DEATH], people.hazard[DEATH] = 12, 1
    assert processes.advance(people, 1).near.tolist() == [0]


def test_hazards_that_accumulate_strike_at_the_threshold() -> None:
    people = crowd(1, 1)
    people.remaining[:] = 1
    people.hazard[:] = 0.3
    months = [processes.advance(people, 1).row.size for _ in range(4)]
    assert months == [0, 0, 0, 1]


@pytest.mark.parametrize("chunk", [1, 7, 600])
def test_chunks_change_nothing(life: Life, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = life.people.copy(), life.people.copy()
    whole.remaining *= np.float32(0.01)
    parts.remaining *= np.float32(0.01)
    one = processes.advance(whole, whole.n)
    monkeypatch.setattr(processes, "_CHUNK", chunk)
    other = processes.advance(parts, parts.n)
    assert same_bits(whole, parts) == []
    assert one.row.size > 20
    assert one.near.size > 20
    assert set(zip(*one[:2], strict=True)) == set(zip(*other[:2], strict=True))
    assert sorted(one.near.tolist()) == sorted(other.near.tolist())
    for slot in np.unique(one.slot):  # within a process in the order of rows
        assert (one.row[one.slot == slot] == np.sort(other.row[other.slot == slot])).all()


def test_one_block_or_many_have_the_same_bits(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for block in (None, 3, 10_000):
        people = life.people.copy()
        people.remaining *= np.float32(0.01)
        slot, row = np.empty((2, people.remaining.size), np.int64)
        near = np.empty(people.n, np.int64)
        kernel = processes._advance
        if block:
            for name in ("_BLOCK", "_FEW"):
                monkeypatch.setattr(processes, name, block)
            kernel = getattr(kernel, "py_func", kernel)
        count, soon = kernel(people.remaining.T, people.hazard.T, 0, people.n, slot, row, near)
        due = sorted(zip(slot[:count].tolist(), row[:count].tolist(), strict=True))
        found.append((due, near[:soon].tolist(), people.remaining.tobytes()))
    assert found[0] == found[1] == found[2]


def test_without_compilation_and_with_any_number_of_threads_the_bits_are_the_same() -> None:
    others = (
        {"NUMBA_DISABLE_JIT": "1", "PYTHONHASHSEED": "1"},
        {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "2"},
    )
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "tests.people.lived"]
    running = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **other},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for other in others
    ]
    mine = digest(village())
    for process in running:
        said, complaint = process.communicate()
        assert said.strip() == mine, complaint


def test_rates_found_twice_or_in_another_order_are_the_same(life: Life, ready: Setting) -> None:
    month = ready.first_month + 3
    rows = np.arange(demography.entered(life.people, month))
    once, twice = life.people.copy(), life.people.copy()
    processes.refresh(once, life.factors, rows, month)
    for order in (rows[::-1], np.repeat(rows, 2)):
        processes.refresh(twice, life.factors, order, month)
    assert same_bits(once, twice) == []


def test_the_absent_and_the_dead_bear_no_hazard(life: Life, ready: Setting) -> None:
    people, month = life.people.copy(), ready.first_month + 4
    people.leave(np.arange(50), month - 1)
    processes.refresh(people, life.factors, np.arange(people.n), month)
    absent = ~people.present(month)
    assert absent.sum() > 50
    assert (people.hazard[:, absent] == 0).all()
    assert (people.hazard[DEATH, ~absent] > 0).all()


def test_running_costs_are_booked_once_for_every_month_present(life: Life) -> None:
    people = bare(life, 3)
    people.rate[:] = 10
    people.left[1] = 4
    processes.accrue(people, 3, 3)
    assert (people.account[1:] == 20).all()
    for _ in range(2):
        processes.accrue(people, 3, 7)
    assert people.account[1].tolist() == [60, 30, 60]
    assert (people.account[0] == 0).all()
    processes.refresh(people, life.factors, np.arange(2), 9)
    assert people.account[1].tolist() == [80, 30, 60]


def test_a_slot_bears_the_onset_of_the_well_and_the_remission_of_the_ill(life: Life) -> None:
    factors = life.factors
    people = bare(life, 3)
    slot, bit = factors.slot("depression"), factors.bits["depression"]
    people.state[1] = np.uint32(1 << bit)
    people.state[2] = np.uint32(1 << factors.bits["diabetes"])
    processes.refresh(people, factors, np.arange(3), 1)
    at, base = factors.rates, factors.base_before[0, 60]  # her last birthday was last December
    line = base * factors.by_group[0] * factors.by_region[0]
    assert people.hazard[slot, 0] == pytest.approx(line[at["depression"]])
    own = factors.by_state[bit, 60, at["depression.remission"]]
    assert people.hazard[slot, 1] == pytest.approx(line[at["depression.remission"]] * own)
    assert people.hazard[factors.slot("diabetes"), 2] == 0  # once and for all


def test_a_baseline_is_that_of_the_year_in_which_the_last_birthday_was(life: Life) -> None:
    factors = life.factors
    people = bare(life, 2)
    people.born[:] = [-12 * 60 + 1, -12 * 60 + 2]  # 60 this January, 59 until next month
    found = []
    for month in (1, 2):
        processes.refresh(people, factors, np.arange(2), month)
        found.append(people.hazard[DEATH].copy())
    line = [table[0, :, DEATH] * factors.by_group[0, DEATH] * factors.by_region[0, DEATH]
            for table in (factors.base, factors.base_before)]  # fmt: skip
    assert line[0][60] != line[1][60]
    assert found[0] == pytest.approx([line[0][60], line[1][59]])
    assert found[1] == pytest.approx([line[0][60], line[0][60]])


def test_only_those_who_have_what_an_event_requires_are_at_risk(life: Life) -> None:
    people, factors = bare(life, 2), life.factors
    people.state[1] = np.uint32(1 << factors.bits["stroke"])
    processes.refresh(people, factors, np.arange(2), 1)
    again = people.hazard[factors.slot("recurrent_stroke")]
    assert again[0] == 0
    assert again[1] > 0


def test_the_oldest_of_the_table_stand_for_all_who_are_older(life: Life) -> None:
    people = bare(life, 3)
    people.born[:] = [-12 * 100, -12 * 115, -12 * 99 + 1]
    processes.refresh(people, life.factors, np.arange(3), 1)
    assert (people.hazard[:, 0] == people.hazard[:, 1]).all()
    assert people.hazard[DEATH, 0] > people.hazard[DEATH, 2]
    assert people.left.max() == NEVER
    assert people.rate.shape[0] == len(RUNNING)
