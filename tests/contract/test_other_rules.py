"""What growth, blend and two gains refuse, and how their errors grow."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.contract.benchmarks import RULES
from sim.contract.blended_historical import (
    BlendedHistoricalTerms,
    prior_savings_adjustment,
    regional_adjustment,
    risk_ratio,
)
from sim.contract.chance import spread
from sim.contract.growth_rate import growth_rate
from sim.contract.ipep import component, counted
from sim.quantity import Refusal
from tests.contract.histories import CONFIG, START, expect, history_from, history_of, ledgers, terms

YEARS = range(START - 11, START + 4)
BLENDED = BlendedHistoricalTerms(**CONFIG["blended_historical"])
EUROS = st.floats(500, 10_000)


def steady(cost=2000, **given):
    return {year: [{"persons": 50, "cost": cost, **given}] for year in YEARS}


def test_years_averaged_at_both_ends_must_not_overlap():
    history = history_of(steady(), steady())
    with pytest.raises(Refusal, match=r"clause 4\.3.*3 years at each end of 4 overlap.*5"):
        expect("growth_rate", history, START, growth_years=4, end_years=3)
    assert expect("growth_rate", history, START, growth_years=5, end_years=3).amount


@pytest.mark.parametrize(("first", "last", "years"), [(0, 1, 10), (1, 0, 10), (1, 1, 0)])
def test_growth_from_nothing_or_in_no_time_is_refused(first, last, years):
    with pytest.raises(Refusal, match=r"clause 4\.3.*Allowed are costs above 0"):
        growth_rate(first, last, years)


def test_steady_growth_is_expected_without_error():
    region = {y: [{"persons": 50, "cost": 2000 * 1.03 ** (y - START)}] for y in YEARS}
    found = expect("growth_rate", history_of(region, steady()), START + 3)
    assert found.amount == pytest.approx(found.cost)
    assert found.standard_error == pytest.approx(0, abs=0.01)


def test_a_trend_that_wandered_before_is_unsure_the_longer_it_is_carried_on():
    """The spread of benchmark less cost over draws of a wandering price is the error it states."""
    apart, said = {0: [], 3: []}, {0: [], 3: []}
    level = history_of(steady(), steady())
    flat = level.region
    for seed in range(150):
        steps = np.random.default_rng(seed).normal(0.03, 0.03, len(YEARS))
        price = dict(zip(YEARS, np.exp(np.cumsum(steps)), strict=True))
        region = {year: replace(rows, cost=rows.cost * price[year]) for year, rows in flat.items()}
        history = replace(level, region=region)
        for later, found in apart.items():
            answer = expect("growth_rate", history, START + later)
            found.append(answer.measured_savings / answer.cost)
            said[later].append((answer.standard_error / answer.cost) ** 2)
    for later, found in apart.items():
        assert np.sqrt(np.mean(said[later])) == pytest.approx(np.std(found), rel=0.2)
    assert np.std(apart[3]) > 1.8 * np.std(apart[0])


def test_costs_that_are_not_cut_off_as_agreed_are_refused():
    history = history_of(steady(), steady())
    with pytest.raises(Refusal, match=r"clause 4\.5.*quantile None.*say 0\.99.*truncation=0\.99"):
        expect("blended_historical", history, START)


def test_more_surroundings_than_regions_are_refused():
    history = history_of(steady(), steady(), truncation=0.99)
    with pytest.raises(Refusal, match=r"clause 4\.5.*3 regions.*comparison has 1"):
        expect("blended_historical", history, START)


@given(EUROS, EUROS, EUROS)
def test_the_regional_pull_stays_within_its_caps_and_never_overshoots(level, regional, national):
    pull = regional_adjustment(BLENDED, level, regional, national)
    assert -0.015 * national - 1e-9 <= pull <= 0.05 * national + 1e-9
    assert pull * (regional - level) >= 0
    assert abs(pull) <= abs(regional - level)


@given(st.floats(0.5, 2), st.floats(0.5, 2), st.floats(0, 0.2))
def test_the_risk_ratio_stays_within_its_cap(before, now, cap):
    assert 1 - cap <= risk_ratio(before, now, cap) <= 1 + cap


@given(st.floats(0, 1), st.lists(st.floats(-500, 500), max_size=4))
def test_savings_given_back_are_never_a_charge(weight, savings):
    assert prior_savings_adjustment(weight, savings) >= 0


def test_the_error_of_a_blend_shrinks_with_the_pull():
    by_year = ledgers(range(START - 3, START + 1), region=500, comparison=2500)
    history = history_from(by_year, truncation=0.99)
    pulls = {"regional_adjustment_cap": 9.0, "regional_adjustment_floor": 9.0}
    errors = [
        expect(
            "blended_historical",
            history,
            START,
            **pulls,
            regional_weight_below=weight,
            regional_weight_above=weight,
        ).standard_error
        for weight in (0.0, 0.5)
    ]
    assert errors[1] < 0.95 * errors[0]


def test_without_patients_of_physicians_there_is_nothing_to_gain():
    history = history_of(steady(), steady())
    with pytest.raises(Refusal, match=r"clause 4\.6.*nobody is attributed.*column physician"):
        expect("ipep", history, START)


def test_patients_without_a_norm_are_refused():
    history = history_of(steady(physician=1), steady(cost=0))
    with pytest.raises(Refusal, match=r"clause 4\.6.*norm above 0"):
        expect("ipep", history, START)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1)), max_size=4))
def test_no_gain_pays_for_another_and_together_they_are_never_a_loss(gains):
    components = [component(str(i), gain, weight) for i, (gain, weight) in enumerate(gains)]
    assert counted(components) == pytest.approx(sum(max(g, 0) * w for g, w in gains))


def test_a_persons_years_are_added_before_they_are_squared():
    """Who is dear in the baseline and dear again moves savings less than two who are."""
    one = np.array([1]), np.array([100.0])
    again, other = (np.array([1]), np.array([-100.0])), (np.array([2]), np.array([-100.0]))
    assert spread([one, again]) == 0
    assert spread([one, other]) == pytest.approx(100 * np.sqrt(2))


@pytest.mark.parametrize("rule", RULES)
def test_four_times_as_many_insured_halve_the_relative_error(rule):
    needs = RULES[rule].needs(terms(rule))
    relative = []
    for size in (500, 2000):
        years = range(START - needs.baseline_years, START + 1)
        by_year = ledgers(years, region=size, comparison=20_000 if rule != "growth_rate" else 500)
        found = expect(rule, history_from(by_year, truncation=needs.truncation), START)
        relative.append(found.standard_error / found.cost)
    assert 0.4 < relative[1] / relative[0] < 0.75


def test_a_spread_is_the_same_whether_addresses_lie_close_or_far_apart():
    rng = np.random.default_rng(5)
    persons, amounts = rng.integers(0, 400, 1000), rng.normal(0, 1, 1000)
    close = spread([(persons, amounts)])
    far = spread([(persons * 1_000_003 + 7, amounts)])
    assert close == pytest.approx(far, rel=1e-12)
