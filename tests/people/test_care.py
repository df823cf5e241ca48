"""Who is admitted, what care and dying cost, and that prices are the same in every arm."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.comparison import prices
from sim.people import processes
from sim.people.care import Care, course_of_dying, price_index, regional_levels
from sim.people.factors import ADMISSIONS, DEATH
from sim.people.life import Life
from sim.people.population import NEVER, SECTORS, Population
from sim.people.processes import Due
from sim.setting import Setting
from tests.people.villages import bare, settled

NOBODY = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def life(ready: Setting) -> Life:
    """A village for its tables and prices; its people are not used."""
    return settled(ready, 10)


@pytest.fixture
def care(life: Life) -> Care:
    return life.care


def admitted(care: Care, name: str, rows: np.ndarray) -> Due:
    return Due(np.full(rows.size, care.factors.slot(name)), rows, NOBODY)


def thresholds(people: Population, care: Care) -> np.ndarray:
    """How much hazard of admission everybody can bear, float32 [kind, row]."""
    return people.remaining[[care.factors.slot(name) for name in ADMISSIONS]].copy()


def test_a_delayed_admission_leaves_next_years_luck_untouched(ready: Setting) -> None:
    ordinary, delayed = settled(ready), settled(ready)
    slots = [ordinary.factors.slot(name) for name in ADMISSIONS]
    for name in ADMISSIONS:
        delayed.factors.by_physician[1:, delayed.factors.rates[name]] = 0.3
    for life in (ordinary, delayed):
        life.people.physician[:] = 1
        for month in range(ready.first_month, ready.first_month + 12):
            life.step(month)
    fewer = delayed.people.tally.sums["admissions"] < ordinary.people.tally.sums["admissions"]
    assert fewer.all()
    alive = (ordinary.people.left == NEVER) & (delayed.people.left == NEVER)
    differs = (ordinary.people.remaining != delayed.people.remaining)[:, alive]
    assert differs[slots].any(axis=1).all()
    january = ready.first_month + 12
    for life in (ordinary, delayed):
        life.close_year(january - 1)
        life.begin(january)
    same = ordinary.people.remaining[slots] == delayed.people.remaining[slots]
    assert same[:, alive].all()
    assert (ordinary.people.occurrence[slots][:, alive] == 0).all()


def test_every_admission_of_every_year_has_luck_of_its_own(life: Life, care: Care) -> None:
    people = bare(life, 50)
    rows = np.arange(50)
    drawn = []
    for january in (1, 13):
        care.renew(people, rows, january)
        drawn.append(thresholds(people, care))
        for month in (january + 2, january + 2, january + 5):  # twice in a month counts as well
            for name in ADMISSIONS:
                care.bill(people, admitted(care, name, rows), month)
            drawn.append(thresholds(people, care))
    values = np.concatenate(drawn).ravel()
    assert np.unique(values).size == values.size
    care.renew(people, rows, 1)
    assert (thresholds(people, care) == drawn[0]).all()  # a pure function of the address


def test_only_admissions_are_drawn_anew_in_january(life: Life, care: Care) -> None:
    people = bare(life, 5)
    people.remaining[:] = 7
    people.occurrence[:] = 3
    care.renew(people, np.array([1, 2]), 13)
    slots = [care.factors.slot(name) for name in ADMISSIONS]
    others = np.setdiff1d(np.arange(people.remaining.shape[0]), slots)
    assert (people.remaining[others] == 7).all()
    assert (people.occurrence[others] == 3).all()
    assert (people.remaining[slots][:, [0, 3, 4]] == 7).all()
    assert (people.occurrence[slots][:, [1, 2]] == 0).all()


def test_admissions_cost_on_average_what_the_table_says(life: Life, care: Care) -> None:
    n = 40_000
    for kind, name in enumerate(ADMISSIONS):
        people = bare(life, n, born=1 - 12 * 70)
        care.bill(people, admitted(care, name, np.arange(n)), 1)
        mean = care.case_cost[kind, 0, 70]
        spread = np.sqrt(np.expm1(care.size_sd**2) / n)
        assert people.account[0].mean(dtype=float) == pytest.approx(mean, rel=4 * spread)
        assert np.log(people.account[0]).std() == pytest.approx(care.size_sd, rel=0.02)
        assert (people.account[1:] == 0).all()


def test_avoidable_admissions_are_admissions_too(life: Life, care: Care) -> None:
    people = bare(life, 4)
    care.bill(people, admitted(care, "avoidable_admission", np.array([1, 2])), 1)
    care.bill(people, admitted(care, "other_admission", np.array([2, 3])), 1)
    sums = people.tally.sums
    assert (sums["admissions"][0], sums["avoidable_admissions"][0]) == (4, 2)
    assert (people.account[0] > 0).tolist() == [False, True, True, True]


def test_who_died_or_left_in_the_month_is_not_admitted(life: Life, care: Care) -> None:
    people = bare(life, 2)
    people.leave(np.array([0]), 5)
    care.bill(people, admitted(care, "other_admission", np.array([0, 1])), 5)
    assert people.account[0, 0] == 0
    assert people.account[0, 1] > 0
    assert np.isinf(people.remaining[:, 0]).all()


def test_the_size_of_an_admission_does_not_depend_on_its_price(life: Life, care: Care) -> None:
    one, other = bare(life, 100), bare(life, 100)
    due = admitted(care, "other_admission", np.arange(100))
    care.bill(one, due, 1)
    replace(care, case_cost=care.case_cost * 2).bill(other, due, 1)
    assert_allclose(other.account[0], 2 * one.account[0], rtol=1e-6)


def dying(care: Care, people: Population, months: int, first: int = 1) -> list[list[float]]:
    """Let the kernel run with what hazards there are; hospital cost of dying, month by month."""
    paid = []
    for month in range(first, first + months):
        before = people.account[0].copy()
        care.bill_dying(people, processes.advance(people, people.n), month)
        paid.append((people.account[0] - before).tolist())
    return paid


def test_dying_costs_what_the_course_says_in_the_last_twelve_months(life: Life, care: Care) -> None:
    people = bare(life, 1, born=1 - 12 * 78)
    people.remaining[DEATH], people.hazard[DEATH] = 1.495, 0.1  # dies in the 15th month
    paid = np.array(dying(care, people, 15))[:, 0]
    by_age = care.near_death_by_age[0, np.where(np.arange(15) < 12, 78, 79)]
    course = np.append([0, 0, 0], care.near_death[::-1, 0])
    assert_allclose(paid, course * by_age, rtol=1e-5)
    assert people.remaining[DEATH, 0] <= 0
    rest = people.account[1:4, 0] / people.account[0, 0]
    assert_allclose(rest, care.near_death[0, 1:4] / care.near_death[0, 0], rtol=1e-4)
    assert (people.account[4:] == 0).all()


def test_who_can_expect_twelve_months_has_no_cost_of_dying(life: Life, care: Care) -> None:
    people = bare(life, 3)
    people.remaining[DEATH] = [1.5, 12.5, np.inf]
    people.hazard[DEATH] = [0, 1, 1]
    paid = dying(care, people, 2)
    assert paid[0] == [0, 0, 0]
    assert paid[1][0] == 0
    assert paid[1][1] > 0
    assert paid[1][2] == 0


def test_better_health_stretches_dying_and_its_cost_is_the_same_rule(
    life: Life, care: Care
) -> None:
    people = bare(life, 2)
    people.remaining[DEATH] = 3.5
    people.hazard[DEATH] = [1, 0.5]
    paid = np.array(dying(care, people, 7))
    assert_allclose(paid[:4, 0], paid[3:7, 1], rtol=1e-5)  # the last four months of both
    assert (np.diff(paid[:4, 0]) > 0).all()
    assert paid[:4, 0].sum() < paid[:, 1].sum()


def test_sudden_death_has_the_cost_of_the_event_alone(ready: Setting) -> None:
    life = settled(ready, 300)
    diseases, people = life.country.diseases, life.people
    name = "infarction"
    spec = diseases.specs[name].model_copy(update={"case_fatality": 1.0, "admission_cost": 5000.0})
    sudden = replace(diseases, specs=diseases.specs | {name: spec})
    life.country = replace(life.country, diseases=sudden)
    month = ready.first_month
    life.begin(month)
    present = np.flatnonzero(people.present(month))
    people.remaining[:] = 1e6
    people.remaining[life.factors.slot(name), present] = 0
    life.live(month)
    struck = present[people.died[present]]
    assert struck.size > 200
    assert (people.account[0, struck] == 5000).all()


def test_the_course_of_dying_is_dearest_at_the_end() -> None:
    course = course_of_dying(19_000.0, 0.52)
    assert course.sum() == pytest.approx(19_000)
    assert course[:3].sum() == pytest.approx(0.52 * 19_000)
    assert (np.diff(course) < 0).all()


def test_the_last_year_and_the_last_quarter_cost_what_is_published(
    ready: Setting, care: Care
) -> None:
    terms = ready.population
    excess = care.near_death.sum()
    assert excess == pytest.approx(terms.last_year_cost - terms.otherwise_cost)
    quarter = care.near_death[:3].sum() + terms.otherwise_cost / 4
    assert quarter == pytest.approx(terms.last_quarter_cost)
    assert (care.near_death_by_age[:, terms.last_year_reference_age] == 1).all()


def test_without_shocks_the_index_is_the_trend_and_one_in_the_price_year() -> None:
    index = price_index(1, years=14, growth=0.039, shock_sd=0.0, to_price_year=13)
    assert index[13] == 1
    assert_allclose(np.diff(np.log(index)), 0.039)


def test_shocks_of_the_index_accumulate_and_are_luck_of_the_seed() -> None:
    def shocks(seed: int, sd: float = 0.012) -> np.ndarray:
        shaken = np.diff(np.log(price_index(seed, 500, 0.039, sd, 13)))
        return shaken - 0.039

    assert shocks(1).std() == pytest.approx(0.012, rel=0.15)
    assert price_index(1, 9, 0.039, 0.012, 13)[0] == pytest.approx(np.exp(-13 * 0.039))
    assert_allclose(shocks(1, 0.024), 2 * shocks(1), rtol=1e-6, atol=1e-12)
    assert abs(np.corrcoef(shocks(1), shocks(2))[0, 1]) < 0.2


def test_regional_levels_begin_apart_and_drift_on_their_own() -> None:
    levels = np.log(regional_levels(1, 400, 30, start=1.1, level_sd=0.06, drift_sd=0.007))
    assert np.exp(levels[0, 0]) == pytest.approx(1.1)
    assert levels[1:, 0].std() == pytest.approx(0.06, rel=0.15)
    steps = np.diff(levels, axis=1)
    assert steps.std() == pytest.approx(0.007, rel=0.05)
    assert abs(np.corrcoef(steps[0], steps[1])[0, 1]) < 0.6
    still = regional_levels(1, 4, 5, start=1.0, level_sd=0.0, drift_sd=0.0)
    assert (still == 1).all()


def test_a_longer_horizon_and_more_regions_leave_prices_as_they_were() -> None:
    few = regional_levels(1, 3, 5, start=1.0, level_sd=0.06, drift_sd=0.007)
    many = regional_levels(1, 11, 14, start=1.0, level_sd=0.06, drift_sd=0.007)
    assert (many[:3, :5] == few).all()
    short, long = (price_index(1, years, 0.039, 0.012, 13) for years in (5, 14))
    assert (long[:5] == short).all()


def test_prices_are_the_same_in_every_arm(ready: Setting) -> None:
    one, other = prices(ready, 1), prices(ready.without_intervention(), 1)
    assert list(one) == list(ready.calendar)
    assert all((one[year] == other[year]).all() for year in one)
    assert any((one[year] != prices(ready, 2)[year]).any() for year in one)


def test_every_sector_of_the_contract_has_the_level_of_its_place(ready: Setting) -> None:
    found = prices(ready, 1)[ready.calendar[1]]
    assert found.shape == (1 + ready.population.comparison_regions, len(SECTORS))
    care_at_home = SECTORS.index("long_term_care")
    assert np.unique(found[:, care_at_home]).size == 1
    assert (found[:, :4] == found[:, :1]).all()
    assert np.unique(found[:, 0]).size == len(found)


def test_who_is_admitted_twice_in_a_month_pays_twice(life: Life, care: Care) -> None:
    slots = [care.factors.slot(name) for name in ADMISSIONS]
    both, one = bare(life, 2), bare(life, 2)
    care.bill(both, Due(np.array(slots), np.array([1, 1]), NOBODY), 1)
    for name in ADMISSIONS:
        care.bill(one, admitted(care, name, np.array([1])), 1)
    assert both.account[0].tolist() == one.account[0].tolist()
    assert both.occurrence[slots, 1].tolist() == [1, 1]
    assert both.tally.sums["admissions"].sum() == 2
    assert both.tally.sums["avoidable_admissions"].sum() == 1
