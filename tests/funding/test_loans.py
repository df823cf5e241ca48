"""Promises of a loan: drawn as needed, interest while it is out, then repaid."""

import numpy as np
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from sim.funding.instruments import Loan
from sim.funding.loans import LoanPosition, Schedule, annuity_part, schedule
from sim.funding.returns import irr
from sim.funding.streams import equals
from sim.quantity import Refusal
from tests.oracle import funding as oracle


def loan_of(**changes: object) -> Loan:
    """Return a loan of 1,200 EUR at 12 %, two months of grace, four instalments."""
    terms = {"funder": "bank", "amount": 1200, "interest": 0.12, "grace": 2, "term": 6}
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
        repayment=draw(st.sampled_from(["linear", "annuity", "bullet"])),
        grace_interest=draw(st.sampled_from(["paid", "capitalised"])),
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


def owed(position: LoanPosition, month: int) -> tuple[float, float]:
    """Return interest and repayment that are due this month, EUR."""
    position.fall_due(month)
    return position.due_interest[0] / 100, position.due_repayment[0] / 100


def paid(position: LoanPosition, cash: float) -> tuple[float, float]:
    """Return interest and repayment that this much cash pays, EUR."""
    found = position.collect(equals(1, cash))
    return found.interest[0] / 100, found.repayment[0] / 100


def drawn_loan(**changes: object) -> LoanPosition:
    """Return a loan of 1,200 EUR, drawn in month 1."""
    position = LoanPosition(loan_of(**changes), 1)
    position.take(equals(1, 1200))
    return position


def test_the_commitment_can_be_drawn_until_repayment_begins_and_only_once() -> None:
    position = LoanPosition(loan_of(first_month=-6), 1)
    found = [position.available(month)[0] / 100 for month in (-7, -6, -4, -3)]
    assert found == [0, 1200, 1200, 0]
    position.take(equals(1, 1200))
    assert position.available(-5) == 0


def test_arrears_are_due_again_and_bear_interest() -> None:
    position = drawn_loan()
    for month in (2, 3):
        assert owed(position, month) == (12, 0)
        assert paid(position, 12) == (12, 0)
    assert owed(position, 4) == (12, 300)
    assert paid(position, 100) == (12, 88)
    assert position.overdue == 21_200
    assert owed(position, 5) == (11.12, 212 + 300)


def test_unpaid_interest_bears_interest_too() -> None:
    position = drawn_loan()
    owed(position, 2)
    assert paid(position, 0) == (0, 0)
    assert owed(position, 3) == (24.12, 0)
    assert position.owed == 121_200


def test_after_the_term_everything_left_is_due_at_once() -> None:
    position = drawn_loan(interest=0.0)
    for month in range(2, 8):
        owed(position, month)
        paid(position, 0)
    assert position.due_repayment == 120_000
    assert owed(position, 30) == (0, 1200)


def test_what_is_called_in_is_due_at_once_and_no_more_is_lent() -> None:
    position = LoanPosition(loan_of(), 1)
    position.take(equals(1, 700))
    position.called = np.array([True])
    assert owed(position, 2) == (7, 700)
    assert position.available(2) == 0


def test_paying_late_but_in_full_ends_with_nothing_owed() -> None:
    position = drawn_loan()
    for month, cash in enumerate([0, 0, 0, 50, 0, 500, 5000], start=2):
        position.fall_due(month)
        position.collect(equals(1, cash))
    assert position.owed == 0


@pytest.mark.parametrize("cash", [-50, 0, 0.01, 12, 13, 400])
def test_nobody_pays_more_than_is_due_or_than_there_is(cash: float) -> None:
    position = drawn_loan(grace=0)
    position.fall_due(2)
    found = position.collect(equals(1, cash))
    assert 0 <= found.interest <= 1200
    assert 0 <= found.repayment <= position.due_repayment
    assert found.together / 100 == pytest.approx(min(max(cash, 0), 212))


def test_interest_in_the_grace_can_be_added_to_the_debt() -> None:
    position = drawn_loan(grace_interest="capitalised")
    assert owed(position, 2) == (0, 0)
    assert position.outstanding == 121_200
    assert owed(position, 3) == (0, 0)
    assert owed(position, 4) == (12.24, 306.03)  # a quarter of 1,224.12


def test_what_is_not_drawn_costs_a_fee_in_the_grace() -> None:
    position = LoanPosition(loan_of(commitment_fee=0.06), 1)
    position.take(equals(1, 200))
    position.fall_due(2)
    assert position.due_fee == 500
    position.fall_due(4)
    assert position.due_fee == 0


@given(st.sampled_from([0.0, 0.001, 0.02, 0.05, 0.2]), st.integers(1, 120), st.integers(1, 60))
def test_an_annuity_equals_a_librarys_payments(rate: float, left: int, later: int) -> None:
    amount, term = 5_000_000.0, left + later
    loan = loan_of(amount=amount, interest=rate, grace=0, term=term, repayment="annuity")
    plan = schedule(loan, {1: amount})
    payments = -pyxirr.pmt(rate / 12, term, amount) * np.ones(term)
    np.testing.assert_allclose((plan.interest + plan.repayment)[1:], payments, atol=1.0)
    expected = [-pyxirr.ppmt(rate / 12, month, term, amount) for month in range(1, term + 1)]
    np.testing.assert_allclose(plan.repayment[1:], expected, atol=1.0)


def test_a_bullet_is_repaid_in_the_last_month() -> None:
    plan = schedule(loan_of(repayment="bullet"), {1: 1200})
    assert plan.repayment.tolist() == [0, 0, 0, 0, 0, 0, 1200]
    assert plan.interest.tolist() == [0, 12, 12, 12, 12, 12, 12]


def test_equal_payments_are_equal() -> None:
    plan = schedule(loan_of(amount=120_000, repayment="annuity"), {1: 120_000})
    payments = (plan.interest + plan.repayment)[3:]
    assert np.ptp(payments) <= 0.02
    assert annuity_part(0.01, 1) == pytest.approx(1)


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


@given(drawn_loans())
def test_a_schedule_equals_the_second_writing_within_a_cent_a_month(
    case: tuple[Loan, dict[int, float]],
) -> None:
    loan, drawn = case
    ages = [drawn.get(loan.first_month + age, 0.0) for age in range(loan.grace + 1)]
    plan = schedule(loan, drawn)
    expected = oracle.loan_life(
        loan.interest, loan.grace, loan.term, ages, loan.repayment,
        loan.grace_interest == "capitalised",
    )  # fmt: skip
    np.testing.assert_allclose(
        np.array([plan.interest, plan.repayment, plan.closing]).T, expected, atol=1.0
    )


@given(drawn_loans())
def test_what_is_drawn_is_repaid_to_the_cent(case: tuple[Loan, dict[int, float]]) -> None:
    plan = schedule(*case)
    assert plan.closing[-1] == 0
    if case[0].grace_interest == "paid":
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
    assert plan.fee[0] == 24_000
    assert irr(lender_flows(plan)).rate > 1.01**12 - 1
