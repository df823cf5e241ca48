"""Pairs are alike, drawn before the year, the closest first; what cannot be paired is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from sim.contract.balance import balance, worst
from sim.contract.matching import NOBODY, nearest
from sim.contract.pairing import draw, main_conditions
from sim.quantity import Refusal
from tests.contract.histories import START, expect, history_from, history_of, ledgers, terms

YEARS = (START - 2, START - 1, START, START + 1)
ALIKE = {"persons": 50, "cost": 2000}


@pytest.fixture(scope="module")
def history():
    return history_from(ledgers(YEARS, region=1000, comparison=6000))


def pairs(history, year=START, **changes):
    agreed = terms("matched_pairs", **changes)
    return draw(
        history,
        year,
        agreed.main_conditions,
        agreed.caliper,
        agreed.replacement,
        agreed.match_on_cost,
    )


def same_stratum(found):
    here, there = found.region, found.comparison
    return (
        (here.sex == there.sex)
        & (np.minimum(here.age, 95) // 5 == np.minimum(there.age, 95) // 5)
        & (here.newcomer == there.newcomer)
        & (here.documented == there.documented)
    )


@pytest.mark.parametrize("replacement", [True, False])
def test_pairs_are_of_one_age_band_sex_and_of_the_same_main_conditions(history, replacement):
    found = pairs(history, replacement=replacement)
    assert len(found.region) + found.unmatched == len(history.region[START])
    assert len(found.region) > 950
    assert same_stratum(found).all()  # four diagnoses are all there are


def test_without_replacement_nobody_elsewhere_stands_for_two(history):
    once, often = pairs(history, replacement=False), pairs(history)
    assert len(np.unique(once.comparison.person)) == len(once.region)
    assert len(np.unique(often.comparison.person)) < len(often.region)
    assert once.unmatched >= often.unmatched


def test_pairs_are_balanced_to_a_tenth_of_a_standard_deviation(history):
    found = pairs(history)
    names = [line.name for line in found.balance]
    assert names[:5] == ["age", "sex", "newcomer", "risk_score", "diagnoses"]
    assert len(names) == 9
    assert abs(worst(found.balance).difference) < 0.1


def test_pairs_do_not_know_what_the_year_will_cost(history):
    cheap = ledgers(YEARS, region=1000, comparison=6000, saving=0.5)
    one, other = pairs(history), pairs(history_from(cheap))
    assert (one.comparison.person == other.comparison.person).all()


def test_pairs_that_match_cost_know_last_years_cost(history):
    one, other = pairs(history), pairs(history, match_on_cost=True, caliper=0.5)
    past = history.region[START - 1]
    there = history.elsewhere[START - 1].rows

    def apart(found):
        own = past.cost[past.rows_of(found.region.person)]
        return np.abs(own - there.cost[there.rows_of(found.comparison.person)]).mean()

    assert apart(other) < 0.5 * apart(one)


def test_matching_cost_takes_part_of_what_was_saved_away():
    """Whoever was spared cost last year is paired with people who were healthy by chance."""
    rates = {True: [], False: []}
    for seed in range(12):
        years = ledgers(YEARS, seed, region=1500, comparison=6000, saving=0.2)
        for on_cost, found in rates.items():
            given = {"match_on_cost": on_cost, "largest_unmatched": 0.5}
            answer = expect("matched_pairs", history_from(years), START + 1, **given)
            found.append(answer.measured_savings / answer.amount)
    assert np.mean(rates[False]) == pytest.approx(0.2, abs=0.03)
    assert np.mean(rates[True]) < np.mean(rates[False]) - 0.03


def test_main_conditions_are_those_that_cost_most_elsewhere(history):
    kept = history.elsewhere[START]
    main = main_conditions(kept.norm, kept.rows, 2)
    time = [kept.rows.time[(kept.rows.documented >> bit) & 1 == 1].sum() for bit in range(4)]
    cost = np.array(time) * kept.norm.weights[42:46]
    assert main.tolist() == [1 << int(bit) for bit in np.argsort(-cost)[:2]]
    assert len(main_conditions(kept.norm, kept.rows, 20)) == 4


def test_luck_decides_among_equals_and_is_the_same_whenever_it_is_asked(history):
    one, again = pairs(history), pairs(history)
    assert (one.comparison.person == again.comparison.person).all()
    other = pairs(history, START + 1)
    both = np.intersect1d(one.region.person, other.region.person)
    first = one.comparison.person[one.region.rows_of(both)]
    second = other.comparison.person[other.region.rows_of(both)]
    assert (first != second).mean() > 0.5


def test_the_closest_pair_is_made_first():
    found = nearest(
        (np.zeros(2), np.zeros(2)),
        (np.array([[1.0], [2.0]]), np.array([[2.1], [4.0]])),
        (np.array([1, 2]), np.array([3, 4])),
        2006,
        5.0,
        False,
    )
    assert found.tolist() == [1, 0]


def test_nobody_is_paired_beyond_the_caliper_or_across_strata():
    groups = (np.array([0, 0, 1]), np.array([0, 2]))
    scores = (np.array([[1.0], [9.0], [1.0]]), np.array([[1.05], [1.0]]))
    persons = (np.array([1, 2, 3]), np.array([4, 5]))
    for replacement in (True, False):
        found = nearest(groups, scores, persons, 2006, 0.2, replacement)
        assert found.tolist() == [0, NOBODY, NOBODY]


def test_equals_without_end_are_still_paired():
    """Two lines of one person have the same luck too: any of them will do."""
    zeros = np.zeros((4, 1))
    persons = (np.full(4, 7), np.full(4, 7))
    found = nearest((np.zeros(4), np.zeros(4)), (zeros, zeros), persons, 2006, 0.2, False)
    assert sorted(found.tolist()) == [0, 1, 2, 3]


def test_a_standardised_difference_has_the_sign_of_the_region():
    here, there = {"age": np.array([50.0, 60.0])}, {"age": np.array([40.0, 50.0])}
    assert balance(here, there)[0].difference == 2.0
    constant = {"age": np.array([50.0, 50.0])}
    assert balance(constant, constant)[0].difference == 0.0


def stacked(then, now):
    """Rows of all pairs as a table for a regression."""
    parts = []
    for after, found in ((0, then), (1, now)):
        for region, rows in ((1, found.region), (0, found.comparison)):
            columns = {"rate": rows.cost / rows.time, "time": rows.time, "person": rows.person}
            parts.append(pd.DataFrame({**columns, "region": region, "after": after}))
    return pd.concat(parts, ignore_index=True)


def test_additive_savings_are_the_difference_in_differences_of_a_regression(history):
    answer = expect("matched_pairs", history, START, growth="additive")
    table = stacked(pairs(history, START - 1), pairs(history))
    model = smf.wls("rate ~ region * after", table, weights=table["time"])
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": table["person"]})
    savings = answer.measured_savings / answer.insured_years
    assert savings == pytest.approx(-fit.params["region:after"], rel=1e-6)
    # The regression knows nothing of norms, so chance seems a little larger to it.
    error = answer.standard_error / answer.insured_years
    assert 0.75 < error / fit.bse["region:after"] < 1.02


def test_proportional_savings_are_the_ratio_of_ratios_of_a_regression(history):
    answer = expect("matched_pairs", history, START)
    table = stacked(pairs(history, START - 1), pairs(history))
    model = smf.glm("rate ~ region * after", table, family=sm.families.Poisson())
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": table["person"]})
    ratio = np.exp(fit.params["region:after"])  # all are insured all year: no weights
    assert answer.cost / answer.amount == pytest.approx(ratio, rel=1e-6)
    relative = answer.standard_error / answer.cost
    assert 0.75 < relative / fit.bse["region:after"] < 1.02


def test_the_interval_resamples_regions_and_holds_the_savings(history):
    found = expect("matched_pairs", history, START)
    low, high = found.details["savings_low"], found.details["savings_high"]
    assert low < found.measured_savings < high
    assert 0.4 < (high - low) / (3.92 * found.standard_error) < 1.6


def test_one_region_elsewhere_has_no_interval():
    there = {2005: [ALIKE], 2006: [ALIKE]}
    found = expect("matched_pairs", history_of(there, there), 2006)
    assert "savings_low" not in found.details


def test_regions_that_drift_apart_widen_the_interval():
    def width(sd):
        by_year = ledgers(YEARS[1:], region=1000, comparison=8000, noise=0.3)
        drift = np.exp(np.random.default_rng(1).normal(0, sd, 11)).astype(np.float32)
        drift[0] = 1
        now = by_year[START]
        by_year[START] = replace(now, cost=now.cost * drift[now.region][:, None])
        found = expect("matched_pairs", history_from(by_year), START)
        return found.details["savings_high"] - found.details["savings_low"]

    assert width(0.4) > 2 * width(0.0)


def test_who_cannot_be_paired_is_counted_and_too_many_are_refused():
    old = {"persons": 20, "cost": 9000, "age": 80}
    region = {2005: [ALIKE, old], 2006: [ALIKE, old]}
    there = {2005: [ALIKE], 2006: [ALIKE]}
    with pytest.raises(Refusal, match=r"clause 4\.4.*20 of 70 insured of 2005.*Allow replacement"):
        expect("matched_pairs", history_of(region, there), 2006)
    found = expect("matched_pairs", history_of(region, there), 2006, largest_unmatched=0.3)
    assert found.details["unmatched"] == 20
    assert found.details["share_of_insured_years"] == pytest.approx(50 / 70)


def test_pairs_that_cannot_be_balanced_are_refused_with_what_differs():
    young = {"persons": 50, "cost": 2000, "age": 40}
    older = {"persons": 50, "cost": 2000, "age": 44}
    region, there = {2005: [young], 2006: [young]}, {2005: [older], 2006: [older]}
    mixed = {year: [*groups, {**young, "persons": 1}] for year, groups in there.items()}
    with pytest.raises(Refusal, match=r"clause 4\.4.*differ in age by -.*cannot be balanced"):
        expect("matched_pairs", history_of(region, mixed), 2006)


def test_a_comparison_as_large_as_the_region_is_refused_without_replacement():
    by_year = ledgers(YEARS[1:], region=2000, comparison=2000)
    history = history_from(by_year)
    with pytest.raises(Refusal, match=r"have nobody like them elsewhere"):
        expect("matched_pairs", history, START, replacement=False, largest_unmatched=0.05)
    assert expect("matched_pairs", history, START).details["unmatched"] < 100


def test_sums_alone_cannot_be_paired():
    history = history_of({2005: [ALIKE], 2006: [ALIKE]}, {2005: [ALIKE], 2006: [ALIKE]})
    bare = {year: replace(kept, rows=None) for year, kept in history.elsewhere.items()}
    with pytest.raises(Refusal, match=r"clause 4\.4.*only sums are kept.*rows=True"):
        expect("matched_pairs", replace(history, elsewhere=bare), 2006)


def test_closed_pairs_of_whom_nobody_is_left_are_refused():
    here = {2005: [ALIKE], 2006: [{**ALIKE, "persons": 10}]}
    history = history_of(here, {2005: [ALIKE], 2006: [ALIKE]})
    moved = replace(history.region[2006], person=history.region[2006].person + 500)
    history = replace(history, region={**history.region, 2006: moved})
    with pytest.raises(Refusal, match=r"both still insured in 2006.*closed=false"):
        expect("matched_pairs", history, 2006, closed=True)


def test_free_care_before_the_start_cannot_be_carried_on():
    free = [{**ALIKE, "cost": 0}]
    history = history_of({2005: free, 2006: [ALIKE]}, {2005: free, 2006: [ALIKE]})
    with pytest.raises(Refusal, match=r"clause 4\.4.*Allowed are costs above 0"):
        expect("matched_pairs", history, 2006)


def test_a_benchmark_below_nothing_is_refused_with_the_remedy():
    there = {2005: [{**ALIKE, "cost": 5000}], 2006: [{**ALIKE, "cost": 1000}]}
    history = history_of({2005: [ALIKE], 2006: [ALIKE]}, there)
    with pytest.raises(Refusal, match=r"clause 4, benchmark.*-.*proportional growth"):
        expect("matched_pairs", history, 2006, growth="additive")


@pytest.mark.parametrize("caliper", [0.001, 0.05, 10.0])
def test_on_one_axis_the_nearest_are_those_that_a_tree_finds(caliper):
    from sklearn.neighbors import NearestNeighbors

    from sim.contract.matching import _draw

    rng = np.random.default_rng(4)
    first, second = rng.normal(0, 1, (500, 1)), rng.normal(0, 1, (300, 1))
    distance, found = NearestNeighbors(n_neighbors=1).fit(second).kneighbors(first)
    expected = np.where(distance[:, 0] <= caliper, found[:, 0], NOBODY)
    assert np.array_equal(_draw(first, second, caliper), expected)
    assert np.array_equal(_draw(first, second[:1], np.inf), np.zeros(500))


def test_pairs_that_are_kept_are_those_that_would_be_drawn_whatever_the_region_costs(history):
    kept = replace(history, drawn={})
    for factor in (1.0, 2.0):
        year = history.region[START]
        dear = {**history.region, START: replace(year, cost=year.cost * factor)}
        one, other = (pairs(replace(of, region=dear)) for of in (history, kept))
        for side in ("region", "comparison"):
            mine, theirs = getattr(one, side), getattr(other, side)
            assert np.array_equal(mine.person, theirs.person)
            assert np.array_equal(mine.cost, theirs.cost)
        assert one.balance == other.balance
    assert len(kept.drawn) == 1


def test_pairs_matched_on_cost_are_never_kept(history):
    kept = replace(history, drawn={})
    pairs(kept, match_on_cost=True)
    assert not kept.drawn
