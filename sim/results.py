"""Every outcome declared once (table, column, unit); a run's results as a folder, in and out.

The bytes of a table depend on its content alone: declared columns in declared order, rows by
arm, seed and time, no time stamps, no paths.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from sim import folder as run_folder
from sim.disclosure import smallest_cell, withhold
from sim.quantity import Refusal

CONFIG = "config.yaml"


class Column(NamedTuple):
    """One column of a table: its unit, the label of its axis, whether a cell may be empty."""

    unit: str
    label: str
    may_be_empty: bool = False


ARM = Column("text", "arm")
SEED = Column("count", "seed")
YEAR = Column("count", "year")
MONTH = Column("count", "month of the contract")
KEYS = {"arm": ARM, "seed": SEED, "year": YEAR}

# A name that ends in <...> is a pattern: a column for each condition, risk factor or event.
TABLES: dict[str, dict[str, Column]] = {
    "population": {
        **KEYS,
        "insurer": Column("text", "insurer"),
        "resident": Column("flag", "resident in the region"),
        "person_years": Column("person-year", "person-years lived"),
        "deaths": Column("person", "deaths"),
        "leavings": Column("person", "moved away or changed insurer"),
        "members": Column("person", "members at the end of the year"),
        "admissions": Column("case", "hospital admissions"),
        "avoidable_admissions": Column("case", "avoidable hospital admissions"),
        "cost_hospital": Column("EUR", "cost of hospital care"),
        "cost_physician": Column("EUR", "cost of physicians"),
        "cost_drugs": Column("EUR", "cost of drugs"),
        "cost_other": Column("EUR", "cost of other care"),
        "cost_long_term_care": Column("EUR", "cost of long-term care"),
        "cost_patient": Column("EUR", "patients' own payments"),
        "qalys": Column("year", "quality-adjusted life-years"),
        "onset_<condition>": Column("person", "new cases of <condition>"),
        "prevalence_<condition>": Column("person", "persons with <condition>, year end"),
        "remission_<condition>": Column("person", "end of <condition>"),
        "event_<event>": Column("case", "cases of <event>"),
    },
    "settlements": {
        **KEYS,
        "insured_years": Column("person-year", "insured-years"),
        "allocation": Column("EUR", "risk-adjusted allocation"),
        "cost": Column("EUR", "cost of the contract's sectors"),
        "regional_indexation_factor": Column("1", "regional indexation factor"),
        "benchmark": Column("EUR", "benchmark"),
        "contribution_margin": Column("EUR", "contribution margin"),
        "measured_savings": Column("EUR", "measured savings"),
        "savings_rate": Column("1", "savings as a share of the benchmark"),
        "minimum_savings_rate": Column("1", "minimum savings rate"),
        "sharing_rate": Column("1", "sharing rate"),
        "shared_savings": Column("EUR", "shared savings due to the integrator"),
        "investment_fee": Column("EUR", "investment fee"),
        "management_fee": Column("EUR", "management fee"),
        "paid_month": Column("count", "month of the payment", may_be_empty=True),
        "r_squared": Column("1", "cost explained by risk adjustment", may_be_empty=True),
        "true_savings": Column("EUR", "true savings"),
    },
    "cashbook": {
        "arm": ARM,
        "seed": SEED,
        "month": MONTH,
        "payer": Column("text", "who paid"),
        "payee": Column("text", "who was paid"),
        "account": Column("text", "for what"),
        "amount": Column("EUR", "amount"),
    },
    "events": {
        "arm": ARM,
        "seed": SEED,
        "month": MONTH,
        "event": Column("text", "what happened to the company's debts"),
        "party": Column("text", "who did not keep its word, or to whom"),
    },
    "physicians": {
        **KEYS,
        "physician": Column("count", "physician"),
        "patients": Column("person", "insured patients"),
        "joined": Column("flag", "in the network"),
        "effort": Column("1", "effort"),
        "members": Column("person", "members among the patients"),
        "bonus": Column("EUR", "bonus"),
    },
    "programmes": {
        **KEYS,
        "programme": Column("text", "programme"),
        "eligible": Column("person", "eligible at the end of the year"),
        "invited": Column("person", "invited during the year"),
        "enrolled": Column("person", "enrolled at the end of the year"),
        "started": Column("person", "started during the year"),
        "completed": Column("person", "completed during the year"),
        "dropped_out": Column("person", "dropped out during the year"),
        "waiting": Column("person", "waiting for a place at the end of the year"),
        "cost": Column("EUR", "cost of the programme"),
    },
    "insurers": {
        **KEYS,
        "insurer": Column("text", "insurer"),
        "insured_years": Column("person-year", "insured-years"),
        "cost": Column("EUR", "cost of the contract's sectors"),
        "allocation": Column("EUR", "risk-adjusted allocation"),
        "contribution_margin": Column("EUR", "contribution margin"),
        "paid_to_integrator": Column("EUR", "paid to the integrator"),
    },
    "integrators": {
        **KEYS,
        "income": Column("EUR", "income"),
        "expense": Column("EUR", "expense"),
        "operating_result": Column("EUR", "operating result"),
        "cash": Column("EUR", "cash at the end of the year"),
        "unpaid": Column("EUR", "bills not paid at the end of the year"),
        "staff_cost": Column("EUR", "cost of staff"),
        "programme_cost": Column("EUR", "cost of programmes"),
        "member_deaths": Column("person", "deaths within five years of enrolment"),
        "expected_member_deaths": Column("person", "the same at non-members' rates"),
        "members": Column("person", "members at the end of the year"),
        "insured": Column("person", "insured at the beginning of the year"),
    },
    "funders": {
        **KEYS,
        "kind": Column("text", "kind of instrument"),
        "funder": Column("text", "funder"),
        "committed": Column("EUR", "committed"),
        "paid_in": Column("EUR", "paid in during the year"),
        "received": Column("EUR", "received during the year"),
        "outstanding": Column("EUR", "still owed at the end of the year"),
    },
}
ASKED_FOR: dict[str, dict[str, Column]] = {
    "persons": {  # results.persons=true: residents insured at any time in the contract
        "arm": ARM,
        "seed": SEED,
        "person": Column("count", "address of the person"),
        "entered": Column("count", "first month insured here"),
        "left": Column("count", "first month no longer insured here", may_be_empty=True),
        "died": Column("flag", "left by death"),
        "member": Column("flag", "has joined"),
        "cost": Column("EUR", "cost of the contract's sectors over the contract"),
        "has_<condition>": Column("flag", "has <condition> at the end"),
    },
}
TYPES = {"text": pa.string(), "flag": pa.bool_(), "count": pa.int64()}  # all else is float64


@dataclass(frozen=True)
class Results:
    """What a run found out, and what a reader needs to know of it. Not the model itself."""

    experiment: str
    seeds: tuple[int, ...]
    first_year: int  # of the contract
    last_year: int  # of the contract
    sectors: tuple[str, ...]  # of cost, that the contract counts: "hospital", ...
    insurers: tuple[str, ...]  # that signed the contract
    tables: Mapping[str, pd.DataFrame]
    config: Mapping[str, Any]  # composed, quantities with unit, range and source
    manifest: Mapping[str, Any]  # run (hash), command, versions, wall time, peak memory, ...

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; one that nothing was written to is empty."""
        found = self.tables.get(name)
        return pd.DataFrame(columns=list(_fixed(name))) if found is None else found

    @property
    def years(self) -> list[int]:
        """Calendar years of the contract, without preparation and run-off."""
        return list(range(self.first_year, self.last_year + 1))

    def month_of(self, year: int, month: int) -> int:
        """Contract month of a calendar month (1 to 12); the first year's January is month 1."""
        return 12 * (year - self.first_year) + month

    def label(self, group: str, name: str) -> str:
        """Return what conf calls a programme, a disease or a region's insurer."""
        node = (self.config.get(group) or {}).get(name)
        named = node.get("label") if isinstance(node, Mapping) else None
        return str(named or name.replace("_", " ").capitalize())


