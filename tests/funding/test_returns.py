"""Promises of the returns: each figure as defined, none as a named state, never NaN."""

import math
from datetime import date

import pytest
import pyxirr
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sim.funding.returns import (
    InternalRate,
    PeakFunding,
    break_even,
    cash_break_even,
    cumulative,
    discounted_payback,
    irr,
    moic,
    operating_result,
    payback,
    peak_funding,
    present_value,
)
from tests.oracle import funding as oracle

whole_cents = st.lists(st.integers(-500, 500), max_size=60)


def euros(cents: list[int], first: int = 1) -> dict[int, float]:
    """Return EUR by month, beginning with month `first`."""
    return {month: amount / 100 for month, amount in enumerate(cents, start=first)}


def test_a_result_that_is_always_positive_breaks_even_in_month_12() -> None:
    assert break_even(dict.fromkeys(range(1, 145), 1.0), last_month=144) == 12


def test_break_even_is_the_first_month_whose_trailing_year_no_longer_loses() -> None:
    result = dict.fromkeys(range(1, 25), -1.0) | dict.fromkeys(range(25, 121), 3.0)
    # month 27: nine months at -1 and three at +3
    assert break_even(result, last_month=120) == 27


def test_a_relapse_before_the_end_of_the_contract_moves_the_break_even_behind_it() -> None:
    result = dict.fromkeys(range(1, 121), 1.0) | {60: -50.0}
    assert break_even(result, last_month=120) == 72
    assert break_even(result | {110: -50.0}, last_month=120) is None


def test_a_break_even_holds_at_least_24_months_to_the_end_of_the_contract() -> None:
    result = dict.fromkeys(range(1, 35), -1.0) | {35: 11.0} | dict.fromkeys(range(36, 70), 1.0)
    assert break_even(result, last_month=58) == 35
    assert break_even(result, last_month=57) is None


def test_a_contract_of_less_than_35_months_has_no_break_even() -> None:
    always = dict.fromkeys(range(1, 40), 1.0)
    assert break_even(always, last_month=35) == 12
    assert break_even(always, last_month=34) is None
    assert break_even(always, last_month=6) is None


def test_preparation_and_run_off_do_not_count_for_the_break_even() -> None:
    result = dict.fromkeys(range(1, 61), 1.0)
    assert break_even(result | {-3: -900.0, 0: -900.0, 61: -900.0}, last_month=60) == 12


def test_a_trailing_year_of_exactly_zero_does_not_lose() -> None:
    thirds = dict.fromkeys(range(1, 61), 0.1) | dict.fromkeys(range(12, 61, 12), -1.1)
    assert break_even(thirds, last_month=60) == 12


def test_the_break_even_of_cash_comes_later_by_the_settlement_lag() -> None:
    years = range(1, 11)
    cost = dict.fromkeys(range(1, 121), -10.0)
    earned = {year: 60.0 if year < 4 else 240.0 for year in years}
    paid = {12 * year + 18: amount for year, amount in earned.items()}
    cash = {month: cost.get(month, 0) + paid.get(month, 0) for month in range(1, 139)}
    # earned: -5 a month to month 36, then +10; four of these make up for eight of those
    assert break_even(operating_result(cost, earned), last_month=120) == 40
    assert cash_break_even(cash, last_month=120) == 66


def test_the_operating_result_recognises_a_settlement_in_the_year_earned() -> None:
    result = operating_result({0: -5.0, 1: -10.0, 30: 2.0}, earned={2: 24.0})
    assert result[0] == -5
    assert result[1] == -10
    assert [result[month] for month in (13, 24)] == [2, 2]
    assert result[30] == 2
    assert list(result) == sorted(result)
    assert math.fsum(result.values()) == -13 + 24


def test_peak_funding_is_the_deepest_point_of_the_cash_before_financing() -> None:
    cash = {-2: -100.0, 1: -50.0, 2: 30.0, 3: -20.0, 9: -15.0, 20: 200.0}
    assert peak_funding(cash) == PeakFunding(155.0, 9)
    assert payback(cash) == 20


def test_the_first_of_two_equally_deep_months_is_the_peak() -> None:
    assert peak_funding({1: -5.0, 2: 5.0, 3: -5.0}) == PeakFunding(5.0, 1)


def test_a_payback_that_does_not_last_is_none() -> None:
    assert payback({1: -5.0, 2: 6.0, 3: -2.0}) is None
    assert payback({1: -5.0, 2: 6.0, 3: -2.0, 4: 1.0}) == 4
    assert payback({1: -5.0}) is None


