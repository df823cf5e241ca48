"""A run's figures, made of its tables: here true and measured savings meet for the first time.

True savings are the difference of two arms, which only a simulation has; measured savings are
what the contract makes of the insurers' ledger. All of it counts the contracting insurers'
residents over the contract years, in nominal EUR, undiscounted; payments to the last one made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.disclosure import smallest_cell
from sim.distribution import Distribution, distribution
from sim.funding import returns
from sim.funding.cashbook import CREDIT, OPERATING
from sim.precision import AUTO, Sureness, sureness
from sim.results import TABLES, Results, with_table

WITH, WITHOUT = "intervention", "counterfactual"
INTEGRATOR = "integrator"
ALL_COSTS = [name for name in TABLES["population"] if name.startswith("cost_")]
FEWEST_SEEDS = 10  # below which a ratio of variances says nothing

Amounts = NDArray[np.float64]
Months = Mapping[int, float]  # contract month -> EUR


def beside_truth(results: Results) -> Results:
    """Return the results with true savings (EUR by year) beside the settlements' figures."""
    rows = results.table("settlements")
    true = averted(results, costs(results))
    seeds, years, known = _places(results, rows)
    column = np.zeros(len(rows))
    column[known] = true[seeds[known], years[known]]
    return with_table(results, "settlements", rows.assign(true_savings=column))


def costs(results: Results) -> list[str]:
    """Return the cost columns that the contract counts."""
    return [f"cost_{sector}" for sector in results.sectors]


def lived(results: Results, arm: str, columns: Sequence[str]) -> Amounts:
    """Return the columns' sum over the contracting insurers' residents (seeds, years)."""
    people = results.table("population")
    ours = people["resident"].astype(bool) & people["insurer"].isin(results.insurers)
    return by_year(results, people[ours & (people["arm"] == arm)], columns)


def averted(results: Results, columns: Sequence[str]) -> Amounts:
    """Return the columns' sum, counterfactual less intervention (seeds, contract years)."""
    return lived(results, WITHOUT, columns) - lived(results, WITH, columns)


def settled(results: Results, column: str) -> Amounts:
    """Return a figure of the settlements, 0 where none was made (seeds, contract years)."""
    rows = results.table("settlements")
    return by_year(results, rows[rows["arm"] == WITH], [column])


def paid_by_insurers(results: Results) -> Amounts:
    """Return what the insurers paid the integrator less what came back, EUR (seeds,)."""
    book = book_of_company(results)
    there = book["payer"].str.startswith("insurer") & (book["payee"] == INTEGRATOR)
    back = book["payee"].str.startswith("insurer") & (book["payer"] == INTEGRATOR)
    paid = _monthly(results, book[there | back])
    return paid.sum(axis=1).round(2)  # of the integrator: received less paid back


def months(results: Results) -> NDArray[np.int64]:
    """Return the months of the integrator's books, no gaps, at least the contract's."""
    entries = book_of_company(results)["month"].to_numpy(np.int64)
    last = results.month_of(results.last_year, 12)
    return np.arange(entries.min(initial=1), entries.max(initial=last) + 1)


def cash_flow(results: Results, *, financed: bool) -> Amounts:
    """Return the integrator's cash received less paid, as dated, EUR (seeds, months).

    What suppliers and physicians wait for counts as paid: they are no funders, and the curve
    goes below zero.
    """
    book = book_of_company(results)
    kept = ~book["account"].isin(CREDIT) if financed else book["account"].isin(OPERATING)
    return _monthly(results, book[kept])


def operating_result(results: Results) -> Amounts:
    """Return the integrator's result before financing, EUR (seeds, months).

    Shared savings stand in December of the year they were earned for, all else as dated. Not
    the cash flow, which has them when they are paid.
    """
    book = book_of_company(results)
    result = _monthly(results, book[book["account"].isin(OPERATING - {"shared_savings"})])
    decembers = [results.month_of(year, 12) - months(results)[0] for year in results.years]
    result[:, decembers] += settled(results, "shared_savings")
    return result.round(2)


def insurer_net_true(results: Results) -> Amounts:
    """Return the change of insurers' income less cost, less all they paid, EUR (seeds,).

    The change is against the counterfactual: it counts allocations lost by better health.
    """
    rows = results.table("insurers")
    margin = {
        arm: by_year(results, of_arm, ["allocation"]) - by_year(results, of_arm, ["cost"])
        for arm, of_arm in ((arm, rows[rows["arm"] == arm]) for arm in (WITH, WITHOUT))
    }
    return (margin[WITH] - margin[WITHOUT]).sum(axis=1) - paid_by_insurers(results)


def payers_net_true(results: Results) -> Amounts:
    """Return the cost avoided in all sectors, whoever bears it, less all paid, EUR (seeds,)."""
    return averted(results, ALL_COSTS).sum(axis=1) - paid_by_insurers(results)


