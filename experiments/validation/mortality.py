"""Mortality and ages: summed hazards over exposure, deaths, who is how old."""

import numpy as np
from numpy.typing import NDArray

from experiments.validation.target import Estimator, Lived, Sums, Target, ratio
from sim import tables
from sim.observation import Hazards

CLASSES = (
    ("documented", "diabetes"),
    ("true", "diabetes"),
    ("true", "stroke"),
    ("past", "infarction"),
)
"""What the summed hazards are divided by; a class is a number with a bit each."""

DISEASED = {"diabetes": 2, "stroke": 4, "infarction": 8}
KNOWN = 1
OLD = 65


def life_expectancy(hazard: NDArray[np.float64], age: int = 0) -> float:
    """Years still to live at an age under hazards by single age (1/person-year, last open).

    >>> round(life_expectancy(np.full(101, 0.02)), 6)
    50.0
    """
    ahead = np.concatenate([[0.0], np.cumsum(hazard[age:])])
    alive = np.exp(-ahead)
    lived = (alive[:-1] - alive[1:]) / hazard[age:]
    lived[-1] = alive[-2] / hazard[-1]
    return float(lived.sum())


def hazards(lived: Lived, target: Target) -> Hazards:
    """Return the summed hazards of the watched year nearest to the target's."""
    years = lived.seen.hazards
    return years[min(years, key=lambda year: abs(year - target.year))]


def _by_age(lived: Lived, target: Target) -> Sums:
    """Summed hazard and exposure by single age of the target's sex, [2 x 101]."""
    of = hazards(lived, target)
    death, exposure = (
        grid.sum(axis=0)[target.sexes].sum(axis=0) for grid in (of.death, of.exposure)
    )
    return np.concatenate([death, exposure])


def _rates(sums: Sums) -> NDArray[np.float64]:
    death, exposure = np.split(sums, 2)
    known = (death > 0) & (exposure > 0)
    rate = np.divide(death, exposure, out=np.zeros_like(death), where=known)
    filled: NDArray[np.float64] = np.interp(tables.AGES, tables.AGES[known], rate[known])
    return filled


def _at_age(lived: Lived, target: Target) -> Sums:
    of = hazards(lived, target)
    return np.array([target.within(of.death.sum(axis=0)), target.within(of.exposure.sum(axis=0))])


def _against_table(lived: Lived, target: Target) -> Sums:
    """Summed hazard, and what the table carried by the trend makes of the same exposure."""
    of = hazards(lived, target)
    year = min(lived.seen.hazards, key=lambda one: abs(one - target.year))
    terms = lived.setting.population
    carried = lived.table * np.exp(terms.trends.mortality * (year - terms.table_year))
    expected = of.exposure.sum(axis=0) * carried
    sexes, ages = target.sexes, target.ages
    death = of.death.sum(axis=0)[sexes, ages].sum(axis=0)
    return np.concatenate([death, expected[sexes, ages].sum(axis=0)])


def _furthest(sums: Sums) -> float:
    """Return the ratio furthest from 1 of all single ages."""
    death, expected = np.split(sums, 2)
    known = expected > 0
    ratios = death[known] / expected[known]
    return float(ratios[np.argmax(np.abs(ratios - 1))]) if ratios.size else float("nan")


def _counts(lived: Lived, target: Target) -> Sums:
    of = hazards(lived, target)
    counted, consumed = of.counted[target.condition], of.consumed[target.condition]
    return np.array([counted[target.sexes].sum(), consumed[target.sexes].sum()])


def _in_standard_errors(sums: Sums) -> float:
    counted, expected = sums
    return float((counted - expected) / np.sqrt(expected)) if expected > 0 else float("nan")


def _death_share(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    ours = panel.died & target.whom(panel.sex, panel.age)
    sex = np.arange(2)[target.sexes]
    return np.array([ours.sum(), (panel.died & np.isin(panel.sex, sex)).sum()], float)


def _death_rate(lived: Lived, target: Target) -> Sums:
    panel = lived.panel(target)
    ours = target.whom(panel.sex, panel.age)
    return np.array([(panel.died & ours).sum(), panel.months[ours].sum() / 12], float)


def _structure(lived: Lived, target: Target) -> Sums:
    return np.array([target.within(lived.seen.structure), lived.seen.structure.sum()])


def _with_and_without(lived: Lived, target: Target) -> Sums:
    """Deaths and years of those with and without, by sex and age, [4 x cells]."""
    of = hazards(lived, target)
    numbers = np.arange(len(of.death))
    if "+" in target.condition or target.layer == "true":
        wanted = sum(DISEASED[name] for name in target.condition.split("+"))
        disease = numbers & sum(DISEASED.values())
        ill, well = disease == wanted, disease == 0
    else:
        ill, well = numbers & KNOWN > 0, numbers & KNOWN == 0
    parts = [grid[which].sum(axis=0) for which in (ill, well) for grid in (of.death, of.exposure)]
    return np.concatenate([part[target.sexes, target.ages].ravel() for part in parts])


def adjusted_ratio(sums: Sums) -> float:
    """Rate of those with over those without, adjusted for strata (Mantel and Haenszel).

    Takes deaths and years with, deaths and years without, each by stratum.

    >>> adjusted_ratio(np.array([2.0, 20.0, 10.0, 10.0, 5.0, 50.0, 50.0, 50.0]))
    2.0
    """
    deaths, years, deaths_without, years_without = np.split(sums, 4)
    total = years + years_without
    known = total > 0
    above = (deaths * years_without)[known] / total[known]
    below = (deaths_without * years)[known] / total[known]
    return ratio(np.array([above.sum(), below.sum()]))


ESTIMATORS = {
    "life_expectancy": Estimator(_by_age, lambda sums: life_expectancy(_rates(sums))),
    "e65": Estimator(_by_age, lambda sums: life_expectancy(_rates(sums), OLD)),
    "hazard_of_death": Estimator(_at_age, ratio),
    "hazard_ratio_to_table_after_20_years": Estimator(_against_table, _furthest),
    "event_count_z": Estimator(_counts, _in_standard_errors),
    "death_share": Estimator(_death_share, ratio, panel=True),
    "crude_death_rate": Estimator(_death_rate, ratio, panel=True),
    "age_structure_share": Estimator(_structure, ratio),
    "mortality_ratio": Estimator(_with_and_without, adjusted_ratio),
}
