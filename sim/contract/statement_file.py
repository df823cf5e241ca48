"""Statements that others have settled: a table of years, what each agreed, and our settlement.

One row a statement, settled on its own; rows that share an `id` are years of one contract and
carry forward. Any term may be a column: it holds for its row in place of the contract's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from sim import sheet
from sim.cells import Cells
from sim.contract.account import Account
from sim.contract.carried import Carried
from sim.contract.settlement import Settlement, settle_next
from sim.contract.terms import Terms
from sim.faults import Faults
from sim.quantity import Refusal, nearest
from sim.sheet import Column, Sheet, Source, markdown

SOURCE = Source(
    key="statements",
    what="table of statements",
    row="a statement",
    rows="statements",
    guide="docs/ledger.md says what it holds; python -m experiments.settle schema prints it.",
)


COLUMNS = {
    "year": Column(True, "year", "a whole number, 1900 to 2200", "calendar year that is settled"),
    "insured": Column(
        True, "person-year", "a number, 0 or more",
        "insured-years (clause 1.2); the minimum savings rate may follow from them",
    ),
    "benchmark": Column(
        True, "EUR/year", "a number, 0 or more", "what care should have cost (clause 5.1)",
    ),
    "cost": Column(True, "EUR/year", "a number, 0 or more", "what it did cost (clause 3.1)"),
    "contract": Column(
        False, "1", "a name of conf/contract", "contract of the row; empty: contract=NAME",
    ),
    "id": Column(
        False, "1", "a text or number", "same for the years of one contract, which carry forward",
    ),
    "contract_year": Column(
        False, "year", "a whole number, 1 or more",
        "empty: years since the first of the same id; without an id, not known: a late one",
    ),
    "quality_score": Column(
        False, "1", "a number, 0 to 1", "empty: quality counts as fully attained (clause 7.2)",
    ),
    "allocation": Column(False, "EUR/year", "a number, 0 or more", "insurer's income (clause 2.1)"),
    "revenue": Column(
        False, "EUR/year", "a number, 0 or more", "of the participants, for a loss limit on it",
    ),
    "disaster_adjustment": Column(
        False, "EUR/year", "a number", "taken off what is owed, whatever its sign (clause 8.5)",
    ),
    "paid": Column(
        False, "EUR/year", "a number",
        "what was really paid, negative where owed: differences are listed",
    ),
    "kpi_<indicator>": Column(
        False, "1", "a number, 0 to 1", "how far an indicator of kpi_fees is attained",
    ),
    "<term>": Column(
        False, "", "what the term allows",
        "any of these: see below; empty: the contract's",
    ),
}  # fmt: skip
"""Every column a table of statements may have; all others are refused."""

NEEDED = tuple(name for name, column in COLUMNS.items() if column.needed)
TEXTS = ("sharing_from", "quality")
NO_COLUMNS = {
    "rule", "sectors", "track", "bands", "levy_from", "loss_share_bounds", "kpi_fees",
    "truncation", "termination_hazard",
}  # fmt: skip
TERMS = tuple(name for name in Terms.model_fields if name not in NO_COLUMNS)
"""Terms that may be columns; `sharing_rate` is then final, after quality."""
KPI = "kpi_"


@dataclass(frozen=True)
class Row:
    """A statement as it was read: number of its row, whose it is, terms, account, what was paid."""

    number: int
    contract: str
    terms: Terms
    account: Account
    id: str | None = None
    paid: float | None = None


def read(
    path: str, contract: str | None, names: Sequence[str], agreed: Callable[[str], Terms]
) -> list[Row]:
    """Read the statements of a file; with a single fault the whole file is refused.

    `contract` is that of rows which name none, `names` those there are, `agreed` their terms.
    """
    rows, faults = check(sheet.read(path, SOURCE), contract, names, agreed)
    if len(faults):
        raise Refusal(faults.told(path, SOURCE))
    return rows


def check(
    table: Sheet, contract: str | None, names: Sequence[str], agreed: Callable[[str], Terms]
) -> tuple[list[Row], Faults]:
    """Read a sheet and find every fault in it; where there are any, rows are missing."""
    faults = Faults()
    cells = Cells(table, faults, NEEDED)
    kpis = [name for name in table.names if name.startswith(KPI)]
    plain = [name for name in COLUMNS if "<" not in name]
    cells.header([*plain, *TERMS, *kpis], SOURCE.what)
    columns = _columns(cells, kpis)
    contracts = _contracts(cells, contract, names)
    ids = cells.text("id")
    contract_years = _contract_years(cells, ids, columns)
    _find_doubled(cells, ids, columns["year"])
    if len(faults):
        return [], faults
    rows = []
    for place, number in enumerate(table.rows):
        given = {
            name: values[place] for name, values in columns.items() if values[place] is not None
        }
        name = str(contracts[place])
        try:
            terms = overridden(agreed(name), {term: given[term] for term in TERMS if term in given})
            account = _account(given, contract_years[place], kpis)
            for indicator in account.kpis.keys() - terms.kpi_fees.keys():
                rule = f"clause 9.3: an indicator with a fee in {name}"
                faults.add(number, KPI + indicator, [given[KPI + indicator]], rule)
        except ValidationError as error:
            for details in error.errors():
                column = str(details["loc"][0]) if details["loc"] else "(all)"
                rule = str(details["msg"]).removeprefix("Value error, ")
                faults.add(number, column, [given.get(column, "")], f"{name}: {rule}")
            continue
        rows.append(Row(int(number), name, terms, account, ids[place], given.get("paid")))
    return rows, faults


def overridden(terms: Terms, given: Mapping[str, Any]) -> Terms:
    """Return the terms of a row: the contract's, but for what stands in its columns.

    >>> terms = Terms(rule="ipep", sectors=["drugs"], sharing_rate=0.6, quality="factor",
    ...               loss_share_bounds=[0.4, 0.6], settlement_lag=9)
    >>> row = overridden(terms, {"sharing_rate": 0.45, "loss_share": 0.5})
    >>> row.quality, row.loss_share_bounds, row.loss_share
    ('none', None, 0.5)
    """
    if not given:
        return terms
    changes: dict[str, Any] = dict(given)
    if "sharing_rate" in given:  # final, after quality
        changes |= {"bands": (), "quality": "none", "quality_gate": 0.0}
    if "levy" in given:
        changes["levy_from"] = {}
    if "loss_share" in given:
        changes["loss_share_bounds"] = None
    elif not terms.two_sided:  # nothing is owed that a limit could lower
        changes.pop("loss_limit", None)
        changes.pop("loss_limit_of_revenue", None)
    return Terms.model_validate({**terms.model_dump(), **changes})


def settle_rows(rows: Sequence[Row]) -> list[Settlement]:
    """Settle statements, in their order: each on its own, those of one id year after year."""
    carried: dict[str, Carried] = {}
    found: dict[int, Settlement] = {}
    for place in sorted(range(len(rows)), key=lambda place: rows[place].account.year):
        row = rows[place]
        before = Carried() if row.id is None else carried.get(row.id, Carried())
        found[place], after = settle_next(row.terms, row.account, before)
        if row.id is not None:
            carried[row.id] = after
    return [found[place] for place in range(len(rows))]


def schema() -> str:
    """Every column of a table of statements in Markdown: docs/ledger.md has it word for word."""
    return markdown(COLUMNS)


def _columns(cells: Cells, kpis: Sequence[str]) -> dict[str, list[Any]]:
    """Cells of every column as values, None where nothing is given."""
    euros = "a number, 0 or more"
    columns = {
        "year": cells.number("year", 1900, 2200, "clause 1.1: a year, 1900 to 2200"),
        "insured": cells.number("insured", 0, np.inf, f"clause 1.2: {euros}"),
        "benchmark": cells.number("benchmark", 0, np.inf, f"clause 5.1, benchmark: {euros}"),
        "cost": cells.number("cost", 0, np.inf, f"clause 3.1, cost: {euros}"),
        "allocation": cells.amount("allocation"),
        "revenue": cells.amount("revenue"),
        "quality_score": cells.number("quality_score", 0, 1, "clause 7.2: a fraction, 0 to 1"),
        "disaster_adjustment": cells.number("disaster_adjustment", -np.inf, np.inf, "a number"),
        "paid": cells.number("paid", -np.inf, np.inf, "a number"),
    }
    for name in kpis:
        columns[name] = cells.number(name, 0, 1, "clause 9.3: a fraction, 0 to 1")
    for name in TERMS:
        if name not in TEXTS:
            columns[name] = cells.number(name, -np.inf, np.inf, "a number")
    values: dict[str, list[Any]] = {
        name: [None if np.isnan(value) else float(value) for value in column]
        for name, column in columns.items()
    }
    return values | {name: cells.text(name) for name in TEXTS}


def _contracts(cells: Cells, contract: str | None, names: Sequence[str]) -> list[str | None]:
    """Name of each row's contract, where it is known."""
    found = [name or contract for name in cells.text("contract")]
    for number, name in zip(cells.sheet.rows, found, strict=True):
        if name is None:
            cells.faults.add(number, "contract", [""], "a contract here, or contract=NAME for all")
        elif name not in names:
            rule = f"a name of conf/contract. {nearest(name, names)}"
            cells.faults.add(number, "contract", [name], rule)
    return found


