"""A scenario made ready: parameter models validated, the country compiled, the places laid out.

What is built here is shared by all seeds and arms and never changes afterwards.
"""

import functools
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from sim import places, tables
from sim.agents.integrator import GenerationTerms
from sim.agents.physician import NetworkTerms
from sim.agents.programme import ProgrammeTerms
from sim.contract.agreement import Agreement, agreement
from sim.contract.benchmarks import RULES
from sim.contract.terms import Terms
from sim.funding.instruments import Loan
from sim.people import roster
from sim.people.cohort import Place
from sim.people.country import Country, country
from sim.people.diseases import Disease
from sim.people.factors import Factors
from sim.people.life import Life
from sim.people.population import Population
from sim.people.roster import Roster
from sim.quantity import Refusal, refusal_from
from sim.region import PopulationTerms, RegionTerms, check_shares
from sim.scenario import Scenario


@dataclass(frozen=True)
class Setting:
    """Everything a run needs, ready: parameter models, country, places, calendar.

    Attributes
    ----------
    region
        Its `baseline_years` are those lived before the start: as many as conf has, or more where
        a benchmark rule looks back further.
    agreement
        What is settled, and what is measured beside it.
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
    agreement: Agreement
    network: NetworkTerms
    programmes: dict[str, ProgrammeTerms]
    companies: tuple[GenerationTerms, ...]
    loans: tuple[Loan, ...]
    country: Country
    home: Place
    elsewhere: Place
    years: int
    roster: Roster | None = None
    persons: bool = False

    @property
    def contract(self) -> Terms:
        """What the parties agreed."""
        return self.agreement.terms

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
        return replace(self, network=nobody, programmes={}, companies=(), loans=())

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


def setting(scenario: Scenario, baseline_years: int = 0) -> Setting:
    """Validate and compile a scenario; whatever is wrong is refused by name.

    `baseline_years` are lived before the start at least, for the sake of who is compared.
    """
    return _setting(json.dumps(scenario.values, sort_keys=True), baseline_years)


@functools.lru_cache(maxsize=4)
def _setting(scenario: str, baseline_years: int) -> Setting:
    values = json.loads(scenario)
    region = _model(RegionTerms, values["region"], "region")
    population = _model(PopulationTerms, values["population"], "population")
    diseases = _models(Disease, values["diseases"], "diseases")
    programmes = _models(ProgrammeTerms, values["programmes"], "programmes")
    contract = agreement(values["contract"], values["benchmarks"], region.baseline_years)
    network = _model(NetworkTerms, values["network"], "network")
    generation = _model(GenerationTerms, values["generation"], "generation")
    loans = tuple(
        _model(Loan, loan, f"funding.instruments.{i}")
        for i, loan in enumerate(values["funding"]["instruments"])
    )
    years = int(values["horizon"]["years"])
    check_shares(region)
    if population.source == "tables":
        places.check_structure(region, population)
    compiled = country(
        diseases, dict(values["diseases"]), population, population.comparison_regions
    )
    asked = region.baseline_years
    region = _with_history(region, population, contract, baseline_years)
    before = region.baseline_years - asked
    span = range(region.start_year - region.baseline_years, region.start_year + years)
    return Setting(
        region,
        population,
        contract,
        network,
        programmes,
        (generation,),
        loans,
        compiled,
        places.place(region, population, compiled, region.population_table, span, before),
        places.elsewhere(region, population, compiled, span, before),
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


def _with_history(
    region: RegionTerms, population: PopulationTerms, contract: Agreement, least: int
) -> RegionTerms:
    """Let the region live as many years before the start as the benchmark rules look back on."""
    years = max(region.baseline_years, contract.baseline_years, least)
    first = region.start_year - years
    if years > region.baseline_years and first < population.first_year:
        needing = max(contract.numbers, key=lambda name: contract.needs(name).baseline_years)
        raise Refusal(
            f"{RULES[needing].clause}: the rule looks back on {years} years before "
            f"{region.start_year}, to {first}, but trends carry the tables back only to "
            f"{population.first_year} (population.first_year). Allowed is a start in "
            f"{population.first_year + years} or later (region.start_year). Start then, choose "
            "another contract, or leave contract.compare=all out."
        )
    return region.model_copy(update={"baseline_years": years})


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
