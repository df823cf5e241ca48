"""Yearly statements and returns of the workbook: sums over the waterfall, checks beside them."""

from collections.abc import Mapping

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from sim.funding import returns
from sim.funding.carried import Carried
from sim.funding.cashbook import CENTS, FINANCING, OPERATING, SURPLUS
from sim.funding.instruments import (
    Advance,
    Equity,
    Grant,
    Instrument,
    Loan,
    OutcomeBond,
    Stake,
)
from sim.funding.statements import Statement, balance_sheet, cash_flow, income
from sim.funding.waterfall import COMPANY
from sim.report import term_sheet
from sim.report.workbook_waterfall import Columns

BOLD = Font(bold=True)
GUESSES = (0.005, -0.01, -0.03, -0.06, -0.1, -0.2)  # a month, from which a rate is looked for
TOP = 4  # row of the first line of a statement
INCOME = {"shared_savings": 4, "bonus": 7, "net_income": 16}  # rows that other sheets add up
FLOW = {"shared_savings": 4, "bonus": 7, "distributions": 22}
TOTALS = frozenset(
    {
        "operating_result", "net_income", "from_operations", "from_funding", "change", "closing",
        "assets", "debts", "debts_and_equity",
    }
)  # fmt: skip


def write(
    book: Workbook,
    columns: Columns,
    places: Mapping[str, str],
    carried: Carried,
    first_year: int,
    seed: int,
    rate: float,
) -> None:
    """Write the sheets that follow from the waterfall."""
    keys = {id(one): f"{one.kind}{at}" for at, one in enumerate(carried.plan.instruments, start=1)}
    sums = Sums(columns, carried, keys)
    check = book.create_sheet("Check")
    check.append(["What", "Year", "Formula", "Simulation", "Difference"])
    for title, statement, lines in (
        ("Income", income(carried), sums.income()),
        ("Cash flow", cash_flow(carried), sums.cash_flow()),
        ("Balance sheet", balance_sheet(carried), sums.balance_sheet()),
    ):
        sheet = book.create_sheet(title)
        _statement(sheet, title, statement, lines, first_year)
        _checked(check, title, statement, seed, first_year)
    _returns(book.create_sheet("Returns"), check, columns, places, carried, keys, seed, rate)
    _finish(check, book)


