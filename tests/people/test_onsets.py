"""The steps that onsets, events and remissions take, in their order."""

from dataclasses import replace

import numpy as np
import pytest

from sim.people import onsets
from sim.people.diseases import Diseases
from sim.people.factors import Factors, lay_out
from sim.people.life import Life
from sim.people.onsets import BROUGHT, FOLLOWED, RENEWED, WHOLE
from sim.people.population import NEVER, Population
from sim.people.processes import Due, refresh
from sim.setting import Setting
from tests.people.villages import bare, same_bits, settled

MONTH = 7
AS_PUBLISHED = np.ones(11)  # case fatality in every region


@pytest.fixture(scope="module")
def life(ready: Setting) -> Life:
    """A village whose tables are set for the first year; its people are not used."""
    life = settled(ready, 10)
    life.begin(ready.first_month)
    return life


@pytest.fixture
def diseases(ready: Setting) -> Diseases:
    """The diseases, none of which kills at once."""
    return but(ready.country.diseases, dict.fromkeys(ready.country.diseases.specs, 0.0))


def but(diseases: Diseases, fatality: dict[str, float]) -> Diseases:
    specs = {
        name: spec.model_copy(
            update={"case_fatality": fatality.get(name, 0.0), "case_fatality_by_age": None}
        )
        for name, spec in diseases.specs.items()
    }
    return replace(diseases, specs=specs)


def due(diseases: Diseases, *pairs: tuple[str, int]) -> Due:
    slots = [diseases.factors.slot(name) for name, _ in pairs]
    rows = [row for _, row in pairs]
    return Due(np.array(slots, np.int64), np.array(rows, np.int64), np.empty(0, np.int64))


def struck(life: Life, diseases: Diseases, *pairs: tuple[str, int], n: int = 3) -> Population:
    people = bare(life, n)
    people.remaining[:] = 5
    diseases.react(people, due(diseases, *pairs), MONTH, AS_PUBLISHED)
    return people


def test_an_event_is_renewed_before_what_it_brings_begins_and_takes_effect_after(
    diseases: Diseases,
) -> None:
    steps, slot = diseases.onsets.slots.steps, diseases.factors.slot
    event, condition = slot("infarction"), slot("coronary_heart_disease")
    expected = [[event, RENEWED], [condition, BROUGHT], [event, FOLLOWED]]
    assert steps[event].tolist() == expected
    assert steps[condition].tolist() == [[condition, WHOLE], [-1, WHOLE], [-1, WHOLE]]
    assert (steps[[slot("death"), slot("leaving"), slot("other_admission")]] == [-1, WHOLE]).all()


def test_who_dies_of_what_an_event_brings_bears_nothing_any_more(
    life: Life, diseases: Diseases
) -> None:
    deadly = but(diseases, {"coronary_heart_disease": 1.0})
    people = struck(life, deadly, ("infarction", 1))
    assert people.left.tolist() == [NEVER, MONTH + 1, NEVER]
    assert np.isinf(people.remaining[:, 1]).all()
    assert (people.hazard[:, 1] == 0).all()
    assert people.tally.sums["deaths"].sum() == 1
    assert people.tally.sums["event_infarction"].sum() == 1


def test_a_later_onset_of_the_same_month_counts_though_an_earlier_one_killed(
    life: Life, diseases: Diseases
) -> None:
    deadly = but(diseases, {"stroke": 1.0})
    people = struck(life, deadly, ("stroke", 0), ("hip_fracture", 0))
    counted = {name for name, found in people.tally.sums.items() if found.sum()}
    assert {"onset_stroke", "event_hip_fracture", "deaths"} <= counted
    assert people.tally.sums["deaths"].sum() == 1


def test_what_was_brought_is_not_brought_twice(life: Life, diseases: Diseases) -> None:
    pairs = ("coronary_heart_disease", 0), ("infarction", 0)
    people = struck(life, diseases, *pairs)
    slot = diseases.factors.slot("coronary_heart_disease")
    assert people.occurrence[slot].tolist() == [1, 0, 0]
    assert people.tally.sums["onset_coronary_heart_disease"].sum() == 1


def test_first_months_of_several_kinds_can_end_together(life: Life, diseases: Diseases) -> None:
    people = struck(life, diseases, ("stroke", 0), ("hip_fracture", 0))
    bits = [1 << diseases.factors.bits[name] for name in ("stroke", "hip_fracture")]
    assert people.recent.tolist() == [sum(bits), 0, 0]
    months = {diseases.specs[name].recent_months for name in ("stroke", "hip_fracture")}
    assert len(months) == 1
    diseases.react(people, due(diseases), MONTH + months.pop(), AS_PUBLISHED)
    assert people.recent.tolist() == [0, 0, 0]


def test_counts_are_kept_by_group(life: Life, diseases: Diseases) -> None:
    people = bare(life, 4)
    people.group[:] = [0, 1, 1, 0]
    people.tally.groups = 2
    diseases.react(
        people, due(diseases, *(("copd", row) for row in (1, 2, 3))), MONTH, AS_PUBLISHED
    )
    assert people.tally.sums["onset_copd"].tolist() == [1, 2]


def test_the_loops_have_the_same_bits_without_compilation(
    ready: Setting, life: Life, diseases: Diseases, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = but(ready.country.diseases, {"infarction": 0.5, "stroke": 0.5, "copd": 0.5})
    names = ("copd", "depression", "infarction", "hip_fracture")
    pairs = [(name, row) for row in range(40) for name in names if (row + len(name)) % 3]
    compiled = struck(life, deadly, *pairs, n=40)
    for loop in ("_lay_out", "_happen"):
        kernel = getattr(onsets, loop)
        monkeypatch.setattr(onsets, loop, getattr(kernel, "py_func", kernel))
    plain = struck(life, deadly, *pairs, n=40)
    assert same_bits(compiled, plain) == []
    assert str(compiled.tally.sums) == str(plain.tally.sums)
    assert 0 < compiled.died.sum() < 40


def test_where_there_is_nothing_to_fall_ill_of_nothing_falls_due() -> None:
    processes, bits, rates = lay_out({})
    width = len(rates)
    tables = (np.ones(shape, np.float32) for shape in ((0, 101, width), (0, width), (80, width)))
    lines = (np.ones((16, width), np.float32), np.ones((1, width), np.float32))
    factors = Factors(processes, bits, rates, np.ones((2, 101, width), np.float32), *tables, *lines)
    healthy = Diseases({}, factors, {})
    people = Population.empty(3, len(processes), seed=1)
    refresh(people, factors, np.arange(3), 1)
    assert (people.hazard == 1).all()
    everything = Due(np.arange(4), np.array([0, 1, 2, 0]), np.empty(0, np.int64))
    assert healthy.react(people, everything, MONTH, AS_PUBLISHED).size == 0
