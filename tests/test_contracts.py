"""Every contract of conf is lived: its terms act in the loop, its euros have two ends."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.contract.agreement import agreement
from sim.contract.termination import last_contract_year
from sim.contract.terms import Terms
from sim.model import Region
from sim.quantity import Refusal
from sim.randomness import decision, exponential
from sim.run import compare, simulate
from sim.scenario import groups
from sim.setting import Setting, setting
from tests.worlds import regions, world

CONTRACTS = groups()["contract"]
FEW = ("population.size=1500", "population.comparison=6000", "horizon.years=2")
ALL_RULES = ["contribution_margin", "growth_rate", "matched_pairs", "blended_historical", "ipep"]


def region(contract: str, *overrides: str) -> Region:
    """A region under a contract of conf, lived to its last payment."""
    ready = setting(world(*FEW, f"contract={contract}", *overrides))
    found = regions({"intervention": ready})["intervention"]
    found.run()
    return found


def due(place: Region) -> float:
    """All that settlements say is paid in the end, less what is owed, EUR."""
    return sum(one.payment + one.advance + one.fees for one in place.settlements.values())


def moved(place: Region) -> float:
    """All that went from the insurers to the integrator less what came back, EUR."""
    book = place.book.frame()
    there = book["payer"].str.startswith("insurer") & (book["payee"] == "integrator")
    back = book["payee"].str.startswith("insurer") & (book["payer"] == "integrator")
    return float(book.loc[there, "amount"].sum() - book.loc[back, "amount"].sum())


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_contract_of_conf_is_settled_and_paid_in_the_loop(contract: str) -> None:
    place = region(contract)
    assert list(place.settlements) == [2006, 2007]
    rule = place.setting.contract.rule
    for year, found in place.settlements.items():
        assert found.benchmark > 0
        assert found.standard_error is not None
        assert found.allocation is not None
        first, *beside = place.course.measurements[year]
        assert (first.rule, first.agreed, first.measured_savings) == (
            rule,
            True,
            found.measured_savings,
        )
        lived = place.setting.region.baseline_years
        known = setting(world("contract.compare=all")).agreement
        fit = {name for name in ALL_RULES if known.needs(name).baseline_years <= lived}
        assert {one.rule for one in beside} == fit - {rule}
    assert moved(place) == pytest.approx(due(place), abs=0.05)
    assert sum(place.book.balance(party) for party in place.book.parties()) == pytest.approx(0)
    months = {one.paid_month for one in place.settlements.values()}
    book = place.book.frame()
    accounts = book["account"].isin(["shared_savings", "shared_loss"])
    assert set(book.loc[accounts, "month"]) <= months


@pytest.mark.parametrize(
    ("contract", "years"),
    [("contribution_margin", 2), ("ipep", 2), ("mssp_track1", 3), ("growth_rate", 11)],
)
def test_the_history_is_lived_as_long_as_the_rule_looks_back(contract: str, years: int) -> None:
    ready = setting(world(f"contract={contract}"))
    assert ready.region.baseline_years == years
    assert ready.calendar[0] == 2006 - years
    assert ready.home.mortality.shape[0] == years + ready.years


def test_all_rules_are_measured_where_they_are_asked_for_on_the_history_that_they_need() -> None:
    place = region("contribution_margin", "contract.compare=all")
    assert place.setting.region.baseline_years == 11
    for year, found in place.course.measurements.items():
        assert [one.rule for one in found if one.agreed] == ["contribution_margin"]
        assert {one.rule for one in found} == set(ALL_RULES)
        for one in found:
            assert not one.refusal, one.refusal
            assert one.measured_savings == pytest.approx(one.benchmark - one.cost, abs=0.02)
            assert 0 < one.standard_error < one.benchmark
        assert place.course.agreement.view("blended_historical").truncation == 0.99
        assert len({one.cost for one in found}) > 1, year  # persons cut off, and the unpaired


def test_nothing_is_measured_on_the_side_where_that_is_not_asked_for() -> None:
    ready = setting(world("contract.compare=null"))
    assert ready.agreement.beside == ()
    assert set(ready.agreement.numbers) == {"contribution_margin"}


def test_what_is_measured_beside_leaves_people_and_money_alone() -> None:
    one, other = (
        regions({"intervention": setting(world(*FEW, f"contract.compare={compared}"))})[
            "intervention"
        ]
        for compared in ("null", "default")
    )
    for place in (one, other):
        place.run()
    assert one.people.remaining.tobytes() == other.people.remaining.tobytes()
    found, expected = one.tables(), other.tables()
    assert len(found.pop("measurements")) < len(expected.pop("measurements"))
    assert found == expected


def test_a_rule_without_an_answer_says_why_and_the_agreed_one_is_settled_all_the_same() -> None:
    results = simulate(world("benchmarks.matched_pairs.largest_difference.value=0.0001"))
    table = results.tables["measurements"].set_index("rule")
    pairs = table.loc["matched_pairs"]
    assert pairs["refusal"].str.contains("clause 4.4").all()
    assert pairs["refusal"].str.contains("cannot be balanced").all()
    assert pairs["measured_savings"].isna().all()
    assert (table.drop("matched_pairs")["refusal"] == "").all()
    assert table.drop("matched_pairs")["measured_savings"].notna().all()


def test_the_true_savings_stand_beside_every_rule() -> None:
    results = simulate(world(*FEW))
    rows = results.tables["measurements"]
    settled = results.tables["settlements"].set_index("year")["true_savings"]
    assert rows["rule"].nunique() == 3
    assert (rows["true_savings"] == rows["year"].map(settled)).all()


# Terms act.


@pytest.fixture(scope="module")
def plain() -> Setting:
    """Three years of the contribution margin, measured alone."""
    return setting(world("contract.compare=null", "programmes=[]"))


def with_terms(ready: Setting, **terms: Any) -> Setting:
    agreed = Terms.model_validate({**ready.contract.model_dump(), **terms})
    return replace(ready, agreement=replace(ready.agreement, terms=agreed))


def lived(ready: Setting, *changes: dict[str, Any], seed: int = 1) -> list[Region]:
    """One region a change, after the same history, lived to the last payment."""
    arms = {str(place): with_terms(ready, **terms) for place, terms in enumerate(changes)}
    found = list(regions(arms, seed).values())
    for place in found:
        place.run()
        assert moved(place) == pytest.approx(due(place), abs=0.05)
    return found


GAIN = {"regime_year": 2006, "regime_factor": 1.2}  # a benchmark so high that all years gain
LOSS = {"regime_year": 2006, "regime_factor": 0.8}


def test_what_is_owed_goes_from_the_integrator_to_the_insurers(plain: Setting) -> None:
    sided, limited, one_sided = lived(
        plain, {**LOSS, "loss_share": 0.4}, {**LOSS, "loss_share": 0.4, "loss_limit": 0.01}, LOSS
    )
    for place, most in ((sided, math.inf), (limited, 0.01)):
        book = place.book.frame().query("account == 'shared_loss'")
        assert (book["payer"] == "integrator").all()
        assert set(book["payee"]) == {"insurer:aok", "insurer:lkk"}
        assert set(book["month"]) == {30, 42, 54}
        for one in place.settlements.values():
            assert one.payment == -one.shared_loss < 0
            assert one.shared_loss <= most * one.benchmark + 0.01
        assert place.integrators[0].cash < one_sided.integrators[0].cash
    assert all(one.payment == 0 for one in one_sided.settlements.values())


def test_an_advance_comes_at_the_end_of_the_year_and_is_set_off_when_settled(
    plain: Setting,
) -> None:
    without, more, less = lived(
        plain, GAIN, {**GAIN, "advance": 20.0}, {**LOSS, "advance": 20.0, "clawback": 0.5}
    )
    for place in (more, less):
        given = place.book.frame().query("account == 'advance' and payee == 'integrator'")
        assert set(given["month"]) == {12, 24, 36}
        insured = sum(one.insured_years for one in place.settlements.values())
        assert given["amount"].sum() == pytest.approx(20 * insured, abs=0.1)
    assert moved(more) == pytest.approx(moved(without), abs=0.1)
    assert moved(less) == pytest.approx(
        0.5 * sum(s.advance for s in less.settlements.values()), abs=0.1
    )
    early, late = (p.book.balance("integrator", until=24) for p in (more, without))
    drawn = [p.book.total(account="drawdown") for p in (more, without)]
    assert early - drawn[0] > late - drawn[1]


def test_physicians_have_their_part_of_what_was_earned_and_not_of_the_advance(
    plain: Setting,
) -> None:
    company = replace(
        plain, companies=(plain.companies[0].model_copy(update={"bonus_share": 0.3}),)
    )
    without, more = lived(company, GAIN, {**GAIN, "advance": 20.0})
    bonus = [place.book.total(account="bonus") for place in (without, more)]
    assert bonus[0] == pytest.approx(0.3 * moved(without), rel=0.01)
    assert bonus[1] == pytest.approx(bonus[0], rel=0.01)
    assert any(physician.bonus > 0 for physician in more.physicians)


def test_a_deficit_is_taken_off_the_savings_of_later_years(plain: Setting) -> None:
    terms = {"regime_year": 2007, "regime_factor": 1.4}
    kept, forgotten = lived(plain, {**LOSS, "deficit_carried": 1.0}, LOSS)
    assert kept.settlements[2007].deficit_brought == pytest.approx(
        -kept.settlements[2006].measured_savings
    )
    assert forgotten.settlements[2007].deficit_brought == 0
    assert kept.settlements[2008].deficit_brought > kept.settlements[2007].deficit_brought
    mean, alone = lived(plain, {**terms, "averaged_years": 3}, terms)
    assert mean.settlements[2007].settled_years == 2
    saved = [mean.settlements[year].measured_savings for year in (2006, 2007)]
    assert mean.settlements[2007].settled_savings == pytest.approx(np.mean(saved), abs=0.01)
    assert mean.settlements[2007].shared_savings < alone.settlements[2007].shared_savings


def test_nothing_is_paid_once_notice_has_taken_effect(plain: Setting) -> None:
    ended, hazard = lived(
        plain,
        {**GAIN, "termination_year": 2006, "management_fee": 10.0},
        {**GAIN, "termination_hazard": 50.0},
    )
    for place in (ended, hazard):
        assert place.settlements[2006].payment > 0
        later = [place.settlements[year] for year in (2007, 2008)]
        assert [(one.payment, one.fees, one.in_force) for one in later] == [(0, 0, False)] * 2
        assert all(one.measured_savings > 0 for one in later)  # the insurer measures all the same


def test_notice_by_a_hazard_is_luck_of_the_seed_and_the_same_in_every_arm(plain: Setting) -> None:
    ends = set()
    for seed in range(1, 9):
        bears = float(exponential(seed, [0], decision("notice", "contract"))[0])
        last = last_contract_year(0.5, bears)
        ends.add(last)
        if seed == 1:
            one, other = lived(
                plain, {**GAIN, "termination_hazard": 0.5}, {"termination_hazard": 0.5}
            )
            for place in (one, other):
                force = [found.in_force for found in place.settlements.values()]
                assert force == [number <= last for number in (1, 2, 3)]
    assert len(ends) > 2


def test_new_base_years_move_the_benchmark_and_credit_gives_a_part_back(plain: Setting) -> None:
    rebased, credited, fixed = lived(
        plain,
        {"rebasing_years": 1},
        {"rebasing_years": 1, "prior_savings_share": 0.5},
        {},
    )
    assert rebased.settlements[2006] == replace(fixed.settlements[2006])
    assert rebased.settlements[2007].benchmark != fixed.settlements[2007].benchmark
    for place in (rebased, credited):
        saved = place.settlements[2006].measured_savings
        credit = place.settlements[2007].prior_savings_credit
        expected = max(0.0, saved) / 2 if place is credited else 0.0
        assert credit == pytest.approx(expected, rel=0.1)


def test_a_new_risk_equalisation_moves_benchmark_and_the_insurers_income(plain: Setting) -> None:
    new, old = lived(plain, {"regime_year": 2007, "regime_factor": 0.9}, {})
    tables = [
        pd.DataFrame(p.yearbook.lines["insurers"]).groupby("year").sum(True) for p in (new, old)
    ]
    ratio = tables[0]["allocation"] / tables[1]["allocation"]
    assert ratio[2006] == 1
    assert ratio[2007] == pytest.approx(0.9, rel=0.01)
    assert new.settlements[2006].benchmark == old.settlements[2006].benchmark
    for place, table in zip((new, old), tables, strict=True):
        for year, one in place.settlements.items():
            assert one.contribution_margin == pytest.approx(
                table["contribution_margin"][year], abs=1
            )


# Two contracts on the same people.


def test_contracts_that_look_back_on_unlike_years_are_compared_on_the_longer_history() -> None:
    short, long = (world(*FEW, f"contract={name}") for name in ("ipep", "mssp_track1"))
    found = compare(short, long)
    assert set(found.tables["settlements"]["arm"]) == {"intervention", "counterfactual"}
    one, other = (found.tables["measurements"].query("agreed and arm == @arm") for arm in
                  ("intervention", "counterfactual"))  # fmt: skip
    assert set(one["rule"]) == {"ipep"}
    assert set(other["rule"]) == {"blended_historical"}


# What cannot be settled is refused with its clause.


def test_too_few_insured_elsewhere_are_refused_before_anybody_lives() -> None:
    with pytest.raises(Refusal) as refused:
        simulate(world("population.comparison=900"))
    for word in ("clause 4.2", "population.comparison is 900", "1,000 or more", "Raise"):
        assert word in str(refused.value)


def test_a_start_before_the_history_that_a_rule_needs_is_refused() -> None:
    early = ("region.start_year=2000", "region.population_table_year=1998")
    setting(world(*early))
    with pytest.raises(Refusal) as refused:
        setting(world(*early, "contract=growth_rate"))
    for word in ("clause 4.3", "to 1989", "Allowed is a start in 2001", "choose another contract"):
        assert word in str(refused.value)


def test_pairs_that_cannot_be_balanced_end_a_run_that_is_paid_by_them() -> None:
    with pytest.raises(Refusal, match=r"clause 4\.4.*cannot be balanced"):
        region("matched_pairs", "benchmarks.matched_pairs.largest_difference.value=0.0001")


def test_surroundings_that_the_comparison_does_not_have_are_refused() -> None:
    with pytest.raises(Refusal, match=r"clause 4\.5.*surround"):
        region("mssp_track1", "population.comparison_regions=2")


@pytest.mark.parametrize(
    ("contract", "numbers", "words"),
    [
        ({"compare": "some"}, {}, ["contract.compare is 'some'", "null", "default", "all"]),
        ({}, {"margin": {}}, ["benchmarks.margin is no rule", "contribution_margin"]),
        ({}, {"ipep": {}}, ["benchmarks.ipep", "smallest_comparison"]),
        ({"rule": "margin"}, {}, ["contract.rule", "margin"]),
        ({"bands": [{"above": 0.1, "sharing_rate": 0.5}]}, {}, ["clause", "a gap or an overlap"]),
    ],
)  # fmt: skip
def test_what_conf_has_wrong_is_refused_by_name(
    contract: dict[str, Any], numbers: dict[str, Any], words: list[str]
) -> None:
    values = world().values  # noqa: PD011
    with pytest.raises(Refusal) as refused:
        agreement({**values["contract"], **contract}, {**values["benchmarks"], **numbers}, 2)
    for word in words:
        assert word in str(refused.value)
