"""The investors' workbook: one seed's money as a spreadsheet whose formulas live.

Assumptions and the business are values; the waterfall, the yearly statements and the returns
follow from them by formulas, so that an analyst can recompute them and change what is assumed.
The last sheet sets what the formulas give beside what the simulation gave, to the cent.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from sim.funding.carried import Carried
from sim.funding.cashbook import CENTS
from sim.funding.instruments import MONTHS
from sim.report import term_sheet, workbook_statements
from sim.report.workbook_waterfall import NEVER, Columns, columns_of

SHEET = "Waterfall"
HEAD = 4  # row of the names; below it the opening row, then one row a month
BOLD, SOFT = Font(bold=True), Font(color="57606A", italic=True)
INPUT = Font(color="0000FF")  # as analysts expect: what may be changed is blue
BAND = PatternFill("solid", fgColor="F5F7F9")


def of_seed(
    carried: Carried,
    seed: int,
    rate: float,
    title: str,
    seeds: Sequence[int],
    first_year: int,
) -> bytes:
    """Return the workbook of the seed in a place, as bytes of a file."""
    book = Workbook()
    front = book.active
    assert front is not None
    front.title = "Read me"
    _read_me(front, title, seeds, seed, first_year)
    places = _assumptions(book.create_sheet("Assumptions"), carried, rate)
    columns = columns_of(carried.plan, HEAD + 2, carried.streams.last)
    _waterfall(book.create_sheet(SHEET), columns, places, carried, seed)
    workbook_statements.write(book, columns, places, carried, first_year, seed, rate)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _read_me(
    sheet: Worksheet, title: str, seeds: Sequence[int], seed: int, first_year: int
) -> None:
    lines = [
        title,
        f"Seed {seeds[seed]} of {len(seeds)}, the one whose project has the median "
        "net present value. One seed is one course of luck, not a forecast.",
        "",
        "Assumptions: terms of the plan, the law and the rate of discount. Blue cells may be "
        "changed.",
        "Waterfall: one row a month, in whole cents. The business (blue) is what the simulation "
        "gave; all else are formulas in the order in which the company pays.",
        "Income, Cash flow, Balance sheet: by year, in EUR, from the waterfall.",
        "Returns: every funder and the project before financing, in EUR.",
        "Check: what the formulas give beside what the simulation gave. With the assumptions as "
        "they came, all differences are nothing.",
        "",
        "Month 1 is the first month of the contract; 0 and below are preparation. Amounts are "
        "nominal.",
        f"Year 1 is {first_year}. Currency: EUR.",
    ]
    for row, line in enumerate(lines, start=1):
        cell = sheet.cell(row, 1, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if row == 1:
            cell.font = Font(bold=True, size=14)
    sheet.column_dimensions["A"].width = 110


def _assumptions(sheet: Worksheet, carried: Carried, rate: float) -> dict[str, str]:
    """Write what is assumed; return the address of each name, amounts as whole cents."""
    places: dict[str, str] = {}
    sheet.append(["Assumption", "Value", "Unit"])
    row = 1

    def heading(text: str) -> None:
        nonlocal row
        row += 1
        sheet.cell(row, 1, text).font = BOLD

    def line(name: str, label: str, value: float, unit: str) -> None:
        nonlocal row
        row += 1
        sheet.cell(row, 1, label)
        cell = sheet.cell(row, 2, value)
        cell.font = INPUT
        if unit == "EUR":
            cell.number_format = "#,##0.00"
        sheet.cell(row, 3, unit)
        address = f"Assumptions!$B${row}"
        places[name] = f"ROUND({address}*100,0)" if unit == "EUR" else address

    heading("Valuation")
    line("rate", "Discount rate", rate, "1/year")
    heading(f"Law: {carried.law.country}")
    for name, unit in (
        ("profit_tax", "1"), ("tax_lag", "month"), ("vat", "1"), ("vat_share", "1"),
        ("default_after", "month"), ("insolvent_after", "month"),
    ):  # fmt: skip
        label = name.replace("_", " ").capitalize()
        line(f"law.{name}", label, getattr(carried.law, name), unit)
    heading("Plan")
    plan = carried.plan
    line("plan.reserve", "Reserve", plan.reserve, "EUR")
    line("plan.reinvestment", "Reinvestment", plan.reinvestment, "1")
    line("plan.payout", "Payout", plan.payout, "1")
    ends = float(plan.after_insolvency == "wound_up")
    line("plan.wound_up", "Wound up after insolvency (1 yes, 0 no)", ends, "1")
    line("plan.last_month", "Last month of the book", carried.streams.last, "month")
    for place, one in enumerate(plan.instruments, start=1):
        heading(f"{term_sheet.name(one)}: {term_sheet.KINDS[one.kind].lower()}")
        key = f"{one.kind}{place}"
        for name, (value, unit) in _terms(one.model_dump()).items():
            line(f"{key}.{name}", name.replace("_", " ").replace(".", ", "), value, unit)
    _widths(sheet, [52, 18, 18])
    sheet.freeze_panes = "A2"
    for cell in sheet[1]:
        cell.font = BOLD
    return places


EUROS = ("amount", "lump_sum", "evaluation", "minimum_cash")
UNITS = {"per_insured": "EUR/person-month", "tariff": "EUR a unit of outcome"}
NOT_SAID = {"clawback_month": -NEVER, "exit_month": -NEVER}


def _terms(terms: Mapping[str, Any]) -> dict[str, tuple[float, str]]:
    """The numbers of an instrument by name, with units; tranches are numbered."""
    found: dict[str, tuple[float, str]] = {}
    for name, value in terms.items():
        if name in ("tranches", "milestones"):
            for at, part in enumerate(value, start=1):
                for inner, amount in part.items():
                    unit = "EUR" if inner == "amount" else "month" if inner == "month" else "1"
                    found[f"{name[:-1]}{at}.{inner}"] = (amount, unit)
        elif name == "covenants":
            asked = value or {}
            found["debt_service_cover"] = (asked.get("debt_service_cover") or 0.0, "1")
            found["minimum_cash"] = (asked.get("minimum_cash") or 0.0, "EUR")
            found["covenants_from"] = (asked.get("first_month") or 0, "month")
        elif name == "grace_interest":
            found["capitalised"] = (float(value == "capitalised"), "1")
        elif name in NOT_SAID and value is None:
            found[name] = (NOT_SAID[name], "month")
        elif isinstance(value, int | float):
            month = isinstance(value, int) or name.endswith("month")
            unit = "EUR" if name in EUROS else UNITS.get(name, "month" if month else "1")
            found[name] = (value, unit)
    return found


def _waterfall(
    sheet: Worksheet, columns: Columns, places: Mapping[str, str], carried: Carried, seed: int
) -> None:
    """Write names, the opening row and one row a month."""
    sheet.cell(1, 1, "The waterfall, in whole cents").font = Font(bold=True, size=13)
    before = ""
    for at, (name, group) in enumerate(columns.groups.items(), start=1):
        if group != before:
            sheet.cell(HEAD - 1, at, group).font = BOLD
        before = group
        head = sheet.cell(HEAD, at, name.split(".")[-1].replace("_", " "))
        head.font, head.fill = BOLD, BAND
        head.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(HEAD + 1, at, columns.opening.get(name, 0)).font = SOFT
    inputs = _inputs(carried, seed)
    for row, month in enumerate(carried.streams.months, start=columns.first):
        for at, (name, formula) in enumerate(columns.formulas.items(), start=1):
            if formula is None:
                cell = sheet.cell(row, at, inputs[name][month - carried.streams.first])
                cell.font = INPUT
            else:
                cell = sheet.cell(row, at, columns.written(name, row, places))
            cell.number_format = "#,##0"
    for at in range(1, len(columns.formulas) + 1):
        sheet.column_dimensions[get_column_letter(at)].width = 14
    sheet.freeze_panes = sheet.cell(HEAD + 2, 3)


def _inputs(carried: Carried, seed: int) -> dict[str, list[float]]:
    """What the simulation gives: one value a month, cents but for persons and outcomes."""
    months, business = list(carried.streams.months), carried.operations
    nothing = [0.0] * len(months)
    found: dict[str, list[float]] = {
        "month": [float(month) for month in months],
        "year": [float(-(-month // MONTHS)) for month in months],
        "settled_in": list(nothing),
        "settled_year": list(nothing),
        "bonus_in": list(nothing),
    }
    rows = [month - business.first_month for month in months]
    for name, grid, scale in (
        ("cost_in", business.cost, CENTS), ("fees_in", business.fees, CENTS),
        ("insured", business.insured, 1),
    ):  # fmt: skip
        values = grid[:, seed] * scale
        values = np.rint(values) if scale == CENTS else values
        found[name] = [float(values[row]) if row < len(values) else 0.0 for row in rows]
    for year, month in enumerate(business.paid_month.tolist(), start=1):
        if month in carried.streams.months:
            at = month - carried.streams.first
            found["settled_in"][at] = float(np.rint(business.earned[year - 1, seed] * CENTS))
            found["bonus_in"][at] = float(np.rint(business.bonus[year - 1, seed] * CENTS))
            found["settled_year"][at] = float(year)
    for place, one in enumerate(carried.plan.instruments, start=1):
        if one.kind == "outcome_bond":
            key = f"{one.kind}{place}"
            measured, years = list(nothing), list(nothing)
            for year, value in enumerate(business.outcomes[one.outcome][:, seed], start=1):
                month = MONTHS * year + one.lag
                if month in carried.streams.months:
                    measured[month - carried.streams.first] = float(value)
                    years[month - carried.streams.first] = float(year)
            found[f"{key}.outcome_in"], found[f"{key}.outcome_year"] = measured, years
    return found


def _widths(sheet: Worksheet, widths: list[int]) -> None:
    for at, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width
