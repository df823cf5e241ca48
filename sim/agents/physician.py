"""A practice with a panel of patients: joins the network, enrols patients, makes an effort."""

import math

import mesa
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from sim import randomness
from sim.people.factors import Factors
from sim.people.population import Population


class NetworkTerms(BaseModel, frozen=True, extra="forbid"):
    """How physicians join and act, as conf/network describes it; units and sources there."""

    physicians: int = Field(gt=0)
    existing: float = Field(ge=0, lt=1)
    panel_sd_log: float = Field(ge=0)
    joining: float = Field(ge=0)
    peer_effect: float = Field(ge=0)
    pay_effect: float = Field(ge=0)
    pay_per_member: float = Field(ge=0)
    membership: float = Field(ge=0)
    volunteer_selection: float = Field(ge=0)
    effort_start: float = Field(ge=0, le=1)
    effort_adjustment: float = Field(ge=0, le=1)
    effort_pay_response: float = Field(ge=0)
    effort_peer_response: float = Field(ge=0, le=1)
    avoidable_admission_ratio: float = Field(gt=0)
    drug_cost_ratio: float = Field(gt=0)
    documentation_gain: float = Field(ge=0)
    feedback: bool = True


def panels(people: Population, terms: NetworkTerms) -> None:
    """Give every person of the region one of the practices; their panels differ in size."""
    number = np.arange(1, terms.physicians + 1)
    luck = randomness.normal(people.seed, number, randomness.decision("panel"))
    shares = np.exp(luck * terms.panel_sd_log)
    drawn = people.uniform(np.arange(people.n), "physician")
    people.physician[:] = 1 + randomness.choice(drawn, shares)


class Physician(mesa.Agent):
    """A practice with a panel of patients.

    Rule: join the sooner the more peers have joined and the better it pays; then move effort year
    by year towards what pays and what peers do; effort enrols patients, avoids admissions and drug
    cost, and may raise documentation. Without feedback none of that answers to pay or peers:
    practices join at the bare hazard, spread evenly over its course, and keep the effort they
    began with, in every seed alike; so nothing that luck decides changes what is done.
    """

    def __init__(self, model: mesa.Model, number: int, terms: NetworkTerms, seed: int) -> None:
        super().__init__(model)
        self.number = self.physician = number
        self.terms = terms
        self.reluctance = _reluctance(number, terms, seed)
        self.joined = False
        self.effort = 0.0
        self.members = self.patients = 0
        self.pay = self.due = 0.0
        self.bonus = 0.0
        self.last_pay = 0.0

    def consider(self, joined_share: float, expected_pay: float, effort: float) -> bool:
        """Let a month's hazard of joining run; return whether the practice joins now.

        `expected_pay` is what a member practice earned with the network last year, EUR/year;
        `effort` what is aimed at with the support there is now, and begun with.
        """
        if self.joined:
            return False
        terms = self.terms
        hazard = terms.joining
        if terms.feedback:
            hazard *= 1 + terms.peer_effect * joined_share
            hazard *= 1 + terms.pay_effect * expected_pay
        self.reluctance -= hazard / 12
        if self.reluctance > 0 or terms.joining == 0:
            return False
        self.joined = True
        self.effort = effort
        return True

    def adjust(self, supported: float, mean_effort: float | None) -> None:
        """Move the effort a year's way towards what support, last year's pay and peers suggest.

        `supported` is the effort aimed at without pay and peers; `mean_effort` that of the peers as
        the comparison reports have it, None without reports.
        """
        self.last_pay, self.pay = self.pay + self.bonus, 0.0
        self.bonus = 0.0
        terms = self.terms
        if not (self.joined and terms.feedback):
            return
        aim = supported + terms.effort_pay_response * self.last_pay
        if mean_effort is not None:
            aim += terms.effort_peer_response * (mean_effort - aim)
        self.effort += terms.effort_adjustment * (min(max(aim, 0.0), 1.0) - self.effort)

    def count(self, members: int, price: float) -> None:
        """Count the members among the patients, and what the network owes for the month."""
        self.members = members
        self.due = members * self.terms.pay_per_member / 12 * price if self.joined else 0.0
        self.pay += self.due

    def line(
        self,
        factors: Factors,
        network: NDArray[np.float64],
        everybody: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        """What is multiplied for all patients of the practice, float32 [rate].

        `network` are logarithms of what components do to its patients at full effort, `everybody`
        of what they do to patients of all practices, float64 [rate].
        """
        line = np.exp(network * self.effort + everybody).astype(np.float32)
        line[factors.rates["avoidable_admission"]] *= np.float32(
            self.terms.avoidable_admission_ratio**self.effort
        )
        line[factors.rates["drugs"]] *= np.float32(self.terms.drug_cost_ratio**self.effort)
        return line


def _reluctance(number: int, terms: NetworkTerms, seed: int) -> float:
    """How much hazard of joining a practice bears; without feedback a quantile, not luck.

    Where a network exists, its hazard has run: those who would have joined by then join at once.
    """
    if terms.feedback:
        decision = randomness.decision("joining the network")
        borne = float(randomness.exponential(seed, number, decision)[0])
    else:
        borne = -math.log1p(-(number - 0.5) / terms.physicians)
    return borne + math.log1p(-terms.existing)
