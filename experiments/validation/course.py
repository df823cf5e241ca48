"""What becomes of patients: death and recurrence after so many months.

An event of the model happens at the end of a month; so a month after it ends with the next.
"""

import re

import numpy as np
from numpy.typing import NDArray

from experiments.validation.disease import ill
from experiments.validation.target import Estimator, Lived, Sums, Target, ratio
from sim.observation import Cases

BEYOND = 2**15  # months, later than anything lived
MONTHS = {"28_days": 1, "30_days": 1, "90_days": 3, "1_year": 12, "2_years": 24, "5_years": 60}


def survived(lived: Lived, rows: NDArray[np.int64], month: NDArray[np.int16]) -> NDArray[np.int64]:
    """Months that each survived her event, and beyond what was lived where she did."""
    seen = lived.seen
    last = np.where(seen.died[rows], seen.left[rows].astype(np.int64) - 1, BEYOND)
    return last - month.astype(np.int64)


def followed(lived: Lived, cases: Cases, target: Target, months: int) -> NDArray[np.bool_]:
    """Return which cases can be followed so long, of the target's sex and ages, and as it sees."""
    seen = lived.seen
    age = (cases.month - seen.born[cases.row]) // 12
    ours = target.whom(seen.sex[cases.row], age) & (cases.month <= seen.last_month - months)
    return ours & cases.documented if target.layer == "documented" else ours


def _horizon(target: Target) -> int:
    found = re.search("|".join(MONTHS), target.quantity)
    return MONTHS[found.group()] if found else 0


def _dead(lived: Lived, target: Target) -> Sums:
    """Dead so long after the event, and all whom it struck."""
    months, cases = _horizon(target), lived.seen.cases[target.condition]
    ours = followed(lived, cases, target, months)
    dead = survived(lived, cases.row[ours], cases.month[ours]) <= months
    return np.array([dead.sum(), ours.sum()], float)


def _dead_prevalent(lived: Lived, target: Target) -> Sums:
    """Patients of the year who died within two years of its end."""
    panel, months = lived.panel(target), _horizon(target)
    rows = panel.row[panel.here & ill(lived, panel, target)]
    when = np.full(rows.size, panel.last_month, np.int16)
    return np.array([(survived(lived, rows, when) <= months).sum(), rows.size], float)


def _recurrence(lived: Lived, target: Target) -> Sums:
    """At risk and struck again in each month after the first event: death is censored."""
    months, first = _horizon(target), lived.seen.cases["stroke"]
    again = lived.seen.cases["recurrent_stroke"]
    ours = followed(lived, first, target, months)
    rows, month = first.row[ours], first.month[ours].astype(np.int64)
    struck = np.full(lived.seen.left.size, BEYOND, np.int64)
    np.minimum.at(struck, again.row, again.month.astype(np.int64))
    until = survived(lived, rows, first.month[ours])
    time = struck[rows] - month
    ends = np.minimum(time, until)
    ahead = np.arange(1, months + 1)
    risk = (ends[:, None] >= ahead).sum(axis=0)
    events = ((time[:, None] == ahead) & (until[:, None] >= time[:, None])).sum(axis=0)
    return np.concatenate([risk, events]).astype(float)


def product_limit(sums: Sums) -> float:
    """Share struck at the end, from persons at risk and struck by month (Kaplan and Meier).

    >>> product_limit(np.array([4.0, 2.0, 1.0, 1.0]))
    0.625
    """
    risk, events = np.split(sums, 2)
    share = np.divide(events, risk, out=np.zeros_like(events), where=risk > 0)
    return 1 - float(np.prod(1 - share))


def _stays(lived: Lived, target: Target) -> Sums:
    cases = lived.seen.cases[target.condition]
    ours = followed(lived, cases, target, _horizon(target)) & (cases.stays_after >= 0)
    return np.array([(cases.stays_after - cases.stays)[ours].sum(), ours.sum()], float)


ESTIMATORS = {
    "case_fatality_28_days": Estimator(_dead, ratio),
    "death_after_30_days": Estimator(_dead, ratio),
    "death_after_90_days": Estimator(_dead, ratio),
    "death_after_1_year": Estimator(_dead, ratio),
    "death_after_5_years": Estimator(_dead, ratio),
    "death_after_2_years_new": Estimator(_dead, ratio),
    "death_after_2_years_prevalent": Estimator(_dead_prevalent, ratio, panel=True),
    "recurrence_after_1_year": Estimator(_recurrence, product_limit),
    "recurrence_after_5_years": Estimator(_recurrence, product_limit),
    "admissions_in_2_years_new": Estimator(_stays, ratio),
}
