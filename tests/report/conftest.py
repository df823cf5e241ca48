"""A small region written by hand, so that the report can be tested without a model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.report.tables import beside_truth
from sim.results import TABLES, Results

FIRST, ARMS = 2006, ("intervention", "counterfactual")
PROGRAMMES = {
    "healthy_weight": (4200, 260),
    "tobacco_free": (5100, 190),
    "strong_heart": (640, 150),
    "strong_muscles_and_bones": (1900, 320),
    "keep_your_balance": (3900, 410),
    "better_mood": (1500, 120),
    "agil": (2100, 380),
    "health_coach": (1200, 230),
}
RULES = {"contribution_margin": 0.0, "growth_rate": 0.02, "matched_pairs": -0.004}
"""The agreed rule and two beside it: how far they are off, as a share of cost."""

PUBLISHED = [
    {
        "name": "margin_per_insured_2012",
        "label": "Improvement of the margin a head, 2012",
        "years": [2012, 2012],
        "value": 146.0,
        "unit": "EUR",
        "per": "insured",
        "layer": "operator and fund",
        "compare_with": ["contribution_margin", "measured_savings"],
        "source": "joint statement, July 2014",
    },
    {
        "name": "norm_cost_2013",
        "label": "Norm cost (expected cost), 2013",
        "years": [2013, 2013],
        "value": 75.5e6,
        "unit": "EUR",
        "compare_with": ["allocation", "benchmark"],
        "source": "OptiMedium, December 2015",
    },
    {
        "name": "margin_2007_2017",
        "label": "Savings before payments",
        "years": [2007, 2017],
        "value": 47.0e6,
        "unit": "EUR",
        "compare_with": ["contribution_margin", "measured_savings"],
        "source": "operator's slides",
    },
    {
        "name": "kept_2007_2017",
        "label": "Savings kept by the two funds, 2007-2017",
        "years": [2007, 2017],
        "value": 15.3e6,
        "unit": "EUR",
        "compare_with": ["insurer_net_measured"],
        "source": "operator's slides",
    },
    {
        "name": "members_2016",
        "label": "Members among the insured, end of 2016",
        "years": [2016, 2016],
        "value": 9726.0,
        "unit": "person",
        "layer": "insured of the two funds; 10,676 with friends insured elsewhere",
        "compare_with": ["members_by_year"],
        "source": "annual report 2016",
    },
    {
        "name": "mortality",
        "label": "Five-year mortality of members against matched non-members",
        "years": [2006, 2018],
        "value": 0.72,
        "unit": "1",
        "layer": "volunteers: an upper bound of the effect",
        "compare_with": ["mortality_ratio_of_members"],
        "source": "Larrain and Groene 2023",
    },
]


@pytest.fixture
def a_run() -> Callable[..., Results]:
    """Return the builder of runs by hand: `seeds`, `years`, `effect` (share of cost, 1), `idle`."""
    return build


def build(seeds: int = 20, years: int = 12, effect: float = 0.03, *, idle: bool = False) -> Results:
    """Return a region that saves `effect` of its cost after a ramp; `idle`: no money moves."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for seed in range(1, seeds + 1):
        _live(rows, seed, years, 0.0 if idle else effect, idle)
    tables = {name: pd.DataFrame(rows[name], columns=_columns(name)) for name in TABLES}
    tables["population"] = tables["population"].fillna(0.0)  # what nothing here depends on
    results = Results(
        experiment="kinzigtal",
        seeds=tuple(range(1, seeds + 1)),
        first_year=FIRST,
        last_year=FIRST + years - 1,
        sectors=("hospital", "physician", "drugs", "other"),
        insurers=("aok", "lkk"),
        tables=tables,
        config={"region": {"label": "Kinzigtal", "published": PUBLISHED}},
        manifest={
            "run": "0" * 16,
            "overrides": [f"seeds={seeds}", "out=/somewhere"],
        },
    )
    return beside_truth(results)


def _columns(table: str) -> list[str]:
    filled = {"<condition>": "diabetes", "<event>": "infarction"}
    names = list(TABLES[table])
    for pattern, name in filled.items():
        names = [column.replace(pattern, name) for column in names]
    return names


