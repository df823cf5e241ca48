"""The region month by month: who joins, when money moves, and when the books are closed."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.model import Baseline, Region
from sim.people.population import NEVER
from sim.quantity import Refusal
from sim.setting import setting
from tests.worlds import arms_of, changed, everywhere, live_until, regions, world

SOON: dict[str, Any] = {
    "network.joining": 2.0,
    "network.membership": 2.0,
    "network.drug_cost_ratio": 0.1,
    "contract.settlement_lag": 5.0,
    "contract.investment_fee": 60_000.0,
    "generation.bonus_share": 0.3,
}


def region(changes: dict[str, Any] | None = None, *overrides: str) -> Region:
    """A region on the eve of its preparation."""
    scenario = world(*overrides)
    early = everywhere(scenario, "start_month", 7.0) | everywhere(scenario, "invitation", 2.0)
    arms = {"intervention": setting(changed(scenario, SOON | early | (changes or {})))}
    return regions(arms)["intervention"]


@pytest.fixture(scope="module")
def done() -> Region:
    """A region that has run to its end."""
    place = region()
    place.run()
    return place


def entries(place: Region, **where: Any) -> pd.DataFrame:
    book = place.book.frame()
    for column, value in where.items():
        book = book[book[column] == value]
    return book


def test_preparation_is_paid_month_by_month_before_the_contract(done: Region) -> None:
    before = entries(done, payer="integrator", account="overhead").query("month < 1")
    assert before["month"].tolist() == list(range(-11, 1))
    terms = done.setting.region.phases
    assert before["amount"].sum() == pytest.approx(
        terms.implementation.cost * np.exp(done.setting.population.wages * (2005 - 2017)), abs=0.1
    )
    assert set(entries(done).query("month < 1")["account"]) <= {"overhead", "drawdown", "interest"}


def test_what_comes_before_the_company_is_paid_by_others(done: Region) -> None:
    before = entries(done, payer="founders")
    assert before["month"].tolist() == list(range(-23, -11))
    terms = done.setting.region.phases
    price = np.exp(done.setting.population.wages * (2004 - 2017))
    assert before["amount"].sum() == pytest.approx(
        (terms.potential_analysis.cost + terms.concept.cost) * price, abs=0.1
    )


def test_half_a_year_of_preparation_is_twice_as_dear_a_month() -> None:
    long, short = (region({"region.phases.implementation.months": months}) for months in (12, 6))
    for place in (long, short):
        live_until(place, 0)
    one, other = (
        entries(place, payer="integrator", account="overhead")["amount"] for place in (long, short)
    )
    assert (len(one), len(other)) == (12, 6)
    assert other.sum() == pytest.approx(one.sum(), abs=0.1)


def test_prices_of_the_company_follow_wages_year_by_year(done: Region) -> None:
    place = region()
    wages = place.setting.population.wages
    for month, year in ((-11, 2005), (0, 2005), (1, 2006), (12, 2006), (13, 2007)):
        place.month = month
        assert place.price == pytest.approx(np.exp(wages * (year - 2017)))


def test_overhead_is_paid_in_every_contract_month_and_not_after(done: Region) -> None:
    months = entries(done, payer="integrator", account="overhead")["month"]
    assert Counter(months) == Counter(range(-11, 37))


def test_nothing_is_paid_for_a_programme_before_it_starts(done: Region) -> None:
    months = entries(done, account="programme")["month"]
    assert months.tolist() == list(range(7, 37))


def test_a_year_is_settled_after_its_lag_and_physicians_have_their_part_then(
    done: Region,
) -> None:
    paid = entries(done, account="shared_savings").groupby("month")["amount"].sum()
    expected = {
        settlement.paid_month: settlement.shared_savings
        for settlement in done.settlements.values()
        if settlement.shared_savings > 0
    }
    assert set(expected) <= {17, 29, 41}
    assert max(expected) > 36  # the last one is paid in the run-off
    assert paid.to_dict() == pytest.approx(expected, abs=0.02)
    bonus = entries(done, account="bonus").groupby("month")["amount"].sum()
    assert bonus.to_dict() == pytest.approx({m: 0.3 * a for m, a in expected.items()}, abs=0.02)


def test_fees_are_paid_at_the_end_of_their_year(done: Region) -> None:
    fees = entries(done, account="investment_fee").groupby("month")["amount"].sum()
    assert fees.to_dict() == pytest.approx({12: 60_000, 24: 60_000, 36: 60_000})


def test_fees_are_income_of_the_year_in_which_they_are_paid(done: Region) -> None:
    table = pd.DataFrame(done.yearbook.lines["integrators"]).set_index("year")
    assert (table.loc[2006:2008, "income"] >= 60_000).all()
    assert table["income"].sum() == pytest.approx(
        done.book.total(payee="integrator") - done.book.total(account="drawdown")
    )


def test_the_longer_the_lag_the_later_the_money() -> None:
    late = region({"contract.settlement_lag": 18.0})
    late.run()
    months = set(entries(late, account="shared_savings")["month"])
    assert months
    assert months <= {30, 42, 54}


def test_bonus_goes_to_practices_by_their_members(done: Region) -> None:
    place = live_until(region(), 17)
    while place.book.total(account="bonus") == 0 and place.month <= 36:
        live_until(place, place.month)
    joined = place.joined
    members = sum(physician.members for physician in joined)
    total = place.book.total(account="bonus")
    assert total > 0
    for physician in place.physicians:
        expected = total * physician.members / members if physician.joined else 0.0
        assert physician.bonus == pytest.approx(expected)


def test_members_are_patients_of_practices_that_have_joined(done: Region) -> None:
    place = live_until(region({"network.joining": 0.2}), 24)
    joined = {physician.number for physician in place.joined}
    assert 0 < len(joined) < len(place.physicians)
    members = np.flatnonzero(place.people.member)
    assert members.size > 20
    assert set(place.people.physician[members]) <= joined
    assert (place.people.member_since[members] >= 1).all()


def test_programmes_are_for_members_alone(done: Region) -> None:
    people = done.people
    attended = np.zeros(people.n, np.bool_)
    for programme in done.programmes:
        attended |= programme.places.started > 0
    assert attended.sum() > 50
    assert people.member[attended].all()


def test_nobody_attends_more_than_there_are_places() -> None:
    place = region({"programmes.agil.capacity": 3.0, "programmes.agil.invitation": 50.0})
    programme = next(p for p in place.programmes if p.programme == "agil")
    reached = []
    for month in range(1, 25):
        live_until(place, month)
        reached.append(programme.places.attending.size)
    assert max(reached) == 3
    assert programme.waiting > 0
    assert reached[:6] == [0] * 6


def test_rates_follow_the_practice_from_the_month_after_it_joins() -> None:
    """A practice that joins lowers avoidable admissions of its patients and of nobody else."""
    place = region({"network.joining": 1e9, "network.avoidable_admission_ratio": 0.25})
    nobody = regions(arms_of(world()))["counterfactual"]
    for one in (place, nobody):
        live_until(one, 2)
    slot = place.life.factors.slot("avoidable_admission")
    there = place.people.present(3) & nobody.people.present(3) & (place.people.entered < 0)
    unlike = place.people.state != nobody.people.state
    rows = np.flatnonzero(there & ~unlike & (nobody.people.hazard[slot] > 0))
    ratio = place.people.hazard[slot, rows] / nobody.people.hazard[slot, rows]
    effort = place.physicians[0].effort
    assert np.median(ratio) == pytest.approx(0.25**effort, rel=1e-3)


def test_the_company_lives_without_programmes_and_network() -> None:
    place = region({}, "programmes=[]", "funding=none")
    place.run()
    assert place.yearbook.lines.get("programmes", []) == []
    assert "lenders" not in place.yearbook.lines
    assert place.integrators[0].cash < 0


def test_the_loan_is_drawn_only_for_what_is_missing() -> None:
    rich = region({"contract.investment_fee": 9e6})
    rich.run()
    drawn = entries(rich, account="drawdown")
    assert drawn["month"].max() <= 12  # until the first fee
    left = rich.lenders[0].outstanding
    assert left == 0
    assert entries(rich, account="repayment")["amount"].sum() == pytest.approx(
        drawn["amount"].sum()
    )


def test_run_off_lasts_until_the_last_instalment_and_ends_with_a_year(done: Region) -> None:
    assert done.month % 12 == 1
    last = max(done.lenders[0].loan.last_month, 41)
    assert done.month - 12 <= last < done.month
    years = [line["year"] for line in done.yearbook.lines["integrators"]]
    assert years == list(range(2004, 2004 + len(years)))  # from the first phase on
    assert years[-1] == 2005 + (done.month - 1) // 12


def test_a_region_without_company_ends_with_the_contract() -> None:
    nobody = regions(arms_of(world()))["counterfactual"]
    nobody.run()
    assert nobody.month == 37
    assert nobody.settlements == {}
    assert set(nobody.book.frame()["account"]) == {"care", "allocation"}


def test_patients_are_counted_once_at_the_end_of_each_year(done: Region) -> None:
    table = pd.DataFrame(done.yearbook.lines["physicians"])
    present = (done.people.entered <= 36) & (done.people.left == NEVER)
    assert table.query("year == 2008")["patients"].sum() == present.sum()
    assert table.groupby("year")["members"].sum().is_monotonic_increasing


def test_documentation_lifts_the_allocation_and_nobodys_health() -> None:
    coded, plain = (
        live_until(region({"network.documentation_gain": gain, "generation.bonus_share": 0.0}), 24)
        for gain in (0.5, 0.0)
    )
    assert coded.people.remaining.tobytes() == plain.people.remaining.tobytes()
    assert coded.settlements[2007].cost == plain.settlements[2007].cost
    assert coded.settlements[2007].allocation > plain.settlements[2007].allocation


def test_a_baseline_is_the_mean_of_cost_per_euro_of_allocation() -> None:
    assert Baseline((90.0, 110.0), (100.0, 100.0)).regional_indexation_factor == 1.0
    with pytest.raises(Refusal):
        _ = Baseline((1.0,), (0.0,)).regional_indexation_factor


def test_the_arm_is_a_choice_and_not_a_branch() -> None:
    """Under its own name or another, the same choices give the same lines."""
    arms = arms_of(world())
    one = regions({"intervention": arms["intervention"]})["intervention"]
    other = regions({"anything": replace(arms["intervention"])})["anything"]
    for place in (one, other):
        place.run()
    for name, lines in one.tables().items():
        renamed = [{**line, "arm": "intervention"} for line in other.tables()[name]]
        assert lines == renamed


def test_without_feedback_the_same_is_done_in_every_seed_and_at_any_pay() -> None:
    """Who joins when, and how much effort is made; with feedback both differ."""

    def done_by(seed: int, pay: float, feedback: bool) -> list[tuple[int, float]]:
        changes = {"network.joining": 0.5, "network.pay_per_member": pay}
        scenario = changed(world(), {**SOON, **changes, "network.feedback": feedback})
        place = live_until(regions({"intervention": setting(scenario)}, seed)["intervention"], 36)
        lines = place.yearbook.lines["physicians"]
        return [(line["joined"], line["effort"]) for line in lines]

    same = done_by(1, 30.0, feedback=False)
    assert done_by(2, 30.0, feedback=False) == same == done_by(1, 3_000.0, feedback=False)
    with_it = done_by(1, 30.0, feedback=True)
    assert done_by(2, 30.0, feedback=True) != with_it != done_by(1, 3_000.0, feedback=True)


def test_comparison_reports_wait_for_the_data(done: Region) -> None:
    early, late = (
        live_until(
            region({"region.data.linked_month": month, "network.effort_peer_response": 0.6}), 25
        )
        for month in (1, 30)
    )
    assert [p.effort for p in early.physicians] != [p.effort for p in late.physicians]


def test_who_pays_each_euro_of_care_is_written_down(done: Region) -> None:
    lines = done.yearbook.lines
    people = pd.DataFrame(lines["population"]).groupby("year").sum(numeric_only=True)
    paid = pd.DataFrame(lines["payers"]).pivot_table("cost", "year", "payer")
    sectors = [f"cost_{sector}" for sector in ("hospital", "physician", "drugs", "other")]
    assert paid["insurers"].to_list() == pytest.approx(people[sectors].sum(axis=1).to_list())
    assert paid["care_insurance"].to_list() == pytest.approx(people["cost_long_term_care"])
    assert paid["patient"].to_list() == pytest.approx(people["cost_patient"])
