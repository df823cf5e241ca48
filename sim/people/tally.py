"""What happened to whom this year: counts of persons and sums of euros by group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Tally:
    """Sums of a year by outcome and group; a group is a line of the tables.

    `groups` is how many there are: an insurer's residents, its comparison insured.
    """

    groups: int = 1
    sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def add(self, outcome: str, groups: NDArray[Any], weights: Any = None) -> None:
        """Count each member of `groups` once, or with its weight, under an outcome."""
        found = np.bincount(groups, weights=weights, minlength=self.groups)
        self.sums[outcome] = self.sums.get(outcome, np.zeros(self.groups)) + found

    def add_up(self, outcomes: Sequence[str], found: NDArray[np.float64]) -> None:
        """Add sums by outcome and group, float64 [outcomes, groups], to those of the year."""
        for i in np.flatnonzero(found.any(axis=1)).tolist():
            self.sums[outcomes[i]] = self.sums.get(outcomes[i], 0) + found[i]

    def close(self, outcomes: Iterable[str]) -> dict[str, NDArray[np.float64]]:
        """Hand over the year's sums, zero where nothing happened, and start anew."""
        year = {name: self.sums.pop(name, np.zeros(self.groups)) for name in outcomes}
        if self.sums:
            raise KeyError(f"counted but never declared: {sorted(self.sums)}")
        return year
