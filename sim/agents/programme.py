"""A prevention programme: whom it invites, how many places it has, what it does and costs."""

from typing import Any

import mesa
import numpy as np
from numba import njit
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from sim.people.factors import Factors
from sim.people.participation import Places
from sim.people.population import NEVER, Population


class Eligibility(BaseModel, frozen=True, extra="forbid"):
    """Who may attend, in plain terms; states are conditions and risk factors."""

    min_age: int = Field(0, ge=0)
    max_age: int = Field(120, ge=0)
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()


class ProgrammeTerms(BaseModel, frozen=True, extra="forbid"):
    """What a programme is, as conf/programmes describes it; units and sources there."""

    label: str
    evidence: str
    eligibility: Eligibility
    start_month: int
    invitation: float = Field(ge=0)
    uptake: float = Field(ge=0, le=1)
    capacity: int = Field(ge=0)
    duration: int = Field(gt=0)
    attrition: float = Field(ge=0)
    adherence: float = Field(ge=0, le=1)
    ramp: float = Field(ge=0)
    waning: float = Field(ge=0)
    hazard_ratio_of: dict[str, float] = {}
    remission_ratio_of: dict[str, float] = {}
    cost_ratio_of: dict[str, float] = {}
    fixed_cost: float = Field(ge=0)
    participant_cost: float = Field(ge=0)


class Programme(mesa.Agent):
    """A prevention programme.

    Rule: invite eligible members of physicians who make an effort, enrol while places last, lower
    hazards while attended, cost money.
    """

    def __init__(
        self,
        model: mesa.Model,
        name: str,
        terms: ProgrammeTerms,
        factors: Factors,
        people: Population,
    ) -> None:
        super().__init__(model)
        self.programme = name
        self.terms = terms
        self.places = Places.of(name, people)
        self.effect = _effect(terms, factors)
        self.acting = np.zeros(people.n)  # how strongly on each row
        self._masks = [
            _mask(getattr(terms.eligibility, kind), factors)
            for kind in ("any_of", "all_of", "none_of")
        ]
        self.eligible = self.enrolled = self.waiting = 0
        self.open_year()

    def open_year(self) -> None:
        """Begin to count anew."""
        self.invited = self.started = self.completed = self.dropped_out = 0
        self.cost = self.due = 0.0

    def candidates(self, people: Population, rows: NDArray[np.int64], month: int) -> Any:
        """Those of `rows` who may attend and do not yet, int64."""
        terms, places = self.terms.eligibility, self.places
        return _candidates(
            rows,
            month,
            people.born,
            people.left,
            people.state,
            places.ended,
            terms.min_age,
            terms.max_age,
            *self._masks,
        )

    def recruit(
        self,
        people: Population,
        members: NDArray[np.int64],
        effort: NDArray[np.float32],
        month: int,
    ) -> None:
        """Invite, and give free places to those who waited; `effort` is by row."""
        terms, places = self.terms, self.places
        completed, dropped_out = places.release(people, month, terms.duration)
        self.completed += completed.size
        self.dropped_out += dropped_out.size
        if month < terms.start_month:
            return
        rows = self.candidates(people, members, month)
        hazard = terms.invitation / 12 * effort[rows]
        self.invited += places.invite(people, rows, hazard, terms.uptake)
        free = terms.capacity - places.taken
        started = places.admit(people, free, month, terms.duration, terms.attrition)
        self.started += started.size

    def strength(self, month: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """How much of the effect acts on whom this month, adherence included: rows, float64."""
        rows, strength = self.places.strength(month, self.terms.ramp, self.terms.waning)
        return rows, strength * self.terms.adherence

    def act(self, month: int) -> NDArray[np.int64]:
        """Note how strongly it acts on whom this month; return the rows on which that changed."""
        rows, strength = self.strength(month)
        changed: NDArray[np.int64] = rows[strength != self.acting[rows]]
        self.acting[rows] = strength
        return changed

    def bill(self, month: int, price: float) -> None:
        """Work out what the month costs, EUR; `price` is EUR per EUR of the price year."""
        self.due = 0.0
        if month >= self.terms.start_month:
            people = self.places.taken
            places = people * self.terms.participant_cost
            self.due = (self.terms.fixed_cost / 12 + places) * price
        self.cost += self.due

    def close(self, month: int) -> None:
        """End for good: everybody leaves, nobody waits, nothing is paid any more."""
        self.places.close(month)
        self.due = 0.0

    def close_year(self, people: Population, members: NDArray[np.int64], month: int) -> None:
        """Count who could attend, who does and who waits, at the year's end."""
        self.eligible = self.candidates(people, members, month).size
        self.enrolled = self.places.taken
        self.waiting = int(self.places.waiting.sum())


@njit(cache=True)
def _candidates(
    rows: Any,
    month: Any,
    born: Any,
    left: Any,
    state: Any,
    ended: Any,
    min_age: Any,
    max_age: Any,
    any_of: Any,
    all_of: Any,
    none_of: Any,
) -> Any:
    found = np.empty(rows.size, np.int64)
    count = 0
    for row in rows:
        if left[row] != NEVER or ended[row] == NEVER:
            continue
        mask = state[row]
        if (any_of and not mask & any_of) or mask & all_of != all_of or mask & none_of:
            continue
        if min_age <= (month - born[row]) // 12 <= max_age:
            found[count] = row
            count += 1
    return found[:count].copy()


def _effect(terms: ProgrammeTerms, factors: Factors) -> NDArray[np.float64]:
    """Logarithm of the factor on each rate at full strength, float64 [rate]."""
    effect = np.zeros(factors.width)
    for process, ratio in terms.hazard_ratio_of.items():
        effect[factors.rates[process]] += np.log(ratio)
    for name, ratio in terms.remission_ratio_of.items():
        effect[factors.rates[f"{name}.remission"]] += np.log(ratio)
    for sector, ratio in terms.cost_ratio_of.items():
        effect[factors.rates[sector]] += np.log(ratio)
    return effect


def _mask(names: tuple[str, ...], factors: Factors) -> np.uint32:
    mask = np.uint32(0)
    for name in names:
        mask |= np.uint32(1) << np.uint32(factors.bits[name])
    return mask
