"""What is written down each year: one line an agent, by the names that results declare."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.contract.settlement import Settlement
from sim.funding.cashbook import Cashbook
from sim.results import KEYS, TABLES

Line = dict[str, Any]


class Yearbook:
    """The lines of one arm and seed, by table.

    An outcome is a column that `sim.results` declares and an attribute that bears its name:
    whoever adds one adds these two and nothing here.
    """

    def __init__(self, arm: str, seed: int) -> None:
        self.keys: Line = {"arm": arm, "seed": seed}
        self.lines: dict[str, list[Line]] = {}

    def agents(self, table: str, year: int, agents: Iterable[Any]) -> None:
        """Write down every declared column of each agent as it stands now."""
        columns = [name for name in TABLES[table] if name not in KEYS]
        for agent in agents:
            self._add(table, year, {name: getattr(agent, name) for name in columns})

    def people(
        self,
        sums: dict[str, NDArray[np.float64]],
        year: int,
        insurers: Sequence[str],
        *,
        resident: bool,
    ) -> None:
        """Write down the year's sums of people, one line an insurer."""
        for i, insurer in enumerate(insurers):
            found = {outcome: float(values[i]) for outcome, values in sums.items()}
            self._add("population", year, {"insurer": insurer, "resident": resident, **found})

    def payers(self, year: int, paid: dict[str, float]) -> None:
        """Write down who paid how much of the residents' care in a year, one line a payer."""
        for payer, cost in paid.items():
            self._add("payers", year, {"payer": payer, "cost": cost})

    def settlement(self, settlement: Settlement) -> None:
        """Write down the account of a contract year, every intermediate figure."""
        found = asdict(settlement)
        self._add("settlements", found.pop("year"), found)

    def tables(self, book: Cashbook) -> dict[str, list[Line]]:
        """Return all lines by table, the cashbook's entries among them."""
        entries = book.frame().to_dict("records")
        return {**self.lines, "cashbook": [self.keys | entry for entry in entries]}

    def _add(self, table: str, year: int, found: Line) -> None:
        self.lines.setdefault(table, []).append({**self.keys, "year": year, **found})
