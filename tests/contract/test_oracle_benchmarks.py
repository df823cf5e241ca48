"""Every rule equals its second writing, on small ledgers of all kinds of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.contract.benchmarks import RULES
from sim.quantity import Refusal
from tests.contract.histories import history_from, terms
from tests.contract.ledgers import ledger_of
from tests.oracle import benchmarks as oracle

START = 2006
SECTORS = ("hospital", "drugs")
PLACES = (0, 2)
LENIENT = {"largest_difference": 99.0, "largest_unmatched": 0.99, "caliper": 0.5}


def drawn(seed, years, region=14, comparison=30):
    """Rows by year, persons who come and go, with costs in all sectors."""
    rng = np.random.default_rng(seed)
    n = region + comparison
    traits = [
        {"person": i, "sex": int(rng.integers(2)), "region": 0 if i < region else 1 + i % 3,
         "physician": int(rng.integers(3))}
        for i in range(n)
    ]  # fmt: skip
    ages = rng.choice([30, 31, 33, 62, 64], n)
    found = {}
    for year in years:
        rows = []
        for trait, age in zip(traits, ages, strict=True):
            if rng.random() < 0.1 and trait["person"] not in (0, n - 1):
                continue
            new = bool(rng.random() < 0.1)
            rows.append(
                {**trait, "age": int(age), "insured_months": int(rng.choice([12, 12, 12, 5])),
                 "newcomer": new, "documented": 0 if new else int(rng.choice([0, 0, 1, 2, 3, 4])),
                 "cost": [int(cost) for cost in rng.integers(1, 5000, 4)]}
            )  # fmt: skip
        rows[0]["physician"] = 1
        found[year] = rows
    return found


def answer(rule, years, year, cut_off=None, **changes):
    ledgers = {one: ledger_of(rows, one) for one, rows in years.items()}
    history = history_from(ledgers, start=START, truncation=cut_off, sectors=SECTORS)
    found = RULES[rule].expect(terms(rule, **changes), history, year)
    return found.amount, found.cost


def same(found, expected):
    assert found == pytest.approx([float(value) for value in expected], rel=1e-6)


SEED = st.integers(0, 2**32 - 1)


@given(SEED, st.integers(1, 3), st.integers(0, 2))
@settings(deadline=None, max_examples=25)
def test_contribution_margin(seed, baseline_years, later):
    year = START + later
    years = drawn(seed, [*range(START - baseline_years, START), year])
    found = answer("contribution_margin", years, year, baseline_years=baseline_years)
    expected = oracle.contribution_margin(years, PLACES, START, year, baseline_years)
    same(found, expected)


@given(SEED, st.sampled_from([(5, 1), (5, 3), (10, 1)]), st.integers(0, 2))
@settings(deadline=None, max_examples=10)
def test_growth_rate(seed, spans, later):
    growth_years, end_years = spans
    year = START + later
    years = drawn(seed, [*range(START - growth_years - 1, START), year], region=8, comparison=8)
    changes = {"growth_years": growth_years, "end_years": end_years}
    found = answer("growth_rate", years, year, **changes)
    same(found, oracle.growth_rate(years, PLACES, START, year, growth_years, end_years))


@given(SEED, st.sampled_from([0.5, 0.9, 1.0]), st.floats(0, 0.5), st.floats(0, 0.5))
@settings(deadline=None, max_examples=25)
def test_blended_historical(seed, truncation, below, above):
    changes = {
        "truncation": truncation,
        "surroundings": 2,
        "regional_weight_below": below,
        "regional_weight_above": above,
    }
    years = drawn(seed, range(START - 3, START + 2))
    found = answer("blended_historical", years, START + 1, truncation, **changes)
    expected = terms("blended_historical", **changes)
    same(found, oracle.blended(years, PLACES, START, START + 1, expected))


@given(SEED)
@settings(deadline=None, max_examples=25)
def test_ipep(seed):
    years = drawn(seed, [START - 1, START])
    same(answer("ipep", years, START), oracle.ipep(years, PLACES, START, terms("ipep")))


@given(SEED, st.booleans(), st.booleans(), st.sampled_from(["proportional", "additive"]))
@settings(deadline=None, max_examples=30)
def test_matched_pairs(seed, closed, replacement, growth):
    changes = {"closed": closed, "replacement": replacement, "growth": growth, **LENIENT}
    changes |= {"main_conditions": seed % 3, "match_on_cost": seed % 2 == 1}
    changes["baseline_years"] = 1 + seed % 5 % 2
    looked_at = {*range(START - changes["baseline_years"], START), START + 1}
    if changes["match_on_cost"]:
        looked_at |= {year - 1 for year in looked_at}
    years = drawn(seed, sorted(looked_at))
    agreed = terms("matched_pairs", **changes)
    try:
        expected = oracle.matched_pairs(years, PLACES, START, START + 1, agreed)
    except ZeroDivisionError:  # there is no pair, or none of whom both stay
        expected = (-1, 0)
    if expected[0] < 0:
        with pytest.raises(Refusal, match=r"clause 4.*Allowed"):
            answer("matched_pairs", years, START + 1, **changes)
    else:
        same(answer("matched_pairs", years, START + 1, **changes), expected)
