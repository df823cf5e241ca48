"""Tables of statements for tests: terms by name without composing conf, sheets, files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sim.contract.statement_file import Row, check
from sim.contract.terms import Terms
from sim.contract.tracks import terms_of
from sim.faults import Faults
from sim.sheet import Sheet

EXAMPLE = {"year": "2016", "insured": "10000", "benchmark": "1000000", "cost": "950000"}
PROGRAMME = {"rule": "blended_historical", "sectors": ["hospital"], "settlement_lag": 9}
NAMES = (
    "plain", "fees", "two_sided", "mssp_track1", "mssp_track2", "mssp_track3", "mssp_track1_plus",
    "mssp_basic_a", "mssp_basic_e", "mssp_enhanced",
)  # fmt: skip


def agreed(name: str) -> Terms:
    """Terms by name, as conf has them or plainer."""
    plain = {"rule": "growth_rate", "sectors": ["drugs"], "sharing_rate": 0.5,
             "minimum_savings_rate": 0.02, "settlement_lag": 18}  # fmt: skip
    own: dict[str, dict[str, Any]] = {
        "plain": plain,
        "fees": plain | {"kpi_fees": {"vaccinated": 1000}, "deficit_carried": 1.0},
        "two_sided": plain | {"loss_share": 0.4, "loss_limit": [0.05, 0.1]},
    }
    return terms_of(own.get(name, PROGRAMME | {"track": name}))


def sheet(rows: list[dict[str, Any]]) -> Sheet:
    """Return rows as a file would hold them: texts, empty where a row does not say."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = {
        name: pa.array([None if row.get(name) is None else str(row[name]) for row in rows],
                       pa.string())
        for name in names
    }  # fmt: skip
    return Sheet(names, cells, np.arange(1, len(rows) + 1))


def read(rows: list[dict[str, Any]], contract: str | None = "plain") -> tuple[list[Row], Faults]:
    """Check rows that differ from the example."""
    return check(sheet([EXAMPLE | row for row in rows]), contract, NAMES, agreed)


def written(rows: list[dict[str, Any]], place: Path) -> Path:
    """Write rows that differ from the example as CSV."""
    pd.DataFrame([EXAMPLE | row for row in rows]).to_csv(place, index=False)
    return place
