"""Who may attend: ages, sex, conditions, recent events, deprivation and last year's cost."""

from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from sim.people.factors import Factors
from sim.people.population import NEVER, Population

_SEXES = {"any": -1, "male": 0, "female": 1}
_UNKNOWN = np.zeros(0, np.float32)


class Eligibility(BaseModel, frozen=True, extra="forbid"):
    """Who may attend, in plain terms; states are conditions and risk factors.

    `recent_of` are conditions and events in their first months, `min_fifth` the least deprived
    fifth that may (1 everybody, 5 the most deprived alone), `min_prior_cost` what she cost at
    least last year, EUR, as a risk list has it: nobody is on it before the data are linked.
    """

    min_age: int = Field(0, ge=0)
    max_age: int = Field(120, ge=0)
    sex: Literal["any", "male", "female"] = "any"
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    recent_of: tuple[str, ...] = ()
    min_fifth: int = Field(1, ge=1, le=5)
    min_prior_cost: float = Field(0, ge=0)


class Eligible:
    """Those who meet the terms, found among rows of a population."""

    def __init__(self, terms: Eligibility, factors: Factors) -> None:
        self.terms = terms
        kinds = ("any_of", "all_of", "none_of", "recent_of")
        self._masks = [_mask(getattr(terms, kind), factors) for kind in kinds]

    def among(
        self,
        people: Population,
        rows: NDArray[np.int64],
        month: int,
        ended: NDArray[np.int16],
        prior_cost: NDArray[np.float32] | None = None,
    ) -> Any:
        """Those of `rows` who are here, meet the terms and do not attend yet, int64.

        `ended` is the month in which attendance ended, NEVER while it lasts; `prior_cost` is last
        year's cost by row, EUR, 0 where it is not known.
        """
        terms = self.terms
        if terms.min_prior_cost > 0 and prior_cost is None:
            return rows[:0]
        found: Any = _among
        return found(
            rows,
            month,
            people.born,
            people.left,
            people.state,
            people.recent,
            people.sex,
            people.fifth,
            ended,
            _UNKNOWN if prior_cost is None else prior_cost,
            terms.min_age,
            terms.max_age,
            *self._masks,
            _SEXES[terms.sex],
            terms.min_fifth - 1,
            terms.min_prior_cost,
        )


@njit(cache=True)
def _among(
    rows: Any,
    month: Any,
    born: Any,
    left: Any,
    state: Any,
    recent: Any,
    sex: Any,
    fifth: Any,
    ended: Any,
    prior_cost: Any,
    min_age: Any,
    max_age: Any,
    any_of: Any,
    all_of: Any,
    none_of: Any,
    recent_of: Any,
    only_sex: Any,
    min_fifth: Any,
    min_prior_cost: Any,
) -> Any:
    found = np.empty(rows.size, np.int64)
    count = 0
    for row in rows:
        if left[row] != NEVER or ended[row] == NEVER or fifth[row] < min_fifth:
            continue
        mask = state[row]
        if (any_of and not mask & any_of) or mask & all_of != all_of or mask & none_of:
            continue
        if recent_of and not recent[row] & recent_of:
            continue
        if only_sex >= 0 and sex[row] != only_sex:
            continue
        if min_prior_cost > 0 and prior_cost[row] < min_prior_cost:
            continue
        if min_age <= (month - born[row]) // 12 <= max_age:
            found[count] = row
            count += 1
    return found[:count].copy()


def _mask(names: tuple[str, ...], factors: Factors) -> np.uint32:
    mask = np.uint32(0)
    for name in names:
        mask |= np.uint32(1) << np.uint32(factors.bits[name])
    return mask
