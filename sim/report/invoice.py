"""One settlement of a run as an invoice; what the parties cannot see comes last."""

from html import escape

import pandas as pd

from sim.report import tables, words
from sim.results import Results

INVOICE = (
    ("insured_years", "", "Insured-years"),
    ("allocation", "", "Risk-adjusted allocation"),
    ("allocation_standard_error", "", "its standard error, as the comparison is limited"),
    ("regional_indexation_factor", "", "Regional indexation factor"),
    ("regime_factor", "", "Change of risk equalisation"),
    ("prior_savings_credit", "", "Credit for savings before rebasing"),
    ("benchmark", "sum", "Benchmark"),
    ("cost", "", "less cost of the contract's sectors"),
    ("measured_savings", "sum", "Measured savings"),
    ("standard_error", "", "their standard error, by chance alone"),
    ("settled_savings", "", "Mean of the years that are settled together"),
    ("deficit_brought", "", "less deficit brought forward"),
    ("savings_rate", "", "as a share of the benchmark"),
    ("minimum_savings_rate", "", "Minimum savings rate, below which nothing is paid"),
    ("sharing_rate", "", "Sharing rate"),
    ("levy", "", "Kept by law"),
    ("cap", "", "Cap"),
    ("shared_savings", "sum", "Shared savings due to the integrator"),
    ("minimum_loss_rate", "", "Minimum loss rate, below which nothing is owed"),
    ("loss_share", "", "Loss share"),
    ("loss_limit", "", "Loss limit"),
    ("shared_loss", "sum", "less loss owed by the integrator"),
    ("fees", "", "Investment and management fee, fees for indicators"),
    ("due", "sum", "Due for the year"),
    ("advance", "", "of which paid in advance, at the end of the year"),
    ("advance_returned", "", "Advance returned"),
    ("paid_month", "", "Settled in"),
    ("deficit_carried", "", "Deficit carried forward"),
    ("contribution_margin", "aside", "Beside it: contribution margin, allocation less cost"),
    (
        "true_savings",
        "aside",
        "Beside it: true savings, which no party to the contract can see",
    ),
)
"""Figures in the contract's order: name, kind of line, what it is."""
RATES = ("savings_rate", "minimum_savings_rate", "minimum_loss_rate", "sharing_rate", "levy",
         "loss_share")  # fmt: skip
PLAIN = {"insured_years": 1, "regional_indexation_factor": 4, "regime_factor": 4}
IDLE = {
    "regime_factor": 1.0,
    "prior_savings_credit": 0.0,
    "deficit_brought": 0.0,
    "levy": 0.0,
    "advance": 0.0,
    "advance_returned": 0.0,
    "deficit_carried": 0.0,
}
"""Figures that are left out where they change nothing."""


def settlement(results: Results) -> str:
    """Write the last year's settlement of the seed in the middle, like an invoice."""
    rows = results.table("settlements")
    rows = rows[(rows["arm"] == tables.WITH) & (rows["year"] == results.last_year)]
    if rows.empty:
        return "<p>No contract was settled.</p>"
    account = rows.sort_values(["measured_savings", "seed"]).iloc[(len(rows) - 1) // 2]
    return _invoice(account, results.first_year)


def _invoice(account: pd.Series, first_year: int) -> str:
    """Write one settlement line by line."""
    fees = account["investment_fee"] + account["management_fee"] + account["kpi_fee"]
    figures = {
        **account,
        "fees": fees,
        "due": account["payment"] + account["advance"] + fees,
    }
    body = "\n".join(
        f'<tr class="{kind}"><th scope="row">{escape(label)}</th>'
        f'<td class="number">{escape(_written(name, figures[name], first_year))}</td></tr>'
        for name, kind, label in INVOICE
        if _is_agreed(account, name, figures[name])
    )
    return (
        f'<div class="wide"><table><caption>Settlement of {account["year"]}, seed '
        f"{account['seed']}: the seed whose measured savings of that year are the middle ones."
        f"</caption>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _is_agreed(account: pd.Series, name: str, figure: float) -> bool:
    """Whether a figure says anything in this contract."""
    if name == "settled_savings":
        return bool(account["settled_years"] > 1)
    if name in ("shared_loss", "minimum_loss_rate"):
        return bool(pd.notna(account["loss_share"]))
    return name == "paid_month" or bool(pd.notna(figure) and figure != IDLE.get(name))


def _written(name: str, figure: float, first_year: int) -> str:
    if name == "paid_month":
        return "not within the books" if pd.isna(figure) else words.month(figure, first_year)
    if name in RATES:
        return words.percent(figure)
    if name in PLAIN:
        return words.number(figure, PLAIN[name])
    return f"{words.number(figure, 0)}{words.SPACE}EUR"
