"""A year is settled as a lawyer would: worked examples, a second writing, what always holds."""

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.contract.ledger import SECTORS
from sim.contract.settlement import Account, Terms, settle, statement
from tests.oracle import contract as oracle

TERMS = {
    "rule": "contribution_margin",
    "sectors": SECTORS,
    "sharing_rate": 0.5,
    "minimum_savings_rate": 0.0,
    "investment_fee": 0.0,
    "investment_fee_years": 0,
    "management_fee": 0.0,
    "settlement_lag": 18,
}
ACCOUNT = {
    "year": 2006,
    "contract_year": 1,
    "insured_years": 1000.0,
    "allocation": 1000.0,
    "cost": 1000.0,
    "regional_indexation_factor": 1.0,
}
EXAMPLES = yaml.safe_load(
    (Path(__file__).parents[1] / "examples" / "settlement.yaml").read_text(encoding="utf-8")
)
TERMS_DRAWN = st.fixed_dictionaries(
    {
        "rule": st.just("contribution_margin"),
        "sectors": st.just(SECTORS),
        "sharing_rate": st.floats(0, 1),
        "minimum_savings_rate": st.floats(0, 0.2),
        "investment_fee": st.floats(0, 1e6),
        "investment_fee_years": st.integers(0, 5),
        "management_fee": st.floats(0, 100),
        "settlement_lag": st.integers(0, 36),
    }
)
ACCOUNT_DRAWN = st.fixed_dictionaries(
    {
        "year": st.integers(2000, 2040),
        "contract_year": st.integers(1, 20),
        "insured_years": st.floats(0, 1e6),
        "allocation": st.floats(0, 1e9),
        "cost": st.floats(0, 1e9),
        "regional_indexation_factor": st.floats(0.5, 1.5),
    }
)


def settled(terms, account):
    return settle(Terms(**terms), Account(**account))


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_worked_examples_settle_as_written(example):
    stated = example["input"]
    assert set(stated) <= {*TERMS, *ACCOUNT}
    terms = TERMS | {name: value for name, value in stated.items() if name in TERMS}
    account = ACCOUNT | {name: value for name, value in stated.items() if name in ACCOUNT}
    settlement = asdict(settled(terms, account))
    found = {name: settlement[name] for name in example["output"]}
    assert found == pytest.approx(example["output"], rel=1e-9, abs=1e-9)


@given(TERMS_DRAWN, ACCOUNT_DRAWN)
def test_the_settlement_equals_its_second_writing(terms, account):
    settlement = asdict(settled(terms, account))
    minimum = terms["minimum_savings_rate"]
    assume(abs(settlement["savings_rate"] - minimum) > 1e-9 or settlement["benchmark"] == 0)
    expected = oracle.settle(terms, account)
    scale = account["allocation"] + account["cost"] + 1
    for name, value in expected.items():
        assert settlement[name] == pytest.approx(float(value), rel=1e-9, abs=1e-12 * scale), name


@given(TERMS_DRAWN, ACCOUNT_DRAWN, st.floats(0, 1e9))
def test_more_savings_never_pay_less(terms, account, saved):
    assume(saved <= account["cost"])
    cheaper = account | {"cost": account["cost"] - saved}
    assert settled(terms, cheaper).shared_savings >= settled(terms, account).shared_savings


@given(TERMS_DRAWN, ACCOUNT_DRAWN)
def test_the_integrator_never_owes_and_is_never_paid_more_than_the_savings(terms, account):
    settlement = settled(terms, account)
    assert 0 <= settlement.shared_savings <= max(settlement.measured_savings, 0)


@given(TERMS_DRAWN, ACCOUNT_DRAWN)
def test_below_the_minimum_savings_rate_nothing_is_shared(terms, account):
    settlement = settled(terms, account)
    if settlement.savings_rate < settlement.minimum_savings_rate:
        assert settlement.shared_savings == 0


@given(TERMS_DRAWN, ACCOUNT_DRAWN)
def test_margin_is_savings_and_what_the_region_kept_before(terms, account):
    settlement = settled(terms, account)
    before = settlement.allocation - settlement.benchmark
    assert settlement.contribution_margin == pytest.approx(
        settlement.measured_savings + before, rel=1e-9, abs=1e-5
    )


def test_the_first_contract_year_is_settled_at_month_twelve_and_the_lag():
    assert settled(TERMS, ACCOUNT).paid_month == 30


def test_the_statement_shows_every_figure_of_the_settlement_in_the_order_of_the_clauses():
    settlement = settled(TERMS, ACCOUNT | {"cost": 950.0, "r_squared": 0.24})
    lines = statement(settlement)
    figures = asdict(settlement)
    del figures["year"]
    assert [line.amount for line in lines] == list(figures.values())
    clauses = [line.clause for line in lines]
    assert clauses == sorted(clauses)
    assert {line.unit for line in lines} == {"person-year", "EUR/year", "1", "month"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sharing_rate": 1.2},
        {"minimum_savings_rate": -0.01},
        {"minimum_savings_rate": 1.0},
        {"investment_fee": -1},
        {"settlement_lag": -1},
        {"settlement_lag": float("nan")},
        {"rule": "guess"},
        {"sectors": ["dental"]},
        {"sectors": []},
        {"sharing": 0.5},
    ],
)
def test_terms_out_of_range_or_unknown_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Terms(**TERMS | wrong)


def test_a_missing_term_is_refused():
    with pytest.raises(ValidationError, match="sharing_rate"):
        Terms(**{name: value for name, value in TERMS.items() if name != "sharing_rate"})


@pytest.mark.parametrize(
    "wrong", [{"cost": -1}, {"allocation": float("nan")}, {"contract_year": 0}]
)
def test_an_account_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Account(**ACCOUNT | wrong)


def test_terms_cannot_be_changed_once_agreed():
    terms = Terms(**TERMS)
    with pytest.raises(ValidationError, match="frozen"):
        terms.sharing_rate = 0.7
