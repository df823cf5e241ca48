"""A funder in a run: tells what it paid in and received, under whatever name the book knows it."""

import mesa
import pytest

from sim.agents.investor import Investor
from sim.funding.cashbook import Cashbook
from sim.funding.instruments import Advance, Loan

LOAN = Loan(funder="bank", amount=1_000.0, interest=0.12, grace=2, term=5)
ADVANCE = Advance(
    funder="all", lump_sum=500.0, first_month=1, until=1, set_off=1.0, final_month=60, forgiven=0.0
)


@pytest.fixture
def book() -> Cashbook:
    entries = Cashbook()
    for entry in (
        (3, "lender:bank", "integrator", "drawdown", 900.0),
        (4, "integrator", "lender:bank", "interest", 9.0),
        (14, "integrator", "lender:bank", "interest", 9.0),
        (14, "integrator", "lender:bank", "repayment", 300.0),
        (12, "insurer:aok", "providers", "care", 1e6),
        (1, "insurer:aok", "integrator", "advance", 400.0),
        (1, "insurer:lkk", "integrator", "advance", 100.0),
        (12, "insurer:aok", "integrator", "management_fee", 77.0),
        (12, "integrator", "insurer:lkk", "set_off", 50.0),
    ):
        entries.pay(*entry)
    return entries


def test_a_year_is_what_was_paid_in_and_received_within_it(
    model: mesa.Model, book: Cashbook
) -> None:
    bank = Investor(model, LOAN, book)
    bank.close_year(12, outstanding=900.0)
    assert (bank.paid_in, bank.received, bank.outstanding) == (900, 9, 900)
    bank.close_year(24, outstanding=600.0)
    assert (bank.paid_in, bank.received, bank.outstanding) == (0, 309, 600)
    assert (bank.kind, bank.funder, bank.committed) == ("loan", "bank", 1_000)


def test_an_advance_is_that_of_all_insurers_and_nothing_else_they_pay(
    model: mesa.Model, book: Cashbook
) -> None:
    insurers = Investor(model, ADVANCE, book)
    insurers.close_year(12, outstanding=450.0)
    assert (insurers.paid_in, insurers.received, insurers.committed) == (500, 50, 500)