def column(table: str, name: str) -> Column:
    """Look up a column's declaration, patterns filled in; an undeclared name is an error.

    >>> column("population", "onset_heart_failure").label
    'new cases of heart failure'
    """
    declared = _declared(table)
    if name in declared:
        return declared[name]
    for pattern, found in declared.items():
        stem, is_pattern, noun = pattern.partition("<")
        if is_pattern and name.startswith(stem) and len(name) > len(stem):
            label = found.label.replace(f"<{noun}", name[len(stem) :].replace("_", " "))
            return found._replace(label=label)
    raise ValueError(
        f"{table}.{name} is not an outcome. Declare it in sim/results.py, TABLES[{table!r}], "
        f"with unit and label, or do not write it."
    )


def to_parquet(table: str, frame: pd.DataFrame, smallest: int = 1) -> bytes:
    """Return the table as parquet: declared columns, in order, without metadata.

    Where cells of few are withheld (`smallest` above 1), cells may be empty for that reason.
    """
    for name, declared in _fixed(table).items():
        if name not in frame:
            raise ValueError(f"{table}.{name} ({declared.unit}) is declared but was not computed.")
    fixed = [name for name in _declared(table) if name in frame]
    varying = sorted(str(name) for name in frame if name not in _declared(table))
    keys = [name for name in ("arm", "seed", "year", "month") if name in frame]
    ordered = frame[fixed + varying].sort_values(keys, kind="stable")
    fields, arrays = [], []
    for name in fixed + varying:
        declared = column(table, name)
        values = ordered[name]
        if not declared.may_be_empty and smallest == 1 and values.isna().any():
            raise ValueError(f"{table}.{name} has empty cells; none of its cells may be empty.")
        if declared.unit not in TYPES and np.isinf(values.to_numpy(float)).any():
            raise ValueError(f"{table}.{name} has infinite cells.")
        arrays.append(pa.array(values, TYPES.get(declared.unit, pa.float64()), from_pandas=True))
        fields.append(pa.field(name, arrays[-1].type))
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        sink,
        compression="zstd",
        store_schema=False,
    )
    return bytes(sink.getvalue())


