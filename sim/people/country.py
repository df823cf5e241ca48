"""A country as the model needs it: baseline hazards, factors, prices of care, from its tables.

Everything here is solved or compiled once and shared by all seeds and arms. The solved reference
population is shipped in conf/tables and recognised by a checksum of what it was solved from; where
conf differs, it is solved anew and kept in the user's cache.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from scipy.special import gammaincinv, ndtri

from sim import cache, tables
from sim.people.care import Care, course_of_dying
from sim.people.diseases import Disease, Diseases
from sim.people.factors import ADMISSIONS, AGES, FRAILTIES, Factors, lay_out
from sim.people.population import SECTORS
from sim.people.reference import FIFTHS, Reference, Targets, solve
from sim.quantity import Refusal

CONTRACT_SECTORS = SECTORS[:4]

_SAMPLED = 0.2
"""Share of hospital cost at an age by which sampled events of the very old may overshoot it."""


class Trends(BaseModel, frozen=True, extra="forbid"):
    """Yearly relative change by which tables are carried to other years, 1/year."""

    mortality: float
    incidence: float
    admissions: float
    cost: float
    long_term_care_cost: float


class FrailtyPower(BaseModel, frozen=True, extra="forbid"):
    """Exponent of frailty on each kind of rate (0 none, 1 proportional)."""

    death: float = Field(ge=0)
    onset: float = Field(ge=0)
    admission: float = Field(ge=0)
    cost: float = Field(ge=0)


class LastYear(BaseModel, frozen=True, extra="forbid"):
    """How the cost of dying falls on the sectors, shares."""

    hospital: float = Field(ge=0, le=1)
    physician: float = Field(ge=0, le=1)
    drugs: float = Field(ge=0, le=1)
    other: float = Field(ge=0, le=1)


class Morbidity(BaseModel, frozen=True, extra="ignore"):
    """What of conf/population decides the reference population and the prices of care."""

    country: str
    borrow: str | None = None
    """Country whose tables stand in where this one has none, condition by condition."""
    table_year: int
    price_year: int
    reference_size: int = Field(gt=0)
    reference_lives: int = Field(gt=0)
    deprivation_gradient: dict[str, float]
    frailty_variance: float = Field(gt=0)
    frailty_power: FrailtyPower
    cost_per_insured: float = Field(gt=0)
    patient_cost: float = Field(ge=0)
    survivor_cost: float = Field(gt=0)
    last_year_cost: float = Field(gt=0)
    last_quarter_cost: float = Field(gt=0)
    last_year_age_slope: float
    last_year_reference_age: int
    last_year_most: float = Field(gt=0, lt=1)
    last_year_share: LastYear
    avoidable_admission_cost: float = Field(gt=0)
    admission_cost_sd_log: float = Field(ge=0)
    cost_intensity_sd_log: float = Field(ge=0)


@dataclass(frozen=True)
class Country:
    """What all seeds and arms share: factors, diseases, prices of care, the reference lives."""

    diseases: Diseases
    care: Care
    reference: Reference
    mortality: NDArray[np.float64]
    name: str
    checksum: str

    @property
    def factors(self) -> Factors:
        """The table of factors (its baselines are set year by year)."""
        return self.diseases.factors


def country(
    specs: dict[str, Disease], raw: dict[str, Any], morbidity: Morbidity, regions: int
) -> Country:
    """Compile a country; `raw` are the diseases as plain values, `regions` the comparison's."""
    factors = _factors(raw, morbidity, regions)
    diseases = Diseases(specs, factors, tables.shapes())
    diseases.fill()
    targets = _targets(morbidity, factors)
    checksum = _checksum(targets, diseases.shapes, raw, morbidity)
    reference = _reference(diseases, targets, checksum, morbidity)
    care = _care(diseases, targets, reference, morbidity)
    return Country(diseases, care, reference, targets.mortality, morbidity.country, checksum)


def ship(compiled: Country) -> Path:
    """Write the solved reference population into conf/tables, with its checksum."""
    path = _shipped(compiled.name)
    _save(path, compiled.checksum, compiled.reference)
    return path


def frailty_classes(variance: float) -> NDArray[np.float64]:
    """Quantile means of a gamma distribution with mean 1, float64 [16]."""
    middle = (np.arange(FRAILTIES) + 0.5) / FRAILTIES
    found = gammaincinv(1 / variance, middle) * variance
    classes: NDArray[np.float64] = found / found.mean()
    return classes


