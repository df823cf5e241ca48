"""The investors' pictures: the J-curve as a fan, what moves the rate, a funder's years."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sim.funding.carried import Carried
from sim.funding.cashbook import CENTS, FINANCING, OPERATING, SURPLUS
from sim.funding.performance import funders
from sim.funding.waterfall import COMPANY
from sim.report import drawing, words
from sim.report.drawing import BLUE, GREEN, GREY, ORANGE, RED
from sim.report.levers import Answer, Swing
from sim.report.picture import Picture
from sim.results import Results

SHOWN = 12  # bars of a tornado
FAN = ((5, 95, 0.12), (10, 90, 0.14), (25, 75, 0.2))  # quantiles of a fan, and how dark


def j_curve(results: Results, carried: Carried) -> Picture:
    """Draw the project's cumulative cash, and that of all funders together, as fans."""
    with drawing.style("j_curve"):
        figure = drawing.sheet(5.6)
        above, below = figure.subplots(2, 1, sharex=True)
        months = np.array(carried.streams.months)
        own = np.cumsum(carried.streams.net(COMPANY, OPERATING), axis=0) / CENTS / words.MILLION
        theirs = np.cumsum(_funders(carried), axis=0) / CENTS / words.MILLION
        _fan(above, months, own, BLUE)
        _fan(below, months, theirs, ORANGE)
        above.set_title("The project before financing")
        below.set_title("All funders together: received less paid in")
        for axes in (above, below):
            drawing.zero(axes)
            axes.set_ylabel("M EUR, cumulative")
            end = carried.operations.contract_months
            if months[-1] > end:
                axes.axvspan(end, months[-1], color="#F1F1F1", zorder=0)
        years = range((int(months[0]) + 10) // 12, int(months[-1]) // 12 + 1)
        ticks = [12 * year + 1 for year in years if 12 * year + 1 <= months[-1]]
        labels = [str(results.first_year + (tick - 1) // 12) for tick in ticks]
        below.set_xticks(ticks, labels)
        below.tick_params(axis="x", rotation=45)
        below.set_xlabel("year (ticks in January)")
        title = "The J-curve"
        lowest = float(np.median(own, axis=1).min()) * words.MILLION
        last = float(np.median(theirs[-1])) * words.MILLION
        return drawing.rendered(
            figure,
            "j_curve",
            title,
            "Cumulative cash of the project before financing, above, and of all funders together, "
            "below. The line is the median of the seeds; the bands hold the middle 50, 80 and 90 % "
            "of them. Grey: run-off after the contract.",
            f"Two fan charts by month. The median of the project falls to "
            f"{words.amount(lowest, 'EUR')}; that of the funders ends at "
            f"{words.amount(last, 'EUR')}.",
        )


def tornado(base: Answer, swings: Sequence[Swing], first_year: int) -> Picture:
    """Draw what each quantity does to the funders' rate and to the break-even, widest first."""
    with drawing.style("tornado"):
        shown = [one for one in swings if one.at_low != one.at_high][:SHOWN]
        figure = drawing.sheet(1.6 + 0.34 * max(len(shown), 3))
        left, right = figure.subplots(1, 2, sharey=True)
        rates = [(one.at_low.irr, one.at_high.irr) for one in shown]
        months = [(one.at_low.break_even, one.at_high.break_even) for one in shown]
        _bars(left, shown, [_hundred(pair) for pair in rates], _times(base.irr, 100))
        _bars(right, shown, months, base.break_even)
        left.set_yticks(range(len(shown)), [one.label for one in shown])
        left.invert_yaxis()
        left.set(title="Rate of all funders", xlabel="median, % a year")
        right.set(title="Break-even", xlabel="median, month of the contract")
        title = "What moves the rate and the break-even"
        return drawing.rendered(
            figure,
            "tornado",
            title,
            "Each quantity alone takes the low (blue) and the high (orange) end of its range; the "
            "line is the run as it is. A mark at the edge means none: no rate, or no break-even "
            "within the horizon, in half of the seeds or more. The business is that of the run; "
            "nobody lives again.",
            f"Two bar charts of {len(shown)} quantities, widest first: "
            f"{', '.join(one.label for one in shown[:3])}.",
        )


def funder_years(carried: Carried, party: str, name: str, first_year: int) -> Picture:
    """Draw what a funder pays in and receives year by year: medians, and the middle 80 %."""
    with drawing.style(name):
        figure = drawing.sheet(2.6)
        axes = figure.subplots()
        net = carried.streams.net(party, FINANCING | SURPLUS) / CENTS / words.MILLION
        months = np.array(carried.streams.months)
        place = (months - 1) // 12
        years = np.arange(place[0], place[-1] + 1)
        by_year = np.array([net[place == year].sum(axis=0) for year in years])
        middle = np.median(by_year, axis=1)
        low, high = np.quantile(by_year, [0.1, 0.9], axis=1)
        colours = [RED if value < 0 else GREEN for value in middle]
        axes.bar(years + first_year, middle, color=colours, width=0.7)
        axes.vlines(years + first_year, low, high, color=GREY, linewidth=1.2)
        drawing.zero(axes)
        axes.set(title="Received less paid in, year by year", ylabel="M EUR")
        axes.set_xticks(years + first_year)
        axes.tick_params(axis="x", rotation=45)
        return drawing.rendered(
            figure,
            name,
            "Received less paid in",
            "Bars are medians of the seeds, lines reach from P10 to P90.",
            f"Bar chart by year of what {party} receives less what it pays in.",
        )


def _funders(carried: Carried) -> NDArray[np.float64]:
    parts = [carried.streams.net(party, FINANCING | SURPLUS) for party in funders(carried)]
    return sum(parts, start=np.zeros_like(carried.cash))


def _fan(axes: Axes, months: NDArray[np.int64], grid: NDArray[np.float64], colour: str) -> None:
    if grid.shape[1] > 1:
        for low, high, dark in FAN:
            ends = np.percentile(grid, [low, high], axis=1)
            axes.fill_between(months, *ends, color=colour, alpha=dark, linewidth=0)
    axes.plot(months, np.median(grid, axis=1), color=colour, linewidth=2)


def _bars(
    axes: Axes,
    shown: Sequence[Swing],
    ends: Sequence[tuple[float | None, float | None]],
    base: float | None,
) -> None:
    """Bars from the base to both ends; what is none is a mark at the edge."""
    found = [value for pair in ends for value in pair if value is not None]
    if base is not None:
        found.append(base)
    if not found:
        axes.text(0.5, 0.5, "none at any end", transform=axes.transAxes, ha="center", color=GREY)
        axes.set_xticks([])
        return
    edge = min(found) - 0.06 * (max(found) - min(found) or 1.0)
    start = base if base is not None else edge
    for place, (one, pair) in enumerate(zip(shown, ends, strict=True)):
        for value, colour, text in zip(pair, (BLUE, ORANGE), (one.low, one.high), strict=True):
            if value is None:
                axes.plot([edge], [place], "x", color=colour, markersize=6)
                continue
            axes.barh(place, value - start, left=start, height=0.6, color=colour, alpha=0.85)
            if value != base:
                side = "left" if value >= start else "right"
                axes.text(value, place, f" {text} ", ha=side, va="center", fontsize=7.5)
    axes.axvline(start, color="black", linewidth=0.8)
    axes.margins(x=0.22)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _hundred(pair: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    return _times(pair[0], 100), _times(pair[1], 100)
