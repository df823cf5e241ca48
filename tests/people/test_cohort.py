"""The cohort: structure to the person, the rest luck; everybody in her place in the rows."""

from itertools import pairwise

import numpy as np
import pytest

from sim.people.demography import projection, whole
from sim.people.diseases import has
from sim.people.factors import INTENSITIES
from sim.people.population import NEVER, Population
from sim.people.reference import birthday
from sim.setting import Setting
from tests.people.villages import history, lived, settled

SIZE = 20_000


@pytest.fixture(scope="module")
def people(ready: Setting) -> Population:
    return settled(ready, SIZE).people


def counts(people: Population, rows: np.ndarray, month: int) -> np.ndarray:
    """Persons by sex and age, int64 [2, 101]."""
    found = np.zeros((2, 101), np.int64)
    np.add.at(found, (people.sex[rows], np.clip(people.age(month)[rows], 0, 100)), 1)
    return found


def test_age_and_sex_follow_the_table_to_the_person(ready: Setting, people: Population) -> None:
    residents = np.arange(people.cohorts[1])
    found = counts(people, residents, ready.first_month)
    shares = ready.home.structure / ready.home.structure.sum()
    assert (found == whole(shares * residents.size, residents.size)).all()
    assert (people.entered[residents] == ready.first_month).all()


def test_another_seed_is_another_fate_in_the_same_structure(ready: Setting) -> None:
    one, other = settled(ready, 1000, seed=1).people, settled(ready, 1000, seed=2).people
    for column in ("born", "entered", "sex", "region"):
        assert (one.columns[column] == other.columns[column]).all()
    for column in ("state", "frailty", "fifth", "intensity"):
        assert (one.columns[column] != other.columns[column]).any()
    assert (one.remaining[0] != other.remaining[0]).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_size_asked_for_is_there_when_the_contract_starts(ready: Setting, seed: int) -> None:
    size = 40_000
    life = settled(ready, size, seed)
    lived(life, history(ready, ready.region.baseline_years))
    assert int(life.people.present(1).sum()) == pytest.approx(size, rel=0.005)


def test_arrivals_are_those_of_the_projection(ready: Setting, people: Population) -> None:
    place = ready.home
    arrivals, sizes = projection(
        place.structure / place.structure.sum(),
        place.mortality,
        place.leaving,
        place.fertility,
        place.arriving,
        place.male_births,
        place.mortality.shape[0],
    )
    scale = SIZE / sizes[ready.region.baseline_years].sum()
    assert people.cohorts[1] == round(scale)
    assert len(arrivals) == len(people.cohorts) - 2
    for year, (first, last) in enumerate(pairwise(people.cohorts[1:])):
        rows = np.arange(first, last)
        expected = [round(float(kind.sum()) * scale) for kind in arrivals[year]]
        assert rows.size == sum(expected)
        newborn = rows[people.entered[rows] == people.born[rows]]
        movers_of_age_0 = arrivals[year, 1, :, 0].sum() * scale
        assert 0 <= newborn.size - expected[0] <= movers_of_age_0
        boys = (people.sex[newborn] == 0).sum()
        assert abs(boys - newborn.size * place.male_births) <= movers_of_age_0 + 1


def test_rows_are_sorted_by_year_of_entry_and_month_of_birth(
    ready: Setting, people: Population
) -> None:
    years = (people.entered - ready.first_month) // 12
    calendar = (people.born.astype(int) - 1) % 12
    assert people.cohorts[0] == 0
    assert people.cohorts[-1] == people.n
    for k, (first, last) in enumerate(pairwise(people.cohorts)):
        assert (years[first:last] == max(k - 1, 0)).all()
        assert (np.diff(calendar[first:last]) >= 0).all()
        slices = people.birthdays[k]
        assert (slices[0], slices[-1]) == (first, last)
        for place, (start, end) in enumerate(pairwise(slices)):
            assert (calendar[start:end] == place).all()


def test_birthdays_and_entries_are_spread_over_the_year(ready: Setting, people: Population) -> None:
    residents = np.arange(people.cohorts[1])
    by_month = np.bincount((people.born[residents].astype(int) - 1) % 12)
    assert by_month.max() - by_month.min() <= 1
    later = np.arange(people.cohorts[1], people.n)
    by_month = np.bincount((people.entered[later].astype(int) - 1) % 12)
    assert by_month.min() > 0.9 * by_month.max()


def test_nobody_enters_before_she_is_born(people: Population) -> None:
    assert (people.born <= people.entered).all()
    assert (people.left == NEVER).all()
    assert (people.billed == people.entered).all()
    assert (people.entered == people.born).any()


