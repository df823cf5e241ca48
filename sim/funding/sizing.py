"""How much money is enough: the smallest commitment with which a company survives often enough."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.distribution import distribution
from sim.funding.carried import Carried, Operations, carry
from sim.funding.cashbook import CENTS, OPERATING
from sim.funding.plan import Law, Plan
from sim.funding.waterfall import COMPANY
from sim.quantity import Refusal

LARGEST = 64.0  # times the plan as given; who needs more needs another plan
FINEST = 1 / 64  # of the plan as given
STEPS = 12  # factors of two between them


@dataclass(frozen=True)
class Size:
    """What the search found.

    `found`: a `factor` of the plan's amounts with which `survival` of the seeds survive, as many
    as were asked for; a little less is not enough. `none`: no size is, and survival is the most
    that any gives, at `factor`. `over` and `under` are, by seed, what of the commitment was
    never needed, and what was needed beyond it, EUR float64 (seeds,).
    """

    state: Literal["found", "none"]
    factor: float
    commitment: float
    survival: float
    over: NDArray[np.float64]
    under: NDArray[np.float64]

    def told(self) -> dict[str, Any]:
        """The same for a manifest, over- and under-funding as distributions over the seeds."""
        return {
            "state": self.state,
            "factor": self.factor,
            "commitment": round(self.commitment, 2),
            "survival": self.survival,
            "over": distribution(self.over.round(2).tolist()),
            "under": distribution(self.under.round(2).tolist()),
        }


def size(
    plan: Plan, law: Law, operations: Operations, probability: float, precision: float = 0.001
) -> Size:
    """Find the smallest commitment with which the company survives with a probability.

    All amounts of the plan grow and shrink together; what survives is a company that is never
    insolvent, its last debt included. More money is not always better, since it is to be paid
    back: sizes between a sixty-fourth and sixty-four times the plan are tried from small to
    large, and the first that is enough is narrowed down to `precision` (relative).
    """
    if not 0 < probability <= 1:
        raise Refusal(
            f"funding.survival is {probability:g}. It is the part of the seeds in which the "
            "company is to survive, above 0 and at most 1. Give another."
        )
    if not plan.instruments:
        raise Refusal(
            "funding.size=auto scales the amounts of the instruments, but the plan has none. "
            "Choose a plan with instruments, or leave the size out."
        )

    def survival(factor: float) -> float:
        return float(carry(plan.scaled(factor), law, operations).survives.mean())

    factors = np.geomspace(FINEST, LARGEST, STEPS + 1).tolist()
    tried = {}
    for factor in factors:
        tried[factor] = survival(factor)
        if tried[factor] >= probability:
            break
    else:
        best = max(tried, key=lambda one: (tried[one], -one))
        return _size("none", best, tried[best], plan, law, operations)
    if factor == factors[0]:
        return _size("found", factor, tried[factor], plan, law, operations)
    low, high = factor / 2, factor
    while high / low > 1 + precision:
        middle = float(np.sqrt(low * high))
        if survival(middle) >= probability:
            high = middle
        else:
            low = middle
    return _size("found", high, survival(high), plan, law, operations)


def _size(
    state: Literal["found", "none"],
    factor: float,
    survival: float,
    plan: Plan,
    law: Law,
    operations: Operations,
) -> Size:
    scaled = plan.scaled(factor)
    carried = carry(scaled, law, operations)
    committed = committed_by(carried)
    need = needed(carried)
    return Size(
        state=state,
        factor=factor,
        commitment=scaled.committed,
        survival=survival,
        over=np.maximum(committed - need, 0.0),
        under=np.maximum(need - committed, 0.0),
    )


def needed(carried: Carried) -> NDArray[np.float64]:
    """Peak funding of the business before financing, EUR float64 (seeds,)."""
    curve = np.cumsum(carried.streams.net(COMPANY, OPERATING), axis=0)
    deepest: NDArray[np.float64] = np.maximum(-curve.min(axis=0), 0.0) / CENTS
    return deepest


def committed_by(carried: Carried) -> NDArray[np.float64]:
    """All that funders promised, advances a head as they were paid, EUR float64 (seeds,)."""
    heads = carried.streams.total(account="advance").sum(axis=0) / CENTS
    lump = sum(one.lump_sum for one in carried.plan.instruments if one.kind == "advance")
    committed: NDArray[np.float64] = carried.plan.committed - lump + heads
    return committed
