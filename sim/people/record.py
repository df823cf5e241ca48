"""What becomes of each person over the contract, for whoever asks for a line a person.

A person is known here by her address alone: the row under which her luck is drawn. The pseudonyms
of a cohort file are forgotten when it has been checked.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.contract.ledger import SECTORS, Ledger
from sim.people.diseases import has
from sim.people.factors import Factors
from sim.people.population import NEVER, Population


class Record:
    """The cost of every person over the contract, and at its end what became of her."""

    def __init__(self, people: Population, sectors: tuple[str, ...]) -> None:
        self.sectors = [SECTORS.index(sector) for sector in sectors]
        self.cost = np.zeros(people.n)

    def add(self, people: Population, ledger: Ledger) -> None:
        """Add a contract year's cost, EUR of that year."""
        rows = ledger.person - people.first
        self.cost[rows] += ledger.cost[:, self.sectors].sum(axis=1, dtype=np.float64)

    def table(self, people: Population, factors: Factors, last_month: int) -> dict[str, Any]:
        """Columns of those insured at any time in the contract, which ends with `last_month`."""
        rows = np.flatnonzero((people.entered <= last_month) & (people.left > 1))
        left = people.left[rows].astype(float)
        columns: dict[str, NDArray[Any]] = {
            "person": people.first + rows,
            "entered": people.entered[rows].astype(np.int64),
            "left": np.where(left == NEVER, np.nan, left),
            "died": people.died[rows],
            "member": people.member[rows],
            "cost": self.cost[rows],
        }
        for process in factors.processes:
            if process.bit >= 0:
                columns[f"has_{process.name}"] = has(people, process.bit, rows)
        return columns
