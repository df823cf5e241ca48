"""What a contract may look back on: the region's person-years, and what care cost elsewhere.

Cheap in memory: of the insured elsewhere a year keeps its norm and sums by region; their rows
only where a rule needs them (29 bytes a row, 9 MB a year of 310,000 persons).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.contract.ledger import Ledger, cost_by_row
from sim.contract.person_years import PersonYears, person_years
from sim.contract.risk_adjustment import Norm, allocation, estimate
from sim.quantity import Refusal


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """A year of the insured elsewhere, as a contract keeps it.

    `insured_years` (person-year), `cost` and `allocation` (EUR/year) are sums by region [place],
    place 0 being region 1; `rows` are their person-years where a rule needs them.
    """

    norm: Norm
    insured_years: NDArray[np.float64]
    cost: NDArray[np.float64]
    allocation: NDArray[np.float64]
    rows: PersonYears | None = None

    @property
    def cost_per_person(self) -> float:
        """Mean cost, EUR/person-year."""
        return float(self.cost.sum() / self.insured_years.sum())

    @property
    def allocation_per_person(self) -> float:
        """Mean norm cost, EUR/person-year: what a risk of 1 stands for."""
        return float(self.allocation.sum() / self.insured_years.sum())


def elsewhere(
    ledger: Ledger, sectors: Sequence[str], truncation: float | None = None, rows: bool = False
) -> Elsewhere:
    """Keep a year of the comparison: rows of region 1 and above; others are left out.

    `truncation` is the quantile of yearly cost at which persons are cut off, `rows` whether
    person-years are kept.
    """
    norm = estimate(ledger, sectors, truncation)
    there = ledger.where(np.flatnonzero(ledger.region > 0))
    place = there.region - 1

    def sums(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(place, weights)

    return Elsewhere(
        norm=norm,
        insured_years=sums(there.insured_months / 12),
        cost=sums(cost_by_row(there, sectors, norm.limit)),
        allocation=sums(allocation(norm, there)),
        rows=person_years(there, sectors, norm.limit) if rows else None,
    )


@dataclass(frozen=True, eq=False)
class History:
    """Ledgers by calendar year, before and after the start, kept for the rules.

    Attributes
    ----------
    start_year
        First year that is settled; the years before it are the baseline.
    sectors
        Sectors of the contract.
    elsewhere
        Year -> the insured elsewhere.
    region
        Year -> person-years of the contract's insured.
    truncation
        Quantile of yearly cost at which persons are cut off, here and elsewhere; None: nowhere.
    savings
        Year -> savings measured in an earlier agreement, EUR/year, where there was one.
    drawn
        Pairs found so far, by year and terms of the draw, where they are to be kept. Who is like
        whom does not depend on what the region costs: histories that differ in that alone may
        share them.
    """

    start_year: int
    sectors: tuple[str, ...]
    elsewhere: Mapping[int, Elsewhere]
    region: Mapping[int, PersonYears] = field(default_factory=dict)
    truncation: float | None = None
    savings: Mapping[int, float] = field(default_factory=dict)
    drawn: dict[Any, Any] | None = field(default=None, repr=False)

    def plus(self, ledger: Ledger) -> "History":
        """Return the history with one more year of the region (its rows of region 0)."""
        year = ledger.year
        if year in self.region:
            raise Refusal(
                f"clause 1, insured: the ledger of {year} is given twice. Allowed is one ledger a "
                "year, each year either baseline or contract. Leave one of them out."
            )
        self._need([year], self.elsewhere, "comparison", "clause 2, allocation")
        here = ledger.where(np.flatnonzero(ledger.region == 0))
        kept = person_years(here, self.sectors, self.elsewhere[year].norm.limit)
        return replace(self, region={**self.region, year: kept})

    def rebased(self, start_year: int, savings: Mapping[int, float]) -> "History":
        """Return the same years under an agreement that begins anew, after `savings`, EUR/year."""
        return replace(self, start_year=start_year, savings=dict(savings))

    def baseline(self, years: int) -> list[int]:
        """Return the years just before the start, the oldest first."""
        return list(range(self.start_year - years, self.start_year))

    def check(self, year: int, needed: Collection[int], clause: str, smallest: float = 0.0) -> None:
        """Refuse what cannot be settled: a year before the start, missing years, too few elsewhere.

        `needed` are the years that a rule looks back on beside `year`; `smallest` the fewest
        person-years that a comparison may have.
        """
        if year < self.start_year:
            raise Refusal(
                f"{clause}: {year} is to be settled, but the contract starts in "
                f"{self.start_year}, so that baseline and contract years overlap. Allowed are "
                f"years from {self.start_year} on. Settle a later year, or name an earlier start."
            )
        years = sorted({*needed, year})
        self._need(years, self.region, "region", clause)
        self._need(years, self.elsewhere, "comparison", clause)
        for one in years:
            if not self.region[one].insured_years:
                raise Refusal(
                    f"{clause}: nobody of the region was insured in {one}. Allowed is a ledger "
                    "with at least one person-year of region 0. Add the rows, or another start."
                )
            there = self.elsewhere[one].insured_years.sum()
            if there < smallest:
                raise Refusal(
                    f"{clause}: the comparison of {one} has {there:,.0f} person-years. Allowed "
                    f"are {smallest:,.0f} or more, since chance would decide what care should "
                    "have cost. Add insured elsewhere (population.comparison)."
                )

    def _need(
        self, years: Sequence[int], known: Mapping[int, object], what: str, clause: str
    ) -> None:
        missing = [year for year in years if year not in known]
        if missing:
            raise Refusal(
                f"{clause}: no ledger of the {what} for {', '.join(map(str, missing))}. Allowed "
                f"are histories with {years[0]} to {years[-1]}; there are "
                f"{', '.join(map(str, sorted(known))) or 'none'}. Add these years to the ledger, "
                "or choose a rule that looks back on fewer."
            )
