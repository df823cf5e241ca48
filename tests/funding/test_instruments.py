"""Promises of the start-up loan: drawn as needed, interest while it is out, then repaid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.funding.instruments import (
    NOTHING,
    Due,
    Loan,
    Schedule,
    arrangement_fee,
    available,
    due,
    interest,
    payable,
    schedule,
    unpaid,
)
from sim.funding.returns import irr
from sim.quantity import Refusal
from tests.oracle import funding as oracle


def loan_of(**changes: object) -> Loan:
    """Return a loan of 1,200 EUR at 12 %, two months of grace, four instalments."""
    terms = {"lender": "bank", "amount": 1200, "interest": 0.12, "grace": 2, "term": 6}
    return Loan(**(terms | changes))


def lender_flows(plan: Schedule) -> dict[int, float]:
    """Return what the lender receives less what it pays, EUR by month."""
    net = plan.interest + plan.repayment + plan.fee - plan.drawdown
    return dict(zip(plan.month.tolist(), net.tolist(), strict=True))


@st.composite
def drawn_loans(draw: st.DrawFn) -> tuple[Loan, dict[int, float]]:
    """Return a loan and drawdowns it allows, of at least 100,000 EUR in all."""
    grace = draw(st.integers(0, 36))
    loan = loan_of(
        amount=10_000_000,
        interest=draw(st.floats(0, 0.2)),
        grace=grace,
        term=grace + draw(st.integers(1, 84)),
        first_month=draw(st.integers(-12, 6)),
    )
    parts = draw(st.lists(st.floats(100_000, 9_000_000 / 5), min_size=1, max_size=5))
    months = draw(st.lists(st.integers(0, grace), min_size=len(parts), max_size=len(parts)))
    drawn: dict[int, float] = {}
    for month, amount in zip(months, parts, strict=True):
        drawn[loan.first_month + month] = drawn.get(loan.first_month + month, 0.0) + amount
    return loan, drawn


def test_a_loan_drawn_at_once_pays_interest_then_four_equal_instalments() -> None:
    plan = schedule(loan_of(), {1: 1200})
    assert plan.month.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert plan.opening.tolist() == [0, 1200, 1200, 1200, 900, 600, 300]
    assert plan.drawdown.tolist() == [1200, 0, 0, 0, 0, 0, 0]
    assert plan.interest.tolist() == [0, 12, 12, 12, 9, 6, 3]
    assert plan.repayment.tolist() == [0, 0, 0, 300, 300, 300, 300]
    assert plan.closing.tolist() == [1200, 1200, 1200, 900, 600, 300, 0]
    assert plan.fee.tolist() == [0] * 7


def test_a_loan_drawn_in_parts_bears_interest_on_what_is_out() -> None:
    plan = schedule(loan_of(fee=0.01), {1: 400, 3: 200})
    assert plan.interest.tolist() == [0, 4, 4, 6, 4.5, 3, 1.5]
    assert plan.repayment.tolist() == [0, 0, 0, 150, 150, 150, 150]
    assert plan.fee.tolist() == [4, 0, 2, 0, 0, 0, 0]


def test_a_loan_nobody_draws_costs_nothing() -> None:
    plan = schedule(loan_of(), {})
    assert all(not column.any() for column in plan[1:])


def test_the_last_instalment_takes_the_cents_that_do_not_divide() -> None:
    plan = schedule(loan_of(amount=100, interest=0, grace=0, term=3), {1: 100})
    assert plan.repayment.tolist() == [0, 33.33, 33.34, 33.33]
    assert plan.closing[-1] == 0


def test_interest_is_a_twelfth_of_the_nominal_yearly_rate() -> None:
    assert interest(outstanding=4_000_000, rate=0.045) == 15_000
    assert interest(outstanding=0, rate=0.045) == 0


def test_the_commitment_can_be_drawn_until_repayment_begins_and_only_once() -> None:
    loan = loan_of(first_month=-6)
    assert [available(loan, 0, month) for month in (-7, -6, -4, -3)] == [0, 1200, 1200, 0]
    assert available(loan, 1200, -5) == 0
    assert available(loan, 1500, -5) == 0


def test_arrears_are_due_again_and_bear_interest() -> None:
    loan = loan_of()
    owed = due(loan, 1200, 4)
    assert owed == Due(12, 300)
    paid = payable(owed, cash=100)
    assert paid == Due(12, 88)
    arrears = unpaid(owed, paid)
    assert arrears == Due(0, 212)
    outstanding = 1200 - paid.repayment
    assert due(loan, outstanding, 5, arrears) == Due(11.12, 212 + 300)


def test_unpaid_interest_bears_interest_too() -> None:
    assert due(loan_of(), 1200, 3, arrears=Due(12, 0)) == Due(24.12, 0)


def test_after_the_term_everything_left_is_due_at_once() -> None:
    assert due(loan_of(), 700, 7, arrears=Due(0, 400)).repayment == 700
    assert due(loan_of(), 700, 30, arrears=Due(7, 700)) == Due(7 + 7.07, 700)


def test_paying_late_but_in_full_ends_with_nothing_owed() -> None:
    loan, outstanding, arrears = loan_of(), 1200.0, NOTHING
    for month, cash in enumerate([0, 0, 0, 50, 0, 500, 5000], start=2):
        owed = due(loan, outstanding, month, arrears)
        paid = payable(owed, cash)
        outstanding, arrears = outstanding - paid.repayment, unpaid(owed, paid)
    assert outstanding == 0
    assert arrears == NOTHING


@pytest.mark.parametrize("cash", [-50, 0, 0.01, 12, 13, 400])
def test_nobody_pays_more_than_is_due_or_than_there_is(cash: float) -> None:
    paid = payable(Due(12, 300), cash)
    assert 0 <= paid.interest <= 12
    assert 0 <= paid.repayment <= 300
    assert sum(paid) == pytest.approx(min(max(cash, 0), 312))


@pytest.mark.parametrize(
    ("drawn", "what"),
    [
        ({0: 100}, "months 1 to 3"),
        ({4: 100}, "before repayment begins"),
        ({1: -100}, "above 0"),
        ({1: 1000, 2: 300}, "200.0 EUR are left"),
    ],
)
def test_drawing_outside_the_commitment_is_refused(drawn: dict[int, float], what: str) -> None:
    with pytest.raises(Refusal, match=what):
        schedule(loan_of(), drawn)


@pytest.mark.parametrize(
    "changes",
    [
        {"grace": 6},
        {"term": 0},
        {"grace": -1},
        {"amount": 0},
        {"amount": float("inf")},
        {"interest": -0.01},
        {"interest": 4.5},
        {"fee": 1},
        {"lender": ""},
        {"kind": "gift"},
        {"covenant": 1.2},
    ],
)
def test_terms_that_make_no_loan_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        loan_of(**changes)


def test_a_loan_without_time_to_repay_says_what_to_do() -> None:
    with pytest.raises(ValidationError, match="Shorten the grace or lengthen the term"):
        loan_of(grace=8)


def test_terms_are_frozen_and_know_their_lender_and_last_month() -> None:
    loan = loan_of(first_month=-5)
    assert loan.party == "lender:bank"
    assert loan.last_month == 1
    with pytest.raises(ValidationError):
        loan.amount = 5


@given(drawn_loans())
def test_a_schedule_equals_the_second_writing_within_a_cent_a_month(
    case: tuple[Loan, dict[int, float]],
) -> None:
    loan, drawn = case
    ages = [drawn.get(loan.first_month + age, 0.0) for age in range(loan.grace + 1)]
    plan = schedule(loan, drawn)
    expected = oracle.loan_life(loan.interest, loan.grace, loan.term, ages)
    np.testing.assert_allclose(
        np.array([plan.interest, plan.repayment, plan.closing]).T, expected, atol=1.0
    )


@given(drawn_loans())
def test_what_is_drawn_is_repaid_to_the_cent(case: tuple[Loan, dict[int, float]]) -> None:
    plan = schedule(*case)
    assert plan.closing[-1] == 0
    assert plan.repayment.sum() == pytest.approx(plan.drawdown.sum(), abs=0.001)
    np.testing.assert_allclose(
        plan.closing, plan.opening + plan.drawdown - plan.repayment, atol=0.001
    )


@given(drawn_loans())
def test_a_loan_fully_serviced_returns_its_effective_annual_rate(
    case: tuple[Loan, dict[int, float]],
) -> None:
    loan, _ = case
    returned = irr(lender_flows(schedule(*case)))
    assert returned.state == "found"
    assert returned.rate == pytest.approx((1 + loan.interest / 12) ** 12 - 1, abs=2e-6)


def test_a_fee_lifts_the_lenders_return_above_the_interest() -> None:
    loan = loan_of(amount=1_200_000, fee=0.02, grace=12, term=60)
    plan = schedule(loan, {1: 1_200_000})
    assert arrangement_fee(loan, 1_200_000) == 24_000
    assert irr(lender_flows(plan)).rate > 1.01**12 - 1
