"""What a contract keeps of a ledger: the columns its rules need, cost in one figure.

The cost is that of the contract's sectors for the insured months, cut off where the norm is.
Rules see nothing else, so what they expect and what they compare it with are of the same insured
days, sectors and cut-off. A row takes 29 bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.contract.ledger import Ledger, cost_by_row


@dataclass(frozen=True, eq=False)
class PersonYears:
    """Person-years of one calendar year, columns [row]: those of `ledger.COLUMNS`, and cost.

    `cost` is in EUR of the year for the insured months.
    """

    year: int
    person: NDArray[np.int64]
    age: NDArray[np.int16]
    sex: NDArray[np.int8]
    region: NDArray[np.int16]
    insured_months: NDArray[np.int8]
    documented: NDArray[np.uint32]
    newcomer: NDArray[np.bool_]
    physician: NDArray[np.uint16]
    cost: NDArray[np.float64]

    def __len__(self) -> int:
        """Rows, that is person-years whole or in part."""
        return len(self.person)

    def where(self, rows: NDArray[Any]) -> "PersonYears":
        """Return some rows only; `rows` [row] is a mask or row numbers."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def rows_of(self, persons: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of each of some persons, -1 where she is not here, int64 [person]."""
        if not len(self):
            return np.full(len(persons), -1)
        order = np.argsort(self.person, kind="stable")
        place = np.searchsorted(self.person, persons, sorter=order)
        row = order[np.minimum(place, len(self) - 1)]
        return np.where(self.person[row] == persons, row, -1)

    @property
    def time(self) -> NDArray[np.float64]:
        """Time insured, person-year [row]."""
        return self.insured_months / 12.0

    @property
    def insured_years(self) -> float:
        """Time insured in all, person-year."""
        return int(self.insured_months.sum(dtype=np.int64)) / 12

    @property
    def total_cost(self) -> float:
        """Cost of all, EUR/year."""
        return float(self.cost.sum())


_COLUMNS = tuple(field.name for field in fields(PersonYears) if field.name != "year")


def person_years(ledger: Ledger, sectors: Sequence[str], limit: float = np.inf) -> PersonYears:
    """Keep what rules need of a ledger; `limit` in EUR/person-year."""
    columns = {name: getattr(ledger, name) for name in _COLUMNS if name != "cost"}
    return PersonYears(ledger.year, **columns, cost=cost_by_row(ledger, sectors, limit))
