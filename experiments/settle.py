"""What is due under a contract? Settle a table of statements, or an insurer's own claims.

    python -m experiments.settle statements=FILE.csv contract=NAME out=DIR
    python -m experiments.settle ledger=FILE.parquet contract=NAME out=DIR start=2016
    python -m experiments.settle schema            what the files hold, as docs/ledger.md has it

A table of statements has a row for each year that was settled; any term may be a column. A ledger
has a row for each person and year; `start` is the first contract year, the years before it are the
baseline (experiments.ledger writes one to try with). Both are CSV or parquet. Terms are changed as
for experiments.run: contract.sharing_rate.value=0.6. Exit codes: 0 settled, 2 refused.
"""

import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from sim import folder
from sim.contract import benchmarks, differences, ledger_file, recalculation, statement_file
from sim.contract.recalculation import recalculate
from sim.contract.settlement import Settlement
from sim.contract.statement import CLAUSES, statement
from sim.contract.terms import Terms
from sim.contract.tracks import terms_of
from sim.overrides import groups
from sim.quantity import Refusal, quantities, refusal_from, values
from sim.scenario import CONF, Scenario, compose

OWN = ("statements", "ledger", "contract", "out", "start")
OUTPUTS = Path("outputs") / "settle"


def main(arguments: Sequence[str]) -> int:
    """Settle what is asked for; return 0 if that is done, 2 if it is refused."""
    if not arguments or {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    own = dict(text.split("=", 1) for text in arguments if text.split("=", 1)[0] in OWN)
    overrides = [text for text in arguments if text.split("=", 1)[0] not in OWN]
    if list(arguments) == ["schema"]:
        print(schema())
        return 0
    try:
        if ("statements" in own) == ("ledger" in own):
            raise Refusal(
                "Give either statements=FILE, a table of statements, or ledger=FILE, an insurer's "
                "person-years. Files end in .csv or .parquet; `schema` says what they hold."
            )
        if "statements" in own:
            settle_statements(own["statements"], own.get("contract"), _place(own), overrides)
        else:
            settle_ledger(own["ledger"], own.get("contract"), _place(own), _start(own), overrides)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


def settle_statements(path: str, contract: str | None, out: Path, overrides: Sequence[str]) -> None:
    """Settle a table of statements into a folder, and say what came of it."""
    folder.admit(out)
    rows = statement_file.read(path, contract, groups()["contract"], _agreed(overrides))
    settlements = statement_file.settle_rows(rows)
    frame = table(settlements)
    frame.insert(0, "contract", [row.contract for row in rows])
    if any(row.id is not None for row in rows):
        frame.insert(0, "id", [row.id for row in rows])
    files = {"settlements.csv": frame}
    compared = [row for row in rows if row.paid is not None]
    found = list(differences.differences(rows, settlements))
    if compared:
        files["differences.csv"] = pd.DataFrame(found, columns=differences.Difference._fields)
    write(out, files, {"command": "settle", "statements": path, "contract": contract})
    _say(settlements, out)
    if compared:
        print(
            f"{len(compared) - len(found):,} of {len(compared):,} come out within "
            f"{differences.WITHIN:.1%} of what was paid; differences.csv lists the others."
        )


def settle_ledger(
    path: str, contract: str | None, out: Path, start: int | None, overrides: Sequence[str]
) -> None:
    """Run benchmark and settlement on an insurer's own person-years, and print the last year's."""
    folder.admit(out)
    chosen = [f"contract={contract}"] if contract else []
    scenario = compose([*chosen, *overrides])
    terms = _terms(scenario)
    claims = ledger_file.read(path)
    numbers = benchmarks.terms_of(terms.rule, scenario.values["benchmarks"][terms.rule])  # noqa: PD011
    found = recalculate(terms, numbers, claims, start)
    lines = [
        {"year": settlement.year, **line._asdict()}
        for settlement in found.settlements
        for line in statement(settlement)
    ]
    files = {
        "settlements.csv": table(found.settlements),
        "statement.csv": pd.DataFrame(lines),
        "years.csv": recalculation.years_table(found, claims),
        "weights.csv": recalculation.weights_table(found, claims),
    }
    balance = recalculation.balance_table(found)
    if len(balance):
        files["balance.csv"] = balance
    name = scenario.choices["contract"]
    write(out, files, {"command": "settle", "ledger": path, "contract": name})
    _print(found.settlements[-1])
    _say(found.settlements, out)


def schema() -> str:
    """Return what a table of statements and a ledger hold, in Markdown."""
    terms = ", ".join(f"`{name}`" for name in statement_file.TERMS)
    return (
        f"## A table of statements\n\n{statement_file.schema()}\n\nTerms that may be columns: "
        f"{terms}.\n\n## A ledger\n\n{ledger_file.schema()}"
    )


def rule_terms(rule: str) -> Any:
    """Validated terms of a benchmark rule, from conf/benchmarks.yaml."""
    config = yaml.safe_load((CONF / "benchmarks.yaml").read_text("utf-8"))
    quantities(config)
    return benchmarks.terms_of(rule, values(config)[rule])


def table(settlements: Sequence[Settlement]) -> pd.DataFrame:
    """Return settlements as lines: every figure in the contract's order, then those of the rule."""
    lines = []
    for settlement in settlements:
        figures = asdict(settlement)
        lines.append({**figures.pop("details"), **figures})
    details = {name for line in lines for name in line} - {"year", *CLAUSES}
    return pd.DataFrame(lines, columns=["year", *CLAUSES, *sorted(details)])


def write(out: Path, files: dict[str, pd.DataFrame], about: dict[str, object]) -> None:
    """Write tables as CSV into a folder, whole or not at all."""
    content = {name: frame.to_csv(index=False).encode() for name, frame in files.items()}
    folder.write(out, content, about)


def _agreed(overrides: Sequence[str]) -> Callable[[str], Terms]:
    """Terms of a contract of conf by its name, with what was typed, composed once each."""

    @functools.cache
    def agreed(name: str) -> Terms:
        return _terms(compose([f"contract={name}", *overrides]))

    return agreed


def _terms(scenario: Scenario) -> Terms:
    try:
        return terms_of(scenario.values["contract"])  # noqa: PD011
    except ValidationError as error:
        raise refusal_from(error, "contract", list(Terms.model_fields)) from error


def _start(own: dict[str, str]) -> int | None:
    text = own.get("start")
    if text is not None and not (text.isascii() and text.isdigit()):
        raise Refusal(f"start={text}: allowed is the first contract year, such as start=2016.")
    return None if text is None else int(text)


def _place(own: dict[str, str]) -> Path:
    """Folder of the results: `out`, or one named after what is settled."""
    if "out" in own:
        return Path(os.path.expanduser(own["out"]))
    return OUTPUTS / Path(own.get("statements") or own["ledger"]).stem


def _print(settlement: Settlement) -> None:
    """Print a statement line by line."""
    shown = Table(title=f"Statement of {settlement.year}", box=None, pad_edge=False)
    for column, justify in (("clause", "left"), ("", "left"), ("", "right"), ("", "left")):
        shown.add_column(column, justify=justify)  # type: ignore[arg-type]
    for line in statement(settlement):
        large = line.unit == "EUR/year" or abs(line.amount) >= 10_000
        amount = f"{line.amount:,.2f}" if large else f"{line.amount:,.6g}"
        shown.add_row(line.clause, line.label, amount, line.unit)
    Console().print(shown)


def _say(settlements: Sequence[Settlement], out: Path) -> None:
    shown = Table(box=None, pad_edge=False)
    for column in ("", "statements", "EUR"):
        shown.add_column(column, justify="left" if not column else "right")
    kinds = {"paid": 1, "owed": -1, "nothing due": 0}
    for kind, sign in kinds.items():
        due = [s.payment for s in settlements if (s.payment > 0) - (s.payment < 0) == sign]
        shown.add_row(kind, f"{len(due):,}", f"{sum(due):,.2f}")
    Console().print(shown)
    print(f"{out / 'settlements.csv'} has every figure.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