def _factors(raw: dict[str, Any], morbidity: Morbidity, regions: int) -> Factors:
    processes, bits, rates = lay_out(raw)
    width = len(rates)

    def ones(*shape: int) -> NDArray[np.float32]:
        return np.ones((*shape, width), np.float32)

    factors = Factors(
        processes,
        bits,
        rates,
        base=np.zeros((2, AGES, width), np.float32),
        by_state=ones(len(bits), AGES),
        by_recent=ones(len(bits)),
        by_group=ones(FRAILTIES * FIFTHS),
        by_intensity=ones(FRAILTIES),
        by_region=ones(regions + 1),
    )
    _fill_groups(factors, morbidity)
    spread = np.exp(
        ndtri((np.arange(FRAILTIES) + 0.5) / FRAILTIES) * morbidity.cost_intensity_sd_log
    )
    for sector in ("physician", "drugs", "other", "patient"):
        factors.by_intensity[:, rates[sector]] = spread / spread.mean()
    return factors


def _fill_groups(factors: Factors, morbidity: Morbidity) -> None:
    """Effects of frailty and deprivation, line = frailty class x 5 + fifth."""
    power = morbidity.frailty_power
    by_kind = {
        "death": power.death,
        "leaving": 0.0,
        "condition": power.onset,
        "risk_factor": 0.0,
        "event": power.onset,
        "admission": power.admission,
    }
    frailty = np.repeat(frailty_classes(morbidity.frailty_variance), FIFTHS)
    step = np.tile((np.arange(FIFTHS) - (FIFTHS - 1) / 2) / (FIFTHS - 1), FRAILTIES)
    for process in factors.processes:
        place = factors.rates[process.name]
        factors.by_group[:, place] *= frailty ** by_kind[process.kind]
        gradient = morbidity.deprivation_gradient.get(process.name, 1.0)
        factors.by_group[:, place] *= gradient**step
    for sector in ("physician", "drugs", "other", "patient"):
        factors.by_group[:, factors.rates[sector]] *= frailty**power.cost


def _targets(morbidity: Morbidity, factors: Factors) -> Targets:
    def of(name: str, condition: str | None = None) -> Any:
        frame = tables.table(name)
        if condition is not None:
            frame = frame[frame["condition"] == condition]
        own = frame[frame["country"] == morbidity.country]
        return frame[frame["country"] == morbidity.borrow] if own.empty else own

    life = of("life_table")
    shares = of("cost_sectors").sort_values("age")
    total = morbidity.cost_per_insured * tables.by_sex_and_age(of("cost_profile"), "ratio", "cost")
    mortality = tables.by_sex_and_age(life, "hazard", "the life table")
    by_sector = {s: total * tables.course(shares["age"], shares[s]) for s in CONTRACT_SECTORS}
    excess = morbidity.last_year_cost - morbidity.survivor_cost
    dying = _dying_by_age(morbidity, mortality, by_sector["hospital"])
    running = {
        sector: cost - mortality * dying * excess * getattr(morbidity.last_year_share, sector)
        for sector, cost in by_sector.items()
    }
    running["long_term_care"] = tables.by_sex_and_age(
        of("long_term_care"), "cost", "long-term care"
    )
    running["patient"] = total * morbidity.patient_cost / morbidity.cost_per_insured
    running["qalys"] = tables.by_sex_and_age(of("utility"), "utility", "utility")
    needed = [p for p in factors.processes if p.kind in ("event", "admission")]
    return Targets(
        mortality=mortality,
        prevalence={
            p.name: tables.by_sex_and_age(of("prevalence", p.name), "prevalence", p.name)
            for p in factors.processes
            if p.bit >= 0
        },
        incidence={
            p.name: tables.by_sex_and_age(of("incidence", p.name), "rate", p.name) for p in needed
        },
        running=running,
        dying=dying,
    )


