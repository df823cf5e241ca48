"""What a contract makes of an insurer's own claims: benchmark and settlement, year after year.

Every figure of the statement can be recomputed from the tables here: the norm's weights and the
time they apply to give the allocation, costs by sector the cost, the years before the start the
baseline.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.contract.benchmarks import RULES
from sim.contract.carried import Carried
from sim.contract.cells import BANDS, CELLS, FACTORS, WEIGHTS, allocate
from sim.contract.course import settle_year
from sim.contract.history import Elsewhere, History, elsewhere
from sim.contract.ledger import SECTORS, Ledger, cost_by_row
from sim.contract.ledger_file import Claims
from sim.contract.person_years import PersonYears
from sim.contract.risk_adjustment import total_allocation
from sim.contract.rule import Benchmark
from sim.contract.settlement import Settlement
from sim.contract.terms import Terms
from sim.quantity import Refusal


class Known(NamedTuple):
    """A year's person-years: the region's, and what is kept of those elsewhere."""

    region: PersonYears
    elsewhere: Elsewhere


@dataclass(frozen=True)
class Recalculation:
    """What was settled: answers of the rule, settlements, and what was known of each year.

    `start_year` is the first that is settled; `known` has a year of the contract as it was when
    it was settled, and those before it as they were then.
    """

    start_year: int
    known: Mapping[int, Known]
    benchmarks: tuple[Benchmark, ...]
    settlements: tuple[Settlement, ...]


def recalculate(
    terms: Terms, of_rule: Any, claims: Claims, start_year: int | None = None
) -> Recalculation:
    """Settle every year of the claims from the start of the contract on.

    Parameters
    ----------
    of_rule
        Terms of the benchmark rule, as its model has validated them.
    start_year
        First year of the contract; where it is not given, as soon as the rule has its baseline.
    """
    rule = RULES[terms.rule]
    needs = rule.needs(of_rule)
    years = sorted(claims.ledgers)
    if start_year is None and len(years) <= needs.baseline_years:
        raise Refusal(
            f"{rule.clause}: the rule looks back on {needs.baseline_years} years before the start, "
            f"the ledger has {', '.join(map(str, years))} in all. Allowed are ledgers of "
            f"{needs.baseline_years + 1} years or more. Add years before these, or choose a rule "
            "that looks back on fewer."
        )
    start = years[0] + needs.baseline_years if start_year is None else start_year
    _check(terms, claims, years, start, rule.clause)
    books = _Books(terms, claims, start, needs.truncation, rows=needs.comparison_rows)
    carried, benchmarks, settlements = Carried(), [], []
    known: dict[int, Known] = {}
    for year in range(start, years[-1] + 1):
        history = books.history(year)
        known |= {
            one: Known(history.region[one], history.elsewhere[one])
            for one in history.region
            if one not in known
        }
        benchmark, settlement, carried = settle_year(terms, of_rule, history, year, carried)
        benchmarks.append(benchmark)
        settlements.append(settlement)
    return Recalculation(start, known, tuple(benchmarks), tuple(settlements))


class _Books:
    """Histories by the year that is settled; only its own claims are still to be completed."""

    def __init__(
        self, terms: Terms, claims: Claims, start: int, truncation: float | None, *, rows: bool
    ) -> None:
        self.terms, self.claims, self.start, self.rows = terms, claims, start, rows
        self.truncation = truncation if terms.truncation is None else terms.truncation
        self.kept: dict[int, Elsewhere] = {}

    def history(self, year: int) -> History:
        """Return what is known when a year is settled."""
        known = {one: self.claims.ledgers[one] for one in self.claims.ledgers if one <= year}
        there = {one: self._elsewhere(ledger) for one, ledger in known.items()}
        factor = self.terms.completion_factor
        if factor != 1:
            known[year] = replace(known[year], cost=known[year].cost * factor)
            there[year] = self._read(known[year])
        history = History(self.start, self.terms.sectors, there, truncation=self.truncation)
        for ledger in known.values():
            history = history.plus(ledger)
        return history

    def _elsewhere(self, ledger: Ledger) -> Elsewhere:
        if ledger.year not in self.kept:
            self.kept[ledger.year] = self._read(ledger)
        return self.kept[ledger.year]

    def _read(self, ledger: Ledger) -> Elsewhere:
        return elsewhere(ledger, self.terms.sectors, self.truncation, self.rows)


def _check(terms: Terms, claims: Claims, years: Sequence[int], start: int, clause: str) -> None:
    """Refuse a ledger that lacks what the contract counts, or the years it is about."""
    missing = [sector for sector in terms.sectors if sector not in claims.sectors]
    if missing:
        raise Refusal(
            f"clause 3.1, cost: the contract counts {', '.join(terms.sectors)}, the ledger has no "
            f"column cost_{missing[0]}. Allowed are ledgers with every sector of the contract. "
            "Add it, or change contract.sectors."
        )
    gaps = sorted(set(range(years[0], years[-1] + 1)) - set(years))
    if gaps:
        raise Refusal(
            f"clause 1.1: the ledger has {years[0]} to {years[-1]} without "
            f"{', '.join(map(str, gaps))}. Allowed are consecutive years. Add them."
        )
    if not years[0] < start <= years[-1]:
        raise Refusal(
            f"{clause}: start={start}, the ledger has {years[0]} to {years[-1]}. Years before the "
            "start are the baseline, the others are settled; no year is both. Allowed is a start "
            f"from {years[0] + 1} to {years[-1]}. Name another start, or add years."
        )


def years_table(recalculation: Recalculation, claims: Claims) -> pd.DataFrame:
    """Return a line a year: insured-years, costs, allocations, here and elsewhere.

    `cost` counts everybody up to `cut_off` (EUR/person-year); costs by sector are as paid.
    """
    lines = []
    for year, (rows, there) in recalculation.known.items():
        ledger = claims.ledgers[year]
        here = ledger.where(np.flatnonzero(ledger.region == 0))
        lines.append(
            {
                "year": year,
                "period": "baseline" if year < recalculation.start_year else "contract",
                "insured_years": rows.insured_years,
                **{f"cost_{sector}": cost_by_row(here, [sector]).sum() for sector in SECTORS},
                "cost": rows.total_cost,
                "cut_off": there.norm.limit,
                "allocation": total_allocation(there.norm, rows),
                "insured_years_elsewhere": there.insured_years.sum(),
                "cost_elsewhere": there.cost.sum(),
                "allocation_elsewhere": there.allocation.sum(),
                "r_squared": there.norm.r_squared,
            }
        )
    return pd.DataFrame(lines)


def weights_table(recalculation: Recalculation, claims: Claims) -> pd.DataFrame:
    """Return the norm's weights by year, and the time of the region's insured they apply to.

    The sum of `weight` (EUR/person-year) times `insured_years` is the allocation.
    """
    names = list(_weights(claims.diagnoses))
    parts = []
    for year, (rows, there) in recalculation.known.items():
        parts.append(
            pd.DataFrame(
                {
                    "year": year,
                    "for": names,
                    "weight": there.norm.weights,
                    "insured_years": _exposure(there, rows),
                }
            )
        )
    found = pd.concat(parts, ignore_index=True)
    return found[(found["weight"] != 0) | (found["insured_years"] > 0)]


def balance_table(recalculation: Recalculation) -> pd.DataFrame:
    """Return how alike the compared were, by year, where pairs are drawn; else no line."""
    lines: list[Mapping[str, Any]] = [
        {"year": benchmark.year, **balance._asdict()}
        for benchmark in recalculation.benchmarks
        for balance in benchmark.balance
    ]
    return pd.DataFrame(lines)


def _exposure(there: Elsewhere, here: PersonYears) -> Any:
    """Time of the region's insured by weight of the norm, person-year [weight]."""
    months = np.zeros(WEIGHTS, np.int64)
    allocate(
        here.age, here.sex, here.insured_months, here.documented, here.newcomer,
        there.norm.weights, months,
    )  # fmt: skip
    return months / 12


def _weights(diagnoses: Sequence[str]) -> Iterator[str]:
    """Names of the norm's weights, in their order."""
    ages = ["0", "1-4", *(f"{age}-{age + 4}" for age in range(5, 95, 5)), "95 and older"]
    cells = [f"{sex} {age}" for sex in ("male", "female") for age in ages]
    assert len(ages) == BANDS
    assert len(cells) == CELLS
    yield from cells
    yield from (
        diagnoses[bit] if bit < len(diagnoses) else f"diagnosis {bit}"
        for bit in range(FACTORS - CELLS)
    )
    yield from (f"newcomer, {cell}" for cell in cells)
