"""How people live a month and a year: the order in which things happen to them.

A month: who has a birthday or arrives gets her rates; hazards run; dying is billed before death
takes effect; deaths and departures come before onsets, onsets before admissions; whose state
changed gets new rates at the start of the next month.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.contract.ledger import Ledger
from sim.people import claims, demography, processes
from sim.people.care import Care
from sim.people.cohort import Place
from sim.people.country import Country
from sim.people.factors import LEAVING, Factors
from sim.people.population import Population


@dataclass
class Life:
    """A population and what it needs to live: its country, and the course of rates and prices.

    Attributes
    ----------
    factors
        The table of factors with this life's own lines of physicians and programmes.
    trend
        Year -> float64 [rate]: factor on the baselines in a calendar year.
    lethality
        Year -> factor on the case fatality of onsets and events.
    prices
        Year -> EUR of the year per EUR of the price year, float64 [regions, sectors].
    start_year
        Calendar year of month 1.
    changed
        Rows whose rates are to be recomputed at the start of the next month.
    """

    people: Population
    country: Country
    place: Place
    factors: Factors
    trend: dict[int, NDArray[np.float64]]
    lethality: dict[int, float]
    prices: dict[int, NDArray[np.float64]]
    start_year: int
    changed: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def care(self) -> Care:
        """Prices of care."""
        return self.country.care

    def year_of(self, month: int) -> int:
        """Calendar year in which a month lies."""
        return self.start_year + (month - 1) // 12

    def begin(self, month: int) -> None:
        """Bring in the baselines of the year that begins with `month`, and fresh admissions.

        Nobody's rates are recomputed for that: they change on her birthday.
        """
        year = self.year_of(month)
        self.factors.base, self.factors.base_before = self._base(year), self._base(year - 1)
        people = self.people
        for rows in people.stretches(demography.entered(people, month)):
            self.care.renew(people, rows[people.left[rows] > month], month)
            if month == people.first_month:
                processes.refresh(people, self.factors, rows, month)

    def _base(self, year: int) -> NDArray[np.float32]:
        reference, trend = self.country.reference, self.trend[year]
        survival = trend[self.factors.rates["death"]] - 1.0
        base = reference.base * np.maximum(1.0 + reference.replacing * survival, 0.0) * trend
        base[:, :, LEAVING] = self.place.leaving
        monthly: NDArray[np.float32] = (base / 12).astype(np.float32)
        return monthly

    def fatality_level(self, month: int) -> NDArray[np.float64]:
        """Factor on case fatality by region, float64 [regions]: sudden deaths follow the rest."""
        place = self.factors.by_region[:, self.factors.rates["death"]].astype(float)
        return place * self.lethality[self.year_of(month)]

    def step(self, month: int) -> None:
        """One month of those to whom nobody does anything."""
        if month % 12 == 1:
            self.begin(month)
        self.live(month)

    def live(self, month: int) -> None:
        """One month, in the order of the module's first sentence."""
        people = self.people
        entered = demography.entered(people, month)
        starting = demography.starting(people, month)
        rows = np.concatenate([starting, self.changed])
        processes.refresh(people, self.factors, rows, month)
        due = processes.advance(people, entered)
        self.care.bill_dying(people, due, month)
        demography.react(people, due, month)
        lethality = self.fatality_level(month)
        self.changed = self.country.diseases.react(people, due, month, lethality)
        self.care.bill(people, due, month)

    def branch(self) -> "Life":
        """Return the same life from here on, for one arm: nothing is shared that changes."""
        factors = replace(self.factors, base=self.factors.base.copy())
        factors.by_physician = self.factors.by_physician.copy()
        return replace(self, people=self.people.copy(), factors=factors)

    def touch(self, rows: NDArray[np.int64]) -> None:
        """Have the rates of some rows recomputed at the start of the next month."""
        self.changed = np.concatenate([self.changed, rows])

    def close_year(
        self, month: int, ticks: Path | None = None
    ) -> tuple[Ledger, dict[str, NDArray[np.float64]]]:
        """Book what is left of the year that ends with `month`; its ledger and its sums.

        A byte is added to the file `ticks` for whoever watches the progress.
        """
        if ticks is not None:
            with ticks.open("ab") as file:
                file.write(b".")
        people = self.people
        entered = demography.entered(people, month)
        processes.accrue(people, entered, month + 1)
        year = self.year_of(month)
        rows = claims.insured_in_year(people, entered, month)
        seen = claims.ledger(people, rows, year, month, self.prices[year])
        table = claims.sums(people, self.factors, rows, month, self.prices[year])
        claims.start_anew(people, entered)
        return seen, table
