"""The reference population: baseline hazards solved once, and the lives that follow from them.

A published rate is an average over healthy and ill, frail and robust. The baseline hazard behind it
is found by letting a synthetic cohort live from birth to 100 under the very factors and the very
kernel of the model: at each age the baseline is what makes the cohort's mean come out as published;
then the cohort lives the year. So frailty and multimorbidity emerge, and whoever is drawn from the
cohort at some age has the frailty of somebody who survived to it. The baselines are then frozen:
solving them again inside an arm would erase the effect.

Death does not thin the cohort, it lowers the weights: the mean at 100 rests on as many lives as at
20. Where only prevalence is published, incidence follows from

    i = [dP/da + P (1 - P) (m1 - m0) + r P] / (1 - P)

with m1, m0 the mortality with and without the condition and r remission; a negative i is an error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.people import processes
from sim.people.diseases import Diseases, has
from sim.people.factors import AGES, DEATH, FRAILTIES, INTENSITIES, Factors
from sim.people.population import RUNNING, Population
from sim.quantity import Refusal

FIFTHS = 5
SEED = 20_000
SAMPLES = 64  # tried for the lives that are kept
Means = dict[str, float]
GOLDEN = (5**0.5 - 1) / 2  # steps of it spread evenly over a circle


@dataclass(frozen=True)
class Targets:
    """What is published for a country, by sex and single age.

    Attributes
    ----------
    mortality
        Hazard of death, float64 [2, 101], 1/person-year.
    prevalence
        Share who have each condition or risk factor, name -> float64 [2, 101].
    incidence
        Rate of each event among those at risk and of each admission, name -> float64 [2, 101].
    running
        Mean cost by account, EUR/person-year (QALYs for utility), -> float64 [2, 101].
    dying
        Part of it that each death which is not sudden costs, EUR/death, -> float64 [2, 101].
    """

    mortality: NDArray[np.float64]
    prevalence: dict[str, NDArray[np.float64]]
    incidence: dict[str, NDArray[np.float64]]
    running: dict[str, NDArray[np.float64]]
    dying: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Reference:
    """Solved baselines and the lives behind them.

    Attributes
    ----------
    base
        float64 [2, 101, rate]: baseline per person-year (running accounts: EUR/person-year).
    replacing
        float64 [2, 101, rate]: share of an incidence that makes up for the ill who die (1). As
        mortality changes over the years, so does this part, and prevalence stays as published.
    state, frailty
        uint32, uint8 [2, 101, fifth, lives]: equally likely persons alive at each age.
    surviving
        float64 [2, 101, fifth]: share of each fifth still alive at a birthday (1).
    recent, past
        uint32, of the shape of state: onsets and events of her last months; events she ever had.
    events
        Process -> float64 [2, 101]: onsets and events per person-year of everybody.
    """

    base: NDArray[np.float64]
    replacing: NDArray[np.float64]
    state: NDArray[np.uint32]
    frailty: NDArray[np.uint8]
    surviving: NDArray[np.float64]
    recent: NDArray[np.uint32]
    past: NDArray[np.uint32]
    events: dict[str, NDArray[np.float64]]


def birthday(people: Population, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Age of the reference lives that some rows are like when they enter, int64 [rows].

    Lives are kept at their birthdays; between two of them the later one is the likelier, the
    nearer it is.
    """
    months = people.entered[rows].astype(np.int64) - people.born[rows]
    later = people.uniform(rows, "nearer birthday") * 12 < months % 12
    age: NDArray[np.int64] = np.clip(months // 12 + later, 0, AGES - 1)
    return age


def solve(diseases: Diseases, targets: Targets, size: int, lives: int) -> Reference:
    """Let a cohort of `size` men and as many women live to 100; keep `lives` a cell."""
    factors = diseases.factors
    base, replacing = (np.zeros((2, AGES, factors.width)) for _ in range(2))
    state, recent, past = (np.zeros((2, AGES, FIFTHS, lives), np.uint32) for _ in range(3))
    frailty = np.zeros((2, AGES, FIFTHS, lives), np.uint8)
    surviving = np.zeros((2, AGES, FIFTHS))
    events = {process.name: np.zeros((2, AGES)) for process in factors.processes}
    for sex in (0, 1):
        cohort = _newborn(factors, size, sex)
        weight = np.ones(size)
        growth: Means = {}
        for age in range(AGES):
            base[sex, age], replacing[sex, age] = _solve_age(
                cohort, weight, diseases, targets, growth, sex, age
            )
            factors.base[sex, age] = base[sex, age] / 12
            processes.refresh(cohort, factors, np.arange(size), age * 12)
            chosen = _alive(cohort, weight, age, lives)
            state[sex, age], frailty[sex, age] = cohort.state[chosen], cohort.frailty[chosen]
            recent[sex, age] = cohort.recent[chosen]
            surviving[sex, age] = np.bincount(cohort.fifth, weight) / (size / FIFTHS)
            past[sex, age] = _struck(cohort, factors)[chosen]
            growth = _live(cohort, weight, diseases, age, events)
    return Reference(base, replacing, state, frailty, surviving, recent, past, events)


def _newborn(factors: Factors, size: int, sex: int) -> Population:
    cohort = Population.empty(size, len(factors.processes), SEED, first=sex * size)
    rows = np.arange(size)
    cohort.columns["sex"][:] = sex
    cohort.columns["fifth"][:] = rows % FIFTHS
    cohort.columns["frailty"][:] = rows // FIFTHS % FRAILTIES
    cohort.columns["intensity"][:] = rows // (FIFTHS * FRAILTIES) % INTENSITIES
    for slot, process in enumerate(factors.processes):
        if process.bit >= 0:
            cohort.remaining[slot] = cohort.threshold(rows, "onset", process.name)
        elif process.kind == "event":
            cohort.remaining[slot] = cohort.threshold(rows, "event", process.name)
    return cohort


def _solve_age(
    cohort: Population,
    weight: NDArray[np.float64],
    diseases: Diseases,
    targets: Targets,
    growth: Means,
    sex: int,
    age: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Baselines per year at one age, and which share of them makes up for the ill who die.

    Baselines are what makes the weighted means come out as published. A published rate is that of
    a whole year of age, in which people go on falling ill. So what is asked for at the birthday
    is less by how much the same mean grew in half the year before.
    """
    factors = diseases.factors
    line, replacing = np.zeros(factors.width), np.zeros(factors.width)
    factors.base[sex, age] = 1.0
    processes.refresh(cohort, factors, np.arange(cohort.n), age * 12)
    total = weight.sum()
    acute = np.zeros(cohort.n)  # hazard of sudden death, by person
    brought: dict[str, float] = {}  # survived onsets of a condition through events
    for slot, process in enumerate(factors.processes):
        if process.kind not in ("event", "admission"):
            continue
        rate = targets.incidence[process.name][sex, age] / growth.get(process.name, 1.0)
        factor = cohort.hazard[slot].astype(float)
        at_risk = has(cohort, process.requires) if process.requires >= 0 else np.ones(cohort.n)
        mean = (weight * factor).sum() / max((weight * at_risk).sum(), 1e-12)
        line[factors.rates[process.name]] = rate / mean if mean > 0 else rate
        if process.kind == "event":
            hazard = line[factors.rates[process.name]] * factor
            acute += hazard * diseases.fatality(process.name)[age]
            for name in diseases.specs[process.name].brings:
                without = ~has(cohort, factors.bits[name])
                new = (weight * hazard * without).sum() / max((weight * without).sum(), 1e-12)
                survived = 1 - diseases.fatality(process.name)[age]
                brought[name] = brought.get(name, 0.0) + float(new) * survived
    death = cohort.hazard[DEATH].astype(float)
    mortality = targets.mortality[sex, age] / growth.get("death", 1.0)
    sudden = (weight * acute).sum() / total
    for slot, process in enumerate(factors.processes):
        if process.bit < 0:
            continue
        remission = diseases.specs[process.name].remission or 0.0
        ordinary = (mortality - sudden) / ((weight * death).sum() / total)
        ill = has(cohort, process.bit)
        excess = _excess(weight, ordinary * death + acute, ill)
        incidence = _incidence(
            process.name,
            targets.prevalence[process.name][sex],
            age,
            excess,
            remission,
            brought.get(process.name, 0.0),
            diseases.fatality(process.name)[age],
        )
        well = weight * ~ill
        drift = targets.prevalence[process.name][sex, age] - (weight * ill).sum() / total
        incidence = max(incidence + drift * total / well.sum(), 0.0)  # of sampling, not of data
        mean = (well * cohort.hazard[slot]).sum() / max(well.sum(), 1e-12)
        line[factors.rates[process.name]] = incidence / mean
        made_up = targets.prevalence[process.name][sex, age] * excess
        made_up /= 1 - diseases.fatality(process.name)[age]
        replacing[factors.rates[process.name]] = made_up / incidence if incidence else 0.0
        if process.remission:
            line[factors.rates[f"{process.name}.remission"]] = remission
        fatal = diseases.fatality(process.name)[age]
        if fatal:
            hazard = incidence / mean * cohort.hazard[slot] * ~ill * fatal
            acute = acute + hazard
            sudden += (weight * hazard).sum() / total
    line[factors.rates["death"]] = (mortality - sudden) / ((weight * death).sum() / total)
    if line[factors.rates["death"]] <= 0:
        raise Refusal(
            f"sudden deaths at age {age} already exceed the life table ({sudden:.5f} of "
            f"{mortality:.5f} a year); lower a case_fatality in conf/diseases"
        )
    for account, target in targets.running.items():
        if account == "hospital":
            continue  # comes with admissions
        if account == "qalys":
            line[factors.rates[account]] = target[sex, age]  # of a person without conditions
            continue
        mean = (weight * cohort.rate[RUNNING.index(account)]).sum() / total
        cost = target[sex, age] / growth.get(account, 1.0)
        if account in targets.dying:
            cost -= (mortality - sudden) * targets.dying[account][sex, age]
        line[factors.rates[account]] = cost / mean
    return line, replacing


def _means(cohort: Population, weight: NDArray[np.float64], diseases: Diseases, age: int) -> Means:
    """Mean rate of everybody now: of dying in whatever way, of events, admissions, accounts."""
    total, found = weight.sum(), {}
    dying = cohort.hazard[DEATH].astype(float)
    for slot, process in enumerate(diseases.factors.processes):
        hazard = cohort.hazard[slot].astype(float)
        if process.bit >= 0:
            hazard *= ~has(cohort, process.bit)
        if process.kind in ("condition", "event"):
            dying += hazard * diseases.fatality(process.name)[age]
        if process.kind in ("event", "admission") and process.requires < 0:
            found[process.name] = float((weight * hazard).sum() / total)
    found["death"] = float((weight * dying).sum() / total)
    for place, account in enumerate(RUNNING):
        found[account] = float((weight * cohort.rate[place]).sum() / total)
    return found


def _excess(
    weight: NDArray[np.float64], hazard: NDArray[np.float64], ill: NDArray[np.bool_]
) -> float:
    """Mortality of the ill minus that of the others, 1/person-year."""
    ill = ill & (weight > 0)
    if not ill.any():
        return 0.0
    with_it = (weight * hazard)[ill].sum() / weight[ill].sum()
    without = (weight * hazard)[~ill].sum() / weight[~ill].sum()
    return float(with_it - without)


def _incidence(
    name: str,
    prevalence: NDArray[np.float64],
    age: int,
    excess: float,
    remission: float,
    brought: float,
    fatality: float,
) -> float:
    """Incidence among those without the condition, 1/person-year (formula in the module)."""
    now, then = prevalence[age], prevalence[min(age + 1, AGES - 1)]
    middle = (now + then) / 2
    inflow = (then - now) + middle * (1 - middle) * excess + remission * middle
    rate = float(inflow / (1 - middle)) - brought
    if rate < 0:
        raise Refusal(
            f"diseases.{name}: the prevalence in conf/tables/prevalence.csv falls so fast at "
            f"age {age} that the incidence would be negative ({rate:.5f} a year); flatten the "
            "curve there, or lower the share that events bring"
        )
    return rate / (1 - fatality)


def _live(
    cohort: Population,
    weight: NDArray[np.float64],
    diseases: Diseases,
    age: int,
    events: dict[str, NDArray[np.float64]],
) -> Means:
    """One year of the cohort; death only takes weight. Note how often each thing befalls it.

    Returned is by how much each mean rate has grown up to the middle of the year (1).
    """
    total = weight.sum()
    for slot, process in enumerate(diseases.factors.processes):
        hazard = cohort.hazard[slot] * 12
        if process.bit >= 0:
            hazard = hazard * ~has(cohort, process.bit)
        events[process.name][cohort.sex[0], age] = (weight * hazard).sum() / total
    first = middle = _means(cohort, weight, diseases, age)
    for month in range(age * 12, age * 12 + 12):
        weight *= np.exp(-cohort.hazard[DEATH].astype(float))
        due = processes.advance(cohort, cohort.n)
        changed = diseases.react(cohort, due, month, np.ones(1))
        dead = np.flatnonzero(cohort.left <= month + 1)
        weight[dead] = 0.0
        processes.refresh(cohort, diseases.factors, changed, month + 1)
        if month == age * 12 + 5:
            middle = _means(cohort, weight, diseases, age)
    cohort.tally.sums.clear()
    return {name: middle[name] / mean for name, mean in first.items() if mean > 0}


def _alive(
    cohort: Population, weight: NDArray[np.float64], age: int, lives: int
) -> NDArray[np.int64]:
    """Rows of `lives` equally likely persons of each deprivation fifth, int64 [fifth, lives].

    Stratified along the hazard of death. The place within a stratum moves from one to the next
    and with age, so that the same few are not kept at every age: what is rare among the young
    then comes out over several ages. Of several such samples the one is taken whose mean hazard
    comes nearest to the cohort's.
    """
    strata, hazard = np.arange(lives), cohort.hazard[DEATH].astype(float)
    chosen = np.empty((FIFTHS, lives), np.int64)
    for fifth in range(FIFTHS):
        rows = np.flatnonzero((cohort.fifth == fifth) & (weight > 0))
        rows = rows[np.argsort(hazard[rows], kind="stable")]
        edges = np.cumsum(weight[rows])
        mean = float((weight[rows] * hazard[rows]).sum() / edges[-1])
        nearest = np.inf
        for sample in range(SAMPLES):
            within = ((strata + age) * GOLDEN + sample / SAMPLES) % 1.0
            places = (strata + within) / lives * edges[-1]
            found = rows[np.minimum(np.searchsorted(edges, places), rows.size - 1)]
            off = abs(float(hazard[found].mean()) - mean)
            if off < nearest:
                chosen[fifth], nearest = found, off
    return chosen


def _struck(cohort: Population, factors: Factors) -> NDArray[np.uint32]:
    """Which events each person ever had, as bits, uint32 [n]."""
    past = np.zeros(cohort.n, np.uint32)
    for slot, process in enumerate(factors.processes):
        if process.kind == "event":
            past |= (cohort.occurrence[slot] > 0).astype(np.uint32) << process.recent_bit
    return past
