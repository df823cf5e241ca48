"""Norm cost of a person from age, sex and documented diagnoses, estimated on the comparison.

One cell an age band and sex, plus one surcharge a documented diagnosis of the year before, by
least squares of annualised cost weighted by insured time, anew each year and on the comparison
alone: what the region saves or codes does not move the norm. Newborns and joiners have no
documented year before; theirs is the mean of everybody of their age and sex. All is scaled so
that the comparison's allocation equals its cost.

Annualised cost times its weight is the cost itself, so the normal equations need no division,
and their left side is a count of months, exact in any order of rows. A row touches only its own
cell and diagnoses. The equations are solved by sweeping (Goodnight 1979, doi:10.2307/2683825),
which skips a column that adds nothing to those before it and leaves bits that no number of
threads can change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.contract.ledger import Ledger, cost_by_row, sector_columns
from sim.quantity import Refusal

BANDS = 21  # ages 0, 1-4, 5-9, ..., 90-94, 95 and older
CELLS = 2 * BANDS  # male, then female
DIAGNOSES = 32  # bits of Ledger.documented
FACTORS = CELLS + DIAGNOSES
WEIGHTS = FACTORS + CELLS  # cells, diagnoses, and cells of newcomers
COLLINEAR = 1e-10  # share of a column that must be its own, or it adds nothing


@dataclass(frozen=True, eq=False)
class Norm:
    """Norm cost of one year. `weights` [cells, diagnoses, newcomers' cells] in EUR/person-year.

    `scale` (1) is already in the weights: comparison's cost over its unscaled allocation.
    `r_squared` (1) is individual, weighted by insured time. `inverse` [weight, weight],
    1/person-year, is that of the normal equations' left side.
    """

    year: int
    weights: NDArray[np.float64]
    scale: float
    r_squared: float
    inverse: NDArray[np.float64]


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
def _accumulate(
    age: Any, sex: Any, region: Any, months: Any, masks: Any, new: Any, cost: Any, sectors: Any
) -> Any:
    """Normal equations of the comparison's rows, columns [row], cost [row, sector] in EUR.

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
        spent = 0.0
        for sector in sectors:
            spent += np.float64(cost[row, sector])
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
def _allocate(
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


def estimate(ledger: Ledger, sectors: Sequence[str]) -> Norm:
    """Norm cost of the ledger's year from its comparison rows (region >= 1) alone.

    Individual weights may be negative where a diagnosis goes with less cost; they are kept,
    since setting them to 0 would bend the others. A ledger without anybody has a norm of 0.
    """
    exposure, moment, square, rows = _accumulate(
        ledger.age, ledger.sex, ledger.region, ledger.insured_months, ledger.documented,
        ledger.newcomer, ledger.cost, sector_columns(sectors),
    )  # fmt: skip
    if len(ledger) and not rows:
        raise Refusal(
            f"ledger {ledger.year} has {len(ledger)} person-years of the region and none of a "
            "comparison. Allowed is at least one comparison row (region 1 or more), since norm "
            "cost is estimated on them alone. Set population.comparison, or add the rows."
        )
    years: NDArray[np.float64] = exposure / 12.0
    time = np.diagonal(years)
    solved, solved_inverse = _least_squares(years[:FACTORS, :FACTORS], moment[:FACTORS])

    everybody = time[:CELLS] + time[FACTORS:]
    mean = np.zeros(CELLS)
    np.divide(moment[:CELLS] + moment[FACTORS:], everybody, out=mean, where=everybody > 0)
    cells = _neighbours(solved[:CELLS], time[:CELLS])
    unscaled = np.concatenate((cells, solved[CELLS:], _neighbours(mean, everybody)))

    cost = float(moment[:CELLS].sum() + moment[FACTORS:].sum())
    allocation = float((unscaled * time).sum())
    scale = cost / allocation if allocation > 0 else 1.0
    weights = unscaled * scale
    inverse = np.zeros((WEIGHTS, WEIGHTS))
    inverse[:FACTORS, :FACTORS] = solved_inverse
    own = np.arange(FACTORS, WEIGHTS)
    inverse[own, own] = np.divide(1.0, everybody, out=np.zeros(CELLS), where=everybody > 0)
    return Norm(
        year=ledger.year,
        weights=weights,
        scale=scale,
        r_squared=_r_squared(weights, years, moment, square),
        inverse=inverse,
    )


def _r_squared(
    weights: NDArray[np.float64],
    years: NDArray[np.float64],
    moment: NDArray[np.float64],
    square: float,
) -> float:
    """Share of the weighted spread of annualised cost that the norm explains (1).

    `years` [weight, weight] holds the upper triangle, person-years; `moment` [weight] is in
    EUR, `square` in EUR^2/person-year.
    """
    full = years + np.triu(years, 1).T
    fitted = float((weights[:, None] * full * weights).sum())
    residual = max(square - 2 * float((weights * moment).sum()) + fitted, 0.0)
    everybody = np.r_[0:CELLS, FACTORS:WEIGHTS]
    insured = float(np.diagonal(years)[everybody].sum())
    if insured == 0:
        return 0.0
    spread = square - float(moment[everybody].sum()) ** 2 / insured
    return 1 - residual / spread if spread > 0 else 0.0


def _least_squares(
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


def _neighbours(weights: NDArray[np.float64], time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill cells in which the comparison has nobody from the bands beside, EUR/person-year.

    Linear between the nearest filled bands of the same sex, the last one beyond; a sex that is
    missing altogether takes the weights of the other. Otherwise a lone man of 97 would cost
    nothing.
    """
    filled = time > 0
    out = weights.copy()
    for sex in (0, 1):
        own = slice(sex * BANDS, (sex + 1) * BANDS)
        source = own if filled[own].any() else slice((1 - sex) * BANDS, (2 - sex) * BANDS)
        bands = np.flatnonzero(filled[source])
        if len(bands):
            out[own] = np.interp(np.arange(BANDS), bands, weights[source][bands])
    return out


def _rows_and_exposure(
    norm: Norm, ledger: Ledger
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Allocation in EUR [row] and insured time in person-years [weight]."""
    if norm.year != ledger.year:
        raise Refusal(
            f"norm cost of {norm.year} on the ledger of {ledger.year}. Allowed is the norm of "
            f"the same year, as weights change. Estimate it on the ledger of {ledger.year}."
        )
    months = np.zeros(WEIGHTS, np.int64)
    rows: NDArray[np.float64] = _allocate(
        ledger.age, ledger.sex, ledger.insured_months, ledger.documented, ledger.newcomer,
        norm.weights, months,
    )  # fmt: skip
    return rows, months / 12.0


def allocation(norm: Norm, ledger: Ledger) -> NDArray[np.float64]:
    """Allocation of each person-year, EUR/year [row], for its insured months."""
    return _rows_and_exposure(norm, ledger)[0]


def total_allocation(norm: Norm, ledger: Ledger) -> float:
    """Allocation of a ledger, EUR/year: the insurer's income, not the benchmark."""
    return float((norm.weights * _rows_and_exposure(norm, ledger)[1]).sum())


def standard_error(norm: Norm, ledger: Ledger, comparison: Ledger, sectors: Sequence[str]) -> float:
    """Standard error of `total_allocation` as the comparison is limited, EUR/year.

    From estimating the norm, by each comparison row's own residual: costly persons scatter
    more (White 1980, doi:10.2307/1912934). The region's chance and the drift of regions come on
    top; the scale, and cells filled from their neighbours, count as known.
    """
    time = _rows_and_exposure(norm, ledger)[1]
    pull = norm.scale * (norm.inverse * time).sum(axis=1)
    elsewhere = comparison.where(comparison.region > 0)
    everybody_new = replace(elsewhere, newcomer=np.ones(len(elsewhere), np.bool_))
    spent = cost_by_row(elsewhere, sectors)
    influence = np.zeros(len(elsewhere))
    # A newcomers' cell is a mean of everybody: everybody's residual from it counts too.
    for rows, part in ((elsewhere, slice(FACTORS)), (everybody_new, slice(FACTORS, WEIGHTS))):
        weights = np.zeros(WEIGHTS)
        weights[part] = pull[part]
        whole_years = replace(rows, insured_months=np.full(len(rows), 12, np.int8))
        lever = allocation(replace(norm, weights=weights), whole_years)
        influence += lever * (spent - allocation(norm, rows))
    return float(np.sqrt((influence**2).sum()))