def _contract_years(
    cells: Cells, ids: Sequence[str | None], columns: Mapping[str, list[Any]]
) -> list[int | None]:
    given = cells.count("contract_year", 1, 999)
    first: dict[str, float] = {}
    for name, year in zip(ids, columns["year"], strict=True):
        if name is not None and year is not None:
            first[name] = min(year, first.get(name, year))
    years: list[int | None] = []
    for name, year, known in zip(ids, columns["year"], given.tolist(), strict=True):
        since = None if name is None or year is None else int(year - first[name] + 1)
        years.append(known if known > 0 else since)
    return years


def _find_doubled(cells: Cells, ids: Sequence[str | None], years: Sequence[float | None]) -> None:
    seen: dict[tuple[str, float], int] = {}
    for number, name, year in zip(cells.sheet.rows, ids, years, strict=True):
        if name is None or year is None:
            continue
        if (name, year) in seen:
            rule = f"one statement a year of the same id; another is row {seen[name, year]}"
            cells.faults.add(number, "id", [name], rule)
        seen.setdefault((name, year), int(number))


def _account(given: Mapping[str, Any], contract_year: int | None, kpis: Sequence[str]) -> Account:
    same = ("benchmark", "cost", "allocation", "revenue", "quality_score", "disaster_adjustment")
    return Account(
        year=given["year"],
        contract_year=contract_year,
        insured_years=given["insured"],
        kpis={name.removeprefix(KPI): given[name] for name in kpis if name in given},
        **{name: given[name] for name in same if name in given},
    )
