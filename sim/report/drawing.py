"""How figures are drawn: one palette, one style, bands over seeds, always the same bytes.

Colours are Okabe and Ito's, which colour-blind readers can tell apart; series differ in marker
or dash as well. Bands reach from P10 to P90 of the seeds, lines are medians; one seed has none.
"""

import io
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory
from numpy.typing import ArrayLike, NDArray

from sim.distribution import Distribution
from sim.report.picture import Picture

BLUE, RED, GREEN, ORANGE, GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#5F5F5F"
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "path",
}
WIDTH, HEIGHT, DPI = 7.4, 4.0, 160  # inches, inches, dots an inch


def style(name: str) -> Any:
    """Return a context in which figures look like ours, whatever the user has set."""
    return matplotlib.style.context(["default", {**STYLE, "svg.hashsalt": name}])


def sheet(height: float = HEIGHT) -> Figure:
    """Return an empty figure of the report's width."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def rendered(figure: Figure, name: str, title: str, caption: str, alt: str) -> Picture:
    """Render a figure as PNG and SVG, without date and program version."""
    png, svg = io.BytesIO(), io.BytesIO()
    figure.draw_without_rendering()  # so that the layout is found once and holds for both
    figure.set_layout_engine("none")
    figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    return Picture(name, title, caption, alt, png.getvalue(), svg.getvalue())


def band(
    axes: Axes, places: ArrayLike, grid: NDArray[np.float64], colour: str, label: str, look: str
) -> None:
    """Draw the median over seeds and, where there are several, P10 to P90 (seeds, places).

    `look` is matplotlib's short form of marker and line, such as "o-" or "--".
    """
    low, middle, high = np.quantile(grid, [0.1, 0.5, 0.9], axis=0)
    if len(grid) > 1:
        axes.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(places, middle, look, color=colour, label=label, linewidth=2, markersize=5)


def interval(
    axes: Axes,
    of: Distribution,
    scale: float,
    place: float,
    look: tuple[str, str],
    seeds: NDArray[np.float64] | None = None,
) -> None:
    """Draw one distribution lying: the median as a mark, P10 to P90 as a bar, seeds as ticks.

    `look` is colour and marker; all values are divided by `scale`. What is none is not drawn.
    """
    colour, marker = look
    if seeds is not None and len(seeds) > 1:
        heights = np.full(len(seeds), place)
        axes.plot(seeds / scale, heights, "|", color=colour, alpha=0.35, markersize=11)
    if of["p10"] is not None and of["p90"] is not None:
        ends = [of["p10"] / scale, of["p90"] / scale]
        axes.plot(ends, [place, place], "-", color=colour, linewidth=3, solid_capstyle="butt")
    if of["p50"] is not None:
        axes.plot([of["p50"] / scale], [place], marker, color=colour, markersize=8)


def zero(axes: Axes, *, upright: bool = False) -> None:
    """Draw the line of zero, across or upright."""
    (axes.axvline if upright else axes.axhline)(0, color="black", linewidth=0.8)


def legend(axes: Axes) -> None:
    """Put the legend above the drawing, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.985), ncols=4, borderaxespad=0)
    axes.set_title(axes.get_title(loc="left"), loc="left", pad=28)


def heading(figure: Figure, axes: Axes, height: float, words: str) -> None:
    """Write a heading between the lines of a chart, from the figure's left edge on."""
    clear = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    place = blended_transform_factory(figure.transFigure, axes.transData)
    written = axes.text(0.015, height, words, transform=place, va="center", bbox=clear)
    written.set_in_layout(False)


def say(axes: Axes, sentence: str) -> None:
    """Write a sentence where there is nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, sentence, ha="center", va="center", color=GREY, fontsize=11)
