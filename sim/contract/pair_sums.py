"""What pairs cost in all, and for how long they were insured, on both sides.

Who moves away is insured for part of a year, and is young: where more move away on one side, the
old weigh more there, without anybody being dearer. So the comparison's side is weighed to the
insured time that the region's side has in each group of ages.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.contract.pairing import Pairs


class Sums(NamedTuple):
    """Cost (EUR/year) and insured time (person-year) of both sides: one number, or [place]."""

    region_cost: Any
    region_time: Any
    comparison_cost: Any
    comparison_time: Any


def weights(pairs: Pairs, ages: Sequence[int]) -> NDArray[np.float64]:
    """How much the comparison's side of each pair counts (1) [pair]; `ages` begin the groups."""
    group = np.searchsorted(ages, pairs.region.age, side="right")
    here, there = (np.bincount(group, side.time) for side in (pairs.region, pairs.comparison))
    found: NDArray[np.float64] = here[group] / there[group]
    return found


def sums(pairs: Pairs, ages: Sequence[int]) -> Sums:
    """Cost and time of all pairs."""
    weight = weights(pairs, ages)
    return Sums(
        pairs.region.total_cost,
        pairs.region.insured_years,
        float((weight * pairs.comparison.cost).sum()),
        float((weight * pairs.comparison.time).sum()),
    )


def sums_by_region(pairs: Pairs, ages: Sequence[int], size: int) -> Sums:
    """The same by the number of the region in which the person elsewhere lives, float64 [size]."""
    weight = weights(pairs, ages)

    def add(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(pairs.comparison.region, amounts, minlength=size)

    return Sums(
        add(pairs.region.cost),
        add(pairs.region.time),
        add(weight * pairs.comparison.cost),
        add(weight * pairs.comparison.time),
    )


def added(parts: Sequence[Sums]) -> Sums:
    """Add up several years."""
    return Sums(*(sum(part) for part in zip(*parts, strict=True)))