class Sums:
    """Formulas of the lines of the statements, in EUR, for one year in a column's head."""

    def __init__(self, columns: Columns, carried: Carried, keys: Mapping[int, str]) -> None:
        self.columns, self.carried, self.keys = columns, carried, keys
        self.last = columns.first + len(carried.streams.months) - 1

    def of(self, kind: type[Instrument]) -> list[str]:
        """Short names of the instruments of a kind."""
        return [
            self.keys[id(one)] for one in self.carried.plan.instruments if isinstance(one, kind)
        ]

    def total(self, *names: str) -> str:
        """Sum over the year of some columns, EUR; `@` stands for the cell with the year."""
        return (
            "+".join(f"SUMIFS({self._range(name)},{self._range('year')},@)/100" for name in names)
            or "0"
        )

    def end(self, *names: str) -> str:
        """Sum of some columns at the year's end, EUR."""
        return (
            "+".join(
                f"SUMIFS({self._range(name)},{self._range('month')},12*@)/100" for name in names
            )
            or "0"
        )

    def until(self, *names: str) -> str:
        """Sum of some columns from the beginning to the year's end, EUR."""
        years = self._range("year")
        parts = [f'SUMIFS({self._range(name)},{years},"<="&@)/100' for name in names]
        return "+".join(parts) or "0"

    def _range(self, name: str) -> str:
        letter = self.columns.letters[name]
        return f"Waterfall!${letter}${self.columns.first}:${letter}${self.last}"

    def named(self, kind: type[Instrument], *ends: str) -> list[str]:
        """Columns of all instruments of a kind, where there are such columns."""
        return [f"{key}.{end}" for key in self.of(kind) for end in ends]

    def earned(self, column: str) -> str:
        """What belongs to the contract year, whenever it is paid, if the year was lived, EUR."""
        lived = f"(INDEX({self._range('wound_up')},MATCH(12*@,{self._range('month')},0))>12*@)"
        booked = f"SUMIFS({self._range(column)},{self._range('settled_year')},@)/100"
        return f"IF(@<1,0,IFERROR({lived}*{booked},0))"

    def income(self) -> dict[str, str]:
        """Lines of the income statement."""
        grants = self.total(*self.named(Grant, "pay"))
        claims = self.total(*self.named(Grant, "claim"))
        loans = self.named(Loan, "due_fee", "interest", "drawn_fee")
        return {
            "shared_savings": self.earned("settled_in"),
            "fees": self.total("fees"),
            "cost": f"-({self.total('cost', 'vat')})",
            "bonus": f"-({self.earned('bonus_in')})",
            "grants": f"{grants}-({claims})",
            "outcome_bonds": self.total(*self.named(OutcomeBond, "pay")),
            "forgiven": self.total(*self.named(Advance, "forgiven")),
            "interest_and_fees": f"-({self.total(*loans, *self.named(Stake, 'interest'))})",
            "profit_shares": f"-({self.total(*self.named(Stake, 'profit'))})",
            "profit_tax": f"-({self.total('assessed')})",
            "reinvestment": f"-({self.total('reinvested')})",
        }

    def cash_flow(self) -> dict[str, str]:
        """Lines of the cash flow statement."""
        interest = self.named(Loan, "fee_paid", "interest_paid", "drawn_fee")
        interest += self.named(Stake, "interest_paid")
        back = self.named(Loan, "repayment_paid") + self.named(Stake, "repayment_paid")
        capital = self.named(Stake, "pay") + self.named(Equity, "pay")
        capital += self.named(OutcomeBond, "pay")
        asked = self.named(Grant, "clawback") + self.named(Advance, "clawback")
        given, repaid = (
            self.total("credit.given", "bonus_unpaid.given"),
            self.total("credit.repaid", "bonus_unpaid.repaid"),
        )
        paid_out = ["dividend", *self.named(Equity, "preferred_paid")]
        if self.of(Equity):
            paid_out += ["liquidation", *self.named(Equity, "preferred_last")]
        return {
            "shared_savings": self.total("settled"),
            "fees": self.total("fees"),
            "cost": f"-({self.total('cost', 'vat')})",
            "bonus": f"-({self.total('bonus')})",
            "credit": f"{given}-({repaid})",
            "profit_tax": f"-({self.total('tax_paid', 'last_tax')})",
            "capital": self.total(*capital),
            "grants": self.total(*self.named(Grant, "pay")),
            "advances": self.total(*self.named(Advance, "pay")),
            "drawdowns": self.total(*self.named(Loan, "lent")),
            "interest_and_fees": f"-({self.total(*interest)})",
            "repayments": f"-({self.total(*back)})",
            "set_off": f"-({self.total(*self.named(Advance, 'set_off'))})",
            "clawback": f"-({self.total(*asked)})",
            "profit_shares": f"-({self.total(*self.named(Stake, 'profit_paid'))})",
            "reinvestment": f"-({self.total('reinvested')})",
            "distributions": f"-({self.total(*paid_out)})",
        }

    def balance_sheet(self) -> dict[str, str]:
        """Lines of the balance sheet at each year's end; the rest follows from other sheets."""
        funders = self.named(Loan, "out", "overdue_interest") + self.named(Advance, "out", "due")
        funders += self.named(Grant, "due")
        funders += self.named(Stake, "out", "due_interest", "due_profit")
        return {
            "cash": self.end("cash"),
            "suppliers": self.end("credit"),
            "physicians": self.end("bonus_unpaid"),
            "tax": self.end("tax_unpaid", "pending_after"),
            "funders": self.end(*funders),
            "capital": self.until(*self.named(Equity, "pay")),
        }


