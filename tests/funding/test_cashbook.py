"""Promises of the cashbook: every euro has two ends, ties to the cent, and is never undone."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.funding.cashbook import ACCOUNTS, FINANCING, OPERATING, SURPLUS, TAXES, Cashbook
from sim.quantity import Refusal
from tests.oracle import funding as oracle

PARTIES = [
    "integrator",
    "insurer:aok",
    "insurer:svlfg",
    "physicians",
    "lender:bank",
    "risk_pool",
]

payments = st.lists(
    st.tuples(
        st.integers(-24, 240),
        st.sampled_from(PARTIES),
        st.sampled_from(PARTIES),
        st.sampled_from(sorted(ACCOUNTS)),
        st.floats(0, 1e8),
    ).filter(lambda payment: payment[1] != payment[2]),
    max_size=40,
)


def book_of(entries: list[oracle.Payment]) -> Cashbook:
    """Return a book with these payments."""
    book = Cashbook()
    for entry in entries:
        book.pay(*entry)
    return book


@pytest.fixture
def book() -> Cashbook:
    """Return a start-up: a loan is drawn, people are paid, a settlement arrives."""
    return book_of(
        [
            (0, "lender:bank", "integrator", "drawdown", 1000.0),
            (1, "integrator", "staff", "overhead", 400.0),
            (2, "integrator", "physicians", "bonus", 150.25),
            (2, "integrator", "lender:bank", "interest", 5.0),
            (30, "insurer:aok", "integrator", "shared_savings", 900.0),
        ]
    )


def test_the_balance_is_what_was_received_less_what_was_paid(book: Cashbook) -> None:
    assert book.balance("integrator") == 1344.75
    assert book.balance("integrator", until=2) == 444.75
    assert book.balance("integrator", until=-1) == 0
    assert book.balance("physicians") == 150.25


def test_a_party_nobody_ever_paid_has_nothing(book: Cashbook) -> None:
    assert book.balance("patients") == 0
    assert book.flows("patients") == {}
    assert book.parties() == ["insurer:aok", "integrator", "lender:bank", "physicians", "staff"]


def test_flows_net_the_payments_of_a_month_and_keep_to_the_accounts_asked_for(
    book: Cashbook,
) -> None:
    assert book.flows("integrator") == {0: 1000.0, 1: -400.0, 2: -155.25, 30: 900.0}
    assert book.flows("integrator", OPERATING) == {1: -400.0, 2: -150.25, 30: 900.0}
    assert book.flows("integrator", FINANCING) == {0: 1000.0, 2: -5.0}


def test_monthly_flows_fill_the_months_without_money(book: Cashbook) -> None:
    np.testing.assert_array_equal(book.monthly("integrator", 0, 3), [1000, -400, -155.25, 0])
    assert book.monthly("integrator", 3, 2).shape == (0,)


def test_totals_answer_who_paid_how_much_for_what(book: Cashbook) -> None:
    assert book.total(account="interest") == 5
    assert book.total(payer="integrator") == 555.25
    assert book.total(payer="lender:bank", payee="integrator", account="drawdown") == 1000
    assert book.total(payer="lender:bank", account="interest") == 0


def test_a_late_entry_changes_the_past_it_is_dated_in(book: Cashbook) -> None:
    book.pay(1, "insurer:aok", "integrator", "investment_fee", 50)
    assert book.balance("integrator", until=1) == 650


def test_operating_and_financing_accounts_do_not_overlap() -> None:
    parts = (OPERATING, TAXES, FINANCING, SURPLUS)
    assert frozenset().union(*parts) == ACCOUNTS
    assert sum(map(len, parts)) == len(ACCOUNTS)


def test_nothing_is_no_entry() -> None:
    book = Cashbook()
    for nothing in (0, 0.0, -0.0, 0.004, -1e-9):
        book.pay(1, "integrator", "staff", "overhead", nothing)
    assert len(book) == 0
    assert book.parties() == []


def test_a_tie_goes_to_the_even_cent() -> None:
    book = Cashbook()
    book.pay(1, "integrator", "staff", "overhead", 0.125)
    book.pay(1, "integrator", "staff", "overhead", 0.375)
    assert book.frame()["amount"].tolist() == [0.12, 0.38]


@pytest.mark.parametrize(
    ("payment", "advice"),
    [
        ((1, "integrator", "staff", "overhead", -5.0), "swap payer and payee"),
        ((1, "staff", "staff", "overhead", 5.0), "nobody pays himself"),
        ((1, "", "staff", "overhead", 5.0), "two different ends"),
        ((1, "integrator", "staff", "coffee", 5.0), "no account 'coffee'"),
        ((1, "integrator", "staff", "overhead", math.nan), "finite"),
        ((1, "integrator", "staff", "overhead", math.inf), "finite"),
        ((1.0, "integrator", "staff", "overhead", 5.0), "whole number"),
        ((True, "integrator", "staff", "overhead", 5.0), "whole number"),
    ],
)
def test_what_is_no_payment_is_refused_and_leaves_no_trace(
    payment: oracle.Payment, advice: str
) -> None:
    book = Cashbook()
    with pytest.raises(Refusal, match=advice):
        book.pay(*payment)
    assert len(book) == 0


def test_a_reversal_by_swapping_the_ends_brings_the_balance_back(book: Cashbook) -> None:
    before = book.balance("physicians")
    book.pay(3, "integrator", "physicians", "bonus", 10.1)
    book.pay(4, "physicians", "integrator", "bonus", 10.1)
    assert book.balance("physicians") == before


@given(payments)
def test_euros_are_conserved(entries: list[oracle.Payment]) -> None:
    book = book_of(entries)
    for until in (None, 0, 120):
        assert math.fsum(book.balance(party, until) for party in book.parties()) == (
            pytest.approx(0, abs=0.001)
        )


@given(payments)
def test_balances_equal_the_second_writing_to_the_cent(entries: list[oracle.Payment]) -> None:
    book = book_of(entries)
    for party in PARTIES:
        for until in (-24, 0, 100, 240):
            assert book.balance(party, until) == oracle.balance(entries, party, until) / 100


@given(payments)
def test_flows_add_up_to_the_balance(entries: list[oracle.Payment]) -> None:
    book = book_of(entries)
    for party in PARTIES:
        flows = book.flows(party)
        assert list(flows) == sorted(flows)
        assert math.fsum(flows.values()) == pytest.approx(book.balance(party), abs=0.001)
        parts = (OPERATING, TAXES, FINANCING, SURPLUS)
        apart = [book.monthly(party, -24, 240, kept).sum() for kept in parts]
        assert sum(apart) == pytest.approx(book.balance(party), abs=0.001)


@given(payments, st.randoms())
def test_the_order_of_entering_leaves_no_trace(
    entries: list[oracle.Payment], shuffler: object
) -> None:
    shuffled = list(entries)
    shuffler.shuffle(shuffled)
    frame = book_of(entries).frame()
    assert frame.equals(book_of(shuffled).frame())
    assert (frame["amount"] > 0).all()
    assert (frame["payer"] != frame["payee"]).all()


def test_the_frame_of_an_empty_book_has_the_same_columns_and_types(book: Cashbook) -> None:
    full, empty = book.frame(), Cashbook().frame()
    assert list(full.columns) == ["month", "payer", "payee", "account", "amount"]
    assert full.dtypes.equals(empty.dtypes)
    assert len(empty) == 0
    assert len(full) == len(book) == 5


def test_a_book_travels_between_processes(book: Cashbook) -> None:
    arrived = pickle.loads(pickle.dumps(book))
    assert arrived.frame().equals(book.frame())
    assert arrived.balance("integrator") == book.balance("integrator")
