"""What pairs cost in all, and for how long they were insured, on both sides."""

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


def sums(pairs: Pairs) -> Sums:
    """Cost and time of all pairs."""
    return Sums(
        pairs.region.total_cost,
        pairs.region.insured_years,
        pairs.comparison.total_cost,
        pairs.comparison.insured_years,
    )


def sums_by_region(pairs: Pairs, size: int) -> Sums:
    """The same by the number of the region in which the person elsewhere lives, float64 [size]."""

    def add(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(pairs.comparison.region, weights, minlength=size)

    return Sums(
        add(pairs.region.cost),
        add(pairs.region.time),
        add(pairs.comparison.cost),
        add(pairs.comparison.time),
    )


def added(parts: Sequence[Sums]) -> Sums:
    """Add up several years."""
    return Sums(*(sum(part) for part in zip(*parts, strict=True)))
