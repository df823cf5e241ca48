"""How fast is money? The waterfall of many seeds at once, beside the same seed by seed."""

import time

import numpy as np
import yaml

from sim.funding.carried import Carried, Operations, carry
from sim.funding.plan import UNTAXED, Plan, plan
from sim.overrides import CONF
from sim.quantity import values

SEEDS, YEARS, PREPARATION, LAG = 10_000, 17, 12, 18  # with the run-off 240 months
CHUNK = 2_000  # seeds carried side by side, so that memory stays small
ALONE = 5  # seeds carried one by one, to know what all of them would take
KINDS = {
    "grant": "blended_public",
    "stake": "blended_public",
    "loan": "loan",
    "advance": "advance",
    "equity": "equity",
    "outcome_bond": "outcome_bond",
}


def funding(seeds: int = SEEDS, chunk: int = CHUNK, alone: int = ALONE) -> dict[str, float]:
    """Seconds for all seeds at once, how many times that is faster, and whether it is the same."""
    six, business = all_kinds(), businesses(seeds)
    carry(six, UNTAXED, business.of(slice(0, 1)))  # warm
    began = time.perf_counter()
    for first in range(0, seeds, chunk):
        carried = carry(six, UNTAXED, business.of(slice(first, first + chunk)))
    together = time.perf_counter() - began
    places = np.linspace(seeds - len(carried.cash[0]), seeds - 1, alone).astype(int)
    began = time.perf_counter()
    ones = [carry(six, UNTAXED, business.of(slice(place, place + 1))) for place in places]
    apart = (time.perf_counter() - began) / alone * seeds
    first = seeds - len(carried.cash[0])
    same = [equal(one, carried, place - first) for one, place in zip(ones, places, strict=True)]
    return {
        "funding_seconds": together,
        "funding_months": float(len(carried.streams.months)),
        "funding_gain": apart / together,
        "funding_same_alone": float(all(same)),
    }


def all_kinds() -> Plan:
    """One instrument of each kind, from the ready plans."""
    parts = []
    for kind, name in KINDS.items():
        text = (CONF / "funding" / f"{name}.yaml").read_text("utf-8")
        ready = values({"funding": yaml.safe_load(text)})["funding"]
        parts.append(next(one for one in ready["instruments"] if one["kind"] == kind))
    return plan({"instruments": parts})


def businesses(seeds: int) -> Operations:
    """Companies that spend steadily and earn unevenly, drawn for speed and for nothing else."""
    draws, months = np.random.default_rng(1), PREPARATION + 12 * YEARS
    earned = np.maximum(draws.normal(1e6, 2e6, (YEARS, seeds)), 0.0)
    return Operations(
        first_month=1 - PREPARATION,
        contract_months=12 * YEARS,
        cost=draws.uniform(5e4, 1.5e5, (months, seeds)),
        fees=np.zeros((months, seeds)),
        insured=draws.uniform(25_000, 35_000, (months, seeds)),
        earned=earned,
        paid_month=12 * np.arange(1, YEARS + 1) + LAG,
        bonus=(0.2 * earned).round(2),
        outcomes={"measured_savings": 2 * earned},
    )


def equal(alone: Carried, batch: Carried, place: int) -> bool:
    """Whether a seed alone has the same payments, cash and events as in the batch, to the bit."""
    paid = {key: cents[:, 0] for key, cents in alone.streams.paid.items()}
    for key, cents in batch.streams.paid.items():
        one = paid.pop(key, np.zeros(len(cents)))
        if not np.array_equal(one, cents[:, place]):
            return False
    events = all(
        months[0] == batch.solvency.events[event][place]
        for event, months in alone.solvency.events.items()
    )
    return not paid and events and np.array_equal(alone.cash[:, 0], batch.cash[:, place])
