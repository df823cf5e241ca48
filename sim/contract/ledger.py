"""The person-years an insurer sees in one calendar year: columns, units, checks.

The contract sees this and nothing else: no true disease, no counterfactual, no cause. A
simulated region writes the same table that an insurer can write from its own claims.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.quantity import Refusal

SECTORS = ("hospital", "physician", "drugs", "other")
OLDEST = 125


class Column(NamedTuple):
    """How a column of the ledger is stored, its unit, bounds and meaning."""

    dtype: type[np.generic]
    unit: str
    low: float
    high: float
    meaning: str


COLUMNS = {
    "person": Column(np.int64, "1", 0, np.inf, "address of the person, never published"),
    "age": Column(np.int16, "year", 0, OLDEST, "age in completed years"),
    "sex": Column(np.int8, "1", 0, 1, "0 male, 1 female"),
    "region": Column(np.int16, "1", 0, np.inf, "0 the contract's region, others comparison"),
    "insurer": Column(np.int8, "1", 0, np.inf, "number of the insurer"),
    "insured_months": Column(np.int8, "month", 1, 12, "months insured in this year"),
    "documented": Column(np.uint32, "1", 0, np.inf, "one bit a diagnosis of the year before"),
    "cost": Column(np.float32, "EUR/year", 0, np.inf, "paid for care, one column a sector"),
    "physician": Column(np.uint16, "1", 0, np.inf, "number of her practice, 0 none"),
    "member": Column(np.bool_, "1", 0, 1, "has joined the integrator"),
    "newcomer": Column(np.bool_, "1", 0, 1, "no documented year before: a newborn or a joiner"),
}


@dataclass(frozen=True, eq=False)
class Ledger:
    """Person-years of one calendar year, equally long columns: what is billed, not the people.

    `cost` is [row, sector] in the order of `SECTORS`, EUR of the year, for the insured months;
    every other column is [row]. Units and ranges of all columns: `COLUMNS`.
    """

    year: int
    person: NDArray[np.int64]
    age: NDArray[np.int16]
    sex: NDArray[np.int8]
    region: NDArray[np.int16]
    insurer: NDArray[np.int8]
    insured_months: NDArray[np.int8]
    documented: NDArray[np.uint32]
    cost: NDArray[np.float32] | NDArray[np.float64]
    physician: NDArray[np.uint16]
    member: NDArray[np.bool_]
    newcomer: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Refuse columns of unequal length or of another type: cheap, so always done."""
        rows = len(self.person)
        for name, column in COLUMNS.items():
            values = getattr(self, name)
            shape = (rows, len(SECTORS)) if name == "cost" else (rows,)
            exact = name == "cost" and values.dtype == np.float64  # as an insurer's own cents are
            if not (exact or values.dtype == column.dtype) or values.shape != shape:
                raise Refusal(
                    f"ledger {self.year}, column {name}: {values.dtype} of shape "
                    f"{values.shape}. Allowed is {np.dtype(column.dtype)} of shape {shape}, "
                    "one row a person-year. "
                    f"Convert the column ({column.meaning})."
                )

    def __len__(self) -> int:
        """Rows, that is person-years whole or in part."""
        return len(self.person)

    def where(self, rows: NDArray[Any]) -> "Ledger":
        """Return the ledger of some rows only; `rows` [row] is a mask or row numbers."""
        return replace(self, **{name: getattr(self, name)[rows] for name in COLUMNS})

    def check(self, *, one_row_a_person: bool = False) -> None:
        """Refuse values that no claim can have: months outside 1-12, cost negative or missing.

        A person who changes insurer within the year has two rows; `one_row_a_person` refuses
        that.
        """
        for name, column in COLUMNS.items():
            values = getattr(self, name)
            bad = ~((values >= column.low) & (values <= column.high))
            if name == "cost":
                bad |= ~np.isfinite(values)
                bad = bad.any(axis=1)
            if bad.any():
                row = int(np.argmax(bad))
                raise Refusal(
                    f"ledger {self.year}, column {name}, row {row}: {values[row]} "
                    f"({int(bad.sum())} rows in all). Allowed is {_allowed(column)} "
                    f"({column.meaning}). Correct the claims or leave the rows out."
                )
        if one_row_a_person and len(np.unique(self.person)) < len(self):
            raise Refusal(
                f"ledger {self.year}, column person: {len(self)} rows but only "
                f"{len(np.unique(self.person))} persons. Allowed is one row a person and year. "
                "Add up the rows of a person."
            )


def _allowed(column: Column) -> str:
    """Range of a column in words."""
    if np.isinf(column.high):
        return f"a finite number from {column.low} {column.unit}"
    return f"{column.low} to {column.high} {column.unit}"


def insured_years(ledger: Ledger) -> float:
    """Time insured, person-year. Not the number of persons: who dies in June counts half."""
    return int(ledger.insured_months.sum(dtype=np.int64)) / 12


def sector_columns(sectors: Sequence[str]) -> NDArray[np.int64]:
    """Return the places of sectors in `Ledger.cost`; refuse unknown and repeated ones."""
    unknown = [sector for sector in sectors if sector not in SECTORS]
    if unknown or not sectors or len(set(sectors)) < len(sectors):
        raise Refusal(
            f"contract.sectors is {list(sectors)}. Allowed are {', '.join(SECTORS)}, "
            "at least one and each at most once. "
            + (f"Take out {', '.join(unknown)}." if unknown else "Correct the list.")
        )
    return np.array(sorted(SECTORS.index(sector) for sector in sectors), dtype=np.int64)


def cost_by_row(
    ledger: Ledger, sectors: Sequence[str], limit: float = np.inf
) -> NDArray[np.float64]:
    """Cost of the contract's sectors for the insured months, EUR/year [row]: not annualised.

    `limit`, EUR/person-year, cuts off what a person costs by the year: half of it for six
    months.
    """
    total: NDArray[np.float64] = np.zeros(len(ledger))
    for column in sector_columns(sectors):
        total += ledger.cost[:, column]
    if limit == np.inf:
        return total
    return np.minimum(total, limit * (ledger.insured_months / 12))


def cost(ledger: Ledger, sectors: Sequence[str]) -> float:
    """What the insurer paid in the contract's sectors for the days insured, EUR/year."""
    return float(cost_by_row(ledger, sectors).sum())
