"""A lender: lends what is lacking, collects what is due as far as there is cash."""

import mesa
import pytest

from sim.agents.investor import Lender
from sim.funding.cashbook import Cashbook
from sim.funding.instruments import Loan

LOAN = Loan(funder="bank", amount=1_000.0, interest=0.12, grace=2, term=5, first_month=1)


@pytest.fixture
def bank(model: mesa.Model) -> Lender:
    return Lender(model, LOAN, Cashbook())


def collected(lender: Lender, cash: float, month: int) -> float:
    lender.fall_due(month)
    return lender.collect(cash, month)


def test_it_lends_what_is_lacking_after_the_fee_and_never_above_the_commitment(
    model: mesa.Model,
) -> None:
    bank = Lender(model, LOAN.model_copy(update={"fee": 0.01}), Cashbook())
    assert bank.lend(297.0, month=1) == pytest.approx(297)
    assert bank.lend(900.0, month=2) == pytest.approx(693)
    assert bank.lend(1.0, month=3) == 0
    assert bank.outstanding == bank.book.total(account="drawdown") == 1_000
    assert bank.book.total(account="fee") == 10


def test_who_lacks_nothing_draws_nothing(bank: Lender) -> None:
    assert bank.lend(-500.0, month=1) == 0
    assert bank.lend(0.0, month=1) == 0
    assert len(bank.book) == 0


@pytest.mark.parametrize("month", [-5, 0, 4, 40])
def test_it_lends_from_the_first_month_until_the_grace_is_over(bank: Lender, month: int) -> None:
    assert bank.lend(100.0, month) == 0
    assert bank.lend(100.0, 3) > 0


def test_interest_falls_due_at_once_and_instalments_after_the_grace(bank: Lender) -> None:
    assert collected(bank, 1e6, 1) == 0
    bank.lend(900.0, month=1)
    paid = [collected(bank, 1e6, month) for month in range(2, 8)]
    assert paid == pytest.approx([9, 9, 309, 306, 303, 0])  # month 1 + term is the last
    assert bank.outstanding == 0
    assert bank.book.total(account="repayment") == 900


def test_what_cannot_be_paid_is_in_arrears_and_bears_interest(bank: Lender) -> None:
    bank.lend(900.0, month=1)
    assert collected(bank, 4.0, 2) == 4  # of 9
    assert bank.outstanding == 900
    assert collected(bank, 1e6, 3) == pytest.approx(5 + 0.01 * (900 + 5))
    assert collected(bank, 0.0, 4) == 0  # 309 are due
    assert collected(bank, 1e6, 5) == pytest.approx(9 + 0.01 * 909 + 300 + 300, abs=0.01)


def test_after_the_term_everything_is_due_at_once(bank: Lender) -> None:
    bank.lend(900.0, month=1)
    for month in range(2, 9):
        assert collected(bank, 0.0, month) == 0
    assert collected(bank, 1e6, 9) == pytest.approx(900 * 1.01**8, abs=0.05)
    assert collected(bank, 1e6, 10) == 0


def test_a_year_is_what_was_lent_and_paid_back_within_it(bank: Lender) -> None:
    bank.lend(900.0, month=3)
    collected(bank, 1e6, 4)
    bank.close_year(12)
    assert (bank.drawn, bank.interest, bank.repaid) == (900, 9, 300)
    bank.close_year(24)
    assert (bank.drawn, bank.interest, bank.repaid) == (0, 0, 0)
