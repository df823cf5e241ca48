"""A prevention programme: whom it invites, how many places it has, what it does and costs."""

from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.effects import Effects
from sim.eligibility import Eligibility, Eligible
from sim.people.factors import Factors
from sim.people.participation import Places
from sim.people.population import Population


class ProgrammeTerms(Effects, frozen=True, extra="forbid"):
    """What a programme is, as conf/programmes describes it; units and sources there.

    `channels` are the ways in which people are invited, as far as somebody staffs them;
    `co_payment` is what a participant pays who is no member, EUR/month.
    """

    label: str
    evidence: str
    eligibility: Eligibility
    channels: tuple[str, ...] = Field(min_length=1)
    start_month: int
    invitation: float = Field(ge=0)
    uptake: float = Field(ge=0, le=1)
    capacity: int = Field(ge=0)
    duration: int = Field(gt=0)
    attrition: float = Field(ge=0)
    adherence: float = Field(ge=0, le=1)
    ramp: float = Field(ge=0)
    waning: float = Field(ge=0)
    fixed_cost: float = Field(ge=0)
    participant_cost: float = Field(ge=0)
    co_payment: float = Field(0.0, ge=0)


class Programme(mesa.Agent):
    """A prevention programme.

    Rule: invite the eligible whom its channels reach, enrol while places last, lower hazards while
    attended, cost money; who is no member pays a part herself.
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
        self.effect = terms.logarithms(factors)
        self.acting = np.zeros(people.n)  # how strongly on each row
        self.adherence = terms.adherence
        self._may_attend = Eligible(terms.eligibility, factors)
        self.eligible = self.enrolled = self.waiting = 0
        self.open_year()

    def open_year(self) -> None:
        """Begin to count anew."""
        self.invited = self.started = self.completed = self.dropped_out = 0
        self.cost = self.due = self.co_payments = 0.0

    def candidates(
        self,
        people: Population,
        rows: NDArray[np.int64],
        month: int,
        prior_cost: NDArray[np.float32] | None = None,
    ) -> Any:
        """Those of `rows` who may attend and do not yet, int64."""
        return self._may_attend.among(people, rows, month, self.places.ended, prior_cost)

    def recruit(
        self,
        people: Population,
        reached: NDArray[np.int64],
        effort: NDArray[np.float32],
        month: int,
        prior_cost: NDArray[np.float32] | None = None,
    ) -> None:
        """Invite, and give free places to those who waited.

        `reached` are the rows that the channels reach, `effort` is by row how strongly they do,
        1 a physician who makes every effort; `prior_cost` is last year's, as the risk list has it.
        """
        terms, places = self.terms, self.places
        completed, dropped_out = places.release(people, month, terms.duration)
        self.completed += completed.size
        self.dropped_out += dropped_out.size
        if month < terms.start_month:
            return
        rows = self.candidates(people, reached, month, prior_cost)
        hazard = terms.invitation / 12 * effort[rows]
        self.invited += places.invite(people, rows, hazard, terms.uptake)
        free = terms.capacity - places.taken
        started = places.admit(people, free, month, terms.duration, terms.attrition)
        self.started += started.size

    def strength(self, month: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """How much of the effect acts on whom this month, adherence included: rows, float64."""
        rows, strength = self.places.strength(month, self.terms.ramp, self.terms.waning)
        return rows, strength * self.adherence

    def act(self, month: int) -> NDArray[np.int64]:
        """Note how strongly it acts on whom this month; return the rows on which that changed."""
        rows, strength = self.strength(month)
        changed: NDArray[np.int64] = rows[strength != self.acting[rows]]
        self.acting[rows] = strength
        return changed

    def bill(self, month: int, price: float, people: Population) -> None:
        """Work out what the month costs, EUR; `price` is EUR per EUR of the price year.

        What participants pay themselves is not due from the company, but is part of the cost.
        """
        self.due = self.co_payments = 0.0
        terms = self.terms
        if month >= terms.start_month:
            attending = self.places.taken
            whole = (terms.fixed_cost / 12 + attending * terms.participant_cost) * price
            if terms.co_payment > 0:
                paying = int(np.count_nonzero(~people.member[self.places.attending]))
                self.co_payments = min(paying * terms.co_payment * price, whole)
            self.due = whole - self.co_payments
            self.cost += whole

    def close_year(
        self,
        people: Population,
        reached: NDArray[np.int64],
        month: int,
        prior_cost: NDArray[np.float32] | None = None,
    ) -> None:
        """Count who could attend, who does and who waits, at the year's end."""
        self.eligible = self.candidates(people, reached, month, prior_cost).size
        self.enrolled = self.places.taken
        self.waiting = int(self.places.waiting.sum())
