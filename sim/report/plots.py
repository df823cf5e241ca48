"""The figures of the report: one answer each, units on the axes, words beside it."""

from collections.abc import Callable

import numpy as np
from matplotlib.ticker import MaxNLocator

from sim.disclosure import smallest_cell
from sim.distribution import distribution
from sim.report import drawing, rules_plot, tables, words
from sim.report.drawing import BLUE, GREEN, GREY, ORANGE, RED
from sim.report.picture import Picture
from sim.report.published import OUTCOMES, answers
from sim.report.tables import Amounts
from sim.results import Results
from sim.results import published as shown_of

CROWDED = 15  # years, beyond which their labels are slanted
PANEL, ACROSS = 1.75, 4  # height of a panel in inches, panels in a row
LINE = 0.33  # height of a line of the published figures, in inches
LOOKS = {
    "true_savings": (BLUE, "o"),
    "measured_savings": (RED, "s"),
    "insurer_net_measured": (RED, "s"),
    "contribution_margin": (ORANGE, "^"),
}


def pictures(results: Results) -> list[Picture]:
    """Draw all figures of a run, in the report's order; the same run gives the same bytes."""
    draw: dict[str, Callable[[Results], Picture]] = {
        "savings": savings,
        "rules": rules_plot.picture,
        "cash_curve": cash_curve,
        "break_even": break_even,
        "insurer_net": insurer_net,
        "reach": reach,
        "published": published,
    }
    drawn = []
    for name, one in draw.items():
        with drawing.style(name):
            drawn.append(one(results))
    return drawn


