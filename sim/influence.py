"""How agents reach people: what practices and programmes do is written into people's factors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.agents.physician import NetworkTerms, Physician
from sim.agents.programme import Programme
from sim.people.life import Life
from sim.people.population import NEVER


class Influence:
    """What the agents of one arm change in the rates and the records of those who live in it."""

    def __init__(self, life: Life, network: NetworkTerms) -> None:
        self.life, self.people, self.network = life, life.people, network
        factors = life.factors
        factors.by_physician = factors.ones(network.physicians + 1)
        factors.by_participation = factors.ones(1)

    def follow(self, physician: Physician) -> None:
        """Let what the practice does from now on reach its patients."""
        factors = self.life.factors
        line = physician.line(factors)
        if (line != factors.by_physician[physician.number]).any():
            factors.by_physician[physician.number] = line
            rows = np.flatnonzero(self.people.physician == physician.number)
            self.life.touch(rows[self.people.left[rows] == NEVER])

    def treat(self, programmes: Sequence[Programme], month: int) -> None:
        """Write what the programmes do to those who attend or attended into the factors."""
        factors, people = self.life.factors, self.people
        changed = [programme.act(month) for programme in programmes]
        acted_on = np.unique(np.concatenate([np.empty(0, np.int64), *changed]))
        if not acted_on.size:
            return
        effect = np.zeros((acted_on.size, factors.width))
        for programme in programmes:
            effect += programme.acting[acted_on, None] * programme.effect
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
        rows = acted_on[moved]
        self.life.touch(rows[people.left[rows] == NEVER])

    def document(self, effort: NDArray[np.float32], month: int) -> None:
        """Let practices of the network code more of what their patients have.

        `effort` is by number of practice, float32 [practices + 1].
        """
        gain = effort * np.float32(self.network.documentation_gain)
        rows = np.flatnonzero(self.people.present(month))
        rows = rows[gain[self.people.physician[rows]] > 0]
        self.life.country.diseases.document(self.people, rows, gain[self.people.physician[rows]])
