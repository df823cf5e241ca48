"""What moves the investors' rate and the break-even: each quantity of the money, at both its ends.

One quantity at a time takes the ends of its range while all others stay; the money is carried
again, nobody lives again. Quantities that change people are therefore left out, but for one: no
effect at all, beside the effect as simulated.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.distribution import distribution
from sim.funding import returns, stress
from sim.funding.carried import Operations, carry
from sim.funding.cashbook import CENTS, FINANCING, SURPLUS
from sim.funding.performance import funders, of_project
from sim.funding.plan import Law, Plan, plan
from sim.quantity import Quantity, quantities, values
from sim.report.business import cost_by_account, law_of, operations, plan_of
from sim.results import Results

COSTS = {  # account of the business -> quantities that decide it
    "overhead": "generation.overhead.",
    "programme": "programmes.",
    "network_pay": "network.pay_per_member",
}
COST_WORDS = {"overhead": "Overhead", "programme": "Cost of programmes", "network_pay": "Pay"}


@dataclass(frozen=True)
class Money:
    """What the money consists of: the business, the plan and the law."""

    business: Operations
    plan: Plan
    law: Law


@dataclass(frozen=True)
class Answer:
    """Medians over the seeds: the rate of all funders together (1/year), the break-even (month).

    None ranks as the worst, and is None where it is the median.
    """

    irr: float | None
    break_even: float | None


@dataclass(frozen=True)
class Swing:
    """What one quantity does: its values at both ends, and what comes of them."""

    label: str
    low: str
    high: str
    at_low: Answer
    at_high: Answer


Lever = tuple[str, tuple[str, Money], tuple[str, Money]]


def answer(money: Money) -> Answer:
    """Carry the money and ask what all funders together make and when the company breaks even."""
    carried = carry(money.plan, money.law, money.business)
    together = sum(
        (carried.streams.net(party, FINANCING | SURPLUS) for party in funders(carried)),
        start=np.zeros_like(carried.cash),
    )
    months = list(carried.streams.months)
    rates = [
        returns.irr(dict(zip(months, (flow / CENTS).tolist(), strict=True))).rate
        for flow in together.T
    ]
    project = of_project(carried, rate=0.0)
    return Answer(distribution(rates, "low")["p50"], project.break_even["p50"])


def swings(results: Results) -> tuple[Answer, list[Swing]]:
    """Return what the run gives as it is, and every quantity's swing, the widest first."""
    base = Money(operations(results), plan_of(results), law_of(results))
    found = [
        Swing(label, low[0], high[0], answer(low[1]), answer(high[1]))
        for label, low, high in _levers(results, base)
    ]
    return answer(base), sorted(found, key=width, reverse=True)


def width(swing: Swing) -> tuple[float, float]:
    """How far apart both ends are: in the rate, then in the break-even; none is far away."""
    return _apart(swing.at_low.irr, swing.at_high.irr, 1.0), _apart(
        swing.at_low.break_even, swing.at_high.break_even, 1e3
    )


def _apart(one: float | None, other: float | None, far: float) -> float:
    if one is None or other is None:
        return 0.0 if one is other else far
    return abs(one - other)


def _levers(results: Results, base: Money) -> Iterator[Lever]:
    known = quantities(results.config)
    yield from _of_contract(known, base)
    yield from _of_cost(results, known, base)
    nothing = replace(base, business=stress.effect(base.business, 0.0))
    yield "Effect on health", ("none", nothing), ("as simulated", base)
    for path, quantity in known.items():
        if path.startswith(("funding.", "law.")) and quantity.inert is None:
            yield _of_terms(results, base, path, quantity)