def test_insurers_and_fifths_have_their_shares(ready: Setting, people: Population) -> None:
    """Fifths have theirs among the newborn; among the old those are left of them who survive."""
    surviving = ready.country.reference.surviving[people.sex, birthday(people, np.arange(people.n))]
    fifths = ready.home.deprivation * surviving
    expected = {
        "insurer": ready.home.insurers,
        "fifth": (fifths / fifths.sum(axis=1, keepdims=True)).mean(axis=0),
        "intensity": np.full(INTENSITIES, 1 / INTENSITIES),
    }
    for column, shares in expected.items():
        found = np.bincount(people.columns[column], minlength=len(shares)) / people.n
        spread = np.sqrt(shares * (1 - shares) / people.n)
        assert (np.abs(found - shares) < 4 * spread).all(), column


def test_the_deprived_are_rarer_among_the_old(ready: Setting, people: Population) -> None:
    assert np.ptp(ready.home.deprivation) == 0
    old = people.fifth[people.age(ready.first_month) >= 80]
    assert (old == 4).sum() < 0.9 * (old == 0).sum()


def test_between_two_birthdays_the_later_is_the_likelier_the_nearer_it_is(
    ready: Setting, people: Population
) -> None:
    rows = np.arange(people.n)
    months = people.entered.astype(int) - people.born
    later = birthday(people, rows) - months // 12
    aged = months < 12 * 100
    for since in range(12):
        there = later[aged & (months % 12 == since)]
        spread = np.sqrt(since / 12 * (1 - since / 12) / there.size)
        assert set(there.tolist()) <= {0, 1}
        assert abs(there.mean() - since / 12) <= 4 * spread, since
    assert (birthday(people, rows)[~aged] == 100).all()


def test_everybody_is_one_of_the_reference_lives_of_her_age_sex_and_fifth(
    ready: Setting, people: Population
) -> None:
    reference = ready.country.reference
    age = birthday(people, np.arange(people.n))
    for row in range(0, people.n, 97):
        cell = people.sex[row], age[row], people.fifth[row]
        lives = zip(reference.state[cell], reference.frailty[cell], strict=True)
        assert (people.state[row], people.frailty[row]) in set(lives)


def test_what_people_bring_along_is_as_common_as_in_the_reference(
    ready: Setting, people: Population
) -> None:
    reference, bits = ready.country.reference, ready.country.factors.bits
    rows = np.arange(people.cohorts[1])
    cell = people.sex[rows], birthday(people, rows), people.fifth[rows]
    for name in ("diabetes", "smoking", "depression"):
        share = ((reference.state >> np.uint32(bits[name])) & 1).mean(axis=3)
        expected = share[cell].sum()
        assert has(people, bits[name], rows).sum() == pytest.approx(
            expected, abs=4 * np.sqrt(expected)
        )


def test_only_the_well_can_fall_ill_and_only_the_ill_recover(
    ready: Setting, people: Population
) -> None:
    factors = ready.country.factors
    for slot, process in enumerate(factors.processes):
        finite = np.isfinite(people.remaining[slot])
        if process.kind == "admission":
            assert not finite.any()  # luck of admissions comes in January
        elif process.bit >= 0 and not process.remission:
            assert (finite == ~has(people, process.bit)).all()
        else:
            assert finite.all()
    assert (people.remaining > 0).all()


def test_luck_of_a_process_does_not_depend_on_which_others_there_are(
    ready: Setting, people: Population
) -> None:
    rows = np.arange(100)
    for slot, process in enumerate(ready.country.factors.processes):
        if process.name in ("death", "leaving"):
            assert (people.remaining[slot, rows] == people.threshold(
                rows, "life", process.name)).all()  # fmt: skip
        if process.kind == "event":
            assert (people.remaining[slot, rows] == people.threshold(
                rows, "event", process.name)).all()  # fmt: skip


def test_addresses_begin_where_said_and_regions_share_the_cohort_evenly(ready: Setting) -> None:
    here = settled(ready, 300).people
    there = settled(ready, 300, first=here.n, regions=(1, 2, 3)).people
    assert np.ptp(np.bincount(there.region)[1:]) <= 1
    assert not (here.remaining[0][:, None] == there.remaining[0]).any()


def test_only_conditions_are_documented_from_the_beginning(
    ready: Setting, people: Population
) -> None:
    factors, specs = ready.country.factors, ready.country.diseases.specs
    assert (people.documented == people.documented_before).all()
    assert (people.documented & ~people.state == 0).all()
    for process in factors.processes:
        if process.kind != "condition":
            continue
        ill = has(people, process.bit)
        seen = (people.documented[ill] >> np.uint32(process.bit) & 1).mean()
        spread = 4 * np.sqrt(0.25 / ill.sum())
        assert seen == pytest.approx(specs[process.name].documented_share, abs=spread)
