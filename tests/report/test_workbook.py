"""Promises of the workbook: recalculated by a spreadsheet program it equals the simulation."""

import functools
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sim.funding.carried import carry
from sim.report import workbook
from tests.funding.companies import EACH, LOAN, operations, plan_of
from tests.funding.test_waterfall import COVENANTS, GERMANY

RATE = 0.05
PLANS: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any]]] = {
    "one of each kind": (EACH, {"reserve": 10_000, "reinvestment": 0.1}),
    "loans of every kind": (
        (
            {**LOAN, "amount": 200_000, "covenants": COVENANTS, "commitment_fee": 0.01},
            {**LOAN, "funder": "two", "amount": 90_000, "draw": "at_once", "repayment": "annuity",
             "grace_interest": "capitalised"},
            {**LOAN, "funder": "three", "amount": 150_000, "rank": "subordinated",
             "repayment": "bullet"},
        ),
        {},
    ),
    "nothing": ((), {}),
}  # fmt: skip


@functools.cache
def program() -> str | None:
    """The spreadsheet program of this machine, if there is one."""
    named = os.environ.get("SOFFICE")
    return named or shutil.which("soffice") or shutil.which("libreoffice")


def recalculated(made: bytes, folder: Path) -> Any:
    """The workbook with the values that the program gives its formulas."""
    (folder / "model.xlsx").write_bytes(made)
    target = folder / "recalculated"
    command = [
        str(program()), "--headless", "--norestore", "--convert-to", "xlsx",
        f"-env:UserInstallation=file://{folder}/profile", "--outdir", str(target),
        str(folder / "model.xlsx"),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return openpyxl.load_workbook(target / "model.xlsx", data_only=True)


def made(name: str, level: float, after_insolvency: str = "continues") -> bytes:
    instruments, rules = PLANS[name]
    plan = plan_of(*instruments, **rules, after_insolvency=after_insolvency)
    carried = carry(plan, GERMANY, operations(seeds=2, years=6, level=level, spread=150_000))
    return workbook.of_seed(carried, 1, RATE, "A company", (1, 2), 2006)


@pytest.mark.skipif(program() is None, reason="no LibreOffice on this machine")
@pytest.mark.parametrize(
    ("name", "level", "after"),
    [
        ("one of each kind", 80_000.0, "continues"),
        ("one of each kind", 400_000.0, "continues"),
        ("loans of every kind", 90_000.0, "wound_up"),
        ("nothing", 400_000.0, "continues"),
    ],
)
def test_recalculated_it_equals_the_simulation_to_the_cent(
    name: str, level: float, after: str, tmp_path: Path
) -> None:
    book = recalculated(made(name, level, after), tmp_path)
    check = book["Check"]
    away = [
        [cell.value for cell in row]
        for row in check.iter_rows(min_row=2, max_col=5)
        if row[4].value != 0
    ]
    assert not away, away[:20]
    assert check.max_row > 200
    assert check["H1"].value == 0


@pytest.mark.skipif(program() is None, reason="no LibreOffice on this machine")
def test_a_changed_assumption_changes_what_follows(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made("loans of every kind", 80_000.0)))
    sheet = book["Assumptions"]
    rates = [row for row in sheet.iter_rows(max_col=3) if row[0].value == "interest"]
    rates[0][1].value = 0.12
    changed = io.BytesIO()
    book.save(changed)
    found = recalculated(changed.getvalue(), tmp_path)
    assert found["Check"]["H1"].value > 0


def test_every_figure_but_the_inputs_is_a_live_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made("one of each kind", 400_000.0)))
    assert book.sheetnames == [
        "Read me", "Assumptions", "Waterfall", "Income", "Cash flow", "Balance sheet", "Returns",
        "Check",
    ]  # fmt: skip
    for name in ("Income", "Cash flow", "Balance sheet"):
        for row in book[name].iter_rows(min_row=4, min_col=2):
            assert all(str(cell.value).startswith("=") for cell in row), name
    sheet = book["Waterfall"]
    heads = [cell.value for cell in sheet[4]]
    written = dict(zip(heads, [cell.value for cell in sheet[20]], strict=True))
    assert str(written["cash"]).startswith("=")
    assert not str(written["cost in"]).startswith("=")


def test_the_same_run_gives_the_same_workbook() -> None:
    one, other = (
        openpyxl.load_workbook(io.BytesIO(made("one of each kind", 400_000.0))) for _ in range(2)
    )
    for sheet in one.sheetnames:
        pairs = zip(one[sheet].iter_rows(), other[sheet].iter_rows(), strict=True)
        for row, same in pairs:
            assert [cell.value for cell in row] == [cell.value for cell in same]
