"""The curves of the page: sums by age, month or share, which add up over the parts of a run."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.validation.cost import total
from experiments.validation.course import survived
from experiments.validation.noise import deviation, scatter
from experiments.validation.target import Lived, Sums
from sim.observation import by_sex_and_age, holds

Key = tuple[str, str, str]  # figure, panel, series
Curves = dict[Key, Sums]  # a line of places, of sums above and of sums below
EVERYBODY = ("men", "women")
BANDS = (*((low, low + 4) for low in range(0, 95, 5)), (95, 100))
COURSES = {"stroke": 60, "heart_failure": 60}
SHARES = np.array([0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 40, 50, 70, 100]) / 100
SIZES = np.array([1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60]) * 1000.0
COST_YEAR, NOISE_YEAR = 2017, 2016


def gathered(lived: Lived, run: str) -> Curves:
    """Return all that one part of a run gives to the curves."""
    found: Curves = {}
    found |= _life(lived, run)
    if run == "germany":
        found |= _prevalence(lived, 2019)
    if run == "germany_history":
        found |= _courses(lived)
        found |= _cost(lived, COST_YEAR)
        found |= _dying(lived, COST_YEAR)
        found["noise", "", "sums"] = scatter(lived.seen.panels[NOISE_YEAR])
    return found


def _life(lived: Lived, run: str) -> Curves:
    """Hazard of death by single age, simulated and of the table."""
    found: Curves = {}
    terms, ages = lived.setting.population, np.arange(101.0)
    for year, of in lived.seen.hazards.items():
        if run == "germany_history":
            continue
        carried = lived.table * math.exp(terms.trends.mortality * (year - terms.table_year))
        death, exposure = of.death.sum(axis=0), of.exposure.sum(axis=0)
        for sex, name in enumerate(EVERYBODY):
            lines = (("simulated", death[sex]), ("table", carried[sex] * exposure[sex]))
            for series, above in lines:
                found["life", f"{run} {year} {name}", series] = _line(ages, above, exposure[sex])
    return found


def _prevalence(lived: Lived, year: int) -> Curves:
    """Share with each condition by five years of age, true, in surveys and documented."""
    panel, found = lived.seen.panels[year], {}
    outside = lived.homes.outside(panel.sex, panel.age, panel.state, lived.seen.bits)
    layers = {
        "true": (panel.here.astype(float), panel.state),
        "self_reported": (panel.here * outside, panel.state),
        "documented": (panel.here.astype(float), panel.documented),
    }
    for name, bit in lived.seen.bits.items():
        if lived.setting.country.diseases.specs[name].kind == "event":
            continue
        for layer, (weight, mask) in layers.items():
            with_it = by_sex_and_age(panel.sex, panel.age, weight * holds(mask, bit))
            everybody = by_sex_and_age(panel.sex, panel.age, weight)
            for sex, people in enumerate(EVERYBODY):
                above, below = _banded(with_it[sex]), _banded(everybody[sex])
                middle = np.array([(low + high + 1) / 2 for low, high in BANDS])
                found["prevalence", name, f"{layer} {people}"] = _line(middle, above, below)
    return found


def _courses(lived: Lived) -> Curves:
    """Share dead by month after onset."""
    found: Curves = {}
    for name, months in COURSES.items():
        cases = lived.seen.cases[name]
        ours = cases.documented & (cases.month <= lived.seen.last_month - months)
        time = survived(lived, cases.row[ours], cases.month[ours])
        ahead = np.arange(months + 1)
        dead = (time[:, None] <= ahead).sum(axis=0).astype(float)
        everybody = np.full(ahead.size, float(time.size))
        found["course", name, "dead"] = _line(ahead.astype(float), dead, everybody)
    return found


def _cost(lived: Lived, year: int) -> Curves:
    """Cost by age and sex, and how it gathers in the dearest."""
    panel, found = lived.seen.panels[year], {}
    cost, price = total(panel), lived.price(year)
    spent = by_sex_and_age(panel.sex, panel.age, cost * price)
    years = by_sex_and_age(panel.sex, panel.age, panel.months / 12)
    middle = np.array([(low + high + 1) / 2 for low, high in BANDS])
    for sex, people in enumerate(EVERYBODY):
        line = _line(middle, _banded(spent[sex]), _banded(years[sex]))
        found["cost_by_age", "", people] = line
    dearest = np.concatenate([[0.0], np.cumsum(np.sort(cost)[::-1])])
    top = dearest[np.round(SHARES * cost.size).astype(int)]
    found["concentration", "", "simulated"] = _line(SHARES, top, np.full(SHARES.size, cost.sum()))
    return found


def _dying(lived: Lived, year: int) -> Curves:
    """Cost by month before death."""
    course = lived.seen.dying[year].course.astype(float)
    months = np.arange(1.0, 13.0)
    count = np.full(months.size, float(len(course)))
    return {("dying", "", "simulated"): _line(months, course.sum(axis=0), count)}


def _banded(by_age: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([by_age[low : high + 1].sum() for low, high in BANDS])


def _line(places: Sums, above: Sums, below: Sums) -> Sums:
    return np.concatenate([places, above, below])


def drawn(parts: list[Curves], drift: float) -> pd.DataFrame:
    """Add up the parts of all runs: figure, panel, series, x, y; `drift` is a year's, regional."""
    rows: list[tuple[str, str, str, float, float]] = []
    sums: dict[Key, list[Sums]] = {}
    for part in parts:
        for key, line in part.items():
            sums.setdefault(key, []).append(line)
    for key, lines in sums.items():
        if key[0] == "noise":
            rows += _noise(np.sum(lines, axis=0), drift)
            continue
        places = np.split(lines[0], 3)[0]
        above, below = (np.sum([np.split(line, 3)[i] for line in lines], axis=0) for i in (1, 2))
        known = below > 0
        share = above[known] / below[known]
        rows += [(*key, float(x), float(y)) for x, y in zip(places[known], share, strict=True)]
    return pd.DataFrame(rows, columns=["figure", "panel", "series", "x", "y"])


def _noise(sums: Sums, drift: float) -> list[tuple[str, str, str, float, float]]:
    """Standard deviation of cost a head by number insured, in all its forms."""
    whole, truncated = np.split(sums, 2)
    persons = {
        "raw": deviation(whole, 1),
        "risk-adjusted": deviation(whole, 2),
        "raw, truncated": deviation(truncated, 1),
        "risk-adjusted, truncated": deviation(truncated, 2),
    }
    rows = []
    for series, one in persons.items():
        for size in SIZES:
            plain = one / math.sqrt(size)
            rows.append(("noise", "", series, size, plain))
            drifting = math.hypot(plain, drift)
            rows.append(("noise", "", f"{series}, with drift", size, drifting))
    return rows
