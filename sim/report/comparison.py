"""Scenarios side by side: one table and one picture of what their runs came to.

The difference of a scenario from the first one is taken seed by seed, since the same seed is the
same luck in both; a seed in which either has no value, such as a break-even that never comes,
has no difference and is counted.
"""

from collections.abc import Mapping, Sequence
from math import ceil, log10, sqrt
from statistics import fmean, stdev
from typing import Any

import matplotlib.ticker
import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text
from scipy.special import stdtrit

from sim.distribution import Distribution, distribution
from sim.precision import CONFIDENCE
from sim.report import drawing, words
from sim.report.drawing import BLUE, GREY
from sim.report.headline import FIGURES, written
from sim.report.picture import Picture

PICTURED = (
    "break_even",
    "peak_funding",
    "irr",
    "true_savings",
    "measured_savings",
    "insurer_net_true",
)
ACROSS = 2  # panels in a row
LINE, AROUND = 0.34, 1.05  # inches for each scenario, and around them, in a panel
Values = Mapping[str, Mapping[str, Mapping[int, float | None]]]
"""Scenario -> outcome -> seed -> value, in the unit of the outcome; None where there is none."""


def compared(values: Values, outcomes: Sequence[str]) -> pd.DataFrame:
    """Return a line for each outcome and scenario: its distribution, and how it differs.

    `difference` is the mean over the seeds of the scenario less the first one, in the unit of the
    outcome, `difference_low` and `_high` the ends of its 95 % interval, `pairs` the seeds behind.
    """
    first, *_ = values
    lines = []
    for outcome in outcomes:
        for scenario, of in values.items():
            found = spread_of(outcome, of[outcome].values())
            lines.append(
                {
                    "outcome": outcome,
                    "unit": FIGURES[outcome][1],
                    "scenario": scenario,
                    **found,
                    **_difference(values[first][outcome], of[outcome]),
                }
            )
    return pd.DataFrame(lines)


def spread_of(outcome: str, values: Any) -> Distribution:
    """Return the distribution of an outcome over seeds; of months late is bad, else little is."""
    return distribution(list(values), "high" if FIGURES[outcome][1] == "month" else "low")


def _difference(
    first: Mapping[int, float | None], other: Mapping[int, float | None]
) -> dict[str, float | None]:
    pairs = [
        there - here
        for seed in first.keys() & other.keys()
        if (here := first[seed]) is not None and (there := other[seed]) is not None
    ]
    mean = fmean(pairs) if pairs else None
    half = None
    if len(pairs) > 1:
        quantile = float(stdtrit(len(pairs) - 1, (1 + CONFIDENCE) / 2))
        half = quantile * stdev(pairs) / sqrt(len(pairs))
    return {
        "difference": mean,
        "difference_low": None if mean is None or half is None else mean - half,
        "difference_high": None if mean is None or half is None else mean + half,
        "pairs": len(pairs),
    }


