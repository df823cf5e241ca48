"""What the company may know of persons: last year's cost, of those who consent, once linked."""

import numpy as np
from numpy.typing import NDArray

from sim.contract.ledger import Ledger
from sim.people.population import Population
from sim.region import DataTerms


class RiskList:
    """Last year's cost by row, as the company reads it.

    Rule: the claims of a year can be read `lag` months after its end, not before the month in
    which inpatient and outpatient data are linked, and only of those who consent. Who is not on
    the list costs nothing as far as the list knows.
    """

    def __init__(self, people: Population, data: DataTerms) -> None:
        self.data = data
        self.cost = np.zeros(people.n, np.float32)
        self._consents = people.uniform(np.arange(people.n), "consent") < data.consent
        self._awaited: list[tuple[int, NDArray[np.float32]]] = []

    def note(self, people: Population, ledger: Ledger, month: int) -> None:
        """Take note of a year's claims, which ends with `month`; they can be read later."""
        cost = np.zeros(people.n, np.float32)
        cost[ledger.person - people.first] = ledger.cost.sum(axis=1)
        cost[~self._consents] = 0.0
        self._awaited.append((max(month + self.data.lag, self.data.linked_month), cost))

    def read(self, month: int) -> NDArray[np.float32]:
        """The list as it is in a month, EUR by row, float32 [n]."""
        while self._awaited and month >= self._awaited[0][0]:
            _, self.cost = self._awaited.pop(0)
        return self.cost
