"""A scenario made ready: parameter models validated, the country compiled, the places laid out.

What is built here is shared by all seeds and arms and never changes afterwards.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from sim import tables
from sim.agents.physician import NetworkTerms
from sim.agents.programme import ProgrammeTerms
from sim.contract.settlement import Terms
from sim.effects import Bounds
from sim.funding.instruments import Loan
from sim.generation import ComponentTerms, GenerationTerms
from sim.people import roster
from sim.people.cohort import Place
from sim.people.country import Country, country
from sim.people.diseases import Disease
from sim.people.factors import AGES, FRAILTIES, INTENSITIES, Factors
from sim.people.life import Life
from sim.people.morbidity import Morbidity, Trends
from sim.people.population import Population
from sim.people.reference import FIFTHS
from sim.people.roster import Roster
from sim.quantity import Refusal, refusal_from
from sim.region import RegionTerms
from sim.scenario import Scenario


class PopulationTerms(Morbidity, frozen=True, extra="forbid"):
    """How people renew themselves, and how prices move, as conf/population describes it."""

    source: Literal["tables", "file"]
    path: str | None = None
    checksum: str | None = None
    first_year: int
    last_year: int
    structure_years: int = Field(ge=0)
    reference_size: int = Field(ge=FIFTHS * FRAILTIES * INTENSITIES)  # one of each, at least
    size: int = Field(gt=0)
    comparison: int | None = Field(None, gt=0)
    comparison_ratio: float = Field(gt=0)
    comparison_regions: int = Field(ge=1)
    comparison_table: str
    total_fertility: float = Field(ge=0)
    male_births: float = Field(gt=0, lt=1)
    migration_out: float = Field(ge=0)
    migration_in_ratio: float = Field(ge=0)
    switching_out: float = Field(ge=0)
    switching_in_ratio: float = Field(ge=0)
    trends: Trends
    wages: float
    price_shock_sd: float = Field(ge=0)
    regional_drift_sd: float = Field(ge=0)
    regional_level_sd: float = Field(ge=0)


@dataclass(frozen=True)
class Setting:
    """Everything a run needs, ready: parameter models, country, places, calendar.

    Attributes
    ----------
    first_month
        In which the history begins: January, `baseline_years` before month 1.
    last_month
        Of the contract.
    roster
        Persons of the cohort file, where the population is one.
    persons
        Whether a table of persons is asked for.
    """

    region: RegionTerms
    population: PopulationTerms
    contract: Terms
    network: NetworkTerms
    programmes: dict[str, ProgrammeTerms]
    components: dict[str, ComponentTerms]
    combined_effect: Bounds
    companies: tuple[GenerationTerms, ...]
    loans: tuple[Loan, ...]
    country: Country
    home: Place
    elsewhere: Place
    years: int
    roster: Roster | None = None
    persons: bool = False

    @property
    def first_month(self) -> int:
        """Month in which the history begins; month 1 is the first contract month."""
        return 1 - 12 * self.region.baseline_years

    @property
    def last_month(self) -> int:
        """Last month of the contract."""
        return 12 * self.years

    @property
    def calendar(self) -> range:
        """Calendar years lived: the baseline and the contract."""
        start = self.region.start_year
        return range(start - self.region.baseline_years, start + self.years)

    @property
    def comparison(self) -> int:
        """Persons insured elsewhere at the start of the contract."""
        terms = self.population
        return terms.comparison or round(terms.size * terms.comparison_ratio)

    def without_intervention(self) -> "Setting":
        """The same region where nobody joins, nothing is offered and no company exists."""
        nobody = self.network.model_copy(update={"joining": 0.0, "membership": 0.0})
        return replace(self, network=nobody, programmes={}, components={}, companies=(), loans=())

    def with_programmes(self, names: Sequence[str]) -> "Setting":
        """The same region with these of its programmes only."""
        return replace(self, programmes={name: self.programmes[name] for name in names})

    def life(
        self, people: Population, place: Place, prices: dict[int, NDArray[np.float64]]
    ) -> Life:
        """Let people live in one of the places, with factors of their own."""
        factors = self.factors()
        factors.by_physician = factors.ones(self.network.physicians + 1)
        start = self.region.start_year
        trend, lethality = self.trend(), self.lethality()
        return Life(people, self.country, place, factors, trend, lethality, prices, start)

    def factors(self) -> Factors:
        """A table of factors of one's own: baselines and lines of physicians change by arm."""
        own = replace(self.country.factors, base=self.country.factors.base.copy())
        width = own.width
        by_region = np.ones((1 + self.population.comparison_regions, width), np.float32)
        by_region[0, own.rates["death"]] = self.region.mortality_level
        own.by_region = by_region
        return own

    def trend(self) -> dict[int, NDArray[np.float64]]:
        """Year -> factor on each baseline rate, carried from the year of the tables.

        It is taken up on a birthday in that year, so its middle is on average half a year on.
        """
        factors, trends = self.country.factors, self.population.trends
        per_year = np.zeros(factors.width)
        for process in factors.processes:
            per_year[factors.rates[process.name]] = {
                "death": trends.mortality,
                "condition": trends.incidence,
                "event": trends.incidence,
                "admission": trends.admissions,
            }.get(process.kind, 0.0)
        table = self.population.table_year
        years = range(self.calendar[0] - 1, self.calendar[-1] + 1)  # birthdays of the year before
        return {year: np.exp(per_year * (year + 0.5 - table)) for year in years}

    def lethality(self) -> dict[int, float]:
        """Year -> factor on case fatality: sudden deaths follow the trend of mortality too."""
        terms = self.population
        years = np.array(self.calendar)
        factor = np.exp(terms.trends.mortality * (years - terms.table_year))
        return dict(zip(self.calendar, factor.tolist(), strict=True))


