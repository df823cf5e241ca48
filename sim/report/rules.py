"""What every benchmark rule makes of the same years, beside what is true."""

from html import escape

import numpy as np
import pandas as pd

from sim.report import sections, tables, words
from sim.report.tables import Amounts
from sim.results import Results

NAMES = {
    "contribution_margin": "Contribution margin",
    "growth_rate": "Growth rate",
    "matched_pairs": "Matched pairs",
    "blended_historical": "Blended historical",
    "ipep": "IPEP",
}


def by_rule(results: Results, column: str) -> dict[str, Amounts]:
    """Return a figure of every rule, the agreed one first; NaN without answer (seeds, years)."""
    rows = results.table("measurements")
    rows = rows[rows["arm"] == tables.WITH].sort_values("agreed", ascending=False, kind="stable")
    found = {}
    for rule, ours in rows.groupby("rule", sort=False):
        grid = np.full((len(results.seeds), len(results.years)), np.nan)
        seeds = pd.Index(results.seeds).get_indexer(pd.Index(ours["seed"]))
        years = pd.Index(results.years).get_indexer(pd.Index(ours["year"]))
        grid[seeds, years] = ours[column].to_numpy(float)
        found[str(rule)] = grid
    return found


def table(results: Results) -> str:
    """Write what every rule measured by year beside true savings, and which had no answer."""
    measured = by_rule(results, "measured_savings")
    if not measured:
        return "<p>No contract was settled.</p>"
    errors = by_rule(results, "standard_error")
    true = tables.averted(results, tables.costs(results))

    def cells(span: slice) -> list[str]:
        found = [in_millions(true[:, span].sum(axis=1))]
        for rule, grid in measured.items():
            middle = in_millions(grid[:, span].sum(axis=1))
            alone = errors[rule][:, span]
            sure = alone.shape[1] == 1 and middle != words.DASH
            found.append(f"{middle} ± {in_millions(alone[:, 0])}" if sure else middle)
        return found

    rows = [[str(year), *cells(slice(at, at + 1))] for at, year in enumerate(results.years)]
    agreed = next(iter(measured))
    head = [f"{name_of(rule)}{', agreed' if rule == agreed else ''}" for rule in measured]
    written = sections.table(
        ("Year", "true savings", *head),
        [*rows, ["all", *cells(slice(None))]],
        "Savings in M EUR as each rule measures them, ± its median standard error by chance alone; "
        "medians over the seeds. Only the agreed rule is paid by, the others saw the same ledgers. "
        "They count what their clause counts: the paired, patients of practices, or persons up to "
        f"a limit of cost. {words.DASH}: no answer in some seed.",
    )
    said = "\n".join(f"<li>{escape(line)}</li>" for line in refusals(results))
    return f"{written}\n<ul>{said}</ul>" if said else written


def refusals(results: Results) -> list[str]:
    """Say of each rule in how many years it had no answer, and the first reason."""
    rows = results.table("measurements")
    rows = rows[rows["arm"] == tables.WITH]
    found = []
    for rule, ours in rows.groupby("rule", sort=False):
        refused = ours[ours["refusal"] != ""]
        if len(refused):
            found.append(
                f"{name_of(str(rule))} had no answer in {len(refused)} of {len(ours)} years of all "
                f"seeds. The first time: {refused['refusal'].iloc[0]}"
            )
    return found


def name_of(rule: str) -> str:
    """Name of a rule as it is written on pages."""
    return NAMES.get(rule, rule.replace("_", " ").capitalize())


def in_millions(values: Amounts) -> str:
    """Write a median in M EUR; a dash where some seed has none."""
    middle = float(np.median(values))
    return words.DASH if np.isnan(middle) else words.number(middle / words.MILLION, 2)