def _statement(
    sheet: Worksheet,
    title: str,
    statement: Statement,
    lines: Mapping[str, str],
    first_year: int,
) -> None:
    """Write a statement: years across, lines down, in the order of the simulation's."""
    sheet.cell(1, 1, f"{title}, EUR").font = Font(bold=True, size=13)
    sheet.cell(2, 1, "calendar year")
    sheet.cell(3, 1, "year of the contract")
    rows = {line: row for row, line in enumerate(statement.lines, start=TOP)}
    for line, row in rows.items():
        sheet.cell(row, 1, line.replace("_", " ")).font = BOLD if line in TOTALS else Font()
    for at, year in enumerate(statement.years, start=2):
        sheet.cell(2, at, first_year + year - 1).font = BOLD
        sheet.cell(3, at, year)
        for line, row in rows.items():
            formula = _line(title, line, lines.get(line, ""), at, rows)
            cell = sheet.cell(row, at, "=" + formula)
            cell.number_format = "#,##0.00"
            cell.font = BOLD if line in TOTALS else Font()
    sheet.column_dimensions["A"].width = 26
    for at in range(2, len(statement.years) + 2):
        sheet.column_dimensions[get_column_letter(at)].width = 15
    sheet.freeze_panes = sheet.cell(TOP, 2)


def _line(title: str, line: str, formula: str, at: int, rows: Mapping[str, int]) -> str:
    """The formula of a line in a year: sums of the waterfall, totals, or other sheets' sums."""
    letter, before = get_column_letter(at), get_column_letter(at - 1)

    def cell(name: str) -> str:
        return f"{letter}{rows[name]}"

    def span(first: str, last: str) -> str:
        return f"SUM({cell(first)}:{cell(last)})"

    def so_far(sheet: str, row: int) -> str:
        return f"SUM('{sheet}'!$B{row}:{letter}{row})"

    match title, line:
        case "Income", "operating_result":
            return span("shared_savings", "bonus")
        case "Income", "net_income":
            return f"{cell('operating_result')}+{span('grants', 'reinvestment')}"
        case "Cash flow", "from_operations":
            return span("shared_savings", "profit_tax")
        case "Cash flow", "from_funding":
            return span("capital", "profit_shares")
        case "Cash flow", "change":
            parts = ("from_operations", "from_funding", "reinvestment", "distributions")
            return "+".join(cell(one) for one in parts)
        case "Cash flow", "opening":
            return f"{before}{rows['closing']}" if at > 2 else "0"
        case "Cash flow", "closing":
            return f"{cell('opening')}+{cell('change')}"
        case "Balance sheet", "claims_on_insurers":
            return f"{so_far('Income', INCOME['shared_savings'])}-" + so_far(
                "Cash flow", FLOW["shared_savings"]
            )
        case "Balance sheet", "assets":
            return span("cash", "claims_on_insurers")
        case "Balance sheet", "physicians":
            accrued = so_far("Cash flow", FLOW["bonus"]) + "-" + so_far("Income", INCOME["bonus"])
            return f"{formula.replace('@', f'{letter}$3')}+{accrued}"
        case "Balance sheet", "debts":
            return span("suppliers", "funders")
        case "Balance sheet", "retained":
            return f"{so_far('Income', INCOME['net_income'])}+" + so_far(
                "Cash flow", FLOW["distributions"]
            )
        case "Balance sheet", "debts_and_equity":
            return span("debts", "retained")
        case _:
            return formula.replace("@", f"{letter}$3")


