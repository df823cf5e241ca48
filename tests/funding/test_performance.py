"""Promises of what funders made: agreed rates come out, losses are counted, none is a state."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.funding.carried import carry
from sim.funding.performance import (
    expected_shortfall,
    funders,
    of_funders,
    of_project,
    performance,
)
from sim.funding.plan import UNTAXED
from sim.funding.returns import irr
from tests.funding.companies import BOND, EACH, EQUITY, LOAN, STAKE, alike, operations, plan_of


@pytest.mark.parametrize("repayment", ["linear", "annuity", "bullet"])
@pytest.mark.parametrize("grace_interest", ["paid", "capitalised"])
def test_a_loan_that_is_fully_serviced_returns_its_effective_rate_with_the_fee(
    repayment: str, grace_interest: str
) -> None:
    loan = {
        **LOAN, "first_month": 1, "fee": 0.0, "repayment": repayment,
        "grace_interest": grace_interest,
    }  # fmt: skip
    business = alike(cost=120_000, earned=400_000, years=8)
    (lender,) = of_funders(carry(plan_of(loan), UNTAXED, business), rate=0.03)
    assert lender.irr["mean"] == pytest.approx(1.005**12 - 1, abs=1e-5)
    (dearer,) = of_funders(carry(plan_of({**loan, "fee": 0.02}), UNTAXED, business), rate=0.03)
    assert dearer.irr["mean"] > lender.irr["mean"] + 0.002
    assert lender.loss_probability == 0
    assert lender.present_value["mean"] > 0


def test_a_stake_without_a_part_of_the_result_returns_its_interest() -> None:
    stake = {**STAKE, "profit_share": 0.0}
    business = alike(cost=12_000, earned=50_000, years=8)
    (partner,) = of_funders(carry(plan_of(stake), UNTAXED, business), rate=0.0)
    assert partner.irr["mean"] == pytest.approx((1 + 0.025 / 12) ** 12 - 1, abs=1e-6)
    assert partner.payback["mean"] == 100


def test_a_later_settlement_lowers_the_equity_rate() -> None:
    equity = {
        **EQUITY, "exit_month": None, "preferred_return": 0.0,
        "tranches": [{"month": 1, "amount": 400_000}],
    }  # fmt: skip
    rates = []
    for lag in (2, 14, 26):
        business = alike(cost=60_000, earned=300_000, years=8, lag=lag)
        carried = carry(plan_of(equity, payout=1.0), UNTAXED, business)
        assert carried.event("arrears", 0) is None
        rates.append(of_funders(carried, 0.03)[0].irr["mean"])
    assert rates[0] > rates[1] > rates[2] > 0


def test_a_protected_bond_that_achieves_nothing_loses_what_is_not_protected() -> None:
    carried = carry(plan_of(BOND), UNTAXED, alike(cost=1_000, earned=0, years=8))
    (holders,) = of_funders(carried, rate=0.0)
    assert holders.gain["mean"] == -75_000
    assert holders.multiple["mean"] == 0.5
    assert holders.loss_probability == 1
    assert holders.expected_shortfall == pytest.approx(75_000)


def test_money_that_is_lost_is_a_state_and_a_loss() -> None:
    loan = {**LOAN, "first_month": 1}
    (lender,) = of_funders(carry(plan_of(loan), UNTAXED, alike(600_000, 0, years=4)), 0.03)
    assert lender.irr["none"] == lender.irr["n"] == 1
    assert set(lender.states) <= {"total_loss", "no_root"}
    assert lender.payback["none"] == 1
    assert lender.loss_probability == 1


def test_every_funder_is_told_once_and_in_the_order_of_the_plan() -> None:
    business = operations(seeds=4)
    carried = carry(plan_of(*EACH), UNTAXED, replace(business, cost=business.cost * 2))
    found = of_funders(carried, 0.03)
    assert [one.party for one in found] == funders(carried) == [
        "lender:bank", "grantor:state", "insurers", "partner:county", "shareholder:investor",
        "investor:holders",
    ]  # fmt: skip
    for one in found:
        assert sum(one.states.values()) == 4
        assert one.irr["n"] == 4
        assert one.paid_in["mean"] > 0
        assert one.gain["mean"] == pytest.approx(
            carried.streams.net(one.party).sum() / 400 - of_care(carried, one.party), abs=0.01
        )


def of_care(carried: object, party: str) -> float:
    """What insurers pay for the contract itself, EUR, mean of four seeds."""
    streams = carried.streams
    if party != "insurers":
        return 0.0
    accounts = frozenset({"shared_savings", "management_fee"})
    return float(streams.net(party, accounts).sum()) / 400


def test_the_project_is_judged_before_anybody_finances_it() -> None:
    business = operations(seeds=12, level=400_000, spread=150_000)
    poor = of_project(carry(plan_of(), UNTAXED, business), 0.03)
    rich = of_project(carry(plan_of(LOAN), UNTAXED, business), 0.03)
    assert poor.performance == rich.performance
    for figure in ("break_even", "cash_break_even", "peak_funding", "peak_month"):
        assert getattr(poor, figure) == getattr(rich, figure)
    assert poor.survival < rich.survival
    assert poor.cover_minimum["none"] == 12
    assert rich.cover_minimum["none"] < 12
    assert rich.cover_minimum["mean"] <= rich.cover_average["mean"]
    assert poor.events["arrears"] == 12


def test_break_even_recognises_settlements_in_the_year_earned_and_cash_when_paid() -> None:
    steady = alike(cost=120_000, earned=240_000, years=8, lag=14)
    project = of_project(carry(plan_of(), UNTAXED, steady), 0.03)
    assert project.break_even["mean"] == 12
    assert project.cash_break_even["mean"] == 26
    assert project.peak_funding["mean"] == 250_000  # 25 months without a settlement
    assert project.peak_month["mean"] == 25
    assert project.performance.payback["mean"] == 50  # at 38 too, but not for good


def test_what_lies_beyond_the_horizon_is_counted_and_ranks_last() -> None:
    nothing = of_project(carry(plan_of(), UNTAXED, alike(120_000, 0)), 0.03)
    assert nothing.break_even["none"] == nothing.performance.payback["none"] == 1
    assert nothing.break_even["p50"] is None
    assert nothing.performance.states == {"total_loss": 1}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_the_expected_shortfall_is_at_least_as_bad_as_the_mean(values: list[float]) -> None:
    found = expected_shortfall(values)
    assert found >= -math.fsum(values) / len(values) - 1e-6
    assert -max(values) - 1e-6 <= found <= -min(values) + 1e-6


@given(st.lists(st.dictionaries(st.integers(0, 60), st.floats(-1e5, 1e5), max_size=12), min_size=1))
def test_no_figure_is_ever_nan(flows: list[dict[int, float]]) -> None:
    found = performance("anybody", flows, 0.05)
    for figure in (found.irr, found.present_value, found.gain, found.multiple, found.payback):
        for name in ("mean", "sd", "p10", "p50", "p90"):
            assert figure[name] is None or math.isfinite(figure[name])
    assert found.irr["none"] == sum(irr(flow).rate is None for flow in flows)
    assert 0 <= found.loss_probability <= 1
    assert np.isfinite(found.expected_shortfall)
