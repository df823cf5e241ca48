"""Normal equations solved so that no number of threads changes a bit.

By sweeping (Goodnight 1979, doi:10.2307/2683825), which skips a column that adds nothing to those
before it.
"""

import numpy as np
from numpy.typing import NDArray

COLLINEAR = 1e-10  # share of a column that must be its own, or it adds nothing


def least_squares(
    years: NDArray[np.float64], moment: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve the normal equations: weights [factor] and inverse [factor, factor].

    `years` [factor, factor] holds the upper triangle, person-years; `moment` [factor] is in
    EUR. Empty columns, and those that add nothing to the ones before them, get weight 0.
    """
    present = np.flatnonzero(np.diagonal(years) > 0)
    size = len(present)
    table = np.zeros((size, size + 1))
    table[:, :size] = years[np.ix_(present, present)]
    table[:, :size] += np.triu(table[:, :size], 1).T
    table[:, size] = moment[present]
    least = np.diagonal(table) * COLLINEAR
    kept = np.ones(size, dtype=np.bool_)
    for pivot in range(size):
        divisor = table[pivot, pivot]
        if divisor <= least[pivot]:
            kept[pivot] = False
            continue
        row, column = table[pivot] / divisor, table[:, pivot].copy()
        table -= np.multiply.outer(column, row)
        table[pivot] = row
        table[:, pivot] = -column / divisor
        table[pivot, pivot] = 1 / divisor
    weights = np.zeros(len(moment))
    inverse = np.zeros_like(years)
    weights[present[kept]] = table[kept, size]
    inverse[np.ix_(present[kept], present[kept])] = table[np.ix_(kept, kept)]
    return weights, inverse