def _checked(
    sheet: Worksheet, title: str, statement: Statement, seed: int, first_year: int
) -> None:
    """Set every line of every year beside what the simulation gave."""
    for row, (line, cents) in enumerate(statement.lines.items(), start=TOP):
        for at, year in enumerate(statement.years, start=2):
            place = f"='{title}'!{get_column_letter(at)}{row}"
            given = float(cents[at - 2, seed]) / CENTS
            _beside(
                sheet, f"{title}: {line.replace('_', ' ')}", first_year + year - 1, place, given
            )


def _beside(
    sheet: Worksheet, what: str, year: int | str, formula: str, given: float, digits: int = 2
) -> None:
    row = sheet.max_row + 1
    for at, value in enumerate((what, year, formula, given), start=1):
        sheet.cell(row, at, value)
    sheet.cell(row, 5, f"=ROUND(C{row}-D{row},{digits})")


def _returns(
    sheet: Worksheet,
    check: Worksheet,
    columns: Columns,
    places: Mapping[str, str],
    carried: Carried,
    keys: Mapping[int, str],
    seed: int,
    rate: float,
) -> None:
    """Write flows month by month and what they return: the project, then every instrument."""
    sheet.cell(1, 1, "Returns, EUR").font = Font(bold=True, size=13)
    labels = ("Paid in", "Received", "Gain or loss", "Rate of return a year", "Present value",
              "Multiple", "Payback, month", "Deepest point")  # fmt: skip
    for row, label in enumerate(labels, start=4):
        sheet.cell(row, 1, label).font = BOLD
    head = 4 + len(labels) + 1
    first, last = head + 1, head + len(carried.streams.months)
    sheet.cell(head, 1, "Month").font = BOLD
    for row, source in enumerate(range(columns.first, columns.first + last - head), start=first):
        sheet.cell(row, 1, f"=Waterfall!{columns.letters['month']}{source}")
    flows: list[tuple[str, str, dict[int, float] | None]] = [
        ("Project before financing", "{result}", _project(carried, seed))
    ]
    for one in carried.plan.instruments:
        label = f"{term_sheet.name(one)} ({term_sheet.KINDS[one.kind].lower()})"
        flows.append((label, _flow(one, keys[id(one)]), _own(carried, one, seed)))
    for place, (label, formula, given) in enumerate(flows):
        at = 2 + 2 * place
        _column(sheet, columns, label, formula, at, (first, last), places)
        if given is not None:
            _check_returns(check, label, get_column_letter(at), given, rate)
    sheet.column_dimensions["A"].width = 24
    sheet.freeze_panes = sheet.cell(first, 2)


def _column(
    sheet: Worksheet,
    columns: Columns,
    label: str,
    formula: str,
    at: int,
    span: tuple[int, int],
    places: Mapping[str, str],
) -> None:
    """Write one party's flows, their running sum beside them, and what they return above."""
    (first, last), letter, sums = span, get_column_letter(at), get_column_letter(at + 1)
    sheet.cell(2, at, label).font = BOLD
    sheet.cell(first - 1, at, "received less paid").font = BOLD
    sheet.cell(first - 1, at + 1, "running sum").font = BOLD
    for row in range(first, last + 1):
        source = columns.first + row - first
        sheet.cell(row, at, f"=({columns.filled(formula, source, places, 'Waterfall!')})/100")
        before = f"{sums}{row - 1}+" if row > first else ""
        sheet.cell(row, at + 1, f"={before}{letter}{row}")
    flow, running = f"{letter}${first}:{letter}${last}", f"{sums}${first}:{sums}${last}"
    months = f"$A${first}:$A${last}"
    below = f'COUNTIF({running},"<-0.005")'
    returns_of = (
        f'=-SUMIF({flow},"<0")',
        f'=SUMIF({flow},">0")',
        f"=SUM({flow})",
        f'=IFERROR((1+{_rate(flow)})^12-1,"none")',
        f"=SUMPRODUCT({flow}/(1+{places['rate']})^({months}/12))",
        f'=IF({letter}4=0,"none",{letter}5/{letter}4)',
        f'=IF({sums}{last}<-0.005,"never",IF({below}=0,$A${first},'
        f'_xlfn.MAXIFS({months},{running},"<-0.005")+1))',
        f"=-MIN(0,MIN({running}))",
    )
    for row, text in enumerate(returns_of, start=4):
        cell = sheet.cell(row, at, text)
        cell.number_format = "0.00%" if row == 7 else "0.000" if row == 9 else "#,##0.00"
    for row in range(first, last + 1):
        for column in (at, at + 1):
            sheet.cell(row, column).number_format = "#,##0.00"
    for column in (letter, sums):
        sheet.column_dimensions[column].width = 17