def _live(
    rows: dict[str, list[dict[str, Any]]], seed: int, years: int, effect: float, idle: bool
) -> None:
    luck = np.random.default_rng(seed)
    cash, index, cashbook = 0.0, 0.985 + 0.008 * luck.standard_normal(), rows["cashbook"]

    def pay(month: int, payer: str, payee: str, account: str, amount: float) -> None:
        if amount > 0:
            cashbook.append(
                {
                    "arm": ARMS[0],
                    "seed": seed,
                    "month": month,
                    "payer": payer,
                    "payee": payee,
                    "account": account,
                    "amount": round(amount, 2),
                }
            )

    if not idle:
        pay(-11, "lender:bank", "integrator", "drawdown", 4e6)
        for month in range(-11, 1):
            pay(month, "integrator", "staff", "overhead", 60_000)
    for place in range(years):
        year, ramp = FIRST + place, min(1.0, (place + 1) / 6)
        members = (
            0 if idle else 9800 * min(1.0, ((place + 1) / 11) ** 0.7) + 90 * luck.standard_normal()
        )
        total = dict.fromkeys(ARMS, 0.0)
        chance = 1 + 0.012 * luck.standard_normal()
        for arm in ARMS:
            helped = arm == ARMS[0]
            for insurer, insured in (("aok", 29_400), ("lkk", 1_750)):
                cost = insured * 2050 * 1.022**place * chance * (1 - helped * effect * ramp)
                total[arm] += cost
                rows["population"].append(
                    _people(
                        arm,
                        seed,
                        year,
                        insurer,
                        insured,
                        cost,
                        members * helped,
                        effect * ramp * helped,
                    )
                )
                rows["insurers"].append(
                    {
                        "arm": arm,
                        "seed": seed,
                        "year": year,
                        "insurer": insurer,
                        "insured_years": insured,
                        "cost": cost,
                        "allocation": cost * 1.02,
                        "contribution_margin": cost * 0.02,
                        "paid_to_integrator": 0.0,
                    }
                )
        cost = total[ARMS[0]]
        allocation = total[ARMS[1]] / chance * 1.02 * (1 + 0.006 * luck.standard_normal())
        benchmark, shared = index * allocation, 0.0
        shared = 0.0 if idle else max(0.0, 0.5 * (benchmark - cost))
        due = 12 * (place + 1) + 18
        rows["settlements"].append(
            {
                "arm": ARMS[0],
                "seed": seed,
                "year": year,
                "insured_years": 31_150.0,
                "allocation": allocation,
                "allocation_standard_error": 0.004 * allocation,
                "cost": cost,
                "regional_indexation_factor": index,
                "expected": benchmark,
                "regime_factor": 1.0,
                "prior_savings_credit": 0.0,
                "benchmark": benchmark,
                "standard_error": 0.01 * benchmark,
                "contribution_margin": allocation - cost,
                "measured_savings": benchmark - cost,
                "settled_years": 1,
                "settled_savings": benchmark - cost,
                "deficit_brought": 0.0,
                "savings_rate": (benchmark - cost) / benchmark,
                "minimum_savings_rate": 0.0,
                "quality_score": 1.0,
                "sharing_rate": 0.5,
                "savings_share": shared,
                "levy": 0.0,
                "shared_savings": shared,
                "shared_loss": 0.0,
                "deficit_carried": 0.0,
                "investment_fee": 0.0 if idle or place > 2 else 350_000.0,
                "management_fee": 0.0,
                "kpi_fee": 0.0,
                "in_force": True,
                "advance": 0.0,
                "advance_returned": 0.0,
                "payment": shared,
                "paid_month": due,
                "r_squared": 0.24,
            }
        )
        for rule, bias in RULES.items():
            refused = rule == "matched_pairs" and place == 0
            saved = benchmark - cost + bias * cost
            figures = {
                "insured_years": 31_150.0,
                "benchmark": saved + cost,
                "cost": cost,
                "measured_savings": saved,
                "standard_error": 0.01 * cost,
            }
            rows["measurements"].append(
                {
                    "arm": ARMS[0],
                    "seed": seed,
                    "year": year,
                    "rule": rule,
                    "agreed": rule == "contribution_margin",
                    **({} if refused else figures),
                    "refusal": "clause 4.4, matched pairs: cannot be balanced." if refused else "",
                }
            )
        pay(due, "insurer:aok", "integrator", "shared_savings", shared)
        pay(due, "integrator", "physicians", "bonus", 0.2 * shared)
        rows["integrators"].append(
            {
                "arm": ARMS[0],
                "seed": seed,
                "year": year,
                "income": shared,
                "expense": 800_000.0,
                "operating_result": shared - 800_000.0,
                "cash": cash,
                "staff_cost": 600_000.0,
                "programme_cost": 200_000.0,
                "member_deaths": 8.0,
                "expected_member_deaths": 10.0,
                "members": members,
            }
        )
        if idle:
            continue
        for month in range(12 * place + 1, 12 * place + 13):
            pay(month, "integrator", "staff", "overhead", 52_000)
            pay(month, "integrator", "providers", "programme", 16_000 * ramp)
            pay(month, "integrator", "lender:bank", "interest", 12_000)
        if place < 3:
            pay(12 * place + 1, "insurer:aok", "integrator", "investment_fee", 350_000)
        for name, (eligible, capacity) in PROGRAMMES.items():
            enrolled = capacity * min(1.0, ramp * (1 + 0.1 * luck.standard_normal()))
            rows["programmes"].append(
                {
                    "arm": ARMS[0],
                    "seed": seed,
                    "year": year,
                    "programme": name,
                    "eligible": eligible,
                    "invited": enrolled * 2,
                    "enrolled": enrolled,
                    "started": enrolled,
                    "completed": 0.6 * enrolled,
                    "dropped_out": 0.2 * enrolled,
                    "waiting": 3,
                    "cost": 120.0 * enrolled,
                }
            )


def _people(
    arm: str,
    seed: int,
    year: int,
    insurer: str,
    insured: int,
    cost: float,
    members: float,
    effect: float,
) -> dict[str, Any]:
    share = insured / 31_150
    deaths = 390 * share * (1 - effect) + (seed * year) % 17 * share
    return {
        "arm": arm,
        "seed": seed,
        "year": year,
        "insurer": insurer,
        "resident": True,
        "person_years": insured + 60 * effect,
        "deaths": deaths,
        "members": members * share,
        "admissions": 7000 * share * (1 - effect),
        "avoidable_admissions": 1500 * share * (1 - 3 * effect),
        "cost_hospital": 0.42 * cost,
        "cost_physician": 0.22 * cost,
        "cost_drugs": 0.2 * cost,
        "cost_other": 0.16 * cost,
        "cost_long_term_care": 0.12 * cost,
        "cost_patient": 0.05 * cost,
        "qalys": 0.85 * (insured + 90 * effect),
        "onset_diabetes": 300 * share,
        "prevalence_diabetes": 3300 * share,
        "event_infarction": 100 * share,
    }
