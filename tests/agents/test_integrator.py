"""The company: prepares, pays month by month, passes a share of the savings on."""

import mesa
import pytest

from sim.agents.integrator import GenerationTerms, Integrator
from sim.funding.cashbook import Cashbook

TERMS = GenerationTerms(
    label="small",
    overhead={"management": 1_200.0, "technology": 600.0},
    preparation_cost=900.0,
    bonus_share=0.2,
)


@pytest.fixture
def company(model: mesa.Model) -> Integrator:
    return Integrator(model, TERMS, Cashbook(), preparation=3)


def received(company: Integrator, month: int, amount: float, account: str) -> None:
    company.book.pay(month, "insurer:aok", "integrator", account, amount)


def test_preparation_is_spent_in_equal_parts_before_the_first_month(company: Integrator) -> None:
    for month in range(-6, 4):
        company.prepare(month, price=1.0)
    assert company.book.flows("staff") == {-2: 300.0, -1: 300.0, 0: 300.0}


def test_a_month_costs_a_twelfth_of_the_overhead_at_its_prices(company: Integrator) -> None:
    company.pay(7, price=1.1, programmes=80.0, network=40.0)
    assert company.book.total(payee="staff", account="overhead") == pytest.approx(165)
    assert company.book.total(payee="providers", account="programme") == 80
    assert company.book.total(payee="physicians", account="network_pay") == 40
    assert company.cash == -285


def test_a_fifth_of_each_share_of_savings_is_owed_to_the_physicians(company: Integrator) -> None:
    assert company.bonus({}) == {}
    assert company.bonus({1: 1_000.0, 2: 0.0}) == {1: 200.0, 2: 0.0}


def test_a_year_is_income_less_expense_before_financing(company: Integrator) -> None:
    company.book.pay(1, "lender:bank", "integrator", "drawdown", 9_999)
    company.book.pay(2, "integrator", "lender:bank", "interest", 99)
    for month in range(1, 13):
        company.pay(month, price=1.0, programmes=10.0, network=5.0)
    received(company, 12, 2_500, "shared_savings")
    company.book.pay(12, "integrator", "physicians", "bonus", 500)
    received(company, 13, 777, "shared_savings")  # next year's
    company.close_year(12, members=42)
    assert company.income == 2_500
    assert company.expense == pytest.approx(1_800 + 120 + 60 + 500)
    assert company.operating_result == pytest.approx(20)
    assert (company.staff_cost, company.programme_cost, company.members) == (1_800, 120, 42)
    assert company.cash == pytest.approx(9_999 - 99 + 20 + 777)