def _fixed(table: str) -> dict[str, Column]:
    """Return the columns that every run has: all but the patterns."""
    return {name: found for name, found in _declared(table).items() if "<" not in name}


def _declared(table: str) -> dict[str, Column]:
    return TABLES[table] if table in TABLES else ASKED_FOR[table]


def to_json(content: Any) -> bytes:
    """Return readable JSON in the order given; NaN and infinity are errors, never written."""
    text = json.dumps(plain(content), allow_nan=False, ensure_ascii=False, indent=2)
    return (text + "\n").encode()


def plain(content: Any) -> Any:
    """Return the same content in Python's own types, for JSON and YAML."""
    if isinstance(content, Mapping):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple | np.ndarray):
        return [plain(value) for value in content]
    if isinstance(content, np.generic):
        return plain(content.item())
    if isinstance(content, Path):
        return str(content)
    if isinstance(content, float) and not math.isfinite(content):
        raise ValueError(f"{content} is not a result: name the state ('none') instead.")
    return content


def write(results: Results, folder: Path, documents: Mapping[str, bytes]) -> None:
    """Write the run whole or not at all: tables, config, manifest, documents made of them.

    `documents` maps relative names (summary.json, report.html, figures/...) to bytes.
    """
    files, about = parts(results)
    settings = yaml.safe_dump(plain(results.config), sort_keys=False, allow_unicode=True)
    run_folder.write(folder, {**files, CONFIG: settings.encode(), **documents}, about)


def parts(results: Results) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the tables as files, and what the manifest says about the run.

    Cells that count few persons of a cohort file are left empty, and counted in the manifest.
    """
    smallest = smallest_cell(results.config)
    names = [*TABLES, *(name for name in ASKED_FOR if name in results.tables)]
    shown, emptied = published(results, smallest)
    files = {f"{name}.parquet": to_parquet(name, shown.table(name), smallest) for name in names}
    about = {
        "experiment": results.experiment,
        "seeds": results.seeds,
        "first_year": results.first_year,
        "last_year": results.last_year,
        "sectors": results.sectors,
        "insurers": results.insurers,
        **results.manifest,
    }
    if smallest > 1:
        about["withheld"] = {"smallest_cell": smallest, "cells": emptied}
    return files, plain(about)


def read(folder: Path, config: Mapping[str, Any] | None = None) -> Results:
    """Read a whole run; a folder that holds none is refused.

    `config` is that of a run whose folder does not hold it. Cells that were withheld are NaN:
    what is summed over them is in `summary.json` alone.
    """
    about = run_folder.manifest_of(folder)
    if about is None or not run_folder.is_whole(folder):
        raise Refusal(
            f"{folder} holds no whole run: {run_folder.MANIFEST} is missing, or the files "
            f"differ from what it lists. Name a finished run's folder, or let it run again."
        )
    if config is None:
        config = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    names = [n for n in (*TABLES, *ASKED_FOR) if f"{n}.parquet" in about["files"]]
    known = ("experiment", "seeds", "first_year", "last_year", "sectors", "insurers")
    return Results(
        experiment=about["experiment"],
        seeds=tuple(about["seeds"]),
        first_year=about["first_year"],
        last_year=about["last_year"],
        sectors=tuple(about["sectors"]),
        insurers=tuple(about["insurers"]),
        tables={name: pd.read_parquet(folder / f"{name}.parquet") for name in names},
        config=config,
        manifest={key: about[key] for key in about if key not in (*known, "format", "files")},
    )


def published(results: Results, smallest: int) -> tuple[Results, dict[str, int]]:
    """Return the results without the cells that count too few, and how many these are, by table."""
    tables: dict[str, pd.DataFrame] = {}
    emptied: dict[str, int] = {}
    for name, frame in results.tables.items():
        units = {str(one): column(name, str(one)).unit for one in frame}
        tables[name], cells = withhold(name, frame, units, smallest)
        if cells:
            emptied[name] = cells
    return replace(results, tables=tables), emptied


def with_table(results: Results, name: str, frame: pd.DataFrame) -> Results:
    """Return the same results with one table exchanged."""
    return replace(results, tables={**results.tables, name: frame})