def test_who_needs_no_money_is_paid_back_from_the_first_month() -> None:
    assert peak_funding({1: 5.0, 2: -5.0}) == PeakFunding(0.0, None)
    assert payback({1: 5.0, 2: -5.0}) == 1


def test_without_any_cash_there_is_nothing_to_pay_back() -> None:
    assert cumulative({}) == {}
    assert peak_funding({}) == PeakFunding(0.0, None)
    assert payback({}) is None
    assert moic({}) is None
    assert irr({}).state == "no_sign_change"


def test_break_even_is_not_payback() -> None:
    cash = {1: -1000.0} | dict.fromkeys(range(2, 121), 10.0)
    assert break_even(cash, last_month=120) == 13
    assert payback(cash) == 101


def test_the_cumulative_curve_is_exact_to_the_cent() -> None:
    assert cumulative({1: 0.1, 2: 0.2, 4: -0.3}) == {1: 0.1, 2: 0.3, 3: 0.3, 4: 0.0}


def test_the_multiple_is_money_back_per_euro_put_in() -> None:
    assert moic({0: -100.0, 1: -100.0, 24: 300.0}) == 1.5
    assert moic({0: -100.0}) == 0
    assert moic({0: 100.0}) is None


def test_ten_per_cent_after_a_year_is_ten_per_cent() -> None:
    assert irr({0: -100.0, 12: 110.0}) == (pytest.approx(0.1, abs=1e-12), "found")
    assert irr({-5: -100.0, 31: 133.1}).rate == pytest.approx(0.1, abs=1e-12)
    assert irr({0: -100.0, 12: 50.0}).rate == pytest.approx(-0.5, abs=1e-12)
    assert irr({0: -100.0, 12: 100.0}).rate == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("flows", "state"),
    [
        ({}, "no_sign_change"),
        ({1: 0.0}, "no_sign_change"),
        ({1: 100.0, 5: 20.0}, "no_sign_change"),
        ({1: -100.0, 5: -20.0}, "total_loss"),
        ({1: -100.0, 13: 0.01}, "total_loss"),
        ({0: -100.0, 1: 230.0, 2: -132.0}, "several_roots"),
        ({0: -1.0, 1: 5.0, 2: -6.0}, "several_roots"),
        ({0: -1000.0, 1: 6000.0, 2: -11000.0, 3: 6000.0}, "several_roots"),
        ({0: -100.0, 1: 100.0, 2: -100.0}, "no_root"),
        ({0: -1.0, 1: 1000.0}, "no_root"),
        ({0: 100.0, 12: -110.0}, "borrowed"),
        ({0: 100.0, 1: 10.0, 2: -1.0, 3: 1.0, 4: -200.0}, "borrowed"),
    ],
)
def test_no_rate_is_a_named_state(flows: dict[int, float], state: str) -> None:
    assert irr(flows) == InternalRate(None, state)


def test_closing_costs_after_the_last_income_do_not_hide_the_rate() -> None:
    project = {0: -100.0, 36: 200.0}
    with_costs = irr(project | {38: -20.0})
    assert with_costs.state == "found"
    assert 0 < with_costs.rate < irr(project).rate


def test_small_losses_between_the_settlements_do_not_hide_the_rate() -> None:
    project = dict.fromkeys(range(-11, 121), -1.0) | dict.fromkeys(range(30, 139, 12), 25.0)
    found = irr(project)
    assert found.state == "found"
    monthly = (1 + found.rate) ** (1 / 12) - 1
    flows = [project.get(month, 0.0) for month in range(-11, 139)]
    assert pyxirr.npv(monthly, flows) == pytest.approx(0, abs=1e-7)
    assert pyxirr.irr(flows) == pytest.approx(monthly, abs=1e-9)


