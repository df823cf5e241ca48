"""The page of evidence: how the simulated population compares with what is published."""

import math
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from sim.report import sections, validation_plots, words
from sim.report.document import PAGE

TEMPLATE = Path(__file__).with_name("validation.html")
HEAD = ("Target", "layer", "published", "interval", "simulated", "calibration")
GOAL, GOAL_UNUSED = 0.9, 0.75
HOW = (
    "The list of targets was fixed before anything was fitted: conf/tables/validation_targets.csv, "
    "with source, interval and layer of each. It is not changed to make a target pass.",
    "Each target names its layer and is compared within it: true (what is so), documented (a coded "
    "diagnosis), self-reported (adults outside nursing homes; the model has no homes, so everybody "
    "counts with her chance of living in a household), register (events, whoever coded them).",
    "Populations are closed: nobody moves or changes insurer, births and deaths are the country's. "
    "A target before the first year of the tables is read in a population that has lived up to "
    "it from 2004 on, with mortality and prices carried back by the declared trends.",
    "Life expectancy and mortality ratios are of summed hazards, not of counted deaths: they are "
    "far less noisy; that counts agree with hazards is a target of its own.",
    "Hamburg, Hesse and Baden-Württemberg have the country's rates, its table at one fitted level "
    "of mortality, and ages of their own. What differs beyond that the model cannot know.",
    "France has its own mortality, ages, diabetes and cost; its other morbidity is Germany's.",
    "Standard errors are of the simulation alone: the population lives in parts, each is left out "
    "once. Uncertainty of the numbers in conf is not in them.",
)


def page(
    rows: pd.DataFrame,
    curves: pd.DataFrame,
    rates: pd.DataFrame,
    people: Mapping[str, int],
    levels: Mapping[str, float],
    overrides: Sequence[str],
) -> str:
    """Write the page as one HTML file that loads nothing from elsewhere.

    Parameters
    ----------
    rows, curves
        Lines of validation.csv and curves.csv.
    rates
        Minimum savings rates: persons, rate.
    people, levels
        Persons simulated and level factor of mortality, by run.
    overrides
        What was typed behind the command.
    """
    drawn = validation_plots.pictures(rows, curves, rates)
    style = PAGE.read_text("utf-8").split("<style>")[1].split("</style>")[0]
    simulated = words.number(sum(people.values()), 0)
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        title="Does the simulated population live like the real one?",
        subtitle=escape(f"Validation without programmes; {simulated} persons simulated"),
        style=style,
        headline=escape(headline(rows)),
        sentences="\n".join(f"<p>{escape(text)}</p>" for text in sentences(rows)),
        pictures="\n".join(sections.picture(one) for one in drawn),
        quantities=quantities(rows),
        failures=failures(rows),
        targets=targets(rows),
        how=_list([*HOW, _levels(people, levels)]),
        again=_again(overrides),
    )


def headline(rows: pd.DataFrame) -> str:
    """Say how many targets pass, in one sentence."""
    passed = int(rows["passed"].sum())
    return f"{passed} of {len(rows)} targets pass ({words.percent(passed / len(rows))})."


def sentences(rows: pd.DataFrame) -> list[str]:
    """Say how many pass of those used and not used for calibration, and whether it is enough."""
    said = []
    for used, name, goal in (
        (None, "All targets", GOAL),
        ("no", "Not used for calibration", GOAL_UNUSED),
        ("yes", "Used for calibration", None),
    ):
        ours = rows if used is None else rows[rows["used_for_calibration"] == used]
        if ours.empty:
            continue
        share = float(ours["passed"].mean())
        verdict = ""
        if goal is not None:
            word = "reached" if share >= goal else "missed"
            verdict = f" The goal of {words.percent(goal)} is {word}."
        count = f"{int(ours['passed'].sum())} of {len(ours)}"
        said.append(f"{name}: {count} pass, {words.percent(share)}.{verdict}")
    return said


def quantities(rows: pd.DataFrame) -> str:
    """Write how many targets of each quantity and population pass."""
    body = []
    for (quantity, population), part in rows.groupby(["quantity", "population"], sort=False):
        passed, count = int(part["passed"].sum()), len(part)
        kind = ' class="failed"' if passed < count else ""
        meter = f'<span class="meter"><i style="width:{100 * passed / count:.0f}%"></i></span>'
        body.append(
            f'<tr{kind}><th scope="row">{_said(quantity)}</th><td>{_said(population)}</td>'
            f'<td class="number">{passed}</td><td class="number">{count}</td>'
            f'<td class="bar">{meter}</td></tr>'
        )
    head = ("Quantity", "Population", "passed", "of", "")
    return _table(head, body, "A red line has at least one target that fails.", (2, 3))


def failures(rows: pd.DataFrame) -> str:
    """Write every target that fails, red, with the reason below it."""
    failed = rows[~rows["passed"].astype(bool)]
    if failed.empty:
        return "<p>Nothing fails.</p>"
    body = []
    for line in failed.to_dict("records"):
        why = f'<td colspan="{len(HEAD)}">{escape(str(line["reason"]))}</td>'
        body += [_line(line), f'<tr class="why">{why}</tr>']
    caption = "Simulated figures with their standard error in brackets."
    return _table(HEAD, body, caption, (2, 3, 4))


def targets(rows: pd.DataFrame) -> str:
    """Write all targets, folded away."""
    table = _table(
        (*HEAD, "source"),
        [_line(line, str(line["source"])) for line in rows.to_dict("records")],
        "Also in validation.csv.",
        (2, 3, 4),
    )
    return f"<details><summary>Show all {len(rows)}</summary>{table}</details>"


def _line(line: Mapping[str, Any], last: str | None = None) -> str:
    kind = "" if line["passed"] else ' class="failed"'
    interval = f"{figure(line['low'])} to {figure(line['high'])}"
    simulated = f"{figure(line['simulated'])} ({figure(line['standard_error'], 2)})"
    end = "" if last is None else f"<td>{escape(last)}</td>"
    used = "used" if line["used_for_calibration"] == "yes" else "not used"
    return (
        f'<tr{kind}><th scope="row">{_said(line["target"])}</th><td>{_said(line["layer"])}</td>'
        f'<td class="number">{figure(line["published"])}</td><td class="number">{interval}</td>'
        f'<td class="number">{simulated}</td><td>{used}</td>{end}</tr>'
    )


def figure(value: float, digits: int = 4) -> str:
    """Write a figure with so many significant digits; a dash for none.

    >>> figure(0.0123456), figure(21830.4), figure(84.25), figure(0.0000911, 2)
    ('0.01235', '21,830', '84.25', '0.000091')
    """
    if pd.isna(value):
        return words.DASH
    if abs(value) >= 1000:
        return words.number(value, 0)
    places = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
    text = words.number(value, max(places, 0))
    return text.rstrip("0").rstrip(".") if "." in text else text


def _levels(people: Mapping[str, int], levels: Mapping[str, float]) -> str:
    parts = [
        f"{_said(name)} {words.number(count, 0)}"
        + (f" (level {levels[name]:.4f})" if levels[name] != 1 else "")
        for name, count in people.items()
    ]
    return (
        "Persons simulated, and the fitted level of mortality where there is one: "
        f"{'; '.join(parts)}."
    )


def _again(overrides: Sequence[str]) -> str:
    command = shlex.join(["python", "-m", "experiments.validate", *overrides])
    return f"<pre>{escape(command)}</pre>"


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _said(name: object) -> str:
    return escape(str(name).replace("_", " "))


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
