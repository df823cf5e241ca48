"""Which patients of the network's practices are members, and how members fare."""

import numpy as np
from numpy.typing import NDArray

from sim.people.population import NEVER, Population

FOLLOW_UP = 60
"""Months after enrolment over which members' deaths are compared, as in the published studies."""

_BAND = 5  # years of age
_BANDS = 25


class Membership:
    """Who has enrolled with the integrator.

    Rule: a patient of a practice of the network enrols with a hazard in proportion to its effort;
    the robust come first.

    Parameters
    ----------
    hazard
        Of enrolling at full effort, 1/person-year.
    selection
        Exponent of frailty in it: 0 none.
    frailty
        Frailty by class, float64 [classes].
    """

    def __init__(
        self, people: Population, hazard: float, selection: float, frailty: NDArray[np.float64]
    ) -> None:
        self.hazard = np.float32(hazard / 12)
        self.remaining = people.threshold(np.arange(people.n), "membership")
        appeal = frailty**-selection
        self.appeal = (appeal / appeal.mean()).astype(np.float32)

    def enrol(
        self, people: Population, effort: NDArray[np.float32], month: int
    ) -> NDArray[np.int64]:
        """Let a month's hazard of enrolling run; return who enrols. `effort` is by practice."""
        if not effort.any():
            return np.empty(0, np.int64)
        here = (people.entered <= month) & (people.left == NEVER)
        rows = np.flatnonzero(here & ~people.member)
        active = effort[people.physician[rows]]
        rows, active = rows[active > 0], active[active > 0]
        self.remaining[rows] -= self.hazard * active * self.appeal[people.frailty[rows]]
        enrolled: NDArray[np.int64] = rows[self.remaining[rows] <= 0]
        people.member[enrolled] = True
        people.member_since[enrolled] = month
        return enrolled


def deaths_of_members(people: Population, last_month: int) -> tuple[float, float]:
    """Count members' deaths in a year, and those expected of them at non-members' rates.

    Members count within five years of enrolment. Expected are non-members' deaths per month of
    the same year, sex and five years of age. Not the effect of care: volunteers are healthier.
    """
    first = last_month - 11
    rows = np.flatnonzero(people.months_in(first, last_month) > 0)
    member = people.member[rows]
    since = people.member_since[rows]
    followed = member & (since > last_month - FOLLOW_UP)
    start = np.maximum(people.entered[rows], np.where(member, since, first))
    end = np.minimum(people.left[rows], last_month + 1)
    months = np.maximum(end - np.maximum(start, first), 0)
    died = people.died[rows] & (people.left[rows] <= last_month + 1)
    cell = people.age(last_month, rows) // _BAND * 2 + people.sex[rows]
    cell = np.clip(cell, 0, 2 * _BANDS - 1)

    def total(of: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(cell[of], weights=weights[of], minlength=2 * _BANDS)

    others = total(~member, months.astype(float))
    rate = total(~member, died.astype(float)) / np.maximum(others, 1.0)
    expected = (total(followed, months.astype(float)) * rate).sum()
    return float((died & followed).sum()), float(expected)
