"""Norm cost of a person from age, sex and documented diagnoses, estimated on the comparison.

One cell an age band and sex, plus one surcharge a documented diagnosis of the year before, by
least squares of annualised cost weighted by insured time, anew each year and on the comparison
alone: what the region saves or codes does not move the norm. Newborns and joiners have no
documented year before; theirs is the mean of everybody of their age and sex. All is scaled so
that the comparison's allocation equals its cost.

Annualised cost times its weight is the cost itself, so the normal equations need no division,
and their left side is a count of months, exact in any order of rows. A row touches only its own
cell and diagnoses.

Where the parties agreed on a truncation, what a person costs by the year counts up to a quantile
of the comparison only; the same limit then holds for the cost that is set against the norm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.contract.cells import (
    BANDS,
    CELLS,
    FACTORS,
    WEIGHTS,
    accumulate,
    allocate,
    scores,
)
from sim.contract.least_squares import least_squares
from sim.contract.ledger import Ledger, cost_by_row
from sim.contract.person_years import PersonYears
from sim.quantity import Refusal


@dataclass(frozen=True, eq=False)
class Norm:
    """Norm cost of one year. `weights` [cells, diagnoses, newcomers' cells] in EUR/person-year.

    `scale` (1) is already in the weights: comparison's cost over its unscaled allocation.
    `r_squared` (1) is individual, weighted by insured time. `covariance` of the weights
    [weight, weight], EUR^2/person-year^2, is that of a limited comparison. `limit`,
    EUR/person-year, is where the cost of a person is cut off, infinite where it is not.
    """

    year: int
    weights: NDArray[np.float64]
    scale: float
    r_squared: float
    covariance: NDArray[np.float64]
    limit: float = np.inf


def estimate(ledger: Ledger, sectors: Sequence[str], truncation: float | None = None) -> Norm:
    """Norm cost of the ledger's year from its comparison rows (region >= 1) alone.

    `truncation` (1) is the quantile of the comparison's yearly cost up to which a person counts,
    None for all of it. Individual weights may be negative where a diagnosis goes with less
    cost; they are kept, since setting them to 0 would bend the others. A ledger without anybody
    has a norm of 0.
    """
    limit = np.inf if truncation is None else _quantile(ledger, sectors, truncation)
    spent = cost_by_row(ledger, sectors, limit)
    rows_of = (
        ledger.age, ledger.sex, ledger.region, ledger.insured_months, ledger.documented,
        ledger.newcomer, spent,
    )  # fmt: skip
    exposure, moment, square, rows = accumulate(*rows_of)
    if len(ledger) and not rows:
        raise Refusal(
            f"ledger {ledger.year} has {len(ledger)} person-years of the region and none of a "
            "comparison. Allowed is at least one comparison row (region 1 or more), since norm "
            "cost is estimated on them alone. Set population.comparison, or add the rows."
        )
    years: NDArray[np.float64] = exposure / 12.0
    time = np.diagonal(years)
    solved, solved_inverse = least_squares(years[:FACTORS, :FACTORS], moment[:FACTORS])

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
        covariance=_covariance(inverse * scale, scores(*rows_of, weights)),
        limit=limit,
    )


def _quantile(ledger: Ledger, sectors: Sequence[str], share: float) -> float:
    """Yearly cost that a share of the comparison's insured time stays below, EUR/person-year."""
    elsewhere = np.flatnonzero(ledger.region > 0)
    if not len(elsewhere):
        return np.inf
    months = ledger.insured_months[elsewhere]
    by_year = cost_by_row(ledger, sectors)[elsewhere] * 12 / months
    order = np.argsort(by_year, kind="stable")
    time = np.cumsum(months[order], dtype=np.int64)
    return float(by_year[order[min(np.searchsorted(time, share * time[-1]), len(order) - 1)]])


def _covariance(inverse: NDArray[np.float64], products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of the weights by each row's own residual, EUR^2/person-year^2.

    Costly persons scatter more (White 1980, doi:10.2307/1912934). Plain sums, whose bits no
    number of threads changes.
    """
    half = np.einsum("ij,jk->ik", inverse, products + np.triu(products, 1).T)
    found: NDArray[np.float64] = np.einsum("ij,kj->ik", half, inverse)
    return found


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
    norm: Norm, ledger: Ledger | PersonYears
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Allocation in EUR [row] and insured time in person-years [weight]."""
    if norm.year != ledger.year:
        raise Refusal(
            f"norm cost of {norm.year} on the ledger of {ledger.year}. Allowed is the norm of "
            f"the same year, as weights change. Estimate it on the ledger of {ledger.year}."
        )
    months = np.zeros(WEIGHTS, np.int64)
    rows: NDArray[np.float64] = allocate(
        ledger.age, ledger.sex, ledger.insured_months, ledger.documented, ledger.newcomer,
        norm.weights, months,
    )  # fmt: skip
    return rows, months / 12.0


def allocation(norm: Norm, ledger: Ledger | PersonYears) -> NDArray[np.float64]:
    """Allocation of each person-year, EUR/year [row], for its insured months."""
    return _rows_and_exposure(norm, ledger)[0]


def total_allocation(norm: Norm, ledger: Ledger | PersonYears) -> float:
    """Allocation of a ledger, EUR/year: the insurer's income, not the benchmark."""
    return float((norm.weights * _rows_and_exposure(norm, ledger)[1]).sum())


def standard_error(norm: Norm, ledger: Ledger | PersonYears) -> float:
    """Standard error of `total_allocation` as the comparison is limited, EUR/year.

    The region's chance and the drift of regions come on top; the scale, and cells filled from
    their neighbours, count as known.
    """
    time = _rows_and_exposure(norm, ledger)[1]
    return float(np.sqrt((time[:, None] * norm.covariance * time).sum()))
