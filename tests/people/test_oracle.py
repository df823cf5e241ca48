"""The model and its second writing tell the same life of every villager, to the bit."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from sim.contract.ledger import Ledger
from sim.people import demography, processes
from sim.people.life import Life
from sim.people.population import ACCOUNTS, NEVER
from sim.setting import Setting
from tests.oracle.village import Villager, World
from tests.people.villages import settled

SEED = 2**63 + 2
FIRST = 2**32 - 300  # addresses of the village lie on both sides of 32 bits
SIZE = 500
STARTS = {-5: 0.9, 4: 0.6, 19: 1.0}  # month -> how strongly the programmes act from then on
UNCOUNTED = {"dying billed", "gone before admission"}
DEADLY = ("infarction", "stroke", "hip_fracture", "copd", "cancer")  # more than they are
DRAWN = (
    "born",
    "entered",
    "sex",
    "fifth",
    "frailty",
    "intensity",
    "region",
    "state",
    "recent",
    "physician",
)
COLUMNS = ("left", "billed", "died", "state", "recent", "documented", "documented_before")
ARRAYS = ("remaining", "hazard", "rate", "occurrence", "account")


@dataclass
class Year:
    """A December: what both writings say of everybody, and what insurers see."""

    model: dict[str, Any]
    second: dict[str, Any]
    ledger: Ledger
    sums: dict[str, Any]
    claims: list[dict[str, Any]]


@dataclass
class Tale:
    """A village as the model lived it, and as its second writing did."""

    life: Life
    villagers: list[Villager]
    insurers: list[int]
    years: list[Year]


@pytest.fixture(scope="module")
def tale(ready: Setting) -> Tale:
    life = settled(ready, SIZE, SEED, FIRST, regions=(0, 3, 4))
    specs = ready.country.diseases.specs | {
        name: ready.country.diseases.specs[name].model_copy(update={"case_fatality": 0.5})
        for name in DEADLY
    }
    life.country = replace(ready.country, diseases=replace(ready.country.diseases, specs=specs))
    people = life.people
    people.physician[:] = np.arange(people.n) % 4
    by_physician = {year: practices(life, year) for year in ready.calendar}
    by_participation = {month: programmes(life, power) for month, power in STARTS.items()}
    world = World(
        seed=SEED,
        first_month=ready.first_month,
        start_year=ready.region.start_year,
        processes=[vars(process) for process in life.factors.processes],
        rates=life.factors.rates,
        accounts=ACCOUNTS,
        base=ready.country.reference.base,
        replacing=ready.country.reference.replacing,
        trend=ready.trend(),
        leaving=ready.home.leaving,
        by_state=life.factors.by_state.tolist(),
        by_recent=life.factors.by_recent.tolist(),
        by_group=life.factors.by_group.tolist(),
        by_intensity=life.factors.by_intensity.tolist(),
        by_region=life.factors.by_region.tolist(),
        by_physician={year: table.tolist() for year, table in by_physician.items()},
        by_participation={month: table.tolist() for month, table in by_participation.items()},
        specs={name: spec.model_dump() for name, spec in specs.items()},
        shapes=ready.country.diseases.shapes,
        case_cost=life.care.case_cost,
        size_sd=life.care.size_sd,
        near_death=life.care.near_death,
        near_death_by_age=life.care.near_death_by_age,
        dearness=life.care.dearness,
        lethality=ready.lethality(),
    )
    villagers = [
        Villager(
            world,
            FIRST + row,
            {name: int(people.columns[name][row]) for name in DRAWN}
            | {"occurrence": people.occurrence[:, row].tolist()},
        )
        for row in range(people.n)
    ]
    story = Tale(life, villagers, people.insurer.tolist(), [])
    for month in range(ready.first_month, ready.last_month + 1):
        life.factors.by_physician = by_physician[life.year_of(month)]
        if month % 12 == 1:
            patients = np.flatnonzero((people.physician > 0) & (people.left == NEVER))
            life.touch(patients)
        if month in STARTS:
            attend(life, villagers, by_participation[month])
        life.step(month)
        for villager in villagers:
            villager.live(month)
        if month % 12 == 0:
            story.years.append(december(story, month))
    return story


def december(story: Tale, month: int) -> Year:
    """Close a year in both writings, and keep what each of them holds of everybody."""
    people = story.life.people
    processes.accrue(people, demography.entered(people, month), month + 1)
    model: dict[str, Any] = {name: people.columns[name].copy() for name in COLUMNS}
    model |= {name: getattr(people, name).copy() for name in ARRAYS}
    claims = [villager.close_year(month) for villager in story.villagers]
    theirs = [vars(villager) for villager in story.villagers]
    theirs = [life | claim["held"] for life, claim in zip(theirs, claims, strict=True)]
    second = {
        name: np.array([villager[name] for villager in theirs], kept.dtype).T
        for name, kept in model.items()
    }
    return Year(model, second, *story.life.close_year(month), claims)


def practices(life: Life, year: int) -> Any:
    """Three practices whose effort changes with the years; one refers all its patients."""
    lines = life.factors.ones(4)
    for number in (1, 2, 3):
        lines[number, life.factors.rates["avoidable_admission"]] = 0.9**number
        lines[number, life.factors.rates["drugs"]] = 0.99 ** (number + year % 5)
    lines[3, life.factors.rates["other_admission"]] = 30.0
    return lines


def programmes(life: Life, power: float) -> Any:
    """Two lines of participation: fewer deaths and onsets, quicker remission, dearer visits."""
    lines, rates = life.factors.ones(3), life.factors.rates
    lines[1, rates["death"]] = 0.7**power
    lines[1, rates["diabetes"]] = 0.5**power
    lines[1, rates["smoking.remission"]] = 4.0**power
    lines[2, rates["other_admission"]] = 0.8**power
    lines[2, rates["physician"]] = 1.1**power
    return lines


def attend(life: Life, villagers: list[Villager], lines: Any) -> None:
    """Have every third and every seventh villager attend, as effects of a new strength."""
    people = life.people
    number = np.arange(people.n)
    life.factors.by_participation = lines
    people.participation[number % 3 == 0] = 1
    people.participation[number % 7 == 0] = 2
    taking_part = np.flatnonzero(people.participation)
    life.touch(taking_part)
    for row in taking_part:
        villagers[row].participation = int(people.participation[row])
        villagers[row].stale = True


def test_enough_happens_for_the_comparison_to_mean_something(tale: Tale) -> None:
    happened = {what for villager in tale.villagers for _, what in villager.log}
    expected = {"deaths", "leavings", "admissions", "avoidable_admissions", "dying billed"}
    expected |= {"onset_diabetes", "remission_depression", "remission_smoking"}
    expected |= {"event_infarction", "event_hip_fracture"}
    assert expected <= happened
    assert len(tale.years) == 5
    born_here = [v for v in tale.villagers if v.entered == v.born]
    first = tale.life.people.first_month
    moved_here = [v for v in tale.villagers if v.entered > max(v.born, first)]
    assert len(born_here) > 10
    assert len(moved_here) > 50
    last = [
        [what for month, what in v.log if month == v.left - 1] for v in tale.villagers if v.died
    ]
    at_once = [month for month in last if "dying billed" not in month]
    assert len(at_once) > 5
    assert any("gone before admission" in month for month in at_once)
    assert any(villager.recent for villager in tale.villagers)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_villager_stands_every_december_where_her_second_life_does(
    tale: Tale, column: str
) -> None:
    for year in tale.years:
        assert year.model[column].tolist() == year.second[column].tolist()


@pytest.mark.parametrize("array", ARRAYS)
def test_luck_left_rates_and_accounts_of_everybody_agree_to_the_bit(tale: Tale, array: str) -> None:
    for year in tale.years:
        differing = np.argwhere(year.model[array] != year.second[array])
        assert differing.tolist() == []


def test_claims_show_the_same_insured_months_diagnoses_and_newcomers(tale: Tale) -> None:
    for year in tale.years:
        rows = [row for row, claim in enumerate(year.claims) if claim["insured_months"] > 0]
        assert (year.ledger.person - FIRST).tolist() == rows
        for column in ("insured_months", "documented", "newcomer"):
            second = [year.claims[row][column] for row in rows]
            assert getattr(year.ledger, column).tolist() == second, column


def test_the_years_count_what_the_villagers_count(tale: Tale) -> None:
    counted = set()
    for year in tale.years:
        for name, model in year.sums.items():
            if name.startswith(("cost_", "prevalence_", "members", "person_years", "qalys")):
                continue
            second = [0.0] * len(model)
            for row, claim in enumerate(year.claims):
                second[tale.insurers[row]] += claim["count"][name]
            assert model.tolist() == second, name
            counted.add(name)
    assert counted >= {what for v in tale.villagers for _, what in v.log} - UNCOUNTED


def test_everybody_dies_and_leaves_in_the_same_month(tale: Tale) -> None:
    left = tale.years[-1].model["left"].tolist()
    assert {i: month - 1 for i, month in enumerate(left) if month < NEVER} == {
        i: month
        for i, villager in enumerate(tale.villagers)
        for month, what in villager.log
        if what in ("deaths", "leavings")
    }