def _rate(flow: str) -> str:
    """A monthly rate, looked for from several guesses, since one alone misses heavy losses."""
    found = f"IRR({flow},{GUESSES[-1]})"
    for guess in reversed(GUESSES[:-1]):
        found = f"IFERROR(IRR({flow},{guess}),{found})"
    return found


def _check_returns(
    sheet: Worksheet, label: str, letter: str, given: Mapping[int, float], rate: float
) -> None:
    """Set what the formulas return beside what the simulation gives, as far as that exists."""
    paid_in = -sum(amount for amount in given.values() if amount < 0)
    _beside(sheet, f"{label}: paid in", "", f"=Returns!{letter}4", round(paid_in, 2))
    gain = round(sum(given.values()), 2)
    _beside(sheet, f"{label}: gain or loss", "", f"=Returns!{letter}6", gain)
    worth = returns.present_value(given, rate)
    _beside(sheet, f"{label}: present value", "", f"=Returns!{letter}8", round(worth, 2))
    found = returns.irr(given)
    if found.rate is not None:
        name = f"{label}: rate of return"
        _beside(sheet, name, "", f"=Returns!{letter}7", found.rate, digits=6)
    back = returns.payback(given)
    if back is not None and paid_in:
        _beside(sheet, f"{label}: payback", "", f"=Returns!{letter}10", back)


def _finish(check: Worksheet, book: Workbook) -> None:
    """Say at the top of the checks how far apart anything is."""
    rows = check.max_row
    check["G1"], check["H1"] = "Largest difference", f"=MAX(MAX(E2:E{rows}),-MIN(E2:E{rows}))"
    for cell in (*check[1],):
        cell.font = BOLD
    for letter, width in zip("ABCDEG", (48, 8, 18, 18, 12, 20), strict=True):
        check.column_dimensions[letter].width = width
    check.freeze_panes = "A2"
    book.move_sheet(check, len(book.sheetnames))


def _project(carried: Carried, seed: int) -> dict[int, float]:
    return carried.streams.flows(COMPANY, seed, OPERATING)


def _flow(one: Instrument, key: str) -> str:
    """What a funder receives less what it pays in, in the names of the waterfall."""
    got = {
        "loan": ("drawn_fee", "fee_paid", "interest_paid", "repayment_paid"),
        "grant": ("clawback",),
        "advance": ("set_off", "clawback"),
        "stake": ("interest_paid", "profit_paid", "repayment_paid"),
        "equity": ("preferred_paid", "price", "preferred_last"),
        "outcome_bond": ("reward", "protected"),
    }[one.kind]
    paid = "lent" if one.kind == "loan" else "pay"
    flow = f"-{{{key}.{paid}}}" + "".join(f"+{{{key}.{name}}}" for name in got)
    if one.kind == "equity":
        flow += f"+(1-{{{key}.sold-}})*{{{key}.dividend}}+(1-{{{key}.sold}})*{{{key}.liquidation}}"
    return flow


def _own(carried: Carried, one: Instrument, seed: int) -> dict[int, float] | None:
    """The flows of a funder in the simulation; None where several instruments are one party's."""
    if [other.party for other in carried.plan.instruments].count(one.party) > 1:
        return None
    return carried.streams.flows(one.party, seed, FINANCING | SURPLUS)
