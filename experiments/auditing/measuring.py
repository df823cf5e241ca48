"""What rules measure and contracts pay in audited regions, beside what is true."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.auditing.comparison import Comparisons, Kept
from experiments.auditing.lives import Lives
from experiments.auditing.plan import NONE, AuditedRule, Disturbance, Grid, Plan
from experiments.auditing.regions import Claims, Region, claims, regions, saving
from sim.contract.account import account_of
from sim.contract.history import History
from sim.contract.person_years import PersonYears
from sim.contract.risk_adjustment import allocation
from sim.contract.rule import Benchmark
from sim.contract.settlement import settle_years
from sim.quantity import Refusal

BEFORE = (1, 2, 3)
"""Years before the start whose luck is told."""

COLUMNS = (
    "rule", "insured", "savings", "disturbance", "seed", "region", "contract_year",
    "insured_years", "true", "measured", "standard_error", "payment", "luck",
    "luck_1_before", "luck_2_before", "luck_3_before",
)  # fmt: skip
"""A line a rule, region, disturbance, dial and contract year. `true`, `measured` and
`standard_error` are per euro of what the region would have cost without savings (1), `payment` in
EUR/person-year. What a rule refuses to measure is NaN. `luck` is what the region's persons cost
more than others of like health by luck alone (1), in the year and in those before the start."""


@dataclass(frozen=True)
class Desk:
    """All that is needed to measure under one seed."""

    plan: Plan
    grid: Grid
    rules: Sequence[AuditedRule]
    lives: Lives
    comparisons: Comparisons
    regions: Mapping[int, Sequence[Region]]
    drawn: dict[int, dict[Any, Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, plan: Plan, grid: Grid, rules: Sequence[AuditedRule], lives: Lives) -> "Desk":
        """Draw the audited regions; all contracts must count the same sectors."""
        sectors = {rule.contract.sectors for rule in rules}
        if len(sectors) > 1:
            raise Refusal(
                f"audit.rules: the contracts count different sectors ({sorted(sectors)}), so what "
                "is true is not one figure. Name contracts of the same sectors."
            )
        drawn, place = {}, 1 + lives.ready.population.comparison_regions
        for insured, count in grid.regions.items():
            drawn[insured] = regions(lives, insured, count, place)
            place += count
        comparisons = Comparisons(lives, plan, sectors.pop())
        return cls(plan, grid, rules, lives, comparisons, drawn)

    def measured(self, name: str) -> pd.DataFrame:
        """Return the measurements of all regions under one disturbance."""
        disturbance = self.plan.disturbances[name]
        ratio = disturbance.comparison_ratio or self.grid.ratio
        lines: list[tuple[Any, ...]] = []
        for insured, drawn in self.regions.items():
            asked = [rule for rule in self.rules if rule.is_asked(name, insured)]
            there = {
                cut: self.comparisons.under(disturbance, round(insured * ratio), cut)
                for cut in {None, *(rule.truncation for rule in asked)}
            }
            for region in drawn:
                lines += self._region(asked, there, region, name, disturbance)
        return pd.DataFrame(lines, columns=list(COLUMNS))

    def _region(
        self,
        rules: Sequence[AuditedRule],
        there: Mapping[float | None, Kept],
        region: Region,
        name: str,
        disturbance: Disturbance,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the measurements of a region under each of the savings."""
        plan, sectors = self.plan, self.comparisons.sectors
        seen = claims(self.lives, plan, region, disturbance, sectors)
        drawn = self._drawn(region, disturbance)
        luck = self._luck(there[None], seen)
        for savings in plan.savings:
            rows = dict(seen.rows)
            for year in plan.contract if savings != NONE else ():
                cost = saving(self.lives, seen, savings, disturbance, sectors, year)
                rows[year] = replace(rows[year], cost=cost)
            for rule in rules:
                history = _history(plan, sectors, there[rule.truncation], rows, rule, drawn)
                found = _answers(plan, rule, history)
                key = (rule.name, region.insured, savings, name, self.lives.seed, region.number)
                before = [luck[plan.start_year - ahead] for ahead in BEFORE]
                for line in _lines(plan, rule, found, seen, rows):
                    year = plan.start_year + int(line[0]) - 1
                    yield (*key, *line, luck[year], *before)

    def _luck(self, there: Kept, seen: Claims) -> dict[int, float]:
        """Mean luck of the region's insured by year, weighted by norm cost (1)."""
        found = {}
        for year in self.plan.claims_elsewhere:
            norm = allocation(there[year].norm, seen.rows[year])
            found[year] = float(norm @ self.lives.luck[year][seen.kept[year]] / norm.sum())
        return found

    def _drawn(self, region: Region, disturbance: Disturbance) -> dict[Any, Any]:
        """Pairs found so far of the region, where the disturbance leaves them as they were."""
        return self.drawn.setdefault(region.place, {}) if disturbance.keeps_pairs else {}


def _history(
    plan: Plan,
    sectors: tuple[str, ...],
    there: Kept,
    rows: Mapping[int, PersonYears],
    rule: AuditedRule,
    drawn: dict[Any, Any],
) -> History:
    """Return what the rule may look back on, the dearest cut off where it says so."""
    cut = {}
    for year, one in rows.items():
        limit = there[year].norm.limit
        whole = limit == np.inf
        cut[year] = one if whole else replace(one, cost=np.minimum(one.cost, limit * one.time))
    return History(plan.start_year, sectors, there, cut, rule.truncation, drawn=drawn)


def _answers(plan: Plan, rule: AuditedRule, history: History) -> list[Benchmark] | None:
    """Benchmarks of all contract years; None where the rule refuses one of them."""
    try:
        return [rule.rule.expect(rule.terms, history, year) for year in plan.contract]
    except Refusal:
        return None


def _lines(
    plan: Plan,
    rule: AuditedRule,
    found: Sequence[Benchmark] | None,
    seen: Claims,
    rows: Mapping[int, PersonYears],
) -> Iterator[tuple[float, ...]]:
    """Yield contract year, insured-years, true, measured, standard error and payment."""
    settled = []
    if found is not None:
        accounts = (
            account_of(one, year, number)
            for number, (year, one) in enumerate(zip(plan.contract, found, strict=True), start=1)
        )
        settled = settle_years(rule.contract, accounts)
    for number, year in enumerate(plan.contract, start=1):
        insured, without = rows[year].insured_years, seen.rows[year].total_cost
        true = 1 - rows[year].total_cost / without
        if found is None:
            yield number, insured, true, np.nan, np.nan, np.nan
            continue
        answer = found[number - 1]
        each = answer.insured_years * without / insured  # of those the rule compares
        yield (
            number,
            insured,
            true,
            answer.measured_savings / each,
            answer.standard_error / each,
            settled[number - 1].payment / insured,
        )
