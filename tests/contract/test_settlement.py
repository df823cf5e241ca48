"""A year is settled as a lawyer would: worked examples, a second writing, what always holds."""

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.contract.account import Account
from sim.contract.settlement import settle, settle_years
from sim.contract.statement import CLAUSES, statement
from sim.contract.terms import Terms
from tests.contract.contracts import (
    ACCOUNT,
    TERMS,
    account_drawn,
    accounts_drawn,
    exactly,
    settled,
    terms_drawn,
)
from tests.oracle import settlement as oracle

EXAMPLES = yaml.safe_load(
    (Path(__file__).parents[1] / "examples" / "settlement.yaml").read_text(encoding="utf-8")
)
FACTOR = "regional_indexation_factor"


def one_year(stated):
    """Terms and account of what an example states; a benchmark is allocation x factor."""
    assert set(stated) <= {*Terms.model_fields, *Account.model_fields, FACTOR}
    terms = TERMS | {name: value for name, value in stated.items() if name in Terms.model_fields}
    if "bands" in terms:
        terms.pop("sharing_rate")
    known = {name: value for name, value in stated.items() if name in Account.model_fields}
    if "allocation" in stated and "benchmark" not in stated:
        known["benchmark"] = stated["allocation"] * stated.get(FACTOR, 1)
    return Terms(**terms), Account(**ACCOUNT | known)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_worked_examples_settle_as_written(example):
    stated = example["input"]
    years = stated if isinstance(stated, list) else [stated]
    both = [one_year({"contract_year": i + 1, **year}) for i, year in enumerate(years)]
    settlements = settle_years(both[0][0], [account for _, account in both])
    expected = example["output"]
    for settlement, output in zip(
        settlements, expected if isinstance(expected, list) else [expected], strict=True
    ):
        figures = asdict(settlement)
        found = {name: figures[name] for name in output}
        assert found == pytest.approx(output, rel=1e-9, abs=1e-9)


@given(terms_drawn(), accounts_drawn())
def test_years_settle_to_the_cent_as_their_second_writing_says(terms, accounts):
    settlements = settle_years(Terms(**terms), [Account(**account) for account in accounts])
    history = []
    for account, settlement in zip(accounts, settlements, strict=True):
        history.append(oracle.settle(terms, account, tuple(history)))
        for name, value in history[-1].items():
            found = exactly(getattr(settlement, name))
            if name in ("sharing_rate", "minimum_savings_rate", "insured_years"):
                assert float(found) == pytest.approx(float(value)), name
            else:
                assert found == value, name


@given(terms_drawn(), account_drawn())
def test_what_is_paid_never_exceeds_the_cap(terms, account):
    settlement = settled_as_drawn(terms, account)
    if terms["cap"] is not None:
        assert settlement.shared_savings <= terms["cap"] * settlement.settled_benchmark + 0.005
        assert settlement.payment <= settlement.cap


@given(terms_drawn(two_sided=True), account_drawn())
def test_what_is_owed_never_exceeds_its_limit(terms, account):
    settlement = settled_as_drawn(terms, account)
    if settlement.loss_limit is not None:
        assert settlement.shared_loss <= settlement.loss_limit


@given(terms_drawn(), account_drawn(), st.floats(0, 1e9))
def test_more_savings_never_pay_less(terms, account, saved):
    """Gates only open: above the minimum there is more, below the minimum loss nothing is owed."""
    assume(saved <= account["cost"])
    less = settled_as_drawn(terms, account | {"components": {}})
    more = settled_as_drawn(terms, account | {"components": {}, "cost": account["cost"] - saved})
    assert more.payment >= less.payment


@given(terms_drawn(two_sided=False), account_drawn())
def test_a_one_sided_contract_never_owes_more_than_an_advance(terms, account):
    settlement = settled_as_drawn(terms | {"advance": 0.0}, account)
    assert settlement.shared_loss == 0
    assert settlement.payment >= 0
    assert settled_as_drawn(terms, account).payment >= -settled_as_drawn(terms, account).advance


