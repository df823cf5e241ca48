"""The insured elsewhere as a contract keeps them, under a disturbance, as many as are asked for."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from experiments.auditing.lives import Lives
from experiments.auditing.plan import Disturbance, Plan
from experiments.auditing.regions import HOSPITAL, level, outliers, shock
from sim import randomness
from sim.contract.history import Elsewhere, elsewhere
from sim.contract.ledger import Ledger
from sim.contract.risk_adjustment import Norm

Kept = Mapping[int, Elsewhere]


class Comparisons:
    """Comparisons of a seed by size, cut-off and disturbance; those undisturbed are kept.

    A comparison of so many is everybody whose luck lies below its share of all.
    """

    def __init__(self, lives: Lives, plan: Plan, sectors: tuple[str, ...]) -> None:
        self.lives, self.plan, self.sectors = lives, plan, sectors
        decision = randomness.decision("audited comparison")
        self.luck = {
            year: randomness.uniform(lives.seed, ledger.person, decision)
            for year, ledger in lives.elsewhere.items()
        }
        self.calm: dict[tuple[int, float | None], dict[int, Elsewhere]] = {}

    def under(
        self, disturbance: Disturbance, insured: int, truncation: float | None
    ) -> dict[int, Elsewhere]:
        """Return the comparison of so many insured by year, from the first of the history on."""
        plan = self.plan
        if disturbance.drift or disturbance.outlier_rate:
            found = self._read(disturbance, insured, truncation)
        else:
            if (insured, truncation) not in self.calm:
                self.calm[insured, truncation] = self._read(None, insured, truncation)
            found = self.calm[insured, truncation]
        shocked = {
            year: dearer(kept, shock(plan, disturbance, year)) for year, kept in found.items()
        }
        return {
            year: reformed(kept, disturbance.reform)
            if year >= plan.start_year + disturbance.reform_from - 1
            else kept
            for year, kept in shocked.items()
        }

    def _read(
        self, disturbance: Disturbance | None, insured: int, truncation: float | None
    ) -> dict[int, Elsewhere]:
        found, everybody = {}, self.lives.ready.comparison
        for year, ledger in self.lives.elsewhere.items():
            part = ledger.where(np.flatnonzero(self.luck[year] * everybody < insured))
            if disturbance is not None:
                part = self._disturbed(part, disturbance)
            found[year] = elsewhere(part, self.sectors, truncation, rows=truncation is None)
        # Only a growth rate looks back further, and it does not look elsewhere.
        first = found[min(found)]
        years = range(self.plan.first_year, min(found))
        return {year: of_year(first, year) for year in years} | found

    def _disturbed(self, ledger: Ledger, disturbance: Disturbance) -> Ledger:
        year = ledger.year - self.plan.first_year
        places = 1 + int(ledger.region.max())
        steps = level(self.lives, self.plan, disturbance, places)[:, year]
        cost = ledger.cost.copy()
        cost[:, HOSPITAL] += outliers(self.lives, disturbance, ledger).astype(np.float32)
        return replace(ledger, cost=cost * steps[ledger.region, None].astype(np.float32))


def dearer(kept: Elsewhere, factor: float) -> Elsewhere:
    """Return a year in which all care costs so many times as much: what a norm of it would say."""
    if factor == 1:
        return kept
    rows = kept.rows
    return replace(
        kept,
        norm=replace(scaled(kept.norm, factor), limit=kept.norm.limit * factor),
        cost=kept.cost * factor,
        allocation=kept.allocation * factor,
        rows=None if rows is None else replace(rows, cost=rows.cost * factor),
    )


def reformed(kept: Elsewhere, factor: float) -> Elsewhere:
    """Return a year of which the region's allocation is so many times what it was."""
    return kept if factor == 1 else replace(kept, norm=scaled(kept.norm, factor))


def scaled(norm: Norm, factor: float) -> Norm:
    """Return a norm of so many times the weights."""
    return replace(
        norm,
        weights=norm.weights * factor,
        scale=norm.scale * factor,
        covariance=norm.covariance * factor**2,
    )


def of_year(kept: Elsewhere, year: int) -> Elsewhere:
    """Return what was kept as though of another year, without rows."""
    return replace(kept, norm=replace(kept.norm, year=year), rows=None)
