"""The insured elsewhere: lived once per seed, seen by contracts as norms and sums by year."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.contract.agreement import Agreement, View
from sim.contract.history import Elsewhere, History, elsewhere
from sim.contract.risk_adjustment import Norm
from sim.people import care, cohort
from sim.people.life import Life
from sim.people.population import SECTORS
from sim.setting import Setting
from sim.yearbook import Yearbook


@dataclass(frozen=True)
class Comparison:
    """What is left of the insured elsewhere once they have lived.

    Attributes
    ----------
    seen
        View -> calendar year -> what a contract keeps of that year's claims.
    yearbook
        Lines of the table of the population.
    person_months
        How many were simulated.
    """

    seen: Mapping[View, Mapping[int, Elsewhere]]
    yearbook: Yearbook
    person_months: float

    def norm(self, view: View, year: int) -> Norm:
        """Norm cost of a year."""
        return self.seen[view][year].norm

    def histories(self, start_year: int) -> dict[View, History]:
        """By view, the history of a region that has not lived yet."""
        return {
            view: History(start_year, view.sectors, seen, truncation=view.truncation)
            for view, seen in self.seen.items()
        }


def kept(agreements: Iterable[Agreement], start_year: int) -> dict[View, int | None]:
    """What is to be kept for several contracts: view -> first year of rows, None for none."""
    found: dict[View, int | None] = {}
    for agreement in agreements:
        for view, first in agreement.kept(start_year).items():
            known = [year for year in (found.get(view), first) if year is not None]
            found[view] = min(known, default=None)
    return found


def prices(setting: Setting, seed: int) -> dict[int, NDArray[np.float64]]:
    """EUR of a year per EUR of the price year: by year, float64 [regions, sectors].

    The national index and the levels of places are luck of the seed, the same in every arm.
    Long-term care has its own trend and no regional level.
    """
    terms, years = setting.population, setting.calendar
    before = terms.price_year - years[0]
    national = care.price_index(seed, len(years), terms.trends.cost, terms.price_shock_sd, before)
    levels = care.regional_levels(
        seed,
        1 + terms.comparison_regions,
        len(years),
        setting.region.cost_level,
        terms.regional_level_sd,
        terms.regional_drift_sd,
    )
    found = {}
    for i, year in enumerate(years):
        table = np.repeat(levels[:, i, None] * national[i], len(SECTORS), axis=1)
        table[:, SECTORS.index("long_term_care")] = np.exp(
            terms.trends.long_term_care_cost * (year - terms.price_year)
        )
        found[year] = table
    return found


def insured_elsewhere(
    setting: Setting, seed: int, first: int, price: dict[int, NDArray[np.float64]]
) -> Life:
    """Draw those who are insured elsewhere; `first` is the first of their addresses."""
    regions = tuple(range(1, 1 + setting.population.comparison_regions))
    people = cohort.draw(
        setting.elsewhere,
        setting.comparison,
        setting.region.baseline_years,
        setting.first_month,
        setting.country.reference,
        setting.country.diseases,
        seed,
        first,
        regions,
    )
    people.group[:] = people.insurer
    people.tally.groups = len(setting.region.insurers)
    return setting.life(people, setting.elsewhere, price)


def live_elsewhere(
    setting: Setting,
    seed: int,
    first: int,
    price: dict[int, NDArray[np.float64]],
    ticks: Path | None = None,
    views: Mapping[View, int | None] | None = None,
) -> Comparison:
    """Let the comparison live through baseline and contract; `first` is its first address.

    `views` are those of the setting's own contract, unless several are to be settled.
    """
    start = setting.region.start_year
    wanted = kept([setting.agreement], start) if views is None else views
    life = insured_elsewhere(setting, seed, first, price)
    seen: dict[View, dict[int, Elsewhere]] = {view: {} for view in wanted}
    yearbook = Yearbook("comparison", seed)
    months = 0.0
    for month in range(setting.first_month, setting.last_month + 1):
        life.step(month)
        if month % 12 == 0:
            ledger, sums = life.close_year(month, ticks)
            year = life.year_of(month)
            for view, since in wanted.items():
                rows = since is not None and year >= since
                seen[view][year] = elsewhere(ledger, view.sectors, view.truncation, rows)
            months += float(sums["person_years"].sum() * 12)
            yearbook.people(sums, year, tuple(setting.region.insurers), resident=False)
    return Comparison(seen, yearbook, months)
