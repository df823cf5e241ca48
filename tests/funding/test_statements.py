"""Promises of the statements: they tie to the cent in every seed, and transfers cancel."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from sim.funding.carried import Operations, carry
from sim.funding.plan import UNTAXED, Law
from sim.funding.statements import (
    balance_sheet,
    cash_flow,
    income,
    parties,
    real,
    sources_and_uses,
    years,
)
from tests.funding.companies import ADVANCE, EACH, LOAN, STAKE, alike, operations, plan_of
from tests.funding.test_waterfall import GERMANY, cases

Case = tuple[tuple[dict[str, Any], ...], dict[str, Any], Law, Operations]


@settings(max_examples=40, deadline=None)
@given(cases())
def test_both_sides_of_the_balance_sheet_are_equal_in_every_year_and_seed(case: Case) -> None:
    instruments, rules, law, business = case
    sheet = balance_sheet(carry(plan_of(*instruments, **rules), law, business))
    np.testing.assert_array_equal(sheet["assets"], sheet["debts_and_equity"])


@settings(max_examples=20, deadline=None)
@given(cases())
def test_the_cash_flow_ends_in_the_cash_of_the_balance_sheet(case: Case) -> None:
    instruments, rules, law, business = case
    carried = carry(plan_of(*instruments, **rules), law, business)
    flow, sheet = cash_flow(carried), balance_sheet(carried)
    np.testing.assert_array_equal(flow["closing"], sheet["cash"])
    np.testing.assert_array_equal(flow["opening"] + flow["change"], flow["closing"])


@settings(max_examples=15, deadline=None)
@given(cases())
def test_sources_equal_uses_and_transfers_cancel(case: Case) -> None:
    instruments, rules, law, business = case
    carried = carry(plan_of(*instruments, **rules), law, business)
    sides = sources_and_uses(carried)
    sources = sum(cents for name, cents in sides.items() if name.startswith("from:"))
    uses = sum(cents for name, cents in sides.items() if name.startswith("to:"))
    np.testing.assert_array_equal(sources, uses)
    table = parties(carried)
    for account in {account for lines in table.values() for account in lines}:
        assert not np.any(sum(lines.get(account, 0.0) for lines in table.values())), account


def test_statements_tie_with_every_instrument_and_tax() -> None:
    large = {**ADVANCE, "lump_sum": 900_000}
    plan = plan_of(*(large if one is ADVANCE else one for one in EACH))
    carried = carry(plan, GERMANY, operations(seeds=40, level=200_000))
    sheet, lines = balance_sheet(carried), income(carried)
    np.testing.assert_array_equal(sheet["assets"], sheet["debts_and_equity"])
    for line in ("shared_savings", "fees", "cost", "bonus", "grants", "outcome_bonds", "forgiven"):
        assert lines[line].any(), line
    for line in ("interest_and_fees", "profit_shares", "profit_tax"):
        assert (lines[line] <= 0).all(), line
    assert lines["profit_shares"].any()
    assert lines["profit_tax"].any()


def test_settlements_are_income_of_the_year_earned_and_cash_of_the_year_paid() -> None:
    business = alike(cost=12_000, earned=20_000, years=3, bonus=np.full((3, 1), 2_000.0))
    carried = carry(plan_of(payout=0.0), UNTAXED, business)
    assert years(carried) == (1, 2, 3, 4, 5)
    assert income(carried)["shared_savings"][:, 0].tolist() == [2e6, 2e6, 2e6, 0, 0]
    assert cash_flow(carried)["shared_savings"][:, 0].tolist() == [0, 0, 2e6, 2e6, 2e6]
    assert income(carried)["bonus"][:, 0].tolist() == [-2e5, -2e5, -2e5, 0, 0]
    assert income(carried)["operating_result"][:, 0].tolist() == [6e5, 6e5, 6e5, 0, 0]
    sheet = balance_sheet(carried)
    assert sheet["claims_on_insurers"][:, 0].tolist() == [2e6, 4e6, 4e6, 2e6, 0]
    assert sheet["suppliers"][0, 0] == 1.2e6
    assert sheet["retained"][-1, 0] == 1.8e6


def test_interest_that_is_not_paid_is_still_an_expense_and_a_debt() -> None:
    loan = {
        **LOAN, "amount": 100_000, "first_month": 1, "grace": 1, "term": 60, "fee": 0.0,
        "draw": "at_once",
    }  # fmt: skip
    carried = carry(plan_of(loan), UNTAXED, alike(cost=600_000, earned=0, years=1, lag=1))
    lines, sheet = income(carried), balance_sheet(carried)
    assert lines["interest_and_fees"][0, 0] < 0
    assert cash_flow(carried)["interest_and_fees"][0, 0] > lines["interest_and_fees"][0, 0]
    assert sheet["funders"][0, 0] > 10_000_000
    np.testing.assert_array_equal(sheet["assets"], sheet["debts_and_equity"])


def test_a_stake_is_a_debt_until_it_is_paid_back() -> None:
    carried = carry(plan_of(STAKE), UNTAXED, alike(cost=12_000, earned=60_000, years=9))
    sheet = balance_sheet(carried)
    assert sheet["funders"][0, 0] == 15_000_000
    assert sheet["funders"][-1, 0] == 0
    assert sheet["capital"].sum() == 0


def test_real_lines_are_in_prices_of_the_year_named() -> None:
    carried = carry(plan_of(), UNTAXED, alike(cost=12_000, earned=0, years=3))
    found = real(income(carried), inflation=0.02, price_year=1)
    assert found["cost"][0, 0] == -1_200_000
    assert found["cost"][2, 0] == pytest.approx(-1_200_000 / 1.02**2, abs=1)
