"""How cost scatters: between persons, from year to year, and between groups of insured."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from experiments.validation.cost import total
from experiments.validation.target import Estimator, Lived, Sums, Target, ratio
from sim.observation import Panel

TRUNCATED_AT = 99  # percentile, as in the United States
SIZES = (1_000, 60_000)


def _both_years(panel: Panel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cost of the year before and of the year, of those alive throughout both."""
    alive = panel.here & (panel.months == 12) & panel.expected & (panel.age >= 2)
    return panel.cost_before[alive].astype(float), total(panel)[alive]


def _moments(first: NDArray[np.float64], second: NDArray[np.float64]) -> Sums:
    parts = (first, second, first**2, second**2, first * second)
    return np.array([first.size, *(part.sum() for part in parts)])


def correlation(sums: Sums) -> float:
    """Pearson correlation from count, sums, sums of squares and of products.

    >>> correlation(_moments(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])))
    1.0
    """
    n, x, y, xx, yy, xy = sums
    spread = math.sqrt(max((xx - x * x / n) * (yy - y * y / n), 0.0)) if n else 0.0
    return float((xy - x * y / n) / spread) if spread else math.nan


def _pearson(lived: Lived, target: Target) -> Sums:
    return _moments(*_both_years(lived.panel(target)))


def _rank(lived: Lived, target: Target) -> Sums:
    first, second = _both_years(lived.panel(target))
    n = max(first.size, 1)
    return _moments(rankdata(first) / n, rankdata(second) / n)


def _prediction(lived: Lived, target: Target) -> Sums:
    """Squared and absolute errors of the norm and of the mean, annualised, by insured time."""
    panel = lived.panel(target)
    years = panel.months / 12
    cost, norm = total(panel) / years, panel.norm / years
    mean = (cost * years).sum() / years.sum()
    errors = [cost - norm, cost - mean]
    parts = [(years * part).sum() for error in errors for part in (error**2, np.abs(error))]
    return np.array(parts)


def _scatter(lived: Lived, target: Target) -> Sums:
    return scatter(lived.panel(target))


def scatter(panel: Panel) -> Sums:
    """Count, cost, squared residuals: plain, for time insured, for risk; then truncated.

    Residuals are those of mean cost a head: for time insured, and for prospective norm cost.
    Truncation is at the 99th percentile of annualised cost; the norm is scaled to what is left.
    """
    years, found = panel.months / 12, []
    whole = total(panel)
    limit = np.percentile(whole / years, TRUNCATED_AT)
    for cost in (whole, np.minimum(whole / years, limit) * years):
        mean = cost.sum() / years.sum()
        plain, timed = cost - cost.mean(), cost - mean * years
        risk = cost - panel.norm * (cost.sum() / panel.norm.sum())
        found += [cost.size, cost.sum(), *((part**2).sum() for part in (plain, timed, risk))]
    return np.array(found)


def deviation(sums: Sums, residual: int) -> float:
    """Standard deviation of a person's residual over mean cost; 0 plain, 1 for time, 2 risk."""
    return math.sqrt(sums[2 + residual] * sums[0]) / float(sums[1]) if sums[1] else math.nan


def _of_group(residual: int, size: int) -> Estimator:
    return Estimator(_scatter, lambda sums: deviation(sums, residual) / math.sqrt(size), panel=True)


ESTIMATORS = {
    "persistence_pearson": Estimator(_pearson, correlation, panel=True),
    "persistence_rank": Estimator(_rank, correlation, panel=True),
    "r_squared": Estimator(_prediction, lambda s: 1 - ratio(s[[0, 2]]), panel=True),
    "cpm": Estimator(_prediction, lambda s: 1 - ratio(s[[1, 3]]), panel=True),
    "cost_cv": Estimator(_scatter, lambda sums: deviation(sums, 0), panel=True),
    **{f"cost_noise_raw_{size}": _of_group(1, size) for size in SIZES},
    **{f"cost_noise_risk_adjusted_{size}": _of_group(2, size) for size in SIZES},
}
