"""An outcome over the seeds: mean, spread, quantiles, and the seeds without a value counted."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Literal, TypedDict


class Distribution(TypedDict):
    """What the seeds say of one outcome, in its unit. JSON-ready: None is null, never NaN."""

    mean: float | None
    sd: float | None
    p10: float | None
    p50: float | None
    p90: float | None
    n: int
    none: int


def distribution(
    values: Sequence[float | None], bad_end: Literal["high", "low"] | None = None
) -> Distribution:
    """Summarise one value a seed; None is a seed without one, say one that never breaks even.

    `n` counts all seeds and `none` those without a value. Quantiles rank all seeds, those
    without a value at the bad end: `"high"` where late is bad (break-even, cash break-even,
    payback), `"low"` where little is (IRR). A quantile is interpolated linearly between the two
    order statistics beside it (numpy's default); where one of these is a seed without a value,
    it is None. `mean` and `sd` (of a sample, divisor n - 1) are over the seeds that have a
    value and are None where there are too few. One seed alone has no spread: its value is mean
    and median, and sd, p10 and p90 are None.

    >>> found = distribution([60, 48, None, 54, 66], bad_end="high")
    >>> [found[key] for key in ("mean", "p10", "p50", "p90", "n", "none")]
    [57.0, 50.4, 60.0, None, 5, 1]
    """
    found = sorted(float(value) for value in values if value is not None)
    if not all(map(math.isfinite, found)):
        raise ValueError("a value is neither finite nor None; a seed without a value gives None")
    none = len(values) - len(found)
    if none and bad_end is None:
        raise ValueError(
            'some seeds have no value; say with bad_end whether "high" or "low" is bad'
        )
    missing: list[float | None] = [None] * none
    ranked = [*missing, *found] if bad_end == "low" else [*found, *missing]
    alone = len(ranked) == 1
    return Distribution(
        mean=fmean(found) if found else None,
        sd=stdev(found) if len(found) > 1 else None,
        p10=None if alone else _quantile(ranked, 10),
        p50=_quantile(ranked, 50),
        p90=None if alone else _quantile(ranked, 90),
        n=len(ranked),
        none=none,
    )


def _quantile(ranked: Sequence[float | None], percent: int) -> float | None:
    """The quantile at a whole percent; in whole numbers, so that a rank that is hit is hit."""
    if not ranked:
        return None
    place, rest = divmod(percent * (len(ranked) - 1), 100)
    low = ranked[place]
    if low is None or rest == 0:
        return low
    high = ranked[place + 1]
    return None if high is None else low + (high - low) * rest / 100
