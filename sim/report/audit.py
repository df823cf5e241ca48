"""The audit's page: what contracts measure and pay, beside what is true."""

import shlex
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from sim.report import audit_findings, audit_plots, sections, words
from sim.report.audited import FAILS, NONE, Audited
from sim.report.document import PAGE

TEMPLATE = Path(__file__).with_name("audit.html")
LINES = (
    ("true_rate", "true"), ("measured_mean", "measured"), ("bias", "bias"), ("sd", "sd, a year"),
    ("false_payout", "false payouts"), ("missed_payout", "missed payouts"),
    ("detectable_one_year", "detectable, a year"), ("detectable_cumulative", "detectable, all"),
)  # fmt: skip
"""Columns of audit.csv that are shares, as the page shows them."""


def page(audited: Audited) -> str:
    """Write the page as one HTML file that loads nothing from elsewhere."""
    style = PAGE.read_text("utf-8").split("<style>")[1].split("</style>")[0]
    regions = ", ".join(
        f"{count} of {words.number(insured, 0)}" for insured, count in audited.regions.items()
    )
    command = shlex.join(["python", "-m", "experiments.audit", *audited.command])
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        title="Does the contract measure what is there?",
        subtitle=escape(
            f"Audit of benchmark rules on simulated regions; {audited.seeds} seeds, in each "
            f"{regions} insured"
        ),
        style=style,
        headline=escape(audit_findings.headline(audited)),
        sentences="\n".join(f"<p>{escape(s)}</p>" for s in audit_findings.sentences(audited)),
        glance=glance(audited),
        rules=_rules(audited),
        pictures="\n".join(sections.picture(one) for one in audit_plots.pictures(audited)),
        placebos=placebos(audited),
        lines=lines(audited),
        how=_list(audited.notes),
        again=f"<pre>{escape(command)}</pre>",
    )


def glance(audited: Audited) -> str:
    """Write what matters of every rule at the number of insured shown."""
    calm = audited.lines(insured=audited.shown)
    dials = [dial for dial in calm["savings"].unique() if dial != NONE]
    some = [dials[0], dials[-1]] if len(dials) > 1 else dials
    rates = calm.groupby("savings")["true_rate"].mean()
    head = (
        "Rule", "agreed minimum", "scatter of a year", "detectable in a year",
        f"in {audited.years} years", "pays for nothing",
        *(f"does not pay for {words.percent(float(rates[dial]))}" for dial in some),
        "minimum needed, a year", f"{audited.years} years",
        f"years averaged with {audit_findings.share(audited.usual_minimum)}",
    )  # fmt: skip
    body = []
    for rule in audited.main:
        line, needed = audited.one(rule, audited.shown), audit_findings.needed(audited, rule)
        agreed, years = audited.minimum[rule], audited.averaged[rule]
        minimum = "by insured" if agreed is None else f"{_percent(agreed)}"
        figures = [
            line["sd"], line["detectable_one_year"], line["detectable_cumulative"],
            line["false_payout"],
            *(audited.one(rule, audited.shown, savings=dial)["missed_payout"] for dial in some),
            needed.iloc[0], needed.iloc[-1],
        ]  # fmt: skip
        cells = "".join(f'<td class="number">{_percent(figure)}</td>' for figure in figures)
        several = f", mean of {years}" if years > 1 else ""
        body.append(
            f'<tr><th scope="row">{escape(audited.rules[rule])}</th>'
            f'<td class="number">{minimum}{several}</td>{cells}'
            f'<td class="number">{audit_findings.averaged_years(audited, rule)}</td></tr>'
        )
    caption = (
        f"{words.number(audited.shown, 0)} insured, undisturbed; % of cost, payments % of years. "
        f"The minimum needed keeps payments for nothing below {words.percent(audited.tolerated)}."
    )
    return _table(head, body, caption, tuple(range(1, len(head))))


def _rules(audited: Audited) -> str:
    """Write a paragraph a rule."""
    return "\n".join(
        f"<h3>{escape(label[:1].upper() + label[1:])}</h3>\n{_list(said, 'found')}"
        for label, said in audit_findings.by_rule(audited)
    )


def placebos(audited: Audited) -> str:
    """Write bias, error and verdict of every rule and disturbance where nothing is saved."""
    body = []
    for line in audited.placebos.to_dict("records"):
        kind = ' class="failed"' if line["verdict"] == FAILS else ""
        body.append(
            f'<tr{kind}><th scope="row">{escape(audited.rules[line["rule"]])}</th>'
            f"<td>{escape(audited.disturbances[line['disturbance']])}</td>"
            f'<td class="number">{_percent(line["bias"], 2)}</td>'
            f'<td class="number">{_percent(line["error"], 2)}</td>'
            f'<td class="number">{_percent(line["moved"], 2)}</td>'
            f'<td class="number">{_percent(line["moved_error"], 2)}</td>'
            f"<td>{escape(line['verdict'] if line['claimed'] else '')}</td></tr>"
        )
    caption = (
        "Bias in % of cost, over the regions of all sizes, with its Monte Carlo standard error; "
        "luck of known mean is taken out. Moved by: against undisturbed, seed by seed. A verdict "
        "stands only where the rule makes a claim."
    )
    return _table(
        ("Rule", "disturbance", "bias", "error", "moved by", "error", "its claim"),
        body,
        caption,
        (2, 3, 4, 5),
    )


def lines(audited: Audited) -> str:
    """Write all lines of audit.csv, folded away."""
    body = []
    for line in audited.audit.to_dict("records"):
        cells = "".join(f'<td class="number">{_percent(line[name])}</td>' for name, _ in LINES)
        payment = words.DASH
        if not pd.isna(line["payment_mean"]):
            payment = words.number(line["payment_mean"], 1)
        body.append(
            f'<tr><th scope="row">{escape(audited.rules[line["rule"]])}</th>'
            f'<td class="number">{words.number(line["insured"], 0)}</td>'
            f"<td>{escape(audited.disturbances[line['disturbance']])}</td>{cells}"
            f'<td class="number">{payment}</td></tr>'
        )
    head = ("Rule", "insured", "disturbance", *(label for _, label in LINES), "EUR a head")
    caption = "In %; also in audit.csv, with Monte Carlo errors in errors.csv."
    table = _table(head, body, caption, (1, *range(3, len(head))))
    return f"<details><summary>Show all {len(body)}</summary>{table}</details>"


def _percent(value: Any, digits: int = 1) -> str:
    return words.DASH if pd.isna(value) else words.number(100 * float(value), digits)


def _list(items: Sequence[str], kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f"<ul{name}>" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _table(head: Sequence[str], body: Sequence[str], caption: str, numbers: tuple[int, ...]) -> str:
    cells = "".join(
        f'<th scope="col"{" class=number" if place in numbers else ""}>{escape(text)}</th>'
        for place, text in enumerate(head)
    )
    rows = "\n".join(body)
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )
