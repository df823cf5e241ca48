"""The parts of the page: each turns results into a piece of HTML."""

import base64
import shlex
from collections.abc import Container, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from sim.disclosure import smallest_cell, told
from sim.quantity import quantities
from sim.report import tables, words
from sim.report.headline import FIGURES, quantiles
from sim.report.picture import Picture
from sim.report.published import Answer
from sim.results import Results

LIMITS = (
    "True savings end with the horizon: a death averted postpones cost beyond it.",
    "People decide nothing but whether to take part; there are no families, no contagion, no "
    "markets for staff or hospital beds.",
    "Hazards, effects and costs are those of the studies named in the configuration. Most come "
    "from other places and years; the ranges say how far they may be off, and this page shows "
    "the luck of the seeds, not that uncertainty.",
    "The comparison insured are simulated like the region's. Real claims hold more than the "
    "model knows: miscoding, late bills, changes of law.",
    "Published savings are mostly the operators' own figures: a run that meets them is not right "
    "by that, and one that misses them is not wrong by that.",
)

INVOICE = (
    ("insured_years", "", "Insured-years"),
    ("allocation", "", "Risk-adjusted allocation"),
    ("regional_indexation_factor", "", "Regional indexation factor"),
    ("benchmark", "sum", "Benchmark"),
    ("cost", "", "less cost of the contract's sectors"),
    ("measured_savings", "sum", "Measured savings"),
    ("savings_rate", "", "as a share of the benchmark"),
    ("minimum_savings_rate", "", "Minimum savings rate, below which nothing is paid"),
    ("sharing_rate", "", "Sharing rate"),
    ("shared_savings", "sum", "Shared savings due to the integrator"),
    ("fees", "", "Investment and management fee"),
    ("due", "sum", "Due for the year"),
    ("paid_month", "", "Shared savings paid in"),
    ("contribution_margin", "aside", "Beside it: contribution margin, allocation less cost"),
    (
        "true_savings",
        "aside",
        "Beside it: true savings, which no party to the contract can see",
    ),
)
EUROS = ("allocation", "benchmark", "cost", "measured_savings", "shared_savings",
         "contribution_margin", "true_savings")  # fmt: skip
ELSEWHERE = ("out=", "force=", "compute")  # overrides that change no result
RATES = ("savings_rate", "minimum_savings_rate", "sharing_rate")


def figures(summary: Mapping[str, Any]) -> str:
    """Write the figures of the summary: P10, P50, P90 and how many seeds have none."""
    rows = [
        (
            label,
            *quantiles(name, summary[name], summary["first_year"]),
            f"{summary[name]['none']} of {summary[name]['n']}" if summary[name]["none"] else "",
        )
        for name, (label, _) in FIGURES.items()
    ]
    alone = len(summary["seeds"]) == 1
    return table(
        ("Over the contract", "P10", "P50", "P90", "seeds without"),
        rows,
        "One seed: figures without spread."
        if alone
        else "Quantiles over all seeds; one without a value ranks at the bad end. "
        "Never: not within the horizon.",
    )


def picture(drawn: Picture) -> str:
    """Write a figure into the page itself, with its caption and the words for it."""
    data = base64.b64encode(drawn.svg).decode()
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{escape(drawn.alt)}">'
        f"<figcaption>{escape(drawn.caption)}</figcaption></figure>"
    )


def years(results: Results) -> str:
    """Write the medians of every year: what was spent, measured, true, and shared."""
    true = tables.averted(results, tables.costs(results))
    names = ("cost", "benchmark", "contribution_margin", "measured_savings", "shared_savings")
    account = {name: tables.settled(results, name) for name in names}
    insured = tables.lived(results, tables.WITH, ["person_years"])

    def row(label: str, span: slice) -> list[str]:
        grids = [account["cost"], account["benchmark"], account["contribution_margin"],
                 account["measured_savings"], true, account["shared_savings"]]  # fmt: skip
        middle = [float(np.median(grid[:, span].sum(axis=1))) for grid in grids]
        people = float(np.median(insured[:, span].sum(axis=1)))
        return [label, words.number(people, 0)] + [
            words.number(value / words.MILLION, 2) for value in middle
        ]

    rows = [row(str(year), slice(at, at + 1)) for at, year in enumerate(results.years)]
    head = ("Year", "insured-years", "cost", "benchmark", "contribution margin",
            "measured savings", "true savings", "shared savings")  # fmt: skip
    return table(
        head,
        [*rows, row("all", slice(None))],
        "Amounts in M EUR; every cell is the median of its own over the seeds, so lines and "
        "columns need not add up.",
    )


def settlement(results: Results) -> str:
    """Write the last year's settlement of the seed in the middle, like an invoice."""
    rows = results.table("settlements")
    rows = rows[(rows["arm"] == tables.WITH) & (rows["year"] == results.last_year)]
    if rows.empty:
        return "<p>No contract was settled.</p>"
    account = rows.sort_values(["measured_savings", "seed"]).iloc[(len(rows) - 1) // 2]
    return _invoice(account, results.first_year)


def programmes(results: Results) -> str:
    """Write what every programme reached and cost, medians over the seeds."""
    rows = results.table("programmes")
    rows = rows[rows["arm"] == tables.WITH]
    if rows.empty:
        return "<p>No programme ran.</p>"
    body = []
    for name in dict.fromkeys(rows["programme"]):
        ours = rows[rows["programme"] == name]
        grids = {
            column: tables.by_year(results, ours, [column])
            for column in ("eligible", "enrolled", "waiting", "started", "cost")
        }
        at_end = {column: float(np.median(grid[:, -1])) for column, grid in grids.items()}
        total = {column: float(np.median(grid.sum(axis=1))) for column, grid in grids.items()}
        few = np.isnan(at_end["eligible"])
        reach = at_end["enrolled"] / at_end["eligible"] if at_end["eligible"] else 0.0
        a_start = total["cost"] / total["started"] if total["started"] > 0 else None
        body.append(
            [
                results.label("programmes", name),
                words.count(at_end["eligible"]),
                words.count(at_end["enrolled"]),
                words.DASH if few else words.number(reach, 2),
                words.count(at_end["waiting"]),
                words.count(total["started"]),
                words.DASH
                if np.isnan(total["cost"])
                else words.number(total["cost"] / words.MILLION, 2),
                words.amount(a_start, "EUR"),
            ]
        )
    head = ("Programme", "eligible", "enrolled", "reach", "waiting", "started, all years",
            "cost, all years (M EUR)", "cost a start")  # fmt: skip
    return table(
        head,
        body,
        f"Persons at the end of {results.last_year}; reach is enrolled over eligible, a "
        "fraction. Medians over the seeds.",
    )


def published(answers: Sequence[Answer]) -> str:
    """Write the published figures, the simulated ones beside them, and where they disagree."""
    if not answers:
        return "<p>Nothing is published of this region that the run could be set beside.</p>"
    rows = []
    for answer in answers:
        figure = answer.figure
        given = [figure.title, figure.written(figure.value)]
        for label, cells in answer.rows() or [("outside the horizon", ("", "", ""))]:
            rows.append([*given, label, *cells])
            given = ["", ""]
    figures_shown = table(
        ("Published", "figure", "simulated beside it", "P10", "P50", "P90"),
        rows,
        "Published figures are results of others, not inputs. The sources do not settle "
        "whether a published saving is a contribution margin (a level) or measured savings (a "
        "change), so both stand beside it.",
        numbers=(1, 3, 4, 5),
    )
    said = "\n".join(
        f"<li><b>{escape(answer.figure.title)}.</b> {escape(answer.verdict())} "
        f"<small>{escape(_cited(answer))}</small></li>"
        for answer in answers
    )
    return f"{figures_shown}\n<ul>{said}</ul>"


def limits(results: Results) -> str:
    """Write what the model cannot do, and how many of its numbers are assumptions."""
    numbers = quantities(results.config)
    guessed = sum(number.source.lower().startswith("assumption") for number in numbers.values())
    counted = (
        f"Of the {len(numbers)} numbers with a range in this run's configuration, {guessed} "
        "are marked as assumptions; config.yaml says which, and why.",
    )
    items = (*LIMITS, *(counted if numbers else ()), *told(smallest_cell(results.config)))
    return "<ul>" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def again(results: Results) -> str:
    """Write the command that computes these numbers again, and what has to be the same."""
    about = results.manifest
    changes = [word for word in about.get("overrides", []) if not word.startswith(ELSEWHERE)]
    command = shlex.join(["python", "-m", "experiments.run", *changes])
    seeds = ", ".join(str(seed) for seed in results.seeds)
    versions = ", ".join(
        f"{name} {version}" for name, version in (about.get("versions") or {}).items()
    )
    said = [f"Seeds: {seeds}."]
    if "cohort" in about:
        cohort = about["cohort"]
        said.append(
            f"The residents of the first day are the {words.number(cohort['persons'], 0)} persons "
            f"of the cohort file with checksum {cohort['checksum']}."
        )
    if about.get("run"):
        said.append(f"Hash of configuration and code: {about['run']}.")
    if versions:
        said.append(f"Versions: {versions}.")
    whole = smallest_cell(results.config) <= 1
    said.append(
        "The composed configuration is config.yaml, checksums of all files are in manifest.json"
        + (", and all figures on this page follow from the tables beside it." if whole else ".")
    )
    return f"<pre>{escape(command)}</pre>\n<p>{escape(' '.join(said))}</p>"


def _invoice(account: pd.Series, first_year: int) -> str:
    """Write one settlement line by line; what the parties cannot see comes last."""
    paid = account["paid_month"]
    when = "not within the books" if pd.isna(paid) else words.month(float(paid), first_year)
    fees = account["investment_fee"] + account["management_fee"]
    figures = {
        **{name: _euros(account[name]) for name in EUROS},
        **{name: words.percent(account[name]) for name in RATES},
        "insured_years": words.number(account["insured_years"], 1),
        "regional_indexation_factor": words.number(account["regional_indexation_factor"], 4),
        "fees": _euros(fees),
        "due": _euros(account["shared_savings"] + fees),
        "paid_month": when,
    }
    body = "\n".join(
        f'<tr class="{kind}"><th scope="row">{escape(label)}</th>'
        f'<td class="number">{escape(figures[name])}</td></tr>'
        for name, kind, label in INVOICE
    )
    return (
        f'<div class="wide"><table><caption>Settlement of {account["year"]}, seed '
        f"{account['seed']}: the seed whose measured savings of that year are the middle ones."
        f"</caption>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _euros(value: float) -> str:
    return f"{words.number(value, 0)}{words.SPACE}EUR"


def _cited(answer: Answer) -> str:
    figure = answer.figure
    return f"Source: {figure.source}{f' ({figure.layer})' if figure.layer else ''}."


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str,
    numbers: Container[int] = range(1, 99),
) -> str:
    """Write a table; `numbers` are the places of its columns of numbers."""

    def cell(tag: str, place: int, text: str) -> str:
        kind = ' class="number"' if place in numbers else ""
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{kind}>{escape(text)}</{tag}>"

    top = "".join(cell("th", place, text) for place, text in enumerate(head))
    body = "\n".join(
        "<tr>" + "".join(cell("td", place, text) for place, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