def summary(results: Results) -> dict[str, Any]:
    """Return the figures of `summary.json`, in its order: distributions over the seeds."""
    measured = settled(results, "measured_savings").sum(axis=1)
    settlements = results.table("settlements")
    contracted = bool((settlements["arm"] == WITH).any())

    def of_contract(values: Amounts) -> Distribution:
        return distribution(values.tolist() if contracted else [None] * len(values), "low")

    def gained(column: str, sign: int = 1) -> Distribution:
        change = sign * averted(results, [column]).sum(axis=1)
        return distribution((change + 0.0).tolist())  # the sum turns -0.0 into 0.0

    return {
        "experiment": results.experiment,
        "seeds": list(results.seeds),
        "first_year": results.first_year,
        "last_year": results.last_year,
        "insured": counted(results, "person_years"),
        "members_by_year": counted(results, "members"),
        "true_savings": distribution(averted(results, costs(results)).sum(axis=1).tolist()),
        "contribution_margin": of_contract(settled(results, "contribution_margin").sum(axis=1)),
        "measured_savings": of_contract(measured),
        "shared_savings": of_contract(settled(results, "shared_savings").sum(axis=1)),
        "insurer_net_measured": of_contract(measured - paid_by_insurers(results)),
        "insurer_net_true": distribution(insurer_net_true(results).tolist()),
        "payers_net_true": distribution(payers_net_true(results).tolist()),
        **_returns(results),
        "deaths_averted": gained("deaths"),
        "life_years_gained": gained("person_years", -1),
        "qalys_gained": gained("qalys", -1),
        "admissions_averted": gained("admissions"),
        "avoidable_admissions_averted": gained("avoidable_admissions"),
        "variance_reduction": {
            "cost": variance_reduction(results, costs(results)),
            "deaths": variance_reduction(results, ["deaths"]),
            "admissions": variance_reduction(results, ["admissions"]),
            "avoidable_admissions": variance_reduction(results, ["avoidable_admissions"]),
        },
        **({"precision": sure} if (sure := precision(results)) else {}),
    }


def variance_reduction(results: Results, columns: Sequence[str]) -> float | None:
    """Return how many times fewer seeds the arms' difference needs, as they share their luck.

    The variance over seeds of a yearly figure that independent arms would give their difference,
    Var(with) + Var(without), over that of the paired arms, Var(with - without); both are summed
    over the contract years. None below ten seeds, and where the arms do not differ.
    """
    if len(results.seeds) < FEWEST_SEEDS:
        return None
    with_it, without = lived(results, WITH, columns), lived(results, WITHOUT, columns)
    paired = _variance(with_it - without)
    return (_variance(with_it) + _variance(without)) / paired if paired > 0 else None


def precision(results: Results) -> Sureness | None:
    """Return how sure the mean of the true savings is; None where the seeds were given.

    Not the spread of the seeds, which more of them do not lessen.
    """
    asked = results.config.get("precision")
    if results.config.get("seeds") != AUTO or asked is None:
        return None
    true = averted(results, costs(results)).sum(axis=1)
    return sureness(true.tolist(), asked["target"], asked["max_seeds"])


def break_evens(results: Results) -> list[int | None]:
    """Return each seed's month of break-even, None where it lies beyond the horizon."""
    last = results.month_of(results.last_year, 12)
    flows = _mappings(results, operating_result(results))
    return [returns.break_even(flow, last) for flow in flows]


def counted(results: Results, column: str) -> dict[str, Distribution]:
    """Return a count of residents by year; a seed with too few persons of a cohort file has none.

    Not for money, which is everybody's together.
    """
    grid, least = lived(results, WITH, [column]), smallest_cell(results.config)
    few = ((grid > 0) & (grid < least)).any(axis=0)
    return {
        str(year): distribution([None] * len(grid) if few[at] else grid[:, at].tolist(), "low")
        for at, year in enumerate(results.years)
    }


def _variance(grid: Amounts) -> float:
    """Variance over the seeds, summed over the years, of what is given as (seeds, years)."""
    return float(np.var(grid, axis=0, ddof=1).sum())


def _returns(results: Results) -> dict[str, Distribution]:
    """What the money does, from break-even to the internal rate of return before financing."""
    last = results.month_of(results.last_year, 12)
    flows = _mappings(results, cash_flow(results, financed=False))
    return {
        "break_even": distribution(break_evens(results), "high"),
        "cash_break_even": distribution(
            [returns.cash_break_even(flow, last) for flow in flows], "high"
        ),
        "payback": distribution([returns.payback(flow) for flow in flows], "high"),
        "peak_funding": distribution([returns.peak_funding(flow).amount for flow in flows]),
        "irr": distribution([returns.irr(flow).rate for flow in flows], "low"),
    }


def book_of_company(results: Results) -> pd.DataFrame:
    """Entries of the intervention in which the integrator pays or is paid."""
    book = results.table("cashbook")
    ours = (book["payer"] == INTEGRATOR) | (book["payee"] == INTEGRATOR)
    return book[ours & (book["arm"] == WITH)]


def _mappings(results: Results, flows: Amounts) -> list[Months]:
    """Monthly amounts (seeds, months) as one mapping a seed, which is how returns take them."""
    span = months(results).tolist()
    return [dict(zip(span, row.tolist(), strict=True)) for row in flows]


def _places(
    results: Results, rows: pd.DataFrame
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Places of the rows among seeds and contract years, and which rows have both."""
    seeds = pd.Index(results.seeds).get_indexer(pd.Index(rows["seed"]))
    years = pd.Index(results.years).get_indexer(pd.Index(rows["year"]))
    return seeds, years, (seeds >= 0) & (years >= 0)


def by_year(results: Results, rows: pd.DataFrame, columns: Sequence[str]) -> Amounts:
    """Sum over rows and columns; 0 where there is no row (seeds, contract years)."""
    grid = np.zeros((len(results.seeds), len(results.years)))
    seeds, years, known = _places(results, rows)
    for name in columns:
        np.add.at(grid, (seeds[known], years[known]), rows[name].to_numpy(float)[known])
    return grid


def _monthly(results: Results, book: pd.DataFrame) -> Amounts:
    """What the integrator received less what it paid, EUR to the cent (seeds, months)."""
    span = months(results)
    grid = np.zeros((len(results.seeds), len(span)))
    seeds = pd.Index(results.seeds).get_indexer(pd.Index(book["seed"]))
    received = np.where(book["payee"] == INTEGRATOR, 1.0, -1.0) * book["amount"].to_numpy(float)
    np.add.at(grid, (seeds, book["month"].to_numpy(np.int64) - span[0]), received)
    return grid.round(2)