def setting(scenario: Scenario) -> Setting:
    """Validate and compile a scenario; whatever is wrong is refused by name."""
    return _setting(json.dumps(scenario.values, sort_keys=True))


@functools.lru_cache(maxsize=4)
def _setting(scenario: str) -> Setting:
    values = json.loads(scenario)
    region = _model(RegionTerms, values["region"], "region")
    population = _model(PopulationTerms, values["population"], "population")
    diseases = _models(Disease, values["diseases"], "diseases")
    programmes = _models(ProgrammeTerms, values["programmes"], "programmes")
    contract = _model(Terms, values["contract"], "contract")
    network = _network(values["network"], region)
    generation = _model(GenerationTerms, values["generation"], "generation")
    loans = tuple(
        _model(Loan, loan, f"funding.instruments.{i}")
        for i, loan in enumerate(values["funding"]["instruments"])
    )
    years = int(values["horizon"]["years"])
    if population.source == "tables":
        _check_structure(region, population)
    compiled = country(
        diseases, dict(values["diseases"]), population, population.comparison_regions
    )
    span = range(region.start_year - region.baseline_years, region.start_year + years)
    home = _place(region, population, compiled, region.population_table, span)
    return Setting(
        region,
        population,
        contract,
        network,
        programmes,
        generation.components,
        generation.combined_effect,
        (generation,),
        loans,
        compiled,
        home,
        _elsewhere(region, population, compiled, span),
        years,
        _roster(population, cohort_place(region, network, compiled)),
        bool(values["results"]["persons"]),
    )


def forget() -> None:
    """Forget what was compiled and read: conf has changed under a running program."""
    tables.table.cache_clear()
    _setting.cache_clear()


def _model[Model: BaseModel](kind: type[Model], given: Any, prefix: str) -> Model:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise refusal_from(error, prefix, list(kind.model_fields)) from error


def _models[Model: BaseModel](
    kind: type[Model], given: dict[str, Any], prefix: str
) -> dict[str, Model]:
    return {name: _model(kind, one, f"{prefix}.{name}") for name, one in given.items()}


def _network(given: Any, region: RegionTerms) -> NetworkTerms:
    """The network of a region: how physicians act, and how many there are."""
    own = {"physicians": region.physicians, "existing": region.existing_network}
    return _model(NetworkTerms, {**given, **own}, "network")


def _check_structure(region: RegionTerms, terms: PopulationTerms) -> None:
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


def cohort_place(region: RegionTerms, network: NetworkTerms, compiled: Country) -> roster.Place:
    """Say on which day the persons of a cohort file are insured, and which names it may use."""
    states = [process.name for process in compiled.factors.processes if process.bit >= 0]
    return roster.Place(
        first_month=1 - 12 * region.baseline_years,
        start_year=region.start_year,
        insurers=tuple(region.insurers),
        practices=network.physicians,
        conditions={name: compiled.factors.bits[name] for name in states},
    )


def _roster(terms: PopulationTerms, where: roster.Place) -> Roster | None:
    """Read the cohort file, if the population is one: checked whole, or refused."""
    if terms.source == "tables" or terms.path is None:
        return None
    return roster.read(terms.path, terms.checksum, where)


def _place(
    region: RegionTerms, terms: PopulationTerms, compiled: Country, table: str, years: range
) -> Place:
    """Lay out a place from its tables: structure, mortality by year, moves, births."""
    home = table == region.population_table
    key = "region.population_table" if home else "population.comparison_table"
    structure = tables.structure(table, key)
    calendar = np.array(years)
    carried = np.exp(terms.trends.mortality * (calendar - terms.table_year))
    mortality = compiled.mortality * carried[:, None, None] * region.mortality_level
    movers = _of_country("migration_by_age", "share", terms.country)
    shares = structure / structure.sum()
    by_age = movers / movers.sum() / shares.sum(axis=0)
    moving = terms.migration_out * region.turnover
    leaving = np.tile(moving * by_age + terms.switching_out, (2, 1))
    moved = moving * np.tile(movers / movers.sum() / 2, (2, 1))
    switched = terms.switching_out * shares
    departures = moving + terms.switching_out
    arriving = (moved * terms.migration_in_ratio + switched * terms.switching_in_ratio) / max(
        departures, 1e-12
    )
    fertility = terms.total_fertility * _of_country("fertility", "share", terms.country)
    return Place(
        structure=structure,
        mortality=mortality,
        leaving=leaving,
        fertility=fertility,
        arriving=arriving,
        male_births=terms.male_births,
        deprivation=np.array(region.deprivation),
        insurers=np.array([i.share for i in region.insurers.values()]),
    )


def _elsewhere(
    region: RegionTerms, terms: PopulationTerms, compiled: Country, years: range
) -> Place:
    """Lay out where the comparison lives: the country at large, within which it moves."""
    there = region.model_copy(
        update={"mortality_level": 1.0, "deprivation": (0.2, 0.2, 0.2, 0.2, 0.2)}
    )
    settled = terms.model_copy(update={"migration_out": 0.0})
    return _place(there, settled, compiled, terms.comparison_table, years)


def _of_country(name: str, column: str, country_name: str) -> NDArray[np.float64]:
    """One column by single age of a country, zero where the table is silent, float64 [101]."""
    frame = tables.table(name)
    frame = frame[frame["country"] == country_name]
    found = np.zeros(AGES)
    found[frame["age"].to_numpy(int)] = frame[column]
    return found
