"""Pairs of a year: each insured of the region and somebody elsewhere as like her as there is.

Prospective: exact on the norm's age band and sex, on having a documented year before, and on the
main conditions of that year; then nearest in risk score, which is the norm cost of a whole year,
within a caliper in standard deviations of the region's scores.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.contract.balance import balance
from sim.contract.cells import CELLS, DIAGNOSES, cells
from sim.contract.history import History
from sim.contract.matching import NOBODY, nearest
from sim.contract.person_years import PersonYears
from sim.contract.risk_adjustment import Norm, allocation
from sim.contract.rule import Balance


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a year, both sides [pair]; `*_norm` is the allocation of each row, EUR/year.

    `unmatched` counts the region's rows for whom nobody was found.
    """

    region: PersonYears
    comparison: PersonYears
    region_norm: NDArray[np.float64]
    comparison_norm: NDArray[np.float64]
    unmatched: int
    balance: tuple[Balance, ...]

    def where(self, pairs: NDArray[np.bool_]) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(
            self.region.where(pairs),
            self.comparison.where(pairs),
            self.region_norm[pairs],
            self.comparison_norm[pairs],
            self.unmatched,
            self.balance,
        )


class Match(NamedTuple):
    """Who stands for whom: row numbers of both sides [pair], how many have nobody, likeness."""

    own: NDArray[np.int64]
    chosen: NDArray[np.int64]
    unmatched: int
    balance: tuple[Balance, ...]


def main_conditions(norm: Norm, rows: PersonYears, how_many: int) -> NDArray[np.uint32]:
    """Bits of the documented diagnoses that cost most in all, at most so many, dearest first."""
    bits = np.uint32(1) << np.arange(DIAGNOSES, dtype=np.uint32)
    time = np.array([rows.time[(rows.documented & bit) > 0].sum() for bit in bits])
    cost = time * norm.weights[CELLS : CELLS + DIAGNOSES]
    order = np.argsort(-cost, kind="stable")[:how_many]
    return bits[order[cost[order] > 0]]


def draw(
    history: History,
    year: int,
    conditions: int,
    caliper: float,
    replacement: bool,
    on_cost: bool,
) -> Pairs:
    """Draw the pairs of a year on what was documented the year before, and weigh their likeness.

    `conditions` is how many are matched exactly, `caliper` in standard deviations of the risk
    score; `on_cost` adds last year's cost as a second axis, in its standard deviations. Pairs that
    the history knows are not sought again, unless cost has a say in them.
    """
    key = (year, conditions, caliper, replacement)
    known = history.drawn if history.drawn is not None and not on_cost else {}
    if key not in known:
        known[key] = _sought(history, *key, on_cost)
    match: Match = known[key]
    kept = history.elsewhere[year]
    here, there = history.region[year].where(match.own), _rows(history, year).where(match.chosen)
    return Pairs(
        here,
        there,
        allocation(kept.norm, here),
        allocation(kept.norm, there),
        match.unmatched,
        match.balance,
    )


def _sought(
    history: History, year: int, conditions: int, caliper: float, replacement: bool, on_cost: bool
) -> Match:
    """Seek somebody for everybody."""
    kept = history.elsewhere[year]
    groups = (history.region[year], _rows(history, year))
    norms = tuple(allocation(kept.norm, rows) for rows in groups)
    risks = tuple(norm / rows.time for norm, rows in zip(norms, groups, strict=True))
    main = main_conditions(kept.norm, groups[1], conditions)
    strata = [_strata(rows, main) for rows in groups]
    axes = [[risk] for risk in risks]
    if on_cost:
        before = (history.region[year - 1], _rows(history, year - 1))
        for group, (rows, past) in enumerate(zip(groups, before, strict=True)):
            spent, known = _cost_before(rows, past)
            axes[group].append(spent)
            strata[group] = strata[group] * 2 + known
    spreads = [float(axis.std()) or 1.0 for axis in axes[0]]
    scores = tuple(
        np.column_stack([axis / sd for axis, sd in zip(own, spreads, strict=True)]) for own in axes
    )
    found = nearest(
        (strata[0], strata[1]),
        (scores[0], scores[1]),
        (groups[0].person, groups[1].person),
        year,
        caliper,
        replacement,
    )
    own = np.flatnonzero(found != NOBODY)
    chosen = found[own]
    here, there = groups[0].where(own), groups[1].where(chosen)
    covariates = _covariates(here, risks[0][own], main), _covariates(there, risks[1][chosen], main)
    lines = balance(*covariates) if len(own) else ()
    return Match(own, chosen, len(found) - len(own), lines)


def _rows(history: History, year: int) -> PersonYears:
    rows = history.elsewhere[year].rows
    assert rows is not None  # checked before pairs are drawn
    return rows


def _strata(rows: PersonYears, main: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Cell, documented year before or none, and main conditions as one number, int64 [row]."""
    number: NDArray[np.int64] = cells(rows.age, rows.sex) * 2 + rows.newcomer
    for bit in main:
        number = number * 2 + ((rows.documented & bit) > 0)
    return number


def _cost_before(
    rows: PersonYears, past: PersonYears
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Cost by the year in the year before, EUR/person-year [row], and whether there was any."""
    row = past.rows_of(rows.person)
    return np.where(row >= 0, past.cost[row] / past.time[row], 0.0), row >= 0


def _covariates(
    rows: PersonYears, risk: NDArray[np.float64], main: NDArray[np.uint32]
) -> dict[str, NDArray[np.float64]]:
    """What pairs are to be alike in, by name, float64 [pair]."""
    found = {
        "age": rows.age.astype(np.float64),
        "sex": rows.sex.astype(np.float64),
        "newcomer": rows.newcomer.astype(np.float64),
        "risk_score": risk,
        "diagnoses": np.bitwise_count(rows.documented).astype(np.float64),
    }
    for bit in main:
        has = ((rows.documented & bit) > 0).astype(np.float64)
        found[f"diagnosis_{int(bit).bit_length() - 1}"] = has
    return found
