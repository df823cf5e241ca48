"""Promises of plans: those of conf can be carried, nobody owns more than the whole."""

import copy
import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim.funding.carried import Operations, carry
from sim.funding.plan import UNTAXED, Law, Plan, plan
from sim.overrides import CONF
from sim.quantity import Refusal, quantities, values
from tests.funding.companies import EACH, EQUITY, GRANT, LOAN, STAKE, operations, plan_of
from tests.keys import quantities_of

READY = sorted((CONF / "funding").glob("*.yaml"))
NAMES = [path.stem for path in READY]


def conf(name: str) -> dict[str, Any]:
    """Return a ready plan as it stands in conf."""
    found: dict[str, Any] = yaml.safe_load((CONF / "funding" / f"{name}.yaml").read_text("utf-8"))
    return found


def ready(name: str) -> Plan:
    """Return a ready plan."""
    return plan(values({"funding": conf(name)})["funding"])


@functools.cache
def large() -> Operations:
    """Return a company of the size that the ready plans are made for: good, fair and bad luck."""
    levels = {3: (5e6, 4e6), 4: (1.5e6, 1e6), 5: (0.3e6, 1e5), 6: (0.0, 0.0)}
    parts = [
        operations(60, 12, preparation=12, lag=18, luck=luck, level=level, spread=spread)
        for luck, (level, spread) in levels.items()
    ]
    earned = np.hstack([part.earned for part in parts])
    earned[2, -1] = 1e7  # comes when the company has been wound up, and is shared out by rank
    cost = np.hstack([part.cost for part in parts])
    return replace(
        parts[0],
        cost=np.where(np.arange(len(cost))[:, None] < 12, cost, cost * np.tile([4, 8], 120)),
        fees=np.hstack([part.fees for part in parts]),
        insured=np.hstack([part.insured for part in parts]) * 30,
        earned=earned,
        bonus=(0.2 * earned).round(2),
        outcomes={"measured_savings": earned * 2},
    )


def test_the_ready_plans_are_those_that_are_promised() -> None:
    assert NAMES == [
        "advance", "blended_public", "equity", "kinzigtal", "loan", "none", "outcome_bond",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_plan_brings_what_it_promises(name: str) -> None:
    funding = ready(name)
    assert funding.label
    assert funding.committed >= 1_500_000 or name == "none"
    streams = carry(funding, UNTAXED, large()).streams
    brought = sum(
        streams.total(account=one).sum(axis=0)
        for one in ("drawdown", "capital", "grant", "advance")
    )
    if name != "none":
        assert (brought >= 0.9 * funding.committed * 100).any()


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_ready_plan_moves_money(name: str) -> None:
    given, business = {"funding": conf(name)}, large()
    before = fingerprint(plan(values(given)["funding"]), business)
    for path, node in quantities_of(given):
        low, high = node["range"]
        ends = (end for end in (high, low) if end != node["value"])
        moved = (
            fingerprint(plan(values(changed(given, path, end))["funding"]), business) != before
            for end in ends
        )
        assert any(moved), path


def fingerprint(funding: Plan, business: Operations, law: Law = UNTAXED) -> Any:
    """Return what a plan does to the business: payments and events, to compare."""
    carried = carry(funding, law, business)
    solvency = carried.solvency
    found = {**carried.streams.paid, **solvency.events, **solvency.breaches}
    return {key: values.tobytes() for key, values in found.items()}


def changed(given: dict[str, Any], path: str, value: float) -> dict[str, Any]:
    """Return the same config with another value of one quantity."""
    node = found = copy.deepcopy(given)
    for key in path.split("."):
        node = node[int(key)] if key.isdigit() else node[key]
    node["value"] = int(value) if node["unit"] == "month" else float(value)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_ready_plan_can_take_the_ends_of_its_range(name: str) -> None:
    given = {"funding": conf(name)}
    for path, quantity in quantities(given).items():
        for end in quantity.range:
            plan(values(changed(given, path, end))["funding"])


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([{**EQUITY, "share": 0.7}, {**EQUITY, "funder": "two", "share": 0.4}], "add up to 1.1"),
        ([{**STAKE, "profit_share": 0.9}, {**STAKE, "funder": "two", "profit_share": 0.2}], "1.1"),
        ([LOAN, LOAN], "could not be told apart"),
        ([{**LOAN, "grace": 200}], r"funding.instruments.0: grace of 200 months"),
        ([{**LOAN, "kind": None}], r"funding.instruments.0.kind is None"),
    ],
)
def test_a_plan_that_does_not_add_up_is_refused(parts: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        plan({"instruments": parts})


def test_rules_out_of_range_are_refused() -> None:
    with pytest.raises(Refusal, match=r"funding.payout is 1.5"):
        plan({"instruments": [], "payout": 1.5})
    with pytest.raises(Refusal, match="after_insolvency"):
        plan({"instruments": [], "after_insolvency": "perhaps"})


def test_another_size_scales_every_amount_and_nothing_else() -> None:
    twice = plan_of(LOAN, GRANT, EQUITY, STAKE).scaled(2)
    assert twice.committed == 2 * plan_of(LOAN, GRANT, EQUITY, STAKE).committed
    assert twice.instruments[0].grace == LOAN["grace"]
    assert twice.instruments[1].milestones[1].amount == 180_000
    assert twice.instruments[1].milestones[1].spent == 0.8
    assert twice.payout == 0.5


def test_money_dated_before_the_company_begins_is_paid_when_it_begins() -> None:
    later = plan_of(*EACH).beginning(-1)
    loan, grant, advance, stake, equity, bond = later.instruments
    assert loan.first_month == -5  # its term has begun; it is drawn when money is missing
    assert [one.month for one in grant.milestones] == [-1, 13]
    assert (advance.first_month, stake.month, bond.tranches[0].month) == (1, 1, -1)
    assert [one.month for one in equity.tranches] == [-1, 14]
    assert plan_of({**LOAN, "draw": "at_once"}).beginning(-1).instruments[0].first_month == -1


LAWS = sorted((CONF / "law").glob("*.yaml"))


@pytest.mark.parametrize("path", LAWS, ids=lambda path: path.stem)
def test_every_number_of_a_law_moves_money_or_an_event(path: Path) -> None:
    given = {"law": yaml.safe_load(path.read_text("utf-8"))}
    given["law"]["vat_share"]["value"] = 0.1  # the rate is that of what is bought
    funding, business = ready("blended_public"), large()
    law = Law.model_validate(values(given)["law"])
    assert law.country == path.stem
    before = fingerprint(funding, business, law)
    for key, node in quantities_of(given):
        ends = (end for end in reversed(node["range"]) if end != node["value"])
        assert any(
            fingerprint(
                funding, business, Law.model_validate(values(changed(given, key, end))["law"])
            )
            != before
            for end in ends
        ), key
