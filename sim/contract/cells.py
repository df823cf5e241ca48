"""What a person-year says to the norm: a cell of age and sex, diagnoses, or a newcomer's cell.

The loops over rows are compiled and have the same bits as plain Python.
"""

from typing import Any

import numpy as np
from numba import njit

BANDS = 21  # ages 0, 1-4, 5-9, ..., 90-94, 95 and older
CELLS = 2 * BANDS  # male, then female
DIAGNOSES = 32  # bits of Ledger.documented
FACTORS = CELLS + DIAGNOSES
WEIGHTS = FACTORS + CELLS  # cells, diagnoses, and cells of newcomers


@njit(cache=True)
def _cell(age: Any, sex: Any) -> Any:
    """Age band and sex to a cell 0..41: male bands first."""
    band = 0
    if age >= 5:
        band = 1 + min(age, 95) // 5
    elif age > 0:
        band = 1
    return sex * BANDS + band


@njit(cache=True)
def cells(age: Any, sex: Any) -> Any:
    """Cell of each row, int64 [row]."""
    found = np.empty(len(age), np.int64)
    for row in range(len(age)):
        found[row] = _cell(np.int64(age[row]), np.int64(sex[row]))
    return found


@njit(cache=True)
def accumulate(
    age: Any, sex: Any, region: Any, months: Any, masks: Any, new: Any, cost: Any
) -> Any:
    """Normal equations of the comparison's rows, columns [row], cost [row] in EUR.

    `masks` are the documented diagnoses, `new` the newcomers. Gives months [weight, weight]
    (upper triangle), cost [weight] in EUR, the sum of squared annualised cost weighted by
    insured time in EUR^2/person-year, and the number of rows.
    """
    exposure = np.zeros((WEIGHTS, WEIGHTS), np.int64)
    moment = np.zeros(WEIGHTS, np.float64)
    active = np.zeros(DIAGNOSES + 1, np.int64)
    square = 0.0
    rows = 0
    for row in range(len(age)):
        if region[row] == 0:
            continue
        month = np.int64(months[row])
        spent = cost[row]
        square += spent * spent * 12.0 / np.float64(month)
        rows += 1
        cell = _cell(np.int64(age[row]), np.int64(sex[row]))
        if new[row]:
            exposure[FACTORS + cell, FACTORS + cell] += month
            moment[FACTORS + cell] += spent
            continue
        active[0] = cell
        count = 1
        mask = np.int64(masks[row])
        column = CELLS
        while mask != 0:
            if mask & 1 != 0:
                active[count] = column
                count += 1
            mask >>= 1
            column += 1
        for first in range(count):
            column = active[first]
            moment[column] += spent
            for second in range(first, count):
                exposure[column, active[second]] += month
    return exposure, moment, square, rows


@njit(cache=True)
def allocate(
    age: Any, sex: Any, months: Any, masks: Any, new: Any, weights: Any, exposure: Any
) -> Any:
    """Allocation of each row in EUR [row]; adds its months to `exposure` [weight]."""
    allocation = np.empty(len(age), np.float64)
    for row in range(len(age)):
        month = np.int64(months[row])
        column = _cell(np.int64(age[row]), np.int64(sex[row]))
        mask = np.int64(masks[row])
        if new[row]:
            column += FACTORS
            mask = np.int64(0)
        norm = weights[column]
        exposure[column] += month
        column = CELLS
        while mask != 0:
            if mask & 1 != 0:
                norm += weights[column]
                exposure[column] += month
            mask >>= 1
            column += 1
        allocation[row] = norm * np.float64(month) / 12.0
    return allocation


@njit(cache=True)
def scores(
    age: Any, sex: Any, region: Any, months: Any, masks: Any, new: Any, cost: Any, weights: Any
) -> Any:
    """Sum of the outer products of the rows' scores, EUR^2 [weight, weight], upper triangle.

    A row's score is its residual, EUR, in each column that is 1 for it. A newcomers' cell is a
    mean of everybody: everybody's residual from it counts too.
    """
    found = np.zeros((WEIGHTS, WEIGHTS), np.float64)
    active = np.zeros(DIAGNOSES + 2, np.int64)
    for row in range(len(age)):
        if region[row] == 0:
            continue
        time = np.float64(months[row]) / 12.0
        cell = _cell(np.int64(age[row]), np.int64(sex[row]))
        newly = cost[row] - weights[FACTORS + cell] * time
        found[FACTORS + cell, FACTORS + cell] += newly * newly
        if new[row]:
            continue
        active[0] = cell
        norm = weights[cell]
        count = 1
        mask = np.int64(masks[row])
        column = CELLS
        while mask != 0:
            if mask & 1 != 0:
                active[count] = column
                norm += weights[column]
                count += 1
            mask >>= 1
            column += 1
        residual = cost[row] - norm * time
        for first in range(count):
            column = active[first]
            for second in range(first, count):
                found[column, active[second]] += residual * residual
            found[column, FACTORS + cell] += residual * newly
    return found
