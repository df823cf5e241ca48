"""An insurer: pays for the care of its own, is paid its allocation, shares what it saves."""

import mesa
import numpy as np
import pytest

from sim.agents.insurer import Insurer
from sim.contract.account import Account
from sim.contract.ledger import Ledger
from sim.contract.risk_adjustment import WEIGHTS, Norm
from sim.contract.settlement import Settlement, settle
from sim.contract.terms import Terms
from sim.funding.cashbook import Cashbook

SECTORS = ("hospital", "drugs")
NORM = Norm(2006, np.full(WEIGHTS, 1_000.0), 1.0, 0.2, np.zeros((WEIGHTS, WEIGHTS)))


def ledger() -> Ledger:
    """Three persons of the first insurer and one of the second; EUR 400, 100, 0 and 900."""
    n = 4
    cost = np.zeros((n, 4), np.float32)
    cost[:, 0] = [300, 100, 0, 900]
    cost[:, 1] = 7_000  # physicians, which this contract does not count
    cost[:, 2] = [100, 0, 0, 0]
    return Ledger(
        year=2006,
        person=np.arange(n),
        age=np.array([40, 50, 60, 70], np.int16),
        sex=np.zeros(n, np.int8),
        region=np.zeros(n, np.int16),
        insurer=np.array([0, 0, 0, 1], np.int8),
        insured_months=np.array([12, 6, 3, 12], np.int8),
        documented=np.zeros(n, np.uint32),
        cost=cost,
        physician=np.zeros(n, np.uint16),
        member=np.zeros(n, np.bool_),
        newcomer=np.zeros(n, np.bool_),
    )


@pytest.fixture
def insurer(model: mesa.Model) -> Insurer:
    return Insurer(model, 0, "aok", Cashbook())


def settlement(cost: float = 18_000, **others: float) -> Settlement:
    agreed = {
        "sharing_rate": 0.5,
        "minimum_savings_rate": 0.0,
        "investment_fee": 300.0,
        "investment_fee_years": 3,
        "management_fee": 10.0,
        "settlement_lag": 18,
        **others,
    }
    terms = Terms.model_validate({"rule": "contribution_margin", "sectors": SECTORS, **agreed})
    account = Account(year=2006, contract_year=1, insured_years=20, benchmark=20_000, cost=cost)
    return settle(terms, account)


def test_an_insurer_pays_for_its_own_and_receives_its_own_allocation(insurer: Insurer) -> None:
    insurer.close_year(ledger(), NORM, SECTORS, month=12)
    assert insurer.insured_years == 21 / 12
    assert insurer.cost == 500
    assert insurer.allocation == pytest.approx(1_750)
    assert insurer.contribution_margin == pytest.approx(1_250)
    entries = insurer.book.frame()
    assert entries.to_dict("list") == {
        "month": [12, 12],
        "payer": ["insurer:aok", "risk_pool"],
        "payee": ["providers", "insurer:aok"],
        "account": ["care", "allocation"],
        "amount": [500.0, 1_750.0],
    }


def test_fees_are_due_at_once_and_by_share(insurer: Insurer) -> None:
    insurer.pay_fees(settlement(), share=0.25, month=12)
    assert insurer.book.total(account="investment_fee") == 75
    assert insurer.book.total(account="management_fee") == 50
    assert insurer.paid_to_integrator == 125


def test_shared_savings_are_paid_by_share_when_due(insurer: Insurer) -> None:
    insurer.settle(settlement(), share=0.25, month=30)
    assert insurer.book.flows("integrator") == {30: 250.0}
    assert insurer.paid_to_integrator == 250


@pytest.mark.parametrize(
    ("cost", "clawback", "earned"),
    [(18_000, 1.0, 1_000), (19_900, 1.0, 50), (19_900, 0.4, 560), (21_000, 1.0, -400)],
    ids=["more than the advance", "less", "less, and not all comes back", "a loss"],
)
def test_advance_and_settlement_are_what_was_earned_together(
    insurer: Insurer, cost: float, clawback: float, earned: float
) -> None:
    """An advance of 900; half of savings and 40 % of losses are shared, both paid by share."""
    found = settlement(cost, advance=45.0, clawback=clawback, loss_share=0.4, investment_fee=0.0,
                       management_fee=0.0)  # fmt: skip
    insurer.pay_fees(found, share=0.25, month=12)
    assert insurer.book.flows("integrator") == {12: 0.25 * 900}
    insurer.settle(found, share=0.25, month=30)
    paid = insurer.book.flows("integrator")
    assert paid.get(30, 0.0) == pytest.approx(0.25 * found.payment)
    assert sum(paid.values()) == pytest.approx(0.25 * earned)
    assert insurer.paid_to_integrator == pytest.approx(0.25 * earned)
    assert insurer.book.balance(insurer.party) == -insurer.book.balance("integrator")


def test_a_new_risk_equalisation_changes_the_allocation_and_not_the_cost(insurer: Insurer) -> None:
    insurer.close_year(ledger(), NORM, SECTORS, month=12, regime=0.9)
    assert (insurer.cost, insurer.allocation) == (500, pytest.approx(0.9 * 1_750))


def test_an_insurer_without_insured_pays_and_receives_nothing(model: mesa.Model) -> None:
    other = Insurer(model, 5, "new", Cashbook())
    other.close_year(ledger(), NORM, SECTORS, month=12)
    assert (other.insured_years, other.cost, other.allocation) == (0, 0, 0)
    assert len(other.book) == 0
