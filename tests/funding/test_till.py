"""Promises of the till: the book of a run says the same as the waterfall of many seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.funding.carried import carry, last_month
from sim.funding.cashbook import Cashbook
from sim.funding.plan import UNTAXED
from sim.funding.till import Till, split
from sim.funding.waterfall import COMPANY
from tests.funding.companies import EACH, operations, plan_of
from tests.funding.test_waterfall import GERMANY

SHARES = {"insurer:aok": 0.7, "insurer:lkk": 0.3}


@pytest.mark.parametrize("after_insolvency", ["continues", "wound_up"])
@pytest.mark.parametrize("level", [100_000.0, 400_000.0])
def test_month_by_month_in_a_run_is_the_same_as_many_seeds_at_once(
    level: float, after_insolvency: str
) -> None:
    business = operations(seeds=3, level=level)
    plan = plan_of(*EACH, after_insolvency=after_insolvency)
    carried = carry(plan, GERMANY, business)
    last = last_month(plan, business.contract_months, business.paid_month)
    book = Cashbook()
    till = Till(plan, GERMANY, book, business.first_month, last)
    for month in range(business.first_month, last + 1):
        row, settled, bonus = month - business.first_month, {}, {}
        if row < len(business.cost) and till.works(month):
            book.pay(month, COMPANY, "staff", "overhead", business.cost[row, 1])
            book.pay(month, "insurer:aok", COMPANY, "management_fee", business.fees[row, 1])
        for year in np.flatnonzero(business.paid_month == month).tolist():
            settled[year + 1] = business.earned[year, 1]
            bonus[year + 1] = business.bonus[year, 1]
        outcomes = {
            "savings": dict(enumerate(business.outcomes["savings"][:, 1].tolist(), start=1))
        }
        insured = business.insured[min(row, len(business.insured) - 1), 1]
        till.month(month, settled, bonus, insured, outcomes, SHARES)
    # the business is booked by the run itself; funding and tax are the till's
    for party in carried.streams.parties():
        if party not in (COMPANY, "insurers", "suppliers"):
            found = {month: flow for month, flow in book.flows(party).items() if flow}
            assert found == carried.streams.flows(party, 1), party
    assert till.unpaid == carried.unpaid[-1, 1] / 100
    events = {(event, month) for month, event, _ in till.events if event != "breach"}
    assert events == {
        (name, carried.event(name, 1))
        for name in carried.solvency.events
        if name != "breach" and carried.event(name, 1) is not None
    }


def test_insurers_pay_an_advance_by_their_shares() -> None:
    plan = plan_of(EACH[2])
    book = Cashbook()
    till = Till(plan, GERMANY, book, 1, 84)
    till.month(1, {}, {}, 1_000, {}, SHARES)
    assert book.total(payer="insurer:aok", account="advance") == pytest.approx(0.7 * 120_500)
    assert book.total(account="advance") == 120_500
    assert till.owed("insurers") == 120_500


def test_the_physicians_have_what_is_paid_and_wait_for_the_rest() -> None:
    book = Cashbook()
    till = Till(plan_of(), UNTAXED, book, 1, 24)
    book.pay(1, COMPANY, "staff", "overhead", 900.0)
    book.pay(1, "insurer:aok", COMPANY, "shared_savings", 1_000.0)
    till.month(1, {0: 1_000.0}, {0: 200.0}, 0, {}, SHARES)
    assert till.bonus_paid == 100
    book.pay(2, "insurer:aok", COMPANY, "management_fee", 150.0)
    till.month(2, {}, {}, 0, {}, SHARES)
    assert till.bonus_paid == 100
    assert book.balance("physicians") == 200


@given(st.integers(0, 10**9), st.lists(st.floats(0.01, 1), min_size=1, max_size=6))
def test_parts_add_up_to_the_whole_to_the_cent(cents: int, weights: list[float]) -> None:
    shares = {f"insurer:{n}": weight / sum(weights) for n, weight in enumerate(weights)}
    parts = split("insurers", cents / 100, shares)
    assert round(sum(amount for _, amount in parts) * 100) == cents
    assert all(amount >= 0 for _, amount in parts)
    assert split("lender:bank", 5.0, shares) == [("lender:bank", 5.0)]
