"""How unsure a blended historical benchmark is: by persons here, by the norm, by those around."""

from collections.abc import Mapping
from math import hypot
from typing import NamedTuple

import numpy as np

from sim.contract.chance import from_norm, spread
from sim.contract.history import Elsewhere
from sim.contract.person_years import PersonYears
from sim.contract.risk_adjustment import allocation, standard_error, total_allocation


class Place(NamedTuple):
    """A year of the region beside the same year elsewhere."""

    rows: PersonYears
    there: Elsewhere

    @property
    def cost_per_person(self) -> float:
        """Cost per head, EUR/person-year."""
        return self.rows.total_cost / self.rows.insured_years

    @property
    def risk(self) -> float:
        """Norm cost per head relative to the comparison's (1)."""
        norm = total_allocation(self.there.norm, self.rows) / self.rows.insured_years
        return norm / self.there.allocation_per_person

    @property
    def norm_error(self) -> float:
        """Relative standard error of the norm cost, as the comparison is limited (1)."""
        norm = total_allocation(self.there.norm, self.rows)
        return standard_error(self.there.norm, self.rows) / norm if norm else 0.0

    def error_around(self, surroundings: int) -> float:
        """Relative standard error of what care cost in the first regions elsewhere (1)."""
        around = slice(surroundings)
        paid = float(self.there.cost[around].sum())
        return float(np.sqrt((self.there.scatter[around] ** 2).sum())) / paid if paid else 0.0


class Parts(NamedTuple):
    """A benchmark taken apart, EUR/year: all of it, and what each base year contributes.

    `from_base` has a part for each base year, the last one last; what they do not add up to comes
    from the level around.
    """

    amount: float
    from_base: Mapping[int, float]


def by_persons(places: Mapping[int, Place], year: int, parts: Parts) -> float:
    """Standard error as the region's persons are few, EUR/year."""
    pulls = {one: part / places[one].rows.total_cost for one, part in parts.from_base.items()}
    return spread(
        from_norm(place.rows, allocation(place.there.norm, place.rows), pull)
        for place, pull in ((places[one], pull) for one, pull in {**pulls, year: -1.0}.items())
    )


def by_norm(places: Mapping[int, Place], year: int, parts: Parts) -> float:
    """Standard error as the norm is estimated on a limited comparison, EUR/year."""
    pulls = {**parts.from_base, year: parts.amount}
    return hypot(*(pull * places[one].norm_error for one, pull in pulls.items()))


def by_surroundings(
    places: Mapping[int, Place], year: int, parts: Parts, surroundings: int, weight: float
) -> float:
    """Standard error as the persons around are few, EUR/year; `weight` (1) of their growth."""
    *earlier, last = parts.from_base
    pulls = {one: -weight * parts.from_base[one] for one in earlier}
    around = parts.amount - sum(parts.from_base.values())
    pulls[last] = around - weight * parts.amount - sum(pulls.values())
    pulls[year] = weight * parts.amount
    return hypot(*(pull * places[one].error_around(surroundings) for one, pull in pulls.items()))