def screen(values: Values, outcomes: Sequence[str], first_year: int) -> Table:
    """Return the comparison as a table for the terminal: median, and P10 to P90 below it."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Median, P10 to P90", min_width=22)
    for scenario in values:
        table.add_column(Text(scenario), justify="right")
    for outcome in outcomes:
        cells = []
        for of in values.values():
            found = spread_of(outcome, of[outcome].values())
            low, middle, high = (
                written(outcome, found[name], first_year) for name in ("p10", "p50", "p90")
            )
            alone = found["n"] == 1 or low == middle == high
            cells.append(middle if alone else f"{middle}\n{_shortened(low, high)} to {high}")
        table.add_row(FIGURES[outcome][0], *cells)
    return table


def _shortened(low: str, high: str) -> str:
    """Leave out of the lower end of an interval the unit that the upper one has too."""
    ending = high[high.index(words.SPACE) :] if words.SPACE in high else ""
    return low.removesuffix(ending) if ending else low


def picture(values: Values, outcomes: Sequence[str], first_year: int) -> Picture:
    """Draw a panel for each outcome, in it a line for each scenario."""
    title = "Scenarios side by side"
    with drawing.style("comparison"):
        rows = ceil(len(outcomes) / ACROSS)
        figure = drawing.sheet(rows * (AROUND + LINE * len(values)))
        panels = figure.subplots(rows, ACROSS, squeeze=False, sharey=True)
        for axes, outcome in zip(panels.flat, outcomes, strict=False):
            _panel(axes, values, outcome, first_year)
        for axes in panels.flat[len(outcomes) :]:
            axes.set_visible(False)
        seeds = max(len(of[outcomes[0]]) for of in values.values())
        bars = "dots are medians, bars P10 to P90, ticks single seeds" if seeds > 1 else "one seed"
        figure.suptitle(f"{title}: {bars}", x=0.01, ha="left", fontsize=10.5)
        return drawing.rendered(
            figure,
            "comparison",
            title,
            f"{title}: {bars}. The same seed is the same luck in every scenario.",
            f"Intervals of {len(outcomes)} outcomes for {len(values)} scenarios.",
        )


def _panel(axes: Any, values: Values, outcome: str, first_year: int) -> None:
    label, unit = FIGURES[outcome]
    found = {name: spread_of(outcome, of[outcome].values()) for name, of in values.items()}
    single = {
        name: np.array([value for value in of[outcome].values() if value is not None])
        for name, of in values.items()
    }
    scale, shown = _scale(unit, single.values())
    for place, (name, of) in enumerate(found.items()):
        drawing.interval(axes, of, scale, place, (BLUE, "o"), single[name])
        if of["none"]:
            word = "never" if unit == "month" else "none"
            told = f"{word} in {of['none']} of {of['n']} seeds"
            axes.annotate(
                told, (1, place), xycoords=("axes fraction", "data"), ha="right", va="bottom",
                xytext=(0, 6), textcoords="offset points", color=GREY, fontsize=8,
            )  # fmt: skip
    axes.set_yticks(range(len(values)), [_wrapped(name) for name in values])
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_title(_wrapped(label.removesuffix(", month"), 30), fontsize=10, pad=8)
    axes.set_xlabel(shown)
    if not any(map(len, single.values())):
        axes.set_xticks([])
        axes.set_xlabel("")
    elif unit == "month":
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, integer=True))
        axes.xaxis.set_major_formatter(lambda month, _: f"{first_year + (month - 1) / 12:.1f}")
        axes.set_xlabel("calendar year")
    else:
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))
        axes.xaxis.set_major_formatter(lambda value, _: words.number(value, _digits(axes)))
        if axes.get_xlim()[0] < 0 < axes.get_xlim()[1]:
            drawing.zero(axes, upright=True)


def _scale(unit: str, values: Any) -> tuple[float, str]:
    """Return by what values are divided, and the unit that is then written at the axis."""
    most = max((float(np.abs(of).max()) for of in values if len(of)), default=0.0)
    if unit == "EUR" and most >= words.IN_MILLIONS_FROM:
        return words.MILLION, "M EUR"
    if unit == "1/year":
        return 0.01, "% a year"
    return 1.0, {"person": "persons", "case": "cases", "year": "years"}.get(unit, unit)


def _digits(axes: Any) -> int:
    """Return how many decimals the marks of an axis need."""
    marks = axes.get_xticks()
    step = float(marks[1] - marks[0]) if len(marks) > 1 else 1.0
    return max(0, min(3, ceil(-log10(step) - 1e-9)))


def _wrapped(name: str, width: int = 26) -> str:
    """Break a long name into at most two lines."""
    if len(name) <= width:
        return name
    cut = max(name.rfind(mark, 0, width) for mark in (" ", "=", ",", "_")) + 1 or width
    rest = name[cut:].strip()
    return f"{name[:cut].strip()}\n{rest if len(rest) <= width else rest[: width - 1] + '…'}"
