"""Where people live, laid out from tables: the region, and the country in which the others are."""

import numpy as np
from numpy.typing import NDArray

from sim import tables
from sim.people.cohort import Place
from sim.people.country import Country
from sim.people.factors import AGES
from sim.quantity import Refusal
from sim.region import PopulationTerms, RegionTerms


def check_structure(region: RegionTerms, terms: PopulationTerms) -> None:
    """Refuse a start that lies too far from the year of the age structure."""
    first = region.start_year - region.baseline_years
    middle = region.population_table_year + region.baseline_years
    earliest, latest = middle - terms.structure_years, middle + terms.structure_years
    if not earliest <= region.start_year <= latest:
        raise Refusal(
            f"region.start_year is {region.start_year}: its history begins in {first}, but the age "
            f"structure {region.population_table!r} is that of {region.population_table_year} and "
            f"no trend is declared that carries it further than population.structure_years "
            f"({terms.structure_years}). Start in {earliest} to {latest}, or name a table of "
            "another year."
        )


def place(
    region: RegionTerms,
    terms: PopulationTerms,
    compiled: Country,
    table: str,
    years: range,
    before: int = 0,
) -> Place:
    """Lay out a place from its tables: structure, mortality by year, moves, births.

    The age structure is that of the year with index `before` among `years`; for those before it,
    deaths are undone.
    """
    home = table == region.population_table
    key = "region.population_table" if home else "population.comparison_table"
    structure = tables.structure(table, key)
    calendar = np.array(years)
    carried = np.exp(terms.trends.mortality * (calendar - terms.table_year))
    mortality = compiled.mortality * carried[:, None, None] * region.mortality_level
    movers = _of_country("migration_by_age", "share", terms.country)
    shares = structure / structure.sum()
    by_age = movers / movers.sum() / shares.sum(axis=0)
    leaving = np.tile(terms.migration_out * by_age + terms.switching_out, (2, 1))
    moved = terms.migration_out * np.tile(movers / movers.sum() / 2, (2, 1))
    switched = terms.switching_out * shares
    departures = terms.migration_out + terms.switching_out
    arriving = (moved * terms.migration_in_ratio + switched * terms.switching_in_ratio) / max(
        departures, 1e-12
    )
    fertility = terms.total_fertility * _of_country("fertility", "share", terms.country)
    return Place(
        structure=younger(structure, mortality[:before]),
        mortality=mortality,
        leaving=leaving,
        fertility=fertility,
        arriving=arriving,
        male_births=terms.male_births,
        deprivation=np.array(region.deprivation),
        insurers=np.array([i.share for i in region.insurers.values()]),
    )


def elsewhere(
    region: RegionTerms, terms: PopulationTerms, compiled: Country, years: range, before: int = 0
) -> Place:
    """Lay out where the comparison lives: the country at large, within which it moves."""
    there = region.model_copy(
        update={"mortality_level": 1.0, "deprivation": (0.2, 0.2, 0.2, 0.2, 0.2)}
    )
    settled = terms.model_copy(update={"migration_out": 0.0})
    return place(there, settled, compiled, terms.comparison_table, years, before)


def younger(structure: NDArray[np.float64], mortality: NDArray[np.float64]) -> NDArray[np.float64]:
    """Age structure some years earlier, deaths undone and moves ignored, float64 [2, 101].

    `mortality` are the hazards of these years, the earliest first, float64 [years, 2, 101]. Of
    the oldest, whom nobody survives to tell of, there were as many for each a year younger as
    there are now: an assumption that a history of ten years leaves small.

    >>> before = younger(np.ones((2, 101)), np.full((1, 2, 101), 0.1))
    >>> before[0, 0].round(4), before[0, 99:].round(4)
    (np.float64(1.1052), array([0.5526, 0.5526]))
    """
    for hazard in mortality[::-1]:
        survive = np.exp(-hazard)
        earlier = np.empty_like(structure)
        earlier[:, :-2] = structure[:, 1:-1] / survive[:, :-2]
        ratio = structure[:, -1] / structure[:, -2]
        earlier[:, -2] = structure[:, -1] / (survive[:, -2] + ratio * survive[:, -1])
        earlier[:, -1] = ratio * earlier[:, -2]
        structure = earlier
    return structure


def _of_country(name: str, column: str, country_name: str) -> NDArray[np.float64]:
    """One column by single age of a country, zero where the table is silent, float64 [101]."""
    frame = tables.table(name)
    frame = frame[frame["country"] == country_name]
    found = np.zeros(AGES)
    found[frame["age"].to_numpy(int)] = frame[column]
    return found
