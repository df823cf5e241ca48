"""Promises of the company as funding sees it: carried again, its book is that of the run."""

from typing import Any

import numpy as np
import pytest

from sim.quantity import Refusal
from sim.report.business import carried, operations
from sim.results import Results
from sim.run import compare, simulate
from tests.worlds import changed, everywhere, of_arm, world

RICH: dict[str, Any] = {
    "contract.investment_fee": 900_000.0,
    "contract.settlement_lag": 14.0,
    "network.joining": 4.0,
    "network.membership": 3.0,
    "network.drug_cost_ratio": 0.1,
    "law.vat_share": 0.1,
}


def a_run(*overrides: str, **changes: Any) -> Results:
    scenario = world(
        "seeds=[1,2]", "population.size=1200", "population.comparison=1200", *overrides
    )
    early = everywhere(scenario, "start_month", 1.0)
    return simulate(changed(scenario, RICH | early | changes))


@pytest.mark.parametrize(
    "funding", ["loan", "none", "advance", "equity", "blended_public", "outcome_bond", "kinzigtal"]
)
def test_carried_again_the_money_is_that_of_the_run_to_the_cent(funding: str) -> None:
    results = a_run(f"funding={funding}")
    again = carried(results)
    book = of_arm(results.tables["cashbook"], "intervention")
    for place, seed in enumerate(results.seeds):
        own = book[book["seed"] == seed]
        for end, sign in (("payee", 1.0), ("payer", -1.0)):
            for party in again.streams.parties():
                if party in ("integrator", "insurers", "suppliers", "physicians"):
                    continue
                cents = sign * again.streams.total(**{end: party})[:, place].sum() / 100
                there = sign * own[own[end] == party]["amount"].sum()
                assert there == pytest.approx(cents, abs=0.001), (party, end)
        received = own[own["payee"] == "integrator"]["amount"].sum()
        paid = own[own["payer"] == "integrator"]["amount"].sum()
        assert again.cash[-1, place] / 100 == pytest.approx(received - paid, abs=0.001)


def test_the_business_is_what_was_booked_before_financing() -> None:
    results = a_run()
    business = operations(results)
    book = of_arm(results.tables["cashbook"], "intervention")
    cost = book[book["account"].isin(["overhead", "programme", "network_pay"])]
    assert business.cost.sum() == pytest.approx(cost["amount"].sum())
    shared = book[book["account"] == "shared_savings"]["amount"].sum()
    assert business.earned.sum() == pytest.approx(shared)
    assert (business.paid_month - 12 * np.arange(1, 4) == 14).all()
    assert business.first_month == -11
    assert business.insured.min() > 900


def test_a_wound_up_company_is_carried_again_as_far_as_it_went() -> None:
    changes = {"contract.investment_fee": 0.0, "network.drug_cost_ratio": 1.0}
    results = a_run("funding=none", **changes, **{"funding.after_insolvency": "wound_up"})
    ends = results.tables["events"].query("event == 'insolvency'")
    assert len(ends) == 2
    last = int(ends["month"].max())
    book = of_arm(results.tables["cashbook"], "intervention")
    assert book[book["account"] == "overhead"]["month"].max() == last
    assert (results.tables["settlements"]["year"] < 2006).sum() == 0
    assert carried(results).event("insolvency", 0) == last


def test_a_plan_of_automatic_size_lets_the_company_survive_as_often_as_asked_for() -> None:
    changes = {"contract.investment_fee": 0.0, "network.drug_cost_ratio": 1.0}
    grant = {
        "kind": "grant", "funder": "state", "clawback": 0.0, "clawback_month": None,
        "milestones": [{"month": -11, "amount": 200_000.0}],
    }  # fmt: skip
    more = {"funding.instruments": [grant], "funding.survival": 1.0, "funding.size": "auto"}
    results = a_run("funding=advance", **changes, **more)
    sizing = results.manifest["sizing"]
    assert sizing["state"] == "found"
    assert sizing["survival"] == 1
    committed = results.tables["funders"]["committed"].unique().tolist()
    assert committed == [pytest.approx(sizing["commitment"])]
    assert "insolvency" not in set(results.tables["events"]["event"])
    assert carried(results).survives.all()
    assert sizing["under"]["p50"] is not None


def test_a_comparison_looks_for_no_size() -> None:
    auto = changed(world("funding=loan"), {"funding.size": "auto"})
    with pytest.raises(Refusal, match="all seeds of a run together"):
        compare(auto, auto)
