"""A figure of what every benchmark rule measures, a panel a rule, the truth in each."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from sim.report import drawing, tables, words
from sim.report.drawing import BLUE, RED
from sim.report.picture import Picture
from sim.report.rules import by_rule, in_millions, name_of
from sim.results import Results

ACROSS, PANEL = 3, 2.3  # panels in a row, height of one in inches


def picture(results: Results) -> Picture:
    """Draw what every rule measures by year, the true savings in each panel (M EUR a year)."""
    measured = by_rule(results, "measured_savings")
    true = tables.averted(results, tables.costs(results)) / words.MILLION
    deep = max(1, -(-len(measured) // ACROSS))
    figure = drawing.sheet(0.9 + PANEL * deep if measured else 2.0)
    title = "The same years by every rule (orange), and what is true (blue)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    wide = min(ACROSS, max(1, len(measured)))
    panels = list(np.atleast_1d(figure.subplots(deep, wide, sharex=True, sharey=True)).flat)
    said: list[str] = []
    for axes, (rule, grid) in zip(panels, measured.items(), strict=False):
        answered = ~np.isnan(grid).any(axis=0)
        shown = np.where(answered, grid, np.nan) / words.MILLION
        drawing.band(axes, results.years, shown, RED, "measured", "s-")
        drawing.band(axes, results.years, true, BLUE, "true", "-")
        drawing.zero(axes)
        label = name_of(rule) + (", agreed" if not said else "")
        axes.set_title(label, fontsize=9.5, fontweight="bold" if not said else "normal", pad=4)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        said.append(f"{label} {in_millions(grid.sum(axis=1))}")
    for place in range(len(measured), len(panels)):
        panels[place].set_axis_off()
        panels[place - wide].xaxis.set_tick_params(labelbottom=True)  # nothing stands below it
    if measured:
        figure.supylabel("savings (M EUR a year)", fontsize=9.5)
        figure.supxlabel("contract year", fontsize=9.5)
    else:
        drawing.say(panels[0], "No contract was settled.")
    spread = " Lines are medians, bands reach from P10 to P90." if len(true) > 1 else ""
    seeds = f"{len(true)} seeds." if len(true) > 1 else "One seed: no spread."
    return drawing.rendered(
        figure,
        "rules",
        title,
        "Savings as each benchmark rule measures them on the same ledgers. The contract pays by "
        f"the agreed one alone; none of them sees the true savings. {seeds}{spread}",
        "One line chart a rule. Medians over the contract in M EUR: "
        f"true {in_millions(true.sum(axis=1) * words.MILLION)}; {'; '.join(said) or 'no rule'}.",
    )