def _dying_by_age(
    morbidity: Morbidity, mortality: NDArray[np.float64], hospital: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cost of dying relative to that at the reference age, float64 [sex, age].

    It falls with age, and nowhere takes more than `last_year_most` of what hospital care costs
    everybody at that age (EUR/person-year, [sex, age]).
    """
    years = np.arange(AGES) - morbidity.last_year_reference_age
    excess = morbidity.last_year_cost - morbidity.survivor_cost
    expected = mortality * excess * morbidity.last_year_share.hospital
    most = morbidity.last_year_most * hospital / expected
    found: NDArray[np.float64] = np.minimum(np.exp(morbidity.last_year_age_slope * years), most)
    return found


def _care(diseases: Diseases, targets: Targets, reference: Reference, morbidity: Morbidity) -> Care:
    """Prices: the cost of an ordinary admission is what is left of hospital cost by age."""
    hospital = targets.running["hospital"].copy()
    for process in diseases.factors.processes:
        spec = diseases.specs.get(process.name)
        if spec is not None and spec.admission_cost:
            hospital -= reference.events[process.name] * spec.admission_cost
    other, avoidable = (targets.incidence[name] for name in ADMISSIONS)
    hospital -= avoidable * morbidity.avoidable_admission_cost
    too_much = hospital < -_SAMPLED * targets.running["hospital"]
    if too_much.any():
        sex, age = (int(found[0]) for found in np.nonzero(too_much))
        raise Refusal(
            f"at age {age} ({('men', 'women')[sex]}) acute events, avoidable admissions and dying "
            "cost more than all hospital care in conf/tables/cost_profile.csv and "
            "cost_sectors.csv; lower population.last_year_most or an admission_cost"
        )
    case_cost = np.maximum(hospital, 0.0) / other
    excess = morbidity.last_year_cost - morbidity.survivor_cost
    quarter = (morbidity.last_quarter_cost - morbidity.survivor_cost / 4) / excess
    near = np.zeros((12, len(SECTORS)))
    for i, sector in enumerate(CONTRACT_SECTORS):
        share = getattr(morbidity.last_year_share, sector)
        near[:, i] = course_of_dying(excess, quarter) * share
    return Care(
        factors=diseases.factors,
        case_cost=np.stack(
            [case_cost, np.full_like(case_cost, morbidity.avoidable_admission_cost)]
        ),
        size_sd=morbidity.admission_cost_sd_log,
        near_death=near,
        near_death_by_age=targets.dying,
    )


def _reference(
    diseases: Diseases, targets: Targets, checksum: str, morbidity: Morbidity
) -> Reference:
    """Read the solved reference population if it fits these inputs, else solve it and keep it."""
    kept = cache.folder() / f"reference_{checksum}.npz"
    for path in (_shipped(morbidity.country), kept):
        found = _load(path, checksum, diseases.factors)
        if found is not None:
            return found
    solved = solve(diseases, targets, morbidity.reference_size, morbidity.reference_lives)
    _save(kept, checksum, solved)
    return solved


def _shipped(name: str) -> Path:
    return tables.conf_folder() / "tables" / f"reference_{name}.npz"


def _checksum(
    targets: Targets,
    shapes: dict[str, NDArray[np.float64]],
    raw: dict[str, Any],
    morbidity: Morbidity,
) -> str:
    """Identify everything the solution follows from: tables, diseases, morbidity."""
    digest = hashlib.sha256()
    text = json.dumps(
        [raw, morbidity.model_dump(include=set(Morbidity.model_fields) - {"borrow"})],
        sort_keys=True,
        default=str,
    )
    digest.update(text.encode())
    arrays = {"mortality": targets.mortality, **targets.running}
    arrays |= {f"p {k}": v for k, v in targets.prevalence.items()}
    arrays |= {f"i {k}": v for k, v in targets.incidence.items()}
    arrays |= {f"s {k}": v for k, v in shapes.items()}
    for name in sorted(arrays):
        digest.update(name.encode() + np.round(arrays[name], 9).tobytes())
    return digest.hexdigest()[:16]


def _load(path: Path, checksum: str, factors: Factors) -> Reference | None:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            if str(stored["checksum"]) != checksum:
                return None
            names = [p.name for p in factors.processes]
            events = dict(zip(names, stored["events"], strict=True))
            return Reference(stored["base"], stored["state"], stored["frailty"], events)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _save(path: Path, checksum: str, reference: Reference) -> None:
    """Keep a solution; that the cache cannot be written is no reason to fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial.npz")
        np.savez_compressed(
            partial,
            checksum=checksum,
            base=reference.base,
            state=reference.state,
            frailty=reference.frailty,
            events=np.stack(list(reference.events.values())),
        )
        partial.replace(path)
    except OSError:
        return