def _of_contract(known: Mapping[str, Quantity], base: Money) -> Iterator[Lever]:
    """Sharing rate, settlement lag and bonus share: what they do to the shared savings."""

    def ends(path: str, change: Callable[[Operations, float, float], Operations]) -> Lever:
        quantity = known[path]
        one, other = (
            (_written(end, quantity.unit), replace(base, business=change(
                base.business, end, quantity.value)))
            for end in quantity.range
        )  # fmt: skip
        return _label(path), one, other

    def share(business: Operations, end: float, value: float) -> Operations:
        times = end / value if value else 1.0
        return replace(business, earned=business.earned * times, bonus=business.bonus * times)

    def later(business: Operations, end: float, value: float) -> Operations:
        return stress.settlement_later(business, round(end) - round(value))

    def bonus(business: Operations, end: float, value: float) -> Operations:
        return replace(business, bonus=(business.earned * end).round(2))

    changes = {
        "contract.sharing_rate": share,
        "contract.settlement_lag": later,
        "generation.bonus_share": bonus,
    }
    for path, change in changes.items():
        if path in known:
            yield ends(path, change)


def _of_cost(results: Results, known: Mapping[str, Quantity], base: Money) -> Iterator[Lever]:
    """What the company spends: all quantities of an account together at their ends."""
    spent = cost_by_account(results)
    for account, start in COSTS.items():
        group = [
            one for path, one in known.items()
            if path.startswith(start) and one.unit.startswith("EUR/") and one.inert is None
        ]  # fmt: skip
        whole = sum(one.value for one in group)
        if not whole or account not in spent:
            continue
        ends = [sum(one.range[end] for one in group) / whole for end in (0, 1)]
        one, other = (
            (f"{end:.0%}", replace(base, business=replace(
                base.business,
                cost=np.maximum(base.business.cost + (end - 1) * spent[account], 0.0).round(2),
            )))
            for end in ends
        )  # fmt: skip
        yield COST_WORDS[account], one, other


def _of_terms(results: Results, base: Money, path: str, quantity: Quantity) -> Lever:
    """A term of the plan or the law at both ends."""
    ends = []
    for end in quantity.range:
        config = values(_changed(results.config, path, end))
        scale = (results.manifest.get("sizing") or {}).get("factor", 1.0)
        money = replace(
            base,
            plan=plan(config["funding"]).scaled(scale),
            law=Law.model_validate(config["law"]),
        )
        ends.append((_written(end, quantity.unit), money))
    return _label(path, results.config), ends[0], ends[1]


def _changed(config: Mapping[str, Any], path: str, value: float) -> dict[str, Any]:
    """The same funding and law with one quantity changed."""
    top, *rest = path.split(".")
    whole = {"funding": config["funding"], "law": config["law"]}
    return {**whole, top: _with(config[top], rest, value)}


def _with(node: Any, rest: list[str], value: float) -> Any:
    if not rest:
        number = round(value) if node["unit"] == "month" else value
        return {**node, "value": number}
    key, *further = rest
    if isinstance(node, list | tuple):
        return [
            _with(one, further, value) if place == int(key) else one
            for place, one in enumerate(node)
        ]
    return {**node, key: _with(node[key], further, value)}


def _label(path: str, config: Mapping[str, Any] | None = None) -> str:
    """What a quantity is called in a picture: the funder and the term.

    >>> _label("contract.sharing_rate")
    'Sharing rate'
    """
    parts = path.split(".")
    words = parts[-1].replace("_", " ")
    if parts[:2] == ["funding", "instruments"] and config is not None:
        one = config["funding"]["instruments"][int(parts[2])]
        number = f" {int(parts[4]) + 1}" if parts[3] in ("tranches", "milestones") else ""
        return f"{one['funder'].replace('_', ' ').capitalize()}: {words}{number}"
    return words.capitalize()


def _written(value: float, unit: str) -> str:
    """An end of a range, short.

    >>> _written(0.05, "1/year"), _written(2e6, "EUR"), _written(24, "month")
    ('5.0 %', '2.00 M', '24')
    """
    if unit in ("1", "1/year"):
        return f"{100 * value:.1f} %"
    return f"{value / 1e6:.2f} M" if abs(value) >= 1e5 else f"{value:,.6g}"
