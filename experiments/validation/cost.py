"""What people cost: by year, age and sector, near death, in the dearest, with a diagnosis."""

import re

import numpy as np
from numpy.typing import NDArray

from experiments.validation.disease import ill
from experiments.validation.target import Estimator, Lived, Sums, Target, ratio
from sim.observation import Panel, by_sex_and_age
from sim.people.population import SECTORS

QUARTER = 3
BANDS = {"36_40": (36, 40), "6_10": (6, 10), "20_24": (20, 24), "under_65": (0, 64)}


def total(panel: Panel) -> NDArray[np.float64]:
    """Cost of each person in the year, all sectors of the contract, EUR of the price year."""
    cost: NDArray[np.float64] = panel.cost.sum(axis=1, dtype=float)
    return cost


def dearest(panel: Panel, percent: float) -> NDArray[np.bool_]:
    """Which are the dearest per cent of persons of a year."""
    cost = total(panel)
    count = max(round(cost.size * percent / 100), 1)
    found = np.zeros(cost.size, np.bool_)
    found[np.argpartition(cost, -count)[-count:]] = True
    return found


def years_of(target: Target) -> tuple[int, ...]:
    """Years of which the target speaks: its own, or the two that its name holds."""
    named = tuple(int(year) for year in re.findall(r"\d{4}", target.target))
    return named if target.quantity == "growth" else (target.year,)


def _percent(target: Target) -> float:
    return float(target.condition.removeprefix("top_"))


def _per_insured(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    ours = target.whom(panel.sex, panel.age)
    cost = total(panel)[ours].sum() * lived.price(target.year)
    return np.array([cost, panel.months[ours].sum() / 12])


def _growth(lived: Lived, target: Target) -> Sums:
    found, years = [], years_of(target)
    for year in years:
        panel = lived.seen.panels[year]
        found += [total(panel).sum() * lived.price(year), panel.months.sum() / 12]
    return np.array([*found, (years[-1] - years[0]) * panel.months.sum() / 12])


def _yearly(sums: Sums) -> float:
    first, last = ratio(sums[:2]), ratio(sums[2:4])
    return float((last / first) ** (1 / ratio(sums[[4, 3]])) - 1)


def _sector(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    own = panel.cost[:, SECTORS.index(target.condition)].sum(dtype=float)
    return np.array([own, total(panel).sum()])


def _survivors(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    there = panel.here & (panel.months == 12)
    return np.array([total(panel)[there].sum() * lived.price(target.year), there.sum()])


def _dying(lived: Lived, target: Target) -> Sums:
    """Cost of the last year, of the last quarter, and how many died; then the survivors'."""
    course = lived.seen.dying[lived.closing(target)].course.astype(float)
    price = lived.price(target.year)
    last = [course.sum() * price, course[:, :QUARTER].sum() * price, float(len(course))]
    return np.concatenate([last, _survivors(lived, target)])


def _top_share(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    cost = total(panel)
    return np.array([cost[dearest(panel, _percent(target))].sum(), cost.sum()])


def _top_inpatient(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    top = dearest(panel, _percent(target))
    return np.array([(panel.stays[top] > 0).sum(), top.sum()], float)


def _top_sectors(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    top = dearest(panel, _percent(target))
    sectors = [SECTORS.index(name) for name in ("hospital", "drugs")]
    return np.array([panel.cost[top][:, sectors].sum(dtype=float), total(panel)[top].sum()])


def _top_age(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    top = dearest(panel, _percent(target))
    parts = (panel.age[top], panel.age[~top])
    return np.array([part for age in parts for part in (age.sum(), age.size)], float)


def _with_and_without(lived: Lived, target: Target, sector: str | None = None) -> Sums:
    """Cost and years with and without the condition, by sex and age, [4 x cells]."""
    panel = lived.panel(target)
    with_it = ill(lived, panel, target)
    cost = total(panel) if sector is None else panel.cost[:, SECTORS.index(sector)].astype(float)
    years = panel.months / 12
    found = []
    for which in (with_it, ~with_it):
        for weight in (cost, years):
            found.append(by_sex_and_age(panel.sex[which], panel.age[which], weight[which]))
    return np.concatenate([grid[target.sexes, target.ages].ravel() for grid in found])


def standardised_ratio(sums: Sums) -> float:
    """Cost of those with it over what people of their ages and sexes cost without.

    >>> standardised_ratio(np.array([20.0, 2.0, 10.0, 1.0, 10.0, 90.0, 10.0, 90.0]))
    2.0
    """
    cost, years, cost_without, years_without = np.split(sums, 4)
    known = years_without > 0
    expected = (years[known] * cost_without[known] / years_without[known]).sum()
    return ratio(np.array([cost[known].sum(), expected]))


def _ages(lived: Lived, target: Target) -> Sums:
    """Cost and years of the target's ages and of those it is compared with, same sex."""
    panel = lived.panel(target)
    cost, years = total(panel), panel.months / 12
    band = BANDS[target.quantity.removeprefix("cost_ratio_to_")]
    other = Target(**{**target.__dict__, "age_low": band[0], "age_high": band[1]})
    masks = [one.whom(panel.sex, panel.age) for one in (target, other)]
    return np.array([part for m in masks for part in (cost[m].sum(), years[m].sum())])


def _means(sums: Sums) -> float:
    return ratio(np.array([ratio(sums[:2]), ratio(sums[2:4])]))


def _apart(sums: Sums) -> float:
    return ratio(sums[:2]) - ratio(sums[2:])


ESTIMATORS = {
    "cost_per_insured": Estimator(_per_insured, ratio, panel=True),
    "growth": Estimator(_growth, _yearly, panel=True),
    "sector_share": Estimator(_sector, ratio, panel=True),
    "survivor_cost": Estimator(_survivors, ratio, panel=True),
    "last_year_cost": Estimator(_dying, lambda s: ratio(s[[0, 2]]), panel=True, dying=True),
    "last_quarter_cost": Estimator(_dying, lambda s: ratio(s[[1, 2]]), panel=True, dying=True),
    "last_quarter_share_of_last_year": Estimator(
        _dying, lambda s: ratio(s[[1, 0]]), panel=True, dying=True
    ),
    "decedent_ratio": Estimator(_dying, lambda s: _means(s[[0, 2, 3, 4]]), panel=True, dying=True),
    "top_share": Estimator(_top_share, ratio, panel=True),
    "top_inpatient_share": Estimator(_top_inpatient, ratio, panel=True),
    "top_hospital_drugs_share": Estimator(_top_sectors, ratio, panel=True),
    "top_age_difference": Estimator(_top_age, _apart, panel=True),
    "cost_ratio": Estimator(_with_and_without, standardised_ratio, panel=True),
    "cost_ratio_drugs": Estimator(
        lambda lived, target: _with_and_without(lived, target, "drugs"),
        standardised_ratio,
        panel=True,
    ),
    "cost_ratio_hospital": Estimator(
        lambda lived, target: _with_and_without(lived, target, "hospital"),
        standardised_ratio,
        panel=True,
    ),
    **{f"cost_ratio_to_{name}": Estimator(_ages, _means, panel=True) for name in BANDS},
}
