"""Companies for the tests of funding: what a business does, and plans that carry it."""

from typing import Any

import numpy as np

from sim.funding.carried import Operations
from sim.funding.plan import Plan

LOAN: dict[str, Any] = {
    "kind": "loan", "funder": "bank", "amount": 900_000, "interest": 0.06, "grace": 36,
    "term": 96, "fee": 0.01, "first_month": -5,
}  # fmt: skip
GRANT: dict[str, Any] = {
    "kind": "grant", "funder": "state", "clawback": 1.0, "clawback_month": 40,
    "milestones": [
        {"month": -5, "amount": 60_000},
        {"month": 13, "amount": 90_000, "spent": 0.8},
    ],
}  # fmt: skip
ADVANCE: dict[str, Any] = {
    "kind": "advance", "funder": "insurers", "lump_sum": 120_000, "per_insured": 0.5,
    "first_month": 1, "until": 24, "set_off": 0.6, "final_month": 80, "forgiven": 0.25,
}  # fmt: skip
STAKE: dict[str, Any] = {
    "kind": "stake", "funder": "county", "amount": 150_000, "month": 1, "interest": 0.025,
    "profit_share": 0.06, "repaid_month": 100,
}  # fmt: skip
EQUITY: dict[str, Any] = {
    "kind": "equity", "funder": "investor", "share": 0.4, "preferred_return": 0.05,
    "exit_month": 110, "exit_multiple": 4.0,
    "tranches": [{"month": -5, "amount": 200_000}, {"month": 14, "amount": 100_000}],
}  # fmt: skip
BOND: dict[str, Any] = {
    "kind": "outcome_bond", "funder": "holders", "outcome": "savings", "tariff": 0.2, "lag": 12,
    "cap": 1.4, "protection": 0.5, "final_month": 100, "evaluation": 5_000,
    "commissioner": "commissioner", "guarantor": "foundation",
    "tranches": [{"month": -2, "amount": 150_000}],
}  # fmt: skip
EACH = (LOAN, GRANT, ADVANCE, STAKE, EQUITY, BOND)


def plan_of(*instruments: dict[str, Any], **changes: Any) -> Plan:
    """Return a plan of these instruments."""
    return Plan.model_validate({"instruments": instruments, "payout": 0.5, **changes})


def operations(
    seeds: int = 3,
    years: int = 8,
    preparation: int = 6,
    lag: int = 14,
    luck: int = 1,
    level: float = 260_000.0,
    spread: float = 260_000.0,
) -> Operations:
    """Return businesses that spend about 200,000 a year and earn `level` of it, unevenly."""
    draws = np.random.default_rng(luck)
    months = preparation + 12 * years
    cost = draws.uniform(10_000, 22_000, (months, seeds)).round(2)
    earned = np.maximum(draws.normal(level, spread, (years, seeds)), 0.0).round(2)
    return Operations(
        first_month=1 - preparation,
        contract_months=12 * years,
        cost=cost,
        fees=np.where(np.arange(months)[:, None] >= preparation, 1_000.0, 0.0) * np.ones(seeds),
        insured=draws.uniform(900, 1_100, (months, seeds)),
        earned=earned,
        paid_month=np.arange(1, years + 1) * 12 + lag,
        bonus=(0.2 * earned).round(2),
        outcomes={"savings": earned * 2},
    )


def alike(cost: float, earned: float, years: int = 8, lag: int = 14, **changes: Any) -> Operations:
    """Return one business that spends and earns the same every year, EUR."""
    parts: dict[str, Any] = {
        "first_month": 1, "contract_months": 12 * years,
        "cost": np.full((12 * years, 1), cost / 12), "fees": np.zeros((12 * years, 1)),
        "insured": np.full((12 * years, 1), 1000.0), "earned": np.full((years, 1), earned),
        "paid_month": np.arange(1, years + 1) * 12 + lag, "bonus": np.zeros((years, 1)),
        "outcomes": {"savings": np.full((years, 1), earned)},
    }  # fmt: skip
    return Operations(**{**parts, **changes})
