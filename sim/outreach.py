"""Who is reached through which channel, is invited where, and what all of it does to people.

A channel is staffed by a component, or, the physicians' own, by the network. Whoever is reached
through several is invited the more often.
"""

from collections.abc import Sequence

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.agents.component import Component
from sim.agents.programme import Programme
from sim.coherence import PHYSICIAN
from sim.contract.ledger import Ledger
from sim.effects import Acting, Bounds, combined
from sim.generation import ComponentTerms, supported_effort
from sim.people.factors import Factors
from sim.people.population import NEVER, Population
from sim.region import DataTerms
from sim.risk_list import RiskList


class Outreach:
    """Components and programmes of one arm, and how they reach people.

    Parameters
    ----------
    components, programmes
        Agents; the former may staff channels of the latter.
    bounds
        Between which all together move one hazard or cost.
    """

    def __init__(
        self,
        components: Sequence[Component],
        programmes: Sequence[Programme],
        bounds: Bounds,
        data: DataTerms,
        people: Population,
    ) -> None:
        self.components = components
        self.programmes = programmes
        self.bounds = bounds
        self.data = data
        self.people = people
        self.risk_list = RiskList(people, data)
        meeting = [c for c in components if c.terms.contact is not None]
        self._meeting = meeting
        agents: list[Acting] = [*meeting, *programmes]
        self._acting = [agent for agent in agents if agent.effect.any()]
        self._supporting = [c for c in components if c.terms.contact is None]

    def open_year(self) -> None:
        """Components and programmes begin to count anew."""
        for component in self.components:
            component.open_year()
        for programme in self.programmes:
            programme.open_year()

    def reach(self, members: NDArray[np.int64], effort: NDArray[np.float32], month: int) -> None:
        """One month: components meet people, programmes invite through every staffed channel.

        `effort` is that of each person's practice, by row.
        """
        known = self.risk_list.read(month)
        present = self._present(month) if self._meeting else members
        for component in self._meeting:
            new = component.meet(self.people, present, month, known)
            self.people.member[new] = True
            self.people.member_since[new] = month
        self._set_adherence(month)
        for programme in self.programmes:
            rows, strength = self._invited(programme, members, effort)
            programme.recruit(self.people, rows, strength, month, known)

    def _present(self, month: int) -> NDArray[np.int64]:
        here = (self.people.entered <= month) & (self.people.left == NEVER)
        return np.flatnonzero(here)

    def _invited(
        self, programme: Programme, members: NDArray[np.int64], effort: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows that a programme's channels reach, and by row how strongly they are invited."""
        channels = programme.terms.channels
        by_physician = PHYSICIAN in channels
        sending = [c for c in self._meeting if set(c.terms.staffs) & set(channels)]
        referring = [p for p in self.programmes if programme.programme in p.terms.invites_to]
        if by_physician and not sending and not referring:
            return members, effort
        strength = np.zeros(self.people.n, np.float32)
        if by_physician:
            strength[members] = effort[members]
        reached = [members] if by_physician else []
        for component in sending:
            rows = component.in_contact()
            assert component.terms.contact is not None
            strength[rows] += np.float32(component.terms.contact.referral)
            reached.append(rows)
        for other in referring:
            referral = other.terms.invites_to[programme.programme]
            strength += (other.acting * referral).astype(np.float32)
            reached.append(np.flatnonzero(other.acting))
        rows = np.unique(np.concatenate(reached)) if reached else members[:0]
        return rows, strength

    def _set_adherence(self, month: int) -> None:
        """Goals agreed with members make them keep to what they have begun."""
        ratios = [c.terms.adherence_ratio for c in self.components if c.works(month)]
        ratio = float(np.prod(ratios)) if ratios else 1.0
        for programme in self.programmes:
            programme.adherence = min(programme.terms.adherence * ratio, 1.0)

    def act(self, factors: Factors, month: int) -> NDArray[np.int64]:
        """Write what acts on people into the factors; return the rows whose factors moved."""
        people = self.people
        changed = [component.act(month) for component in self._meeting]
        changed += [programme.act(month) for programme in self.programmes]
        acted_on = np.unique(np.concatenate([np.empty(0, np.int64), *changed]))
        if not acted_on.size or not self._acting:
            return acted_on[:0]
        effect = combined(self._acting, acted_on, self.bounds)
        new = acted_on[people.participation[acted_on] == 0]
        lines = factors.by_participation.shape[0]
        people.participation[new] = np.arange(lines, lines + new.size)
        factors.by_participation = np.concatenate(
            [factors.by_participation, factors.ones(new.size)]
        )
        line = people.participation[acted_on]
        found = np.exp(effect).astype(np.float32)
        moved = (found != factors.by_participation[line]).any(axis=1)
        factors.by_participation[line[moved]] = found[moved]
        rows: NDArray[np.int64] = acted_on[moved]
        return rows

    def effort(self, own: float, practices: int, month: int) -> float:
        """Effort that practices aim at with what supports them now; `practices` are joined."""
        gains = [component.support(practices, month) for component in self.components]
        return supported_effort(own, gains)

    def reports(self, month: int) -> bool:
        """Whether practices can be shown beside their peers: somebody does it, on linked data."""
        reporting = any(c.terms.comparison_reports and c.works(month) for c in self.components)
        return reporting and self.data.readable(month)

    def of_practices(
        self, factors: Factors, practices: int, month: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What components do to patients of the network at full effort, and to everybody.

        Logarithms of factors, float64 [rate] each.
        """
        network, everybody = np.zeros(factors.width), np.zeros(factors.width)
        for component in self._supporting:
            if component.works(month):
                if component.terms.acts_on == "insured":
                    everybody += component.effect
                else:
                    network += component.effect * component.coverage(practices)
        return network, everybody

    def documented(self, gain: NDArray[np.float64]) -> NDArray[np.float64]:
        """Relative rise of what is coded of each row, with that of programmes; `gain` without."""
        found = gain.astype(float)
        gains = [(one.terms.documentation_gain, one.acting) for one in self._meeting]
        gains += [(one.terms.documentation_gain, one.acting) for one in self.programmes]
        for more, acting in gains:
            if more > 0:
                found += acting * more
        return found

    def note(self, ledger: Ledger, month: int) -> None:
        """Take note of a year's claims for the risk list."""
        self.risk_list.note(self.people, ledger, month)

    def bill(self, month: int, price: float) -> tuple[float, float, float]:
        """What the month costs the company: components a year, programmes, of it by participants.

        Components in EUR of the price year a year, programmes in EUR; what participants pay
        themselves is not among what programmes cost the company.
        """
        components = sum(component.bill(month, price) for component in self.components)
        for programme in self.programmes:
            programme.bill(month, price, self.people)
        programmes = sum(programme.due for programme in self.programmes)
        return components, programmes, sum(programme.co_payments for programme in self.programmes)

    def close_year(self, members: NDArray[np.int64], month: int) -> None:
        """Count who could attend, who does and who waits, at the year's end."""
        known = self.risk_list.read(month)
        nobody = np.zeros(self.people.n, np.float32)
        for component in self.components:
            component.close_year()
        for programme in self.programmes:
            rows, _ = self._invited(programme, members, nobody)
            programme.close_year(self.people, rows, month, known)


def components_of(
    model: mesa.Model, terms: dict[str, ComponentTerms], factors: Factors, people: Population
) -> list[Component]:
    """The components of a company as agents."""
    return [Component(model, name, one, factors, people) for name, one in terms.items()]
