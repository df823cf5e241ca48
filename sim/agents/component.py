"""A component of the company: its staff, whom it is in contact with, what it supports and costs."""

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.eligibility import Eligible
from sim.generation import ComponentTerms
from sim.people.factors import Factors
from sim.people.participation import Places
from sim.people.population import Population

_STEP = (np.arange(5) - 2) / 4  # of deprivation, from the least to the most deprived fifth


class Component(mesa.Agent):
    """A component: a kiosk, guides, quality circles, a shared record.

    Rule: whoever comes stays in contact for a while, is sent on to programmes meanwhile, and may
    become a member; no more than the staff can serve. Or support practices, or act on everybody.
    """

    def __init__(
        self,
        model: mesa.Model,
        name: str,
        terms: ComponentTerms,
        factors: Factors,
        people: Population,
    ) -> None:
        super().__init__(model)
        self.component = name
        self.terms = terms
        self.effect = terms.logarithms(factors)
        self.acting = np.zeros(people.n if terms.contact else 0)
        self.contacts = self.waiting = 0
        if terms.contact is not None:
            self.places = Places.of(f"contact with {name}", people)
            self.eligible = Eligible(terms.contact.eligibility, factors)
            gradient = terms.contact.deprivation_gradient**_STEP
            self._hazard = (terms.contact.hazard / 12 * gradient).astype(np.float32)
        self.open_year()

    def open_year(self) -> None:
        """Begin to count anew."""
        self.reached = self.enrolled = 0
        self.cost = 0.0

    @property
    def posts(self) -> float:
        """Posts that are filled."""
        return self.terms.posts

    def works(self, month: int) -> bool:
        """Whether it is at work in a month."""
        return month >= self.terms.start_month

    def meet(
        self,
        people: Population,
        present: NDArray[np.int64],
        month: int,
        prior_cost: NDArray[np.float32] | None = None,
    ) -> NDArray[np.int64]:
        """Let people come while the staff has time for them; return who becomes a member.

        `present` are the rows of those who are here.
        """
        contact = self.terms.contact
        if contact is None:
            return present[:0]
        places = self.places
        places.release(people, month, contact.duration)
        if not self.works(month):
            return present[:0]
        rows = self.eligible.among(people, present, month, places.ended, prior_cost)
        places.invite(people, rows, self._hazard[people.fifth[rows]], 1.0)
        free = int(self.terms.capacity) - places.taken
        came = places.admit(people, free, month, contact.duration, 0.0)
        self.reached += came.size
        others = came[~people.member[came]]
        drawn = people.uniform(others, "enrols", self.component, occurrence=places.times[others])
        new: NDArray[np.int64] = others[drawn < contact.enrols]
        self.enrolled += new.size
        return new

    def in_contact(self) -> NDArray[np.int64]:
        """Rows of those with whom it is in contact."""
        return self.places.attending

    def act(self, month: int) -> NDArray[np.int64]:
        """Note on whom in contact it acts this month; return the rows on which that changed."""
        acting = np.zeros_like(self.acting)
        acting[self.in_contact()] = 1.0
        changed: NDArray[np.int64] = np.flatnonzero(acting != self.acting)
        self.acting = acting
        return changed

    def support(self, practices: int, month: int) -> float:
        """How much it adds to the effort that practices aim at, as far as its staff goes."""
        if not self.works(month):
            return 0.0
        return self.terms.effort * self.coverage(practices)

    def coverage(self, practices: int) -> float:
        """Share of the network's practices that its staff can serve."""
        return min(1.0, self.terms.capacity / practices) if practices else 1.0

    def bill(self, month: int, price: float) -> float:
        """Count what the month costs, and return it a year, in EUR of the price year."""
        yearly = self.terms.yearly_cost if self.works(month) else 0.0
        self.cost += yearly / 12 * price
        return yearly

    def close_year(self) -> None:
        """Count who is in contact, and who waits, at the year's end."""
        if self.terms.contact is not None:
            self.contacts = self.places.taken
            self.waiting = int(self.places.waiting.sum())
