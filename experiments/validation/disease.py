"""Who has what, who falls ill, who is admitted: layer by layer."""

import numpy as np
from numpy.typing import NDArray

from experiments.validation.target import Estimator, Lived, Sums, Target, ratio
from sim.observation import Cases, Panel, holds

NARROW = 49
"""Years of age up to which a band counts as narrow: then years around the target's count too."""

AROUND = 4
"""How many on either side."""

LATE = 5
"""Last years of a run, for what needs a long past."""

TEN_YEARS = 120
STROKES = ("stroke", "recurrent_stroke")
RISK_FACTORS_THAT_COUNT = ("raised_blood_pressure", "obesity")
BEHAVIOUR = ("smoking", "inactivity")


def weights(lived: Lived, panel: Panel, target: Target) -> NDArray[np.float64]:
    """Return how much each person counts on the target's layer at the end of the year."""
    ours = (panel.here & target.whom(panel.sex, panel.age)).astype(float)
    if target.layer == "self_reported":
        ours *= lived.homes.outside(panel.sex, panel.age, panel.state, lived.seen.bits)
    return ours


def ill(lived: Lived, panel: Panel, target: Target) -> NDArray[np.bool_]:
    """Who has the target's condition, as its layer sees it."""
    mask = panel.documented if target.layer == "documented" else panel.state
    return holds(mask, lived.bit(target.condition))


def _prevalence(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    weight = weights(lived, panel, target)
    return np.array([(weight * ill(lived, panel, target)).sum(), weight.sum()])


def _ten_years(lived: Lived, target: Target) -> Sums:
    """Persons alive whose last stroke, known to the insurer, lies within ten years."""
    seen, panel = lived.seen, lived.panel(target)
    recent = np.zeros(seen.left.size, np.bool_)
    for name in STROKES:
        cases = seen.cases[name]
        when = (cases.month <= panel.last_month) & (cases.month > panel.last_month - TEN_YEARS)
        recent[cases.row[when & cases.documented]] = True
    weight = weights(lived, panel, target)
    return np.array([(weight * recent[panel.row]).sum(), weight.sum()])


def _patients(lived: Lived, target: Target) -> Sums:
    """Patients of the target's sex and ages, all patients, and the sum of their ages."""
    panel = lived.panel(target)
    patient = panel.here & ill(lived, panel, target)
    ours = patient & target.whom(panel.sex, panel.age)
    return np.array([ours.sum(), patient.sum(), panel.age[patient].sum()], float)


def _multimorbidity(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    kinds = lived.setting.country.diseases.specs
    counting = [
        name
        for name in lived.seen.bits
        if kinds[name].kind == "condition" or name in RISK_FACTORS_THAT_COUNT
    ]
    many = sum(holds(panel.state, lived.bit(name)).astype(np.int64) for name in counting)
    weight = weights(lived, panel, target)
    return np.array([(weight * (np.asarray(many) >= 2)).sum(), weight.sum()])


def _years(lived: Lived, target: Target) -> range:
    """Years whose cases count: the target's, and those around it where a band is narrow."""
    middle = lived.year(target)
    span = AROUND if target.age_high - target.age_low <= NARROW else 0
    return range(max(middle - span, lived.years[0]), min(middle + span, lived.years[-1]) + 1)


def _count(lived: Lived, cases: Cases, target: Target, years: range, *, known: bool) -> float:
    seen = lived.seen
    age = (cases.month - seen.born[cases.row]) // 12
    ours = target.whom(seen.sex[cases.row], age) & np.isin(seen.year_of(cases.month), years)
    return float((ours & (cases.documented if known else True)).sum())


def _incidence(lived: Lived, target: Target) -> Sums:
    """Onsets over years without the condition; of events, and of diabetes, per inhabitant."""
    seen, years = lived.seen, _years(lived, target)
    names = STROKES if target.condition == "all_strokes" else (target.condition,)
    known = target.layer == "documented"
    count = sum(_count(lived, seen.cases[n], target, years, known=known) for n in names)
    free = ("documented" if known else "true", target.condition)
    exposure = [
        seen.person_years[year]
        if target.condition == "diabetes"
        else seen.free[year].get(free, seen.person_years[year])
        for year in years
    ]
    return np.array([count, sum(target.within(grid) for grid in exposure)])


def _ratio_to_fifties(lived: Lived, target: Target) -> Sums:
    """Cases and years of the target's ages, and of 50 to 54, over all years lived."""
    seen, found = lived.seen, []
    for one in (target, _aged(target, 50, 54)):
        found.append(_count(lived, seen.cases[target.condition], one, lived.years, known=False))
        found.append(sum(one.within(seen.person_years[year]) for year in lived.years))
    return np.array(found)


def _aged(target: Target, low: int, high: int) -> Target:
    return Target(**{**target.__dict__, "age_low": low, "age_high": high})


def _recurrent(lived: Lived, target: Target) -> Sums:
    """Events of persons who had one before, in the last years, when most of the past is known."""
    seen, cases = lived.seen, lived.seen.cases[target.condition]
    years = lived.years[-LATE:]
    age = (cases.month - seen.born[cases.row]) // 12
    ours = target.whom(seen.sex[cases.row], age) & np.isin(seen.year_of(cases.month), years)
    return np.array([(ours & (cases.time > 1)).sum(), ours.sum()], float)


def _inpatient(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    weight = weights(lived, panel, target)
    return np.array([(weight * (panel.stays > 0)).sum(), weight.sum()])


def _avoidable(lived: Lived, target: Target) -> Sums:
    """Return sensitive cases: the model's avoidable ones are their preventable part."""
    panel = lived.panel(target)
    return np.array([panel.avoidable.sum() / lived.preventable, panel.stays.sum()], float)


def _admissions(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    counted = panel.avoidable if target.condition == "avoidable_admission" else panel.stays
    ours = target.whom(panel.sex, panel.age)
    return np.array([counted[ours].sum(), panel.months[ours].sum() / 12], float)


ESTIMATORS = {
    "prevalence": Estimator(_prevalence, ratio, panel=True),
    "prevalence_10_years": Estimator(_ten_years, ratio, panel=True),
    "patients_share": Estimator(_patients, ratio, panel=True),
    "patients_female_share": Estimator(_patients, ratio, panel=True),
    "patients_mean_age": Estimator(_patients, lambda sums: ratio(sums[[2, 1]]), panel=True),
    "multimorbidity": Estimator(_multimorbidity, ratio, panel=True),
    "incidence": Estimator(_incidence, ratio),
    "incidence_ratio_to_50_54": Estimator(
        _ratio_to_fifties, lambda sums: ratio(np.array([ratio(sums[:2]), ratio(sums[2:])]))
    ),
    "recurrent_share": Estimator(_recurrent, ratio),
    "inpatient_share": Estimator(_inpatient, ratio, panel=True),
    "avoidable_share": Estimator(_avoidable, ratio, panel=True),
    "admission_rate": Estimator(_admissions, ratio, panel=True),
}
