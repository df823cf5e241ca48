"""Promises of sizing: enough is enough, a little less is not, and never is said."""

import numpy as np
import pytest

from sim.funding.carried import carry
from sim.funding.plan import UNTAXED
from sim.funding.sizing import needed, size
from sim.quantity import Refusal
from tests.funding.companies import ADVANCE, GRANT, LOAN, alike, operations, plan_of

LONG = {**LOAN, "first_month": -5, "grace": 60, "term": 90, "fee": 0.0, "interest": 0.0}


def test_a_certain_need_is_met_to_a_thousandth() -> None:
    found = size(plan_of(LONG), UNTAXED, alike(cost=120_000, earned=240_000), 1.0)
    assert found.state == "found"
    # 250,000 are needed in 25 months; 20,000 of them are the two months that may be overdue
    assert found.commitment == pytest.approx(230_000, rel=0.002)
    assert found.over == 0
    assert found.under == pytest.approx(20_000, rel=0.05)


@pytest.mark.parametrize("probability", [0.3, 0.6, 0.9])
def test_the_found_size_is_enough_and_a_little_less_is_not(probability: float) -> None:
    business, plan = operations(seeds=40, level=500_000, spread=150_000, luck=2), plan_of(LONG)
    found = size(plan, UNTAXED, business, probability)
    assert found.state == "found"
    assert found.survival >= probability
    assert carry(plan.scaled(found.factor), UNTAXED, business).survives.mean() == found.survival
    less = carry(plan.scaled(found.factor * 0.995), UNTAXED, business).survives.mean()
    assert less < probability
    assert (np.minimum(found.over, found.under) == 0).all()


def test_more_certainty_costs_more() -> None:
    business, plan = operations(seeds=40, level=500_000, spread=150_000, luck=2), plan_of(LONG)
    sizes = [size(plan, UNTAXED, business, p).commitment for p in (0.3, 0.6, 0.9)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_a_company_that_never_earns_survives_at_no_size_of_a_loan() -> None:
    found = size(plan_of(LONG), UNTAXED, alike(cost=120_000, earned=0), 0.9)
    assert found.state == "none"
    assert found.survival == 0


def test_a_grant_large_enough_carries_even_a_company_that_never_earns() -> None:
    grant = {**GRANT, "clawback": 0.0, "milestones": [{"month": 1, "amount": 100_000}]}
    found = size(plan_of(grant), UNTAXED, alike(cost=60_000, earned=0, years=4), 1.0)
    assert found.commitment == pytest.approx(240_000, rel=0.002)


def test_what_is_needed_does_not_depend_on_the_plan() -> None:
    business = operations(seeds=5)
    found = [needed(carry(plan, UNTAXED, business)) for plan in (plan_of(), plan_of(ADVANCE))]
    np.testing.assert_array_equal(found[0], found[1])


def test_what_cannot_be_sized_is_refused() -> None:
    business = alike(cost=120_000, earned=0)
    with pytest.raises(Refusal, match=r"funding.survival is 1.2"):
        size(plan_of(LONG), UNTAXED, business, 1.2)
    with pytest.raises(Refusal, match="the plan has none"):
        size(plan_of(), UNTAXED, business, 0.9)