@given(terms_drawn(), account_drawn())
def test_the_integrator_is_never_paid_more_than_the_savings(terms, account):
    settlement = settled_as_drawn(terms, account)
    assert 0 <= settlement.shared_savings <= max(settlement.measured_savings, 0)


@given(terms_drawn(), account_drawn())
def test_below_the_minimum_savings_rate_nothing_is_shared(terms, account):
    settlement = settled_as_drawn(terms, account)
    expected = settlement.settled_benchmark > 0
    if expected and settlement.savings_rate < settlement.minimum_savings_rate - 1e-12:
        assert settlement.shared_savings == 0


@given(terms_drawn(), account_drawn())
def test_what_is_gained_and_what_is_lost_are_never_shared_in_one_year(terms, account):
    settlement = settled_as_drawn(terms, account)
    assert settlement.shared_savings == 0 or settlement.shared_loss == 0


def settled_as_drawn(terms, account):
    return settle(Terms(**terms), Account(**account))


def test_margin_is_savings_and_what_the_region_kept_before():
    settlement = settled({}, {"allocation": 1000.0, "benchmark": 960.0, "cost": 930.0})
    assert settlement.contribution_margin == 70
    assert settlement.measured_savings == 30


def test_the_first_contract_year_is_settled_at_month_twelve_and_the_lag():
    assert settled().paid_month == 30
    assert settled({}, {"contract_year": None}).paid_month is None


def test_every_figure_of_a_settlement_has_its_clause_and_they_are_in_order():
    figures = [name for name in asdict(settled()) if name not in ("year", "details")]
    assert list(CLAUSES) == figures
    numbers = [tuple(map(int, clause.number.split("."))) for clause in CLAUSES.values()]
    assert numbers == sorted(set(numbers))
    units = {clause.unit for clause in CLAUSES.values()}
    assert units == {"person-year", "EUR/year", "1", "month", "year"}
    as_numbers = {float(clause.number) for clause in CLAUSES.values()}
    assert len(as_numbers) == len(CLAUSES)  # a spreadsheet takes 6.10 for 6.1


def test_a_statement_shows_what_the_contract_has_and_the_figures_of_its_rule():
    account = {"details": {"regional_indexation_factor": 0.96}, "allocation": 1000.0}
    lines = statement(settled({}, account))
    labels = [line.label for line in lines]
    assert "Regional indexation factor" in labels
    assert "Loss share" not in labels
    assert labels.index("Regional indexation factor") < labels.index(
        "Contribution margin (2.1 - 3.3), a level"
    )


@pytest.mark.parametrize(
    ("deficit", "owed", "payments", "carried"),
    [
        (0.0, None, [0, 25, 40], [0, 0, 0]),
        (1.0, None, [0, 0, 15], [100, 50, 0]),
        (0.5, None, [0, 0, 40], [50, 0, 0]),
        (1.0, 0.5, [-50, 25, 40], [0, 0, 0]),
    ],
)
def test_a_loss_is_made_good_before_savings_are_shared_unless_it_was_paid(
    deficit, owed, payments, carried
):
    terms = Terms(**TERMS | {"deficit_carried": deficit, "loss_share": owed})
    accounts = [
        Account(**ACCOUNT | {"contract_year": year, "cost": cost})
        for year, cost in ((1, 1100), (2, 950), (3, 920))
    ]
    settlements = settle_years(terms, accounts)
    assert [settlement.payment for settlement in settlements] == payments
    assert [settlement.deficit_carried for settlement in settlements] == carried


@pytest.mark.parametrize(
    "wrong", [{"cost": -1}, {"benchmark": -1}, {"benchmark": float("nan")}, {"contract_year": 0},
              {"quality_score": 1.1}, {"kpis": {"vaccinated": 2.0}}]
)  # fmt: skip
def test_an_account_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Account(**ACCOUNT | wrong)
