"""How sure a mean over the seeds is, and whether that is sure enough.

The interval is Student's t on the seeds, which are independent of each other. It is looked at
after every batch of seeds of a fixed size, never in between, so that where it ends depends neither
on processes nor on the machine. Looking repeatedly ends a run a little too readily, where the
spread happens to be small at first; the larger the batch, the less.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import TypedDict

from scipy.special import stdtrit

AUTO = "auto"  # instead of seeds: as many as precision asks for
CONFIDENCE = 0.95  # of the interval, by its name


class Sureness(TypedDict):
    """What `seeds=auto` came to, JSON-ready: `width` is None where the mean is 0.

    `low` and `high` are the ends of the interval of the mean, in its unit; `width` is the whole
    interval, from end to end, as a share of the mean (1); `reached` is whether it is below target.
    """

    seeds: int
    max_seeds: int
    target: float
    mean: float
    low: float
    high: float
    width: float | None
    reached: bool


def sureness(values: Sequence[float], target: float, max_seeds: int) -> Sureness:
    """Return how sure the mean of one value a seed is; at least two seeds.

    >>> found = sureness([9.0, 10.0, 11.0], target=0.5, max_seeds=20)
    >>> round(found["low"], 2), round(found["high"], 2), found["reached"]
    (7.52, 12.48, True)
    """
    mean, count = fmean(values), len(values)
    half = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * stdev(values) / sqrt(count)
    return Sureness(
        seeds=count,
        max_seeds=max_seeds,
        target=target,
        mean=mean,
        low=mean - half,
        high=mean + half,
        width=2 * half / abs(mean) if mean else None,
        reached=2 * half < target * abs(mean),
    )