def savings(results: Results) -> Picture:
    """Draw savings measured and true by year (M EUR a year)."""
    figure = drawing.sheet()
    axes = figure.subplots()
    title = "Savings by year: what the contract measures, and what is true"
    true = tables.averted(results, tables.costs(results))
    measured = tables.settled(results, "measured_savings")
    drawing.band(axes, results.years, true / words.MILLION, BLUE, "true savings", "o-")
    drawing.band(axes, results.years, measured / words.MILLION, RED, "measured savings", "s-")
    drawing.zero(axes)
    axes.set(title=title, xlabel="contract year", ylabel="savings (M EUR a year)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    drawing.legend(axes)
    return drawing.rendered(
        figure,
        "savings",
        title,
        "True savings are the cost of care without the programmes less the cost with them; "
        f"measured savings are the contract's benchmark less the cost. {_lines(results)}",
        "Line chart by year. Median over the contract: true savings "
        f"{_median(true.sum(axis=1))}, measured savings {_median(measured.sum(axis=1))}.",
    )


def cash_curve(results: Results) -> Picture:
    """Draw the integrator's cumulative cash before and with financing, and its lowest point."""
    figure = drawing.sheet()
    axes = figure.subplots()
    title = "The integrator's cash, month by month"
    months = tables.months(results)
    own = np.cumsum(tables.cash_flow(results, financed=False), axis=1) / words.MILLION
    held = np.cumsum(tables.cash_flow(results, financed=True), axis=1) / words.MILLION
    drawing.band(axes, months, held, ORANGE, "with funding", "--")
    drawing.band(axes, months, own, BLUE, "before financing", "-")
    drawing.zero(axes)
    median = np.median(own, axis=0)
    lowest = int(np.argmin(median))
    depth = words.amount(float(median[lowest]) * words.MILLION, "EUR")
    where = words.month(float(months[lowest]), results.first_year)
    if median[lowest] < 0:
        axes.plot(months[lowest], median[lowest], "v", color=BLUE, markersize=8)
        axes.annotate(
            f"lowest point {depth}\n{where}",
            (float(months[lowest]), float(median[lowest])),
            xytext=(0, -10),
            textcoords="offset points",
            ha="center",
            va="top",
            color=BLUE,
        )
        axes.margins(y=0.3)
    first, last = ((months[[0, -1]] + (10, -1)) // 12 + results.first_year).tolist()
    years = range(first, last + 1)  # those whose January is in the books
    axes.set_xticks([results.month_of(year, 1) for year in years], [str(year) for year in years])
    axes.tick_params(axis="x", rotation=45 if len(years) > CROWDED else 0)
    end = results.month_of(results.last_year, 12)
    if months[-1] > end:
        axes.axvspan(end, float(months[-1]), color="#F1F1F1", zorder=0)
        axes.text(
            end + 1, 0.98, "run-off", transform=axes.get_xaxis_transform(), color=GREY, va="top"
        )
    axes.set(title=title, xlabel="year (ticks in January)", ylabel="cumulative cash (M EUR)")
    drawing.legend(axes)
    return drawing.rendered(
        figure,
        "cash_curve",
        title,
        "Cumulative operating cash before financing, and cash at hand with funding drawn and "
        "repaid; the books run on until the last payment. The mark is the lowest point of the "
        "median curve; peak funding in the table takes each seed's own lowest point. "
        f"{_lines(results)}",
        f"Line chart by month. Before financing the median falls to {depth} in {where} and "
        f"ends at {words.amount(float(median[-1]) * words.MILLION, 'EUR')}.",
    )


def break_even(results: Results) -> Picture:
    """Draw in which year the seeds break even; those that never do are a bar of their own."""
    figure = drawing.sheet()
    axes = figure.subplots()
    title = "When the integrator breaks even"
    found = [month for month in tables.break_evens(results) if month is not None]
    never = len(results.seeds) - len(found)
    reached = [results.first_year + (month - 1) // 12 for month in found]
    counts = [reached.count(year) for year in results.years]
    beyond = results.last_year + 1.5
    within = axes.bar(results.years, counts, 0.8, color=BLUE)
    outside = axes.bar([beyond], [never], 0.8, color="#C4C4C4", hatch="//", edgecolor=GREY)
    axes.bar_label(within, [str(count) if count else "" for count in counts], padding=2)
    axes.bar_label(outside, [str(never)], padding=2)
    labels = [*(str(year) for year in results.years), "never within\nthe horizon"]
    axes.set_xticks([*results.years, beyond], labels)
    axes.tick_params(axis="x", rotation=45 if len(results.years) > CROWDED else 0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(title=title, xlabel="year of break-even", ylabel="number of seeds")
    axes.set_ylim(0, max(1, *counts, never) * 1.15)
    axes.grid(visible=False, axis="x")
    return drawing.rendered(
        figure,
        "break_even",
        title,
        "Break-even is the first month from which the trailing year's operating result before "
        "financing stays at or above zero to the end of the contract, for at least 24 months. "
        "It is not the payback, which also returns the losses made before. "
        f"{_how_many(results)} Each counts once.",
        f"Bar chart. {len(found)} of {len(results.seeds)} seeds break even, {never} never do "
        "within the horizon.",
    )


def insurer_net(results: Results) -> Picture:
    """Draw the three net figures, which are never mixed (M EUR over the contract)."""
    figure = drawing.sheet(3.3)
    axes = figure.subplots()
    title = "What is left after everything paid to the integrator"
    measured = tables.settled(results, "measured_savings").sum(axis=1)
    nets: list[tuple[str, Amounts]] = [
        ("insurers, as measured", measured - tables.paid_by_insurers(results)),
        ("insurers, true", tables.insurer_net_true(results)),
        ("all payers, true", tables.payers_net_true(results)),
    ]
    for place, ((_, net), (colour, marker)) in enumerate(
        zip(nets, ((RED, "s"), (BLUE, "o"), (GREEN, "D")), strict=True)
    ):
        of = distribution(net.tolist())
        drawing.interval(axes, of, words.MILLION, place, (colour, marker), net)
        axes.annotate(
            _median(net),
            (float(np.median(net)) / words.MILLION, place),
            xytext=(0, 10),
            textcoords="offset points",
            ha="center",
            color=colour,
            fontweight="bold",
        )
    drawing.zero(axes, upright=True)
    axes.set_yticks(range(len(nets)), [label for label, _ in nets])
    axes.margins(x=0.12)
    axes.set(title=title, ylim=(len(nets) - 0.5, -0.7), xlabel="net over the contract (M EUR)")
    axes.grid(visible=False, axis="y")
    return drawing.rendered(
        figure,
        "insurer_net",
        title,
        "Three figures that are never mixed: measured savings less all paid (published figures "
        "are of this kind); the insurers' income less cost, against the counterfactual, less "
        f"all paid; the cost avoided for all payers less all paid. {_marks(results)}",
        "Dot and interval chart. Medians: "
        + "; ".join(f"{label} {_median(net)}" for label, net in nets)
        + ".",
    )


def reach(results: Results) -> Picture:
    """Draw every programme's reach over the years (enrolled over eligible, 1)."""
    shown, _ = shown_of(results, smallest_cell(results.config))
    rows = shown.table("programmes")
    rows = rows[rows["arm"] == tables.WITH]
    names = list(dict.fromkeys(rows["programme"]))
    deep = max(1, -(-len(names) // ACROSS))
    figure = drawing.sheet(0.9 + PANEL * deep if names else 2.0)
    title = "Reach of the programmes: enrolled among the eligible"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    panels = figure.subplots(deep, min(ACROSS, max(1, len(names))), sharex=True, sharey=True)
    ends, highest = [], 0.0
    for place, axes in enumerate(np.atleast_1d(panels).flat):
        if place >= len(names):
            drawing.say(axes, "" if names else "No programme ran.")
            continue
        ours = rows[rows["programme"] == names[place]]
        enrolled = tables.by_year(results, ours, ["enrolled"])
        eligible = tables.by_year(results, ours, ["eligible"])
        share = np.where(np.isnan(eligible), np.nan, 0.0)  # of few nothing is drawn
        np.divide(enrolled, eligible, out=share, where=eligible > 0)
        drawing.band(axes, results.years, share, BLUE, "", "-")
        at_end = words.count(float(np.median(enrolled[:, -1])))
        label = results.label("programmes", names[place])
        axes.set_title(f"{label}\n", fontsize=8.5, fontweight="normal", pad=1)
        axes.text(0, 1.03, f"{at_end} enrolled", transform=axes.transAxes, fontsize=8, color=GREY)
        highest = max(highest, float(np.nan_to_num(np.quantile(share, 0.9, axis=0)).max()))
        axes.set_ylim(0, 1.1 * highest or 1)
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        end = float(np.median(share[:, -1]))
        ends.append(f"{label} {'of few' if np.isnan(end) else words.number(end, 2)}")
    if names:
        figure.supylabel("reach (enrolled / eligible)", fontsize=9.5)
        figure.supxlabel("end of year", fontsize=9.5)
    return drawing.rendered(
        figure,
        "reach",
        title,
        "Persons enrolled at the end of the year over those eligible then, as a fraction; the "
        f"number enrolled at the end of {results.last_year} stands above each panel. "
        f"{_lines(results)}",
        f"One line chart a programme. Reach at the end: {'; '.join(ends) or 'no programme'}.",
    )


def published(results: Results) -> Picture:
    """Draw simulated figures over published ones (1): at one they agree."""
    rows = [answer for answer in answers(results) if answer.within and answer.figure.value]
    ticks: dict[float, str] = {}
    height, said = 0.0, []
    figure = drawing.sheet(max(2.0, 1.1 + LINE * sum(len(row.simulated) + 1.5 for row in rows)))
    axes = figure.subplots()
    title = "Simulated over published: at 1 they agree"
    figure.suptitle(title, x=0.01, ha="left", size="large", weight="bold")
    for answer in rows:
        one = answer.figure
        heading = f"{one.title}: {one.written(one.value)} published"
        drawing.heading(figure, axes, height, heading)
        for name, of in answer.simulated.items():
            height += 1
            ticks[height] = f"{OUTCOMES[name].label}\n{one.written(of['p50'])}"
            look = LOOKS.get(name, (GREY, "D"))
            drawing.interval(axes, of, one.value, height, look)
        said.append(f"{heading}; {', '.join(answer.lines())}")
        height += 1.5
    if rows:
        axes.axvline(1, color="black", linewidth=1.2)
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.set(xlabel="simulated / published (1)", ylim=(height - 0.7, -0.8))
        axes.grid(visible=False, axis="y")
    else:
        drawing.say(axes, "No figure is published for the years of this run.")
    return drawing.rendered(
        figure,
        "published",
        title,
        "Each simulated figure divided by the published one, which others have computed and "
        "which is no input of the run; years outside the horizon are not drawn. "
        f"{_marks(results, ticks=False)}",
        "Dot and interval chart. " + ("; ".join(said) or "Nothing published to show") + ".",
    )


def _median(values: Amounts) -> str:
    return words.amount(float(np.median(values)), "EUR")


def _how_many(results: Results) -> str:
    return f"{len(results.seeds)} seeds." if len(results.seeds) > 1 else "One seed: no spread."


def _lines(results: Results) -> str:
    more = " Lines are medians, bands reach from P10 to P90." if len(results.seeds) > 1 else ""
    return f"{_how_many(results)}{more}"


def _marks(results: Results, *, ticks: bool = True) -> str:
    more = " Marks are medians, bars reach from P10 to P90"
    more += ", ticks are seeds." if ticks else "."
    return f"{_how_many(results)}{more if len(results.seeds) > 1 else ''}"
