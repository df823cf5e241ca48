"""All rules on one history: worked cases in euros, what always holds, bad input, and claims."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from sim.contract.benchmarks import RULES, terms_of
from sim.contract.ledger import SECTORS
from sim.quantity import Refusal, quantities
from sim.scenario import CONF
from tests.contract.histories import (
    CONFIG,
    RULE_NAMES,
    START,
    expect,
    history_from,
    history_of,
    ledgers,
    terms,
)

EXAMPLES = yaml.safe_load(
    (Path(__file__).parents[1] / "examples" / "benchmarks.yaml").read_text("utf-8")
)
YEARS = tuple(range(START - 11, START + 3))
STEADY = [{"persons": 50, "cost": 2000}]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_worked_cases_come_out_as_written(example):
    region, comparison = example["region"], example["comparison"]
    if comparison == "steady":
        comparison = dict.fromkeys(region, STEADY)
    given = example.get("terms", {})
    history = history_of(region, comparison, truncation=given.get("truncation"))
    if "savings" in example:
        history = history.rebased(START, example["savings"])
    found = expect(example["rule"], history, example["year"], **given)
    for name, value in example["output"].items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-6), name
    for name, value in example.get("details", {}).items():
        assert found.details[name] == pytest.approx(value, rel=1e-5, abs=1e-6), name
    gains = {component.name: component.gain for component in found.components}
    assert gains == pytest.approx(example.get("components", {}))


def test_every_rule_has_a_worked_case():
    assert {example["rule"] for example in EXAMPLES} == set(RULE_NAMES)


def test_every_number_of_the_rules_has_unit_range_and_source():
    raw = yaml.safe_load((CONF / "benchmarks.yaml").read_text("utf-8"))
    assert set(raw) == set(RULE_NAMES)
    assert len(quantities(raw)) > 15
    for rule in RULE_NAMES:
        assert RULES[rule].terms.model_fields.keys() == raw[rule].keys()
        terms_of(rule, CONFIG[rule])


@pytest.fixture(scope="module")
def drawn():
    """Ledgers of fourteen years, whole and with the dearest cut off."""
    return ledgers(YEARS)


def history_for(rule, by_year, **changes):
    return history_from(by_year, truncation=RULES[rule].needs(terms(rule, **changes)).truncation)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_a_currency_is_as_good_as_another(rule, drawn):
    francs = {y: replace(one, cost=one.cost * np.float32(4)) for y, one in drawn.items()}
    euros, other = (expect(rule, history_for(rule, led), START + 1) for led in (drawn, francs))
    assert other.amount == pytest.approx(4 * euros.amount)
    assert other.cost == pytest.approx(4 * euros.cost)
    assert other.standard_error == pytest.approx(4 * euros.standard_error, rel=1e-5)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_the_order_of_rows_changes_nothing_but_rounding(rule, drawn):
    rng = np.random.default_rng(3)
    mixed = {year: one.where(rng.permutation(len(one))) for year, one in drawn.items()}
    one, other = (expect(rule, history_for(rule, led), START) for led in (drawn, mixed))
    assert other.amount == pytest.approx(one.amount, rel=1e-9)
    assert other.standard_error == pytest.approx(one.standard_error, rel=1e-9)


@pytest.mark.parametrize("rule", [rule for rule in RULE_NAMES if rule != "ipep"])
def test_what_the_region_saves_lowers_its_cost_and_never_its_benchmark(rule, drawn):
    cheap = ledgers(YEARS, saving=0.1)
    one, other = (expect(rule, history_for(rule, led), START) for led in (drawn, cheap))
    assert other.cost == pytest.approx(0.9 * one.cost, rel=0.01)
    assert other.amount == pytest.approx(one.amount, rel=1e-6)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_cost_is_that_of_the_sectors_agreed(rule, drawn):
    truncation = RULES[rule].needs(terms(rule)).truncation
    part = history_from(drawn, truncation=truncation, sectors=("hospital", "drugs"))
    whole = history_from(drawn, truncation=truncation)
    one, other = (expect(rule, history, START) for history in (part, whole))
    assert one.cost == pytest.approx(0.6 * other.cost, rel=1e-5)
    assert one.amount == pytest.approx(0.6 * other.amount, rel=1e-5)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_a_rule_needs_no_more_years_and_rows_than_it_says(rule, drawn):
    needs = RULES[rule].needs(terms(rule))
    years = [*range(START - needs.baseline_years, START + 1)]
    by_year = {year: drawn[year] for year in years}
    short = history_from(by_year, truncation=needs.truncation)
    if not needs.comparison_rows:
        bare = {year: replace(kept, rows=None) for year, kept in short.elsewhere.items()}
        short = replace(short, elsewhere=bare)
    whole = history_from(drawn, truncation=needs.truncation)
    assert expect(rule, short, START) == expect(rule, whole, START)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_a_history_without_the_base_years_is_refused_with_clause_and_remedy(rule, drawn):
    needs = RULES[rule].needs(terms(rule))
    years = range(START - needs.baseline_years + 1, START + 1)
    short = history_from({year: drawn[year] for year in years}, truncation=needs.truncation)
    with pytest.raises(Refusal, match=rf"clause 4\.\d.*no ledger of the region for {years[0] - 1}"):
        expect(rule, short, START)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_a_baseline_year_cannot_be_settled(rule, drawn):
    with pytest.raises(Refusal, match=r"clause 4\.\d.*baseline and contract years overlap"):
        expect(rule, history_for(rule, drawn), START - 1)


@pytest.mark.parametrize("rule", [r for r in RULE_NAMES if "smallest_comparison" in CONFIG[r]])
def test_too_few_elsewhere_are_refused_with_clause_and_remedy(rule, drawn):
    with pytest.raises(Refusal, match=r"clause 4\.\d.*4,000 person-years.*Add insured elsewhere"):
        expect(rule, history_for(rule, drawn), START, smallest_comparison=5000.0)


def test_a_year_given_twice_is_refused(drawn):
    history = history_from(drawn)
    with pytest.raises(Refusal, match=r"clause 1.*2006 is given twice"):
        history.plus(drawn[START])


def test_a_year_without_a_comparison_is_refused(drawn):
    history = history_from({START: drawn[START]})
    with pytest.raises(Refusal, match="no ledger of the comparison for 2007"):
        history.plus(drawn[START + 1])


def test_a_year_without_insured_is_refused():
    nobody = {2004: STEADY, 2005: STEADY, 2006: []}
    history = history_of(nobody, dict.fromkeys(nobody, STEADY))
    with pytest.raises(Refusal, match="nobody of the region was insured in 2006"):
        expect("contribution_margin", history, 2006)


def test_an_unknown_rule_or_term_is_refused_by_name():
    with pytest.raises(Refusal, match=r"'matched_pair'.*Did you mean matched_pairs"):
        terms_of("matched_pair", {})
    with pytest.raises(Refusal, match=r"benchmarks\.matched_pairs\.calliper.*Did you mean caliper"):
        terms("matched_pairs", calliper=0.2)
    with pytest.raises(Refusal, match=r"benchmarks\.ipep.*add up to 0.9"):
        terms("ipep", level_weight=0.3, evolution_weight=0.6)
    with pytest.raises(Refusal, match=r"benchmarks\.blended_historical.*add up to 1.1"):
        terms("blended_historical", weight_of_year_before=0.7)


LENIENT = {"largest_difference": 9.0, "largest_unmatched": 0.5}
DISTURBED = {
    "none": {},
    "case_mix": {"illness": 0.15, "seen": 1.0},
    "undocumented": {"illness": 0.15},
    "starting_level": {"level": 0.85},
    "national_shock": {"shock": (START, 1.1)},
    "comparison_size": {"comparison": 1500},
    "documentation": {"coding": 0.2},
}
SEEDS = range(24)


def rates(rule, disturbance, **changes):
    """Measured savings per euro of benchmark in the third year by seed, nothing being saved."""
    found = []
    needs = RULES[rule].needs(terms(rule, **changes))
    years = (*range(START - needs.baseline_years, START), START + 1, START + 2)
    for seed in SEEDS:
        by_year = ledgers(years, seed, region=1500, noise=0.3, **DISTURBED[disturbance])
        history = history_from(by_year, truncation=needs.truncation)
        year = START + 2
        answer = RULES[rule].expect(terms(rule, **changes), history, year)
        found.append(answer.measured_savings / answer.amount)
    return np.array(found)


CLAIMS = [
    (rule, disturbance, changes)
    for rule, changes in [
        ("contribution_margin", {}),
        ("matched_pairs", {}),
        ("matched_pairs", {"closed": True}),
        ("matched_pairs", {"growth": "additive"}),
        ("blended_historical", {"regional_weight_below": 0.0, "regional_weight_above": 0.0}),
    ]
    for disturbance in sorted(RULES[rule].claim(terms(rule, **changes)).unbiased_to)
    if disturbance in DISTURBED
]


@pytest.mark.parametrize(("rule", "disturbance", "changes"), CLAIMS)
def test_a_rule_is_unbiased_to_what_it_claims(rule, disturbance, changes):
    found = rates(rule, disturbance, **changes)
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert error < 0.0075
    assert abs(found.mean()) < 3 * error


@pytest.mark.parametrize(
    ("rule", "disturbance", "sign"),
    [
        ("contribution_margin", "documentation", 1),
        ("contribution_margin", "undocumented", -1),
        ("matched_pairs", "documentation", 1),
        ("growth_rate", "national_shock", -1),
        ("growth_rate", "case_mix", -1),
        ("ipep", "none", 1),
        ("ipep", "starting_level", 1),
        ("blended_historical", "starting_level", 1),
    ],
)
def test_a_rule_is_misled_by_what_it_does_not_claim(rule, disturbance, sign):
    assert disturbance not in RULES[rule].claim(terms(rule)).unbiased_to
    found = rates(rule, disturbance)
    assert sign * found.mean() > 3 * found.std(ddof=1) / np.sqrt(len(found))


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("contribution_margin", {}),
        ("growth_rate", {}),
        ("matched_pairs", LENIENT),
        ("matched_pairs", LENIENT | {"closed": True, "replacement": False}),
        ("matched_pairs", LENIENT | {"growth": "additive"}),
        ("blended_historical", {"regional_weight_below": 0.0, "regional_weight_above": 0.0}),
    ],
)
def test_the_standard_error_is_the_spread_over_draws_of_persons(rule, changes):
    needs = RULES[rule].needs(terms(rule, **changes))
    years = (*range(START - needs.baseline_years, START), START)
    found, errors = [], []
    for seed in range(60):
        by_year = ledgers(years, seed, region=300, comparison=1500, noise=1.5)
        history = history_from(by_year, truncation=needs.truncation)
        answer = expect(rule, history, START, **changes)
        found.append(answer.measured_savings)
        errors.append(answer.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(found, ddof=1), rel=0.3)


def test_the_sectors_of_the_ledger_are_those_of_the_contract():
    assert history_of({2005: STEADY}, {2005: STEADY}).sectors == SECTORS
