"""Promises of completion: what is known stays, the rest is drawn given it, ranks carry cost."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sim.people import cohort
from sim.people.completion import _agreeing, _chance_of_a_stay, expected
from sim.people.diseases import has
from sim.people.factors import AGES, INTENSITIES
from sim.people.population import Population
from sim.people.reference import FIFTHS, birthday
from sim.people.roster import UNKNOWN, Roster
from sim.setting import Setting
from tests.oracle.completion import agreeing
from tests.people.villages import settled

N = 4000


def listed(ready: Setting, n: int = N, **given: Any) -> Roster:
    """Women and men of 40 to 79, of whom nothing is known but what is given."""
    rows = np.arange(n)
    born = ready.first_month - 12 * (40 + rows % 40) - rows * 12 // n  # by calendar month
    order = np.argsort((born - 1) % 12, kind="stable")
    nothing = Roster(
        born=born[order].astype(np.int16),
        sex=(rows // 40 % 2).astype(np.uint8),
        insurer=np.full(n, UNKNOWN, np.int16),
        physician=np.full(n, UNKNOWN, np.int16),
        fifth=np.full(n, UNKNOWN, np.int16),
        known=np.zeros(n, np.uint32),
        has=np.zeros(n, np.uint32),
        cost=np.full((4, n), np.nan),
    )
    return replace(nothing, **given)


def drawn(ready: Setting, persons: Roster, seed: int = 1) -> Population:
    return settled(ready, 0, seed, roster=persons).people


def bits(ready: Setting, *names: str) -> np.uint32:
    return np.uint32(sum(1 << ready.country.factors.bits[name] for name in names))


def test_the_persons_listed_are_the_residents_of_the_first_day(ready: Setting) -> None:
    persons = listed(ready)
    people = drawn(ready, persons)
    rows = np.arange(persons.n)
    assert people.cohorts[1] == persons.n
    assert_array_equal(people.born[rows], persons.born)
    assert_array_equal(people.sex[rows], persons.sex)
    assert (people.entered[rows] == ready.first_month).all()
    assert (people.entered[persons.n :] >= ready.first_month).all()


def test_of_whom_nothing_is_known_is_drawn_as_from_the_tables(ready: Setting) -> None:
    """The same structure, once as a table and once as a file that says no more than it."""
    persons = listed(ready)
    table = replace(ready.home, structure=persons.structure(ready.first_month, AGES))
    people = drawn(ready, persons)
    rows = np.arange(persons.n)
    age = birthday(people, rows)
    reference = ready.country.reference
    life = (people.uniform(rows, "reference life") * reference.state.shape[-1]).astype(int)
    cell = (people.sex[rows], age, people.fifth[rows], life)
    assert_array_equal(people.state[rows], reference.state[cell])
    assert_array_equal(people.frailty[rows], reference.frailty[cell])
    same = cohort.draw(table, persons.n, 0, ready.first_month, reference, ready.country.diseases, 1)
    assert same.n == people.n
    assert_array_equal(same.cohorts, people.cohorts)
    for column in ("insurer", "intensity"):  # luck of the same addresses
        assert_array_equal(same.columns[column], people.columns[column])
    everybody = np.arange(people.n)
    alike = (same.sex == people.sex) & (birthday(same, everybody) == birthday(people, everybody))
    assert alike.sum() > 500
    assert_array_equal(same.fifth[alike], people.fifth[alike])  # shares depend on age and sex


def test_what_is_known_stays_as_it_is_known(ready: Setting) -> None:
    rows = np.arange(N)
    known = np.where(rows % 3, bits(ready, "diabetes", "copd", "dementia"), np.uint32(0))
    ill = np.where(rows % 2, bits(ready, "copd"), bits(ready, "diabetes", "dementia")) & known
    fifth = np.where(rows % 5, rows % FIFTHS, UNKNOWN).astype(np.int16)
    insurer = np.where(rows % 7, rows % 2, UNKNOWN).astype(np.int16)
    persons = listed(
        ready,
        known=known.astype(np.uint32),
        has=ill.astype(np.uint32),
        fifth=fifth,
        insurer=insurer,
    )
    people = drawn(ready, persons)
    assert_array_equal(people.state[rows] & persons.known, persons.has)
    assert_array_equal(people.fifth[rows][fifth >= 0], fifth[fifth >= 0])
    assert_array_equal(people.insurer[rows][insurer >= 0], insurer[insurer >= 0])
    assert np.unique(people.fifth[rows][fifth < 0]).size == FIFTHS


def test_a_fifth_that_is_given_decides_among_whose_lives_is_drawn(ready: Setting) -> None:
    smoking = ready.country.factors.bits["smoking"]
    shares = [
        has(drawn(ready, listed(ready, fifth=np.full(N, fifth, np.int16))), smoking)[:N].mean()
        for fifth in (0, 4)
    ]
    assert shares[1] > 1.25 * shares[0]


def test_what_is_not_known_is_drawn_given_what_is(ready: Setting) -> None:
    """The obese have diabetes as often as the obese reference lives of their sex, age and fifth."""
    factors, reference = ready.country.factors, ready.country.reference
    everybody = np.full(N, bits(ready, "obesity"), np.uint32)
    people = drawn(ready, listed(ready, known=everybody, has=everybody))
    rows = np.arange(N)
    found = has(people, factors.bits["diabetes"], rows).sum()
    obese = reference.state & bits(ready, "obesity") != 0
    both = obese & (reference.state & bits(ready, "diabetes") != 0)
    sex, age = people.sex[rows].astype(int), birthday(people, rows)
    wide = np.stack([np.clip(age + years, 0, 100) for years in range(-2, 3)])
    per_cell = [
        lives[sex, wide, people.fifth[rows]].sum(axis=(0, 2)).astype(float)
        for lives in (both, obese)
    ]
    assert (per_cell[1] > 0).all()
    expected_cases = (per_cell[0] / per_cell[1]).sum()
    assert found == pytest.approx(expected_cases, abs=4 * np.sqrt(expected_cases))
    slim = drawn(ready, listed(ready, known=everybody, has=0 * everybody))
    assert found > 1.3 * has(slim, factors.bits["diabetes"], rows).sum()


def test_the_kernel_and_plain_python_choose_the_same_lives(ready: Setting) -> None:
    rng = np.random.default_rng(3)
    n = 200
    reference, factors = ready.country.reference, ready.country.factors
    few = slice(64)  # lives of each cell
    lives = reference.state[..., few], _chance_of_a_stay(reference, factors)[..., few]
    sex, fifth = rng.integers(0, 2, n), rng.integers(0, FIFTHS, n)
    age, stayed = rng.integers(0, 101, n), rng.integers(-1, 2, n)
    age[:4] = 0, 1, 99, 100
    known = rng.integers(0, 2**14, n).astype(np.uint32)
    ill = rng.integers(0, 2**14, n).astype(np.uint32) & known
    luck = rng.random(n)
    found = _agreeing(sex, age, fifth, known, ill, stayed, luck, *lives)
    again = [
        agreeing(*map(int, one[:-1]), one[-1], lives)
        for one in zip(sex, age, fifth, known, ill, stayed, luck, strict=True)
    ]
    assert found.tolist() == [list(pair) for pair in again]


def test_a_stay_in_hospital_last_year_tells_of_the_frail(ready: Setting) -> None:
    cost = np.full((4, N), np.nan)
    stayed = cost.copy()
    cost[0], stayed[0] = 0.0, 3000.0
    without, with_it = (drawn(ready, listed(ready, cost=of)) for of in (cost, stayed))
    rows = np.arange(N)
    spread = with_it.frailty[rows].std() / np.sqrt(N)
    assert with_it.frailty[rows].mean() > without.frailty[rows].mean() + 5 * spread
    ill = ready.country.factors.bits["heart_failure"]
    assert has(with_it, ill, rows).sum() > has(without, ill, rows).sum()


def test_the_dear_among_those_alike_get_the_high_classes_of_intensity(ready: Setting) -> None:
    """Cost that is truly usual cost times something: the something is found by rank."""
    factors, reference = ready.country.factors, ready.country.reference
    blank = drawn(ready, listed(ready))
    rows = np.arange(N)
    age = birthday(blank, rows)
    group = blank.frailty[rows].astype(int) * FIFTHS + blank.fifth[rows]
    state = blank.state[rows]
    everything = np.full(N, 2**14 - 1, np.uint32)
    dear = np.exp(np.random.default_rng(5).normal(size=N))
    cost = np.full((4, N), np.nan)
    for i, sector in ((1, "physician"), (2, "drugs")):
        usual = expected(reference, factors, sector, blank.sex[rows], age, group, state)
        cost[i] = 7 * usual * dear  # prices of another place, and one sector is not known
    persons = listed(ready, known=everything, has=state, fifth=blank.fifth[rows].astype(np.int16))
    people = drawn(ready, replace(persons, cost=cost))
    assert_array_equal(people.state[rows], state)
    found = np.bincount(people.intensity[rows], minlength=INTENSITIES)
    assert np.ptp(found) <= 4 * np.sqrt(N / INTENSITIES)  # all classes as often as before
    assert np.corrcoef(people.intensity[rows], np.argsort(np.argsort(dear)))[0, 1] > 0.7


def test_cost_alike_is_ranked_by_luck_and_within_age_and_sex(ready: Setting) -> None:
    cost = np.full((4, N), np.nan)
    cost[1] = 0.0
    people = drawn(ready, listed(ready, cost=cost))
    band = birthday(people, np.arange(N)) // 10 * 2 + people.sex[:N]
    for cell in np.unique(band):
        found = np.bincount(people.intensity[:N][band == cell], minlength=INTENSITIES)
        assert np.ptp(found) <= 2


def test_what_can_befall_the_listed_fits_what_they_have(ready: Setting) -> None:
    everybody = np.full(N, bits(ready, "diabetes"), np.uint32)
    people = drawn(ready, listed(ready, known=everybody, has=everybody))
    slot = ready.country.factors.slot("diabetes")
    assert np.isinf(people.remaining[slot, :N]).all()
    assert (people.documented[:N] & ~people.state[:N] == 0).all()
