"""The company: prepares, pays month by month, passes a share of the savings on."""

import mesa
import pytest

from sim.agents.integrator import Integrator
from sim.funding.cashbook import Cashbook
from sim.generation import GenerationTerms
from sim.region import Phase, Phases

TERMS = GenerationTerms(
    label="small",
    owners=[{"name": "physicians", "share": 1.0}],
    overhead={"management": 1_200.0, "technology": 300.0},
    components={},
    combined_effect={"lowest": 0.5, "highest": 2.0},
    bonus_share=0.2,
)


PHASES = Phases(
    potential_analysis=Phase(months=2, cost=100.0, funder="state"),
    concept=Phase(months=1, cost=0.0, funder="founders"),
    implementation=Phase(months=3, cost=900.0, funder="integrator"),
)


@pytest.fixture
def company(model: mesa.Model) -> Integrator:
    return Integrator(model, TERMS, Cashbook(), PHASES)


def received(company: Integrator, month: int, amount: float, account: str) -> None:
    company.book.pay(month, "insurer:aok", "integrator", account, amount)


def test_phases_are_spent_in_equal_parts_one_after_the_other(company: Integrator) -> None:
    for month in range(-9, 4):
        company.prepare(month, price=2.0)
    assert company.book.flows("staff") == {-5: 100, -4: 100, -2: 600, -1: 600, 0: 600}


def test_a_phase_is_paid_by_its_funder_and_only_its_own_costs_the_company(
    company: Integrator,
) -> None:
    for month in range(-9, 4):
        company.prepare(month, price=1.0)
    assert company.book.total(payer="state") == 100
    assert company.cash == -900


def test_a_month_costs_a_twelfth_of_the_overhead_at_its_prices(company: Integrator) -> None:
    company.pay(7, price=1.1, components=300.0, programmes=80.0, network=40.0)
    assert company.book.total(payee="staff", account="overhead") == pytest.approx(165)
    assert company.book.total(payee="providers", account="programme") == 80
    assert company.book.total(payee="physicians", account="network_pay") == 40
    assert company.cash == -285


def test_a_fifth_of_each_share_of_savings_is_passed_on_once(company: Integrator) -> None:
    assert company.pass_on(1) == 0
    received(company, 30, 1_000, "shared_savings")
    received(company, 30, 5_000, "investment_fee")
    assert company.pass_on(30) == 200
    assert company.pass_on(31) == 0
    received(company, 42, 500, "shared_savings")
    assert company.pass_on(42) == 100
    assert company.book.flows("physicians") == {30: 200.0, 42: 100.0}


def test_savings_that_wait_for_a_member_practice_are_passed_on_later(company: Integrator) -> None:
    received(company, 30, 1_000, "shared_savings")
    received(company, 42, 1_000, "shared_savings")
    assert company.pass_on(42) == 400


def test_a_year_is_income_less_expense_before_financing(company: Integrator) -> None:
    company.book.pay(1, "lender:bank", "integrator", "drawdown", 9_999)
    company.book.pay(2, "integrator", "lender:bank", "interest", 99)
    for month in range(1, 13):
        company.pay(month, price=1.0, components=300.0, programmes=10.0, network=5.0)
    received(company, 12, 2_500, "shared_savings")
    company.pass_on(12)
    received(company, 13, 777, "shared_savings")  # next year's
    company.close_year(12, members=42)
    assert company.income == 2_500
    assert company.expense == pytest.approx(1_800 + 120 + 60 + 500)
    assert company.operating_result == pytest.approx(20)
    assert (company.staff_cost, company.programme_cost, company.members) == (1_800, 120, 42)
    assert company.cash == pytest.approx(9_999 - 99 + 20 + 777)
