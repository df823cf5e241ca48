"""What the project and each funder made of their money, over all seeds: rates, losses, paybacks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean

import numpy as np

from sim.distribution import Distribution, distribution
from sim.funding import returns
from sim.funding.carried import Carried
from sim.funding.cashbook import CENTS, FINANCING, OPERATING, SURPLUS
from sim.funding.instruments import MONTHS
from sim.funding.returns import Months
from sim.funding.solvency import NEVER
from sim.funding.waterfall import COMPANY

WORST = 0.1  # the part of the seeds that the expected shortfall looks at: the worst tenth


@dataclass(frozen=True)
class Performance:
    """What one party had from its money over the seeds.

    `irr` (1/year) counts a seed without a rate as the worst, and `states` says how many seeds
    have which state. `present_value`, `gain` and `paid_in` in EUR; `multiple` (1) is money back
    per euro; paybacks are months, none where it is not within the horizon. `loss_probability`
    is the share of seeds in which less came back than was paid in; `expected_shortfall` the
    mean present value of the worst tenth, as a loss (EUR).
    """

    party: str
    irr: Distribution
    states: dict[str, int]
    present_value: Distribution
    gain: Distribution
    paid_in: Distribution
    multiple: Distribution
    payback: Distribution
    discounted_payback: Distribution
    loss_probability: float
    expected_shortfall: float


@dataclass(frozen=True)
class Project:
    """The company before financing, over the seeds: months, EUR; and how it serves its debts.

    `cover_minimum` and `cover_average` are debt service cover ratios (1) over the years in
    which any debt service was due, none where none was. `events` counts seeds by event.
    """

    performance: Performance
    break_even: Distribution
    cash_break_even: Distribution
    peak_funding: Distribution
    peak_month: Distribution
    cover_minimum: Distribution
    cover_average: Distribution
    events: dict[str, int]
    survival: float


def performance(party: str, flows: Sequence[Months], rate: float) -> Performance:
    """Sum up the flows of a party, one mapping a seed; `rate` discounts (1/year)."""
    rates = [returns.irr(flow) for flow in flows]
    worth = [returns.present_value(flow, rate) for flow in flows]
    gain = [round(sum(flow.values()), 2) for flow in flows]
    paid_in = [-sum(amount for amount in flow.values() if amount < 0) for flow in flows]
    return Performance(
        party=party,
        irr=distribution([found.rate for found in rates], "low"),
        states=dict(sorted(Counter(found.state for found in rates).items())),
        present_value=distribution(worth),
        gain=distribution(gain),
        paid_in=distribution(paid_in),
        multiple=distribution([returns.moic(flow) for flow in flows], "low"),
        payback=distribution([returns.payback(flow) for flow in flows], "high"),
        discounted_payback=distribution(
            [returns.discounted_payback(flow, rate) for flow in flows], "high"
        ),
        loss_probability=sum(amount < 0 for amount in gain) / len(gain),
        expected_shortfall=expected_shortfall(worth),
    )


def expected_shortfall(values: Sequence[float], worst: float = WORST) -> float:
    """Mean of the worst part of the values, as a loss; below zero where even these are gains.

    Of few values it is the worst one: the part is rounded up to whole seeds.

    >>> expected_shortfall([-10.0, -20.0, 5.0, 7.0, 9.0, 1.0, 2.0, 3.0, 4.0, 6.0])
    20.0
    """
    count = max(ceil(round(len(values) * worst, 9)), 1)
    return -sum(sorted(values)[:count]) / count + 0.0


def funders(carried: Carried) -> list[str]:
    """Everybody who put money in by the plan, in its order."""
    return list(dict.fromkeys(one.party for one in carried.plan.instruments))


def of_funders(carried: Carried, rate: float) -> list[Performance]:
    """What every funder made of its money by the plan, what it is paid for care left aside."""
    return [
        performance(party, _flows(carried, party, FINANCING | SURPLUS), rate)
        for party in funders(carried)
    ]


def of_project(carried: Carried, rate: float) -> Project:
    """What the company is before anybody finances it, and how it keeps its word."""
    flows = _flows(carried, COMPANY, OPERATING)
    last = carried.operations.contract_months
    peaks = [returns.peak_funding(flow) for flow in flows]
    covers = [cover(carried, seed) for seed in range(len(flows))]
    return Project(
        performance=performance(COMPANY, flows, rate),
        break_even=distribution(
            [returns.break_even(result, last) for result in _results(carried)], "high"
        ),
        cash_break_even=distribution(
            [returns.cash_break_even(flow, last) for flow in flows], "high"
        ),
        peak_funding=distribution([peak.amount for peak in peaks]),
        peak_month=distribution([peak.month for peak in peaks], "low"),
        cover_minimum=distribution([min(found, default=None) for found in covers], "low"),
        cover_average=distribution([fmean(found) if found else None for found in covers], "low"),
        events={
            str(event): int(np.count_nonzero(months != NEVER))
            for event, months in carried.solvency.events.items()
        },
        survival=float(carried.survives.mean()),
    )


def present_values(carried: Carried, rate: float) -> list[float]:
    """Net present value of the project before financing, EUR by seed."""
    return [returns.present_value(flow, rate) for flow in _flows(carried, COMPANY, OPERATING)]


def cover(carried: Carried, seed: int) -> list[float]:
    """Debt service cover ratio of each year in which debt service was due, of one seed."""
    return [
        float(flow[seed] / service[seed])
        for flow, service in carried.solvency.cover.values()
        if service[seed] > 0
    ]


def _flows(carried: Carried, party: str, accounts: frozenset[str]) -> list[dict[int, float]]:
    """Received less paid on some accounts, EUR by month in which money moved, of every seed."""
    net = carried.streams.net(party, accounts)
    months = np.array(carried.streams.months)
    return [
        dict(zip(months[moved].tolist(), (net[moved, seed] / CENTS).tolist(), strict=True))
        for seed in range(carried.streams.seeds)
        for moved in [np.flatnonzero(net[:, seed])]
    ]


def _results(carried: Carried) -> list[dict[int, float]]:
    """Operating results, EUR by month: shared savings in December of the year they are for."""
    flows = _flows(carried, COMPANY, OPERATING - {"shared_savings"})
    for seed, flow in enumerate(flows):
        for year, earned in enumerate(carried.operations.earned[:, seed].tolist(), start=1):
            month = MONTHS * year
            if carried.solvency.wound_up[seed] > month:
                flow[month] = round(flow.get(month, 0.0) + earned, 2)
    return flows
