"""A country as the model needs it: baseline hazards, factors, prices of care, from its tables.

Everything here is solved or compiled once and shared by all seeds and arms.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

from sim import tables
from sim.people.care import Care, course_of_dying
from sim.people.diseases import Disease, Diseases
from sim.people.factors import ADMISSIONS, AGES, FRAILTIES, INTENSITIES, Factors, lay_out
from sim.people.kept import solution
from sim.people.morbidity import Morbidity
from sim.people.population import SECTORS
from sim.people.reference import FIFTHS, Reference, Targets
from sim.quantity import Refusal

CONTRACT_SECTORS = SECTORS[:4]
DEAR_YEARS = 256  # classes of the dearness of a person's year
CLAIMS = "claims"  # layer of a table of prevalence that counts coded diagnoses

_SAMPLED = 0.2
"""Share of hospital cost at an age by which sampled events of the very old may overshoot it."""


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
    targets = _targets(morbidity, specs, factors)
    checksum, reference = solution(diseases, targets, raw, morbidity)
    care = _care(diseases, targets, reference, morbidity)
    return Country(diseases, care, reference, targets.mortality, morbidity.country, checksum)


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
        by_intensity=ones(INTENSITIES),
        by_region=ones(regions + 1),
    )
    _fill_groups(factors, morbidity)
    for sector in ("drugs", "other", "patient"):  # physicians are paid a lump sum a quarter
        factors.by_intensity[:, rates[sector]] = _spread(
            INTENSITIES, morbidity.cost_intensity_sd_log
        )
    return factors


def _spread(classes: int, sd_log: float) -> NDArray[np.float32]:
    """Equally likely factors of a lognormal distribution with mean 1, float32 [classes]."""
    factors = np.exp(ndtri((np.arange(classes) + 0.5) / classes) * sd_log)
    spread: NDArray[np.float32] = (factors / factors.mean()).astype(np.float32)
    return spread


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


def _targets(morbidity: Morbidity, specs: dict[str, Disease], factors: Factors) -> Targets:
    def of(name: str, condition: str | None = None) -> pd.DataFrame:
        frame = tables.table(name)
        if condition is not None:
            frame = frame[frame["condition"] == condition]
        own = frame[frame["country"] == morbidity.country]
        return frame[frame["country"] == morbidity.borrow] if own.empty else own

    life = of("life_table")
    shares = of("cost_sectors").sort_values("age")
    total = _cost_by_age(of("cost_profile"), morbidity)
    mortality = tables.by_sex_and_age(life, "hazard", "the life table")
    running = {s: total * tables.course(shares["age"], shares[s]) for s in CONTRACT_SECTORS}
    by_age = _dying_by_age(morbidity, mortality, running["hospital"])
    excess = morbidity.last_year_cost - morbidity.otherwise_cost
    dying = {s: by_age * excess * getattr(morbidity.last_year_share, s) for s in CONTRACT_SECTORS}
    running["long_term_care"] = tables.by_sex_and_age(
        of("long_term_care"), "cost", "long-term care"
    )
    running["patient"] = total * morbidity.patient_cost / morbidity.cost_per_insured
    running["qalys"] = tables.by_sex_and_age(of("utility"), "utility", "utility")
    needed = [p for p in factors.processes if p.kind in ("event", "admission")]
    return Targets(
        mortality=mortality,
        prevalence={
            p.name: _true_prevalence(of("prevalence", p.name), specs[p.name], p.name)
            for p in factors.processes
            if p.bit >= 0
        },
        incidence={
            p.name: tables.by_sex_and_age(of("incidence", p.name), "rate", p.name) for p in needed
        },
        running=running,
        dying=dying,
    )


def _cost_by_age(profile: pd.DataFrame, morbidity: Morbidity) -> NDArray[np.float64]:
    """Cost per insured by sex and age whose mean is that of the price year, float64 [2, 101]."""
    ratio = tables.by_sex_and_age(profile, "ratio", "cost")
    people = np.zeros_like(ratio)
    for place, weight in morbidity.cost_structure.items():
        structure = tables.structure(place, "population.cost_structure")
        people += weight * structure / structure.sum()
    cost: NDArray[np.float64] = (
        ratio * morbidity.cost_per_insured / np.average(ratio, weights=people)
    )
    return cost


def _true_prevalence(frame: pd.DataFrame, disease: Disease, name: str) -> NDArray[np.float64]:
    """Prevalence of who is ill, float64 [2, 101]; claims show only the share that is coded."""
    found = tables.by_sex_and_age(frame, "prevalence", name)
    seen = disease.documented_share if set(frame["layer"]) == {CLAIMS} else 1.0
    true: NDArray[np.float64] = found / seen
    return true


def _dying_by_age(
    morbidity: Morbidity, mortality: NDArray[np.float64], hospital: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cost of dying relative to that at the reference age, float64 [sex, age].

    It falls with age, and nowhere takes more than `last_year_most` of what hospital care costs
    everybody at that age (EUR/person-year, [sex, age]).
    """
    years = np.arange(AGES) - morbidity.last_year_reference_age
    excess = morbidity.last_year_cost - morbidity.otherwise_cost
    expected = mortality * excess * morbidity.last_year_share.hospital
    most = morbidity.last_year_most * hospital / expected
    found: NDArray[np.float64] = np.minimum(np.exp(morbidity.last_year_age_slope * years), most)
    return found


def _care(diseases: Diseases, targets: Targets, reference: Reference, morbidity: Morbidity) -> Care:
    """Prices: the cost of an ordinary admission is what is left of hospital cost by age."""
    hospital, ordinary = targets.running["hospital"].copy(), targets.mortality.copy()
    for process in diseases.factors.processes:
        spec = diseases.specs.get(process.name)
        if spec is not None:
            hospital -= reference.events[process.name] * spec.admission_cost
            ordinary -= reference.events[process.name] * diseases.fatality(process.name)
    hospital -= ordinary * targets.dying["hospital"]
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
    excess = morbidity.last_year_cost - morbidity.otherwise_cost
    quarter = (morbidity.last_quarter_cost - morbidity.otherwise_cost / 4) / excess
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
        near_death_by_age=_dying_by_age(morbidity, targets.mortality, targets.running["hospital"]),
        dearness=_spread(DEAR_YEARS, morbidity.cost_year_sd_log),
    )