@given(
    st.lists(st.floats(1, 1e6), min_size=1, max_size=30),
    st.lists(st.floats(1, 1e6), min_size=1, max_size=120),
    st.integers(-24, 24),
)
@example([1e6] * 30, [1.0], 0)
def test_the_rate_equals_the_second_writing_and_a_thousandth_left_a_year_is_a_total_loss(
    paid: list[float], received: list[float], first: int
) -> None:
    flows = [-amount for amount in paid] + received
    found = irr(dict(enumerate(flows, start=first)))
    expected = (1 + oracle.monthly_rate(flows)) ** 12 - 1
    assume(expected < 9.99**12)
    if expected < -0.999:
        assert found == InternalRate(None, "total_loss")
        return
    assert found.rate == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(
    st.lists(st.floats(1, 1000), min_size=1, max_size=24),
    st.lists(st.floats(1, 1000), min_size=1, max_size=10),
    st.integers(0, 24),
    st.integers(1, 24),
)
def test_a_later_settlement_lowers_the_rate(
    paid: list[float], settlements: list[float], lag: int, delay: int
) -> None:
    assume(sum(settlements) > sum(paid))

    def rate(after: int) -> float:
        back = {24 + after + 12 * year: amount for year, amount in enumerate(settlements)}
        return irr({month: -amount for month, amount in enumerate(paid)} | back).rate

    assert rate(lag + delay) < rate(lag)


@given(whole_cents, st.floats(0.001, 1000))
def test_the_currency_does_not_matter_to_the_rate(cents: list[int], factor: float) -> None:
    flows = euros(cents)
    scaled = irr({month: amount * factor for month, amount in flows.items()})
    found = irr(flows)
    assert scaled.state == found.state
    if found.rate is not None:
        assert scaled.rate == pytest.approx(found.rate, rel=1e-6, abs=1e-9)


@given(whole_cents)
def test_a_rate_is_a_finite_number_or_none_with_a_reason(cents: list[int]) -> None:
    rate, state = irr(euros(cents))
    assert (rate is not None) == (state == "found")
    assert rate is None or math.isfinite(rate)


@given(st.lists(st.integers(-500, 500), max_size=90))
def test_the_break_even_equals_the_second_writing(cents: list[int]) -> None:
    assert break_even(euros(cents), last_month=len(cents)) == oracle.break_even(cents)


@given(whole_cents, st.integers(-24, 1))
def test_peak_and_payback_equal_the_second_writing(cents: list[int], first: int) -> None:
    amount, place = oracle.peak_funding(cents)
    assert peak_funding(euros(cents, first)) == (
        amount / 100,
        None if place is None else place + first,
    )
    back = oracle.payback(cents)
    assert payback(euros(cents, first)) == (None if back is None else back + first)


def dates(flows: dict[int, float]) -> list[date]:
    """Return the first day of each month of some flows, month 0 being December 2005."""
    return [date(2005 + (month + 11) // 12, (month + 11) % 12 + 1, 1) for month in flows]


@given(
    st.dictionaries(st.integers(-12, 240), st.floats(-1e6, 1e6), min_size=1, max_size=20),
    st.floats(0, 0.3),
)
def test_the_present_value_equals_a_librarys_on_dates_but_for_the_length_of_months(
    flows: dict[int, float], rate: float
) -> None:
    flows = {0: 0.0} | flows
    ordered = dict(sorted(flows.items()))
    base = min(ordered)
    expected = pyxirr.xnpv(rate, dates(ordered), list(ordered.values()))
    most = sum(map(abs, flows.values()))
    # a date is up to five days from where twelfths of a year would have it
    assert present_value(flows, rate, at=base) == pytest.approx(expected, abs=0.01 * most + 0.01)


@given(
    st.lists(st.floats(100, 1e6), min_size=1, max_size=12),
    st.lists(st.floats(100, 1e6), min_size=1, max_size=20),
)
def test_the_rate_equals_a_librarys_on_dates_but_for_the_length_of_months(
    paid: list[float], received: list[float]
) -> None:
    flows = {month: -amount for month, amount in enumerate(paid)}
    flows |= {24 + 12 * year: amount for year, amount in enumerate(received)}
    found = irr(flows)
    assume(found.rate is not None and -0.5 < found.rate < 3)
    expected = pyxirr.xirr(dates(flows), list(flows.values()))
    assert found.rate == pytest.approx(expected, abs=0.02)


def test_at_its_own_rate_money_is_worth_nothing() -> None:
    flows = {0: -100.0, 7: -50.0, 30: 90.0, 66: 120.0}
    assert present_value(flows, irr(flows).rate) == pytest.approx(0, abs=1e-4)
    assert present_value(flows, 0.0) == pytest.approx(60)


@given(whole_cents, st.floats(0, 0.5))
def test_a_discounted_payback_comes_no_sooner_after_a_single_outlay(
    cents: list[int], rate: float
) -> None:
    flows = {0: -100.0} | euros([abs(amount) for amount in cents])
    simple, later = payback(flows), discounted_payback(flows, rate)
    assert later is None or (simple is not None and simple <= later)
