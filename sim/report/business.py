"""A run's company as funding sees it: what the business did, under which plan and law.

Everything is taken from the tables and the settings of a run, so that the money can be carried
again - under another plan, with a later settlement, without renewal - while nobody lives again.
Carried under its own plan it gives the cashbook of the run to the cent. What the company does
is taken as it was done: physicians who would answer to another bonus do not.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.funding.carried import Carried, Operations, carry
from sim.funding.cashbook import OPERATING
from sim.funding.instruments import MONTHS
from sim.funding.plan import Law, Plan, plan
from sim.quantity import values
from sim.report import tables
from sim.results import Results

APART = frozenset({"shared_savings", "bonus", "vat"})  # told by year, or worked out by the law


def plan_of(results: Results) -> Plan:
    """The plan of the run, as it is in its settings, in the size that was found for it."""
    given = plan(values(results.config)["funding"])
    sizing = results.manifest.get("sizing")
    return given.scaled(sizing["factor"]) if sizing else given


def law_of(results: Results) -> Law:
    """The law of the run."""
    return Law.model_validate(values(results.config)["law"])


def operations(results: Results) -> Operations:
    """What the company did before financing, of every seed in the order of the results."""
    book = tables.book_of_company(results)
    last, kept = results.month_of(results.last_year, 12), _months(results)
    flows = np.array(list(_by_account(results, book, kept).values()))
    settled = results.table("settlements")
    settled = settled[settled["arm"] == tables.WITH]
    earned = _booked(results, book, settled, "shared_savings")
    return Operations(
        first_month=int(kept[0]),
        contract_months=last,
        cost=np.maximum(-flows, 0.0).sum(axis=0).round(2),
        fees=np.maximum(flows, 0.0).sum(axis=0).round(2),
        insured=_insured(results, kept),
        earned=earned,
        bonus=_booked(results, book, settled, "bonus"),
        paid_month=_paid_month(results, settled),
        outcomes={
            name: tables.by_year(results, settled, [name]).T
            for name in ("measured_savings", "true_savings")
            if name in settled
        },
    )


def carried(results: Results) -> Carried:
    """The money of the run, carried again under its own plan and law."""
    return carry(plan_of(results), law_of(results), operations(results))


def cost_by_account(results: Results) -> dict[str, NDArray[np.float64]]:
    """What was paid for staff, programmes and network, EUR (months, seeds) of the operations."""
    book = tables.book_of_company(results)
    kept = _months(results)
    flows = _by_account(results, book, kept)
    return {account: np.maximum(-flow, 0.0) for account, flow in flows.items()}


def _months(results: Results) -> NDArray[np.int64]:
    """From the first month of the book to the last of the contract."""
    first = min(int(tables.months(results)[0]), 1)
    return np.arange(first, results.month_of(results.last_year, 12) + 1)


def _by_account(
    results: Results, book: pd.DataFrame, months: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Received less paid by account of the business, EUR (months, seeds)."""
    accounts = sorted(OPERATING - APART)
    rows = book[book["account"].isin(accounts) & book["month"].between(months[0], months[-1])]
    grid = np.zeros((len(accounts), len(months), len(results.seeds)))
    places = (
        pd.Index(accounts).get_indexer(pd.Index(rows["account"])),
        rows["month"].to_numpy(np.int64) - months[0],
        pd.Index(results.seeds).get_indexer(pd.Index(rows["seed"])),
    )
    sign = np.where(rows["payee"] == tables.INTEGRATOR, 1.0, -1.0)
    np.add.at(grid, places, sign * rows["amount"].to_numpy(float))
    return dict(zip(accounts, grid.round(2), strict=True))


def _paid_month(results: Results, settled: pd.DataFrame) -> NDArray[np.int64]:
    """Month in which each contract year is settled; where no seed has it, by the same lag."""
    paid = settled.groupby("year")["paid_month"].first()
    decembers = pd.Series({year: results.month_of(year, MONTHS) for year in results.years})
    lag = (paid - decembers).reindex(results.years).ffill().fillna(0.0)
    due: NDArray[np.int64] = (decembers + lag).to_numpy(np.int64)
    return due


def _booked(
    results: Results, book: pd.DataFrame, settled: pd.DataFrame, account: str
) -> NDArray[np.float64]:
    """What was booked for each contract year's settlement, EUR (years, seeds)."""
    grid = np.zeros((len(results.years), len(results.seeds)))
    for place, month in enumerate(_paid_month(results, settled).tolist()):
        rows = book[(book["account"] == account) & (book["month"] == month)]
        seeds = pd.Index(results.seeds).get_indexer(pd.Index(rows["seed"]))
        np.add.at(grid[place], seeds, rows["amount"].to_numpy(float))
    return grid.round(2)


def _insured(results: Results, months: NDArray[np.int64]) -> NDArray[np.float64]:
    """Persons insured at the beginning of each month's year (months, seeds)."""
    rows = results.table("integrators")
    years = (months - 1) // MONTHS + results.first_year
    table = rows.pivot_table("insured", "year", "seed").reindex(
        index=pd.Index(range(years[0], years[-1] + 1)), columns=list(results.seeds)
    )
    grid: NDArray[np.float64] = table.bfill().ffill().fillna(0.0).loc[years].to_numpy(np.float64)
    return grid
