"""Promises of the waterfall: in the order agreed, never a plug, and each seed as though alone."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.funding.carried import Carried, Operations, carry
from sim.funding.cashbook import OPERATING
from sim.funding.plan import UNTAXED, Law
from sim.funding.waterfall import COMPANY
from tests.funding.companies import (
    ADVANCE,
    BOND,
    EACH,
    EQUITY,
    GRANT,
    LOAN,
    STAKE,
    alike,
    operations,
    plan_of,
)
from tests.oracle import waterfall as oracle

GERMANY = Law(
    country="germany", profit_tax=0.3, tax_lag=5, vat=0.19, vat_share=0.3,
    default_after=3, insolvent_after=3,
)  # fmt: skip
COVENANTS = {"debt_service_cover": 1.2, "minimum_cash": 20_000.0, "first_month": 24}


def second_writing(
    instruments: tuple[dict[str, Any], ...], law: Law, business: Operations, seed: int,
    last: int, first: int, **rules: Any,
) -> oracle.Company:  # fmt: skip
    """Let the oracle carry one seed of a business."""
    company = oracle.Company({"instruments": instruments, **rules}, law.model_dump(), last)
    for month in range(first, last + 1):
        row = month - business.first_month
        works = 0 <= row < len(business.cost)
        found: dict[str, dict[int, float]] = {}
        for one in instruments:
            if one["kind"] == "outcome_bond":
                years = business.outcomes[one["outcome"]]
                for year in range(1, len(years) + 1):
                    if 12 * year + one["lag"] == month:
                        found.setdefault(one["outcome"], {})[year] = years[year - 1, seed]
        company.month(
            month,
            round(business.cost[row, seed] * 100) if works else 0,
            round(business.fees[row, seed] * 100) if works else 0,
            {
                year + 1: round(business.earned[year, seed] * 100)
                for year, paid in enumerate(business.paid_month)
                if paid == month
            },
            {
                year + 1: round(business.bonus[year, seed] * 100)
                for year, paid in enumerate(business.paid_month)
                if paid == month
            },
            business.insured[row, seed] if works else 0.0,
            found,
        )
    return company


def paid_by(carried: Carried, seed: int) -> oracle.Paid:
    """All payments of one seed in whole cents."""
    return {
        (carried.streams.first + int(row), *key): int(cents[row, seed])
        for key, cents in carried.streams.paid.items()
        for row in np.flatnonzero(cents[:, seed])
    }


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[dict[str, Any], ...], dict[str, Any], Law, Operations]:
    """Return some instruments of any kind, rules, a law and a business."""
    loan = st.fixed_dictionaries(
        {
            "kind": st.just("loan"), "amount": st.integers(50_000, 900_000),
            "interest": st.sampled_from([0.0, 0.03, 0.07]), "grace": st.integers(0, 40),
            "fee": st.sampled_from([0.0, 0.013]), "first_month": st.integers(-5, 20),
            "commitment_fee": st.sampled_from([0.0, 0.005]),
            "rank": st.sampled_from(["senior", "subordinated"]),
            "repayment": st.sampled_from(["linear", "annuity", "bullet"]),
            "grace_interest": st.sampled_from(["paid", "capitalised"]),
            "covenants": st.sampled_from([None, COVENANTS]),
        }
    ).map(lambda terms: {**terms, "term": terms["grace"] + 30})  # fmt: skip
    chosen = [
        *(
            {**one, "funder": f"bank_{number}"}
            for number, one in enumerate(draw(st.lists(loan, max_size=3)))
        ),
        *draw(st.lists(st.sampled_from([GRANT, ADVANCE, STAKE, EQUITY, BOND]), unique_by=id)),
    ]
    rules = {
        "reserve": draw(st.sampled_from([0, 30_000])),
        "reinvestment": draw(st.sampled_from([0.0, 0.25])),
        "payout": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "after_insolvency": draw(st.sampled_from(["continues", "wound_up"])),
    }
    business = operations(
        seeds=3,
        years=draw(st.integers(3, 8)),
        lag=draw(st.sampled_from([2, 14, 20])),
        luck=draw(st.integers(0, 10_000)),
        level=draw(st.sampled_from([0.0, 150_000.0, 300_000.0, 600_000.0])),
    )
    law = draw(st.sampled_from([UNTAXED, GERMANY]))
    return tuple(draw(st.permutations(chosen))), rules, law, business


@settings(max_examples=60, deadline=None)
@given(cases())
def test_every_payment_and_event_equals_the_second_writing_to_the_cent(
    case: tuple[tuple[dict[str, Any], ...], dict[str, Any], Law, Operations],
) -> None:
    instruments, rules, law, business = case
    carried = carry(plan_of(*instruments, **rules), law, business)
    first, last = carried.streams.first, carried.streams.last
    for seed in range(business.seeds):
        company = second_writing(instruments, law, business, seed, last, first, **rules)
        assert paid_by(carried, seed) == dict(company.paid)
        assert {
            name: carried.event(name, seed)
            for name in carried.solvency.events
            if carried.event(name, seed) is not None
        } == company.events
        assert carried.cash[-1, seed] == company.cash


@settings(max_examples=20, deadline=None)
@given(cases())
def test_sources_equal_uses_and_cash_is_never_below_zero(
    case: tuple[tuple[dict[str, Any], ...], dict[str, Any], Law, Operations],
) -> None:
    instruments, rules, law, business = case
    carried = carry(plan_of(*instruments, **rules), law, business)
    received = carried.streams.total(payee=COMPANY)
    paid = carried.streams.total(payer=COMPANY)
    np.testing.assert_array_equal(np.cumsum(received - paid, axis=0), carried.cash)
    assert (carried.cash >= 0).all()
    everybody = sum(carried.streams.net(party) for party in carried.streams.parties())
    assert not np.any(everybody)
    for cents in carried.streams.paid.values():
        assert (cents >= 0).all()
        np.testing.assert_array_equal(cents, np.rint(cents))


@settings(max_examples=15, deadline=None)
@given(cases())
def test_one_seed_in_the_batch_equals_the_same_seed_alone(
    case: tuple[tuple[dict[str, Any], ...], dict[str, Any], Law, Operations],
) -> None:
    instruments, rules, law, business = case
    together = carry(plan_of(*instruments, **rules), law, business)
    alone = carry(plan_of(*instruments, **rules), law, business.of(slice(1, 2)))
    assert paid_by(together, 1) == paid_by(alone, 0)
    np.testing.assert_array_equal(together.cash[:, 1:2], alone.cash)
    for name in together.solvency.events:
        assert together.event(name, 1) == alone.event(name, 0)


def test_the_business_does_not_depend_on_how_it_is_funded() -> None:
    business = operations(level=300_000)
    plans = [plan_of(), plan_of(*EACH), plan_of(LOAN), plan_of(EQUITY, STAKE)]
    flows = [carry(plan, UNTAXED, business).streams.net(COMPANY, OPERATING) for plan in plans]
    longest = max(len(flow) for flow in flows)
    padded = [np.pad(flow, ((0, longest - len(flow)), (0, 0))) for flow in flows]
    for flow in padded[1:]:
        np.testing.assert_array_equal(flow, padded[0])


def test_without_funding_suppliers_wait_and_are_paid_from_the_settlement() -> None:
    carried = carry(plan_of(), UNTAXED, alike(cost=12_000, earned=40_000, years=3))
    assert carried.unpaid[:25, 0].tolist() == [100_000 * month for month in range(1, 26)]
    assert carried.unpaid[25, 0] == 0  # month 26: 26,000 are due, 40,000 arrive
    assert carried.cash[25, 0] == 1_400_000
    assert carried.event("arrears", 0) == 1
    assert carried.event("insolvency", 0) == 3
    assert carried.event("recovery", 0) == 26


def test_a_company_that_is_wound_up_earns_only_for_years_that_it_lived() -> None:
    business = alike(cost=12_000, earned=40_000, years=3)
    loan = {**LOAN, "amount": 20_000, "first_month": 1, "fee": 0.0, "interest": 0.0}
    carried = carry(plan_of(loan, after_insolvency="wound_up"), UNTAXED, business)
    assert carried.event("insolvency", 0) == 23  # paid up to month 20, late for three months
    cost = carried.streams.total(account="overhead")[:, 0]
    assert np.flatnonzero(cost)[-1] == 22
    earned = carried.streams.total(account="shared_savings")[:, 0]
    assert {row + 1: cents for row, cents in enumerate(earned) if cents} == {26: 4_000_000}
    assert carried.streams.total(payee="lender:bank")[:, 0].sum() == 2_000_000
    assert carried.event("recovery", 0) == 26


def test_debts_are_paid_by_rank() -> None:
    terms = {"first_month": 1, "amount": 100_000, "interest": 0.0, "fee": 0.0}
    junior = {**LOAN, **terms, "funder": "junior", "rank": "subordinated", "grace": 6, "term": 12}
    senior = {**LOAN, **terms, "funder": "senior", "grace": 6, "term": 12}
    business = alike(cost=600_000, earned=530_000, years=1, lag=1)
    streams = carry(plan_of(junior, senior, {**STAKE, "interest": 0.0}), UNTAXED, business).streams
    # 350,000 were drawn and 600,000 spent; of the settlement the suppliers have theirs first
    assert streams.total(payee="suppliers", account="credit_repaid")[12, 0] == 25_000_000
    assert streams.total(payee="lender:senior")[12, 0] == 10_000_000
    assert streams.total(payee="lender:junior")[12, 0] == 10_000_000
    assert streams.total(payee="partner:county")[12, 0] == 0  # not due before month 100
    poor = carry(plan_of(junior, senior), UNTAXED, alike(600_000, 530_000, years=1, lag=1)).streams
    assert poor.total(payee="lender:senior")[12, 0] == 10_000_000
    assert poor.total(payee="lender:junior")[12, 0] == 3_000_000


def test_a_bonus_waits_behind_the_debts() -> None:
    loan = {**LOAN, "amount": 100_000, "first_month": 1, "grace": 1, "term": 13, "fee": 0.0}
    business = alike(cost=60_000, earned=100_000, years=1, lag=1, bonus=np.full((1, 1), 50_000.0))
    carried = carry(plan_of(loan), UNTAXED, business)
    streams = carried.streams
    assert streams.total(account="bonus").sum() == 5_000_000
    waiting = streams.total(payer="physicians", account="credit")[12, 0]
    # 60,000 spent, 10,000 of it with the loan; 10,000 and its interest go before the physicians
    assert 1_000_000 < waiting < 1_100_000


def test_an_advance_is_set_off_before_the_settlement_reaches_the_company() -> None:
    advance = {**ADVANCE, "per_insured": 0.0, "forgiven": 0.5, "final_month": 48}
    business = alike(cost=12_000, earned=50_000, years=3)
    streams = carry(plan_of(advance), UNTAXED, business).streams
    kept = streams.total(account="set_off")[:, 0]
    assert {row + 1: cents for row, cents in enumerate(kept) if cents} == {
        26: 3_000_000,
        38: 3_000_000,
    }
    # 120,000 less 60,000: half of it is forgiven, half asked back
    assert streams.total(account="clawback")[:, 0].sum() == 3_000_000


def test_a_grant_waits_until_enough_is_spent_and_takes_back_what_was_not() -> None:
    grant = {**GRANT, "clawback_month": 30}
    streams = carry(plan_of(grant), UNTAXED, alike(cost=24_000, earned=0, years=3)).streams
    paid = streams.total(account="grant")[:, 0]
    first = streams.first
    assert {first + row: cents for row, cents in enumerate(paid) if cents} == {
        1: 6_000_000,  # dated in month -5, when there was no company yet
        25: 9_000_000,  # 48,000 were spent by the end of month 24
    }
    # 150,000 were paid and 58,000 spent by the end of month 29, the clawback is due before 30
    assert streams.total(account="clawback").sum() == (150_000 - 60_000) * 100


def test_a_stake_has_its_interest_and_its_part_of_good_years() -> None:
    business = alike(cost=12_000, earned=112_000, years=10, lag=2)
    streams = carry(plan_of(STAKE, payout=0.0), UNTAXED, business).streams
    interest = streams.total(account="interest")[:, 0]
    assert interest[:12].tolist() == [0, *[31_250] * 11]  # 150,000 at 2.5 %
    assert streams.total(account="profit_share")[11, 0] == 0  # the first year earns nothing yet
    assert streams.total(account="profit_share")[23, 0] == 600_000  # 6 % of 100,000
    assert streams.total(account="repayment")[99, 0] == 15_000_000


def test_dividends_come_last_and_only_from_what_was_earned() -> None:
    equity = {**EQUITY, "exit_month": None, "tranches": [{"month": 1, "amount": 200_000}]}
    business = alike(cost=12_000, earned=50_000, years=4, lag=2)
    streams = carry(plan_of(equity, payout=1.0), UNTAXED, business).streams
    preferred = streams.total(account="preferred_return")[:, 0]
    assert preferred[11] == 0  # 188,000 in the till, but nothing earned
    assert preferred[23] > 2_000_000  # two years at 5 %
    dividend = streams.total(account="dividend")[23]
    assert dividend + preferred[23] == 2_600_000  # of 50,000 earned less 24,000 spent
    founders = streams.total(payee="founders", account="dividend")[23, 0]
    assert founders == pytest.approx(0.6 * dividend[0], abs=1)
    assert streams.net(COMPANY)[:, 0].sum() == 0  # at the end owners have what is left


def test_a_buyer_pays_a_multiple_of_the_last_year_and_has_the_dividends_from_then_on() -> None:
    equity = {**EQUITY, "exit_month": 36, "tranches": [{"month": 1, "amount": 100_000}]}
    business = alike(cost=12_000, earned=40_000, years=5, lag=2)
    carried = carry(plan_of(equity, payout=0.0), UNTAXED, business)
    price = carried.streams.total(account="exit")[35, 0]
    assert price == np.rint(0.4 * (4 * 2_800_000 + carried.cash[35, 0]))
    assert carried.streams.total(payee="buyer", account="liquidation").sum() > 0
    assert carried.streams.total(payee="shareholder:investor", account="liquidation").sum() == 0


def test_an_outcome_bond_pays_the_tariff_up_to_the_cap_and_protects_a_part() -> None:
    good = carry(plan_of(BOND), UNTAXED, alike(cost=1_000, earned=200_000, years=8)).streams
    assert good.total(payee="investor:holders").sum() == 1.4 * 15_000_000
    bad = carry(plan_of(BOND), UNTAXED, alike(cost=1_000, earned=0, years=8)).streams
    assert bad.total(payee="investor:holders", account="outcome_payment").sum() == 0
    assert bad.total(payer="foundation").sum() == 7_500_000
    assert bad.total(payee="evaluator").sum() == 7 * 500_000  # year 8 is known after the end


def test_a_covenant_that_is_not_kept_locks_the_dividends() -> None:
    loan = {
        **LOAN, "amount": 60_000, "first_month": 1, "fee": 0.0, "grace": 12, "term": 60,
        "covenants": {"debt_service_cover": 50.0, "first_month": 24},
    }  # fmt: skip
    business = alike(cost=12_000, earned=60_000, years=6, lag=2)
    locked = carry(plan_of(loan, payout=1.0), UNTAXED, business)
    assert locked.event("breach", 0) == 24
    free = carry(plan_of({**loan, "covenants": None}, payout=1.0), UNTAXED, business)
    assert free.event("breach", 0) is None
    dividends = [one.streams.total(account="dividend")[23, 0] for one in (locked, free)]
    assert dividends[0] == 0
    assert dividends[1] > 0


def test_profit_is_taxed_after_losses_carried_forward_and_paid_later() -> None:
    law = GERMANY.model_copy(update={"vat": 0.0})
    business = alike(cost=12_000, earned=30_000, years=3, lag=2)
    streams = carry(plan_of(payout=0.0), law, business).streams
    tax = streams.total(account="profit_tax")[:, 0]
    # -12,000; +18,000, of which 12,000 make up for the loss; +18,000; +30,000 in run-off
    assert {row + 1: cents for row, cents in enumerate(tax) if cents} == {
        29: 180_000,
        41: 540_000,
        48: 900_000,  # the book is closed in the December of the last settlement
    }


def test_vat_on_what_is_bought_is_a_cost_that_nobody_gives_back() -> None:
    business = alike(cost=12_000, earned=0, years=1)
    streams = carry(plan_of(), GERMANY, business).streams
    assert streams.total(account="vat")[0, 0] == round(100_000 * 0.19 * 0.3)


def test_a_loan_is_drawn_for_cost_and_its_own_interest_and_not_for_instalments() -> None:
    loan = {**LOAN, "amount": 500_000, "first_month": 1, "grace": 24, "term": 36, "fee": 0.0}
    streams = carry(plan_of(loan), UNTAXED, alike(cost=12_000, earned=0, years=3)).streams
    drawn = streams.total(account="drawdown")[:, 0]
    assert drawn[0] == 100_000
    assert drawn[1] == 100_500  # half a per cent a month
    assert drawn[25] == 0
    assert streams.total(account="interest")[1, 0] == 500


def test_an_arrangement_fee_is_drawn_on_top_of_what_is_needed() -> None:
    loan = {**LOAN, "first_month": 1, "fee": 0.02}
    carried = carry(plan_of(loan), UNTAXED, alike(cost=11_760, earned=0, years=1))
    assert carried.streams.total(account="drawdown")[0, 0] == 100_000
    assert carried.streams.total(account="fee")[0, 0] == 2_000
    assert carried.unpaid[0, 0] == 0


def test_with_no_effect_everybody_together_loses_what_the_company_spends() -> None:
    business = operations(level=0.0, spread=0.0)
    for plan in (plan_of(*EACH), plan_of(LOAN), plan_of()):
        streams = carry(plan, GERMANY, business).streams
        outside = {"suppliers", "tax_office", "evaluator", "providers"}
        lost = sum(
            streams.net(party) for party in streams.parties() if party not in outside
        ).sum(axis=0)  # fmt: skip
        received = sum(streams.net(party) for party in outside & set(streams.parties())).sum(axis=0)
        np.testing.assert_array_equal(lost, -received)
        evaluated = streams.total(account="evaluation").sum(axis=0)
        unpaid = carry(plan, GERMANY, business).unpaid[-1]
        spent = np.rint(business.cost * 100)
        vat = np.rint(spent * (0.19 * 0.3))
        taxed = streams.total(account="profit_tax").sum(axis=0)
        np.testing.assert_array_equal(
            -lost + unpaid, spent.sum(axis=0) + vat.sum(axis=0) + evaluated + taxed
        )


def test_a_later_settlement_never_brings_anybody_money_sooner() -> None:
    early = carry(plan_of(LOAN), UNTAXED, alike(100_000, 300_000, lag=14))
    late = carry(plan_of(LOAN), UNTAXED, alike(100_000, 300_000, lag=26))
    assert late.event("arrears", 0) is None or early.event("arrears", 0) is None
    cash = [np.cumsum(one.streams.net(COMPANY, OPERATING)[:100, 0]) for one in (early, late)]
    assert (cash[1] <= cash[0]).all()
