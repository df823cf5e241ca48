"""The figures of the audit page: one a question."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import drawing, words
from sim.report.audited import FAILS, NONE, Audited
from sim.report.drawing import BLUE, GREEN, GREY, ORANGE, RED
from sim.report.picture import Picture

LOOKS = ((BLUE, "o-"), (RED, "s-"), (GREEN, "D-"), (ORANGE, "^-"), (GREY, "v-"), ("black", "x-"))
FAINT = "#B9BEC4"
WIDEST = 0.08
"""Bias beyond which a mark is drawn at the edge (1)."""


def pictures(audited: Audited) -> list[Picture]:
    """Draw all figures of the page, in its order."""
    draw: dict[str, Callable[[Audited], Picture]] = {
        "bias": bias,
        "noise": noise,
        "false_payout": false_payout,
        "missed_payout": missed_payout,
        "detectable": detectable,
        "threshold": threshold,
    }
    drawn = []
    for name, one in draw.items():
        with drawing.style(name):
            drawn.append(one(audited))
    return drawn


def bias(audited: Audited) -> Picture:
    """Draw what rules measure where nothing is saved, by disturbance (% of cost)."""
    names = list(audited.disturbances)
    figure = drawing.sheet(1.3 + 0.24 * len(names))
    title = "Bias: what is measured where nothing is saved"
    panels = _panels(figure, title, len(audited.main))
    wrong = []
    for axes, rule in zip(panels, audited.main, strict=True):
        ours = audited.placebos[audited.placebos["rule"] == rule].set_index("disturbance")
        drawing.zero(axes, upright=True)
        axes.axvspan(
            -100 * audited.placebo_bias, 100 * audited.placebo_bias, color="#E4F1E9", zorder=0
        )
        for height, name in enumerate(names):
            if name not in ours.index:
                continue
            line = ours.loc[name]
            colour = RED if line["verdict"] == FAILS else BLUE if line["claimed"] else GREY
            place = 100 * float(np.clip(line["bias"], -WIDEST, WIDEST))
            reach = 100 * audited.placebo_errors * float(np.nan_to_num(line["error"]))
            axes.plot([place - reach, place + reach], [height, height], "-", color=colour, lw=1.6)
            face = colour if line["claimed"] else "white"
            axes.plot(place, height, "o", color=colour, mfc=face, ms=5)
            if line["verdict"] == FAILS:
                wrong.append(f"{audited.rules[rule]}, {audited.disturbances[name]}")
        axes.set_title(_wrapped(audited.rules[rule]), fontsize=9)
        axes.set(ylim=(len(names) - 0.5, -0.5), xlim=(-100 * WIDEST - 0.6, 100 * WIDEST + 0.6))
        axes.grid(visible=False, axis="y")
    panels[0].set_yticks(range(len(names)), list(audited.disturbances.values()), fontsize=8)
    figure.supxlabel("measured, where true savings are 0 (% of cost)", fontsize=9.5)
    return drawing.rendered(
        figure,
        "bias",
        title,
        f"All audited regions together, {audited.seeds} seeds; bars reach "
        f"{words.number(audited.placebo_errors, 1)} Monte Carlo standard errors to each side. "
        "Filled: the rule claims to be unbiased to it; red: the claim fails; open: it claims "
        f"nothing. Green: {words.percent(audited.placebo_bias)} of cost. To the right the insurer "
        "pays for nothing. "
        f"Beyond {words.percent(WIDEST)} marks stand at the edge.",
        "Dot chart by rule and disturbance. "
        + (f"Claims that fail: {'; '.join(wrong)}." if wrong else "No claim fails."),
    )


def noise(audited: Audited) -> Picture:
    """Draw the standard deviation of a year's error by number of insured (1)."""
    figure = drawing.sheet(3.9)
    title = "Noise: how far one year's measurement is off by chance"
    shown = [name for name in (NONE, "drift_one") if name in audited.disturbances]
    panels = _panels(figure, title, len(shown))
    for axes, name in zip(panels, shown, strict=True):
        for rule, look in _looks(audited):
            ours = audited.lines(name, rule)
            ours = ours[ours["savings"] == NONE]
            _line(axes, ours, "sd", look, audited.rules[rule])
            _errors(axes, audited, ours, rule, name, look[0])
        axes.set_yscale("log")
        _sizes(axes, audited)
        axes.set_title(audited.disturbances[name], fontsize=9.5)
    _percent_axis(panels[0], (0.005, 0.01, 0.02, 0.05, 0.1, 0.2))
    panels[0].set_ylabel("standard deviation / cost")
    _legend(figure, panels[0])
    said = [
        f"{audited.rules[rule]} {words.percent(_known(audited.one(rule, audited.shown)['sd']))}"
        for rule in audited.main
    ]
    return drawing.rendered(
        figure,
        "noise",
        title,
        "Standard deviation of measured less true savings of a single year, where nothing is "
        "saved; bars: its Monte Carlo error. Level and evolution scatter "
        "less because they are floored at nothing.",
        f"Line charts by number of insured. At {words.number(audited.shown, 0)}: "
        f"{'; '.join(said)}.",
    )


def false_payout(audited: Audited) -> Picture:
    """Draw how often something is paid where nothing is saved: by size, and by disturbance."""
    names = list(audited.disturbances)
    figure = drawing.sheet(2.4 + 0.27 * len(names))
    title = "Paying for nothing: years with a payment where nothing is saved"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    above, below = figure.subplots(2, 1, height_ratios=[2.6, 0.27 * len(names) + 0.4])
    for rule, look in _looks(audited):
        ours = audited.lines(NONE, rule)
        _line(above, ours[ours["savings"] == NONE], "false_payout", look, audited.rules[rule])
    above.axhline(audited.tolerated, color="black", lw=0.8, ls="--")
    _sizes(above, audited)
    above.set(ylim=(0, 1), ylabel="share of years")
    above.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    ours = audited.audit[
        (audited.audit["insured"] == audited.shown) & (audited.audit["savings"] == NONE)
    ]
    grid = ours.pivot_table(index="disturbance", columns="rule", values="false_payout")
    grid = grid.reindex(index=names, columns=audited.main)
    _heat(below, grid, audited)
    below.set_title(
        f"{words.number(audited.shown, 0)} insured, by disturbance", fontsize=9.5, loc="left"
    )
    return drawing.rendered(
        figure,
        "false_payout",
        title,
        "Each rule under its own contract: minimum savings rates and averaged years are those of "
        "conf/contract. Dashed: what is tolerated here, "
        f"{words.percent(audited.tolerated)}.",
        f"Line chart by number of insured and table by disturbance, at "
        f"{words.number(audited.shown, 0)} insured undisturbed: "
        + "; ".join(
            f"{audited.rules[rule]} {words.percent(_known(grid.loc[NONE, rule]))}"
            for rule in audited.main
        )
        + ".",
    )


def missed_payout(audited: Audited) -> Picture:
    """Draw how often nothing is paid where something is saved, by number of insured."""
    figure = drawing.sheet(3.2)
    title = "Not paying for something: years without a payment where savings are true"
    panels = _panels(figure, title, len(audited.main))
    dials = [name for name in audited.audit["savings"].unique() if name != NONE]
    for axes, rule in zip(panels, audited.main, strict=True):
        for (colour, mark), dial in zip(LOOKS, dials, strict=False):
            ours = audited.lines(NONE, rule)
            ours = ours[ours["savings"] == dial]
            label = words.percent(float(ours["true_rate"].mean()))
            _line(axes, ours, "missed_payout", (colour, mark), label)
        _sizes(axes, audited, few=True)
        axes.set(ylim=(0, 1))
        axes.set_title(_wrapped(audited.rules[rule]), fontsize=9)
    panels[0].set_ylabel("share of years")
    _legend(figure, panels[0], "true savings: ")
    return drawing.rendered(
        figure,
        "missed_payout",
        title,
        "Undisturbed regions, each rule under its own contract.",
        f"Line charts by rule and number of insured, for true savings of "
        f"{', '.join(_rates(audited, dials))}.",
    )


def detectable(audited: Audited) -> Picture:
    """Draw the smallest true savings that a rule tells from nothing (1)."""
    figure = drawing.sheet(3.9)
    title = "The smallest saving that can be told from nothing"
    shown = {"detectable_one_year": "one year", "detectable_cumulative": f"{audited.years} years"}
    panels = _panels(figure, title, 2)
    for axes, (column, label) in zip(panels, shown.items(), strict=True):
        for rule, look in _looks(audited):
            ours = audited.lines(NONE, rule)
            _line(axes, ours[ours["savings"] == NONE], column, look, audited.rules[rule])
        axes.set_yscale("log")
        _sizes(axes, audited)
        axes.set_title(label, fontsize=9.5)
    _percent_axis(panels[0], (0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    panels[0].set_ylabel("true savings / cost")
    _legend(figure, panels[0])
    said = "; ".join(
        f"{audited.rules[rule]} "
        f"{words.percent(_known(audited.one(rule, audited.shown)['detectable_one_year']))}"
        for rule in audited.main
    )
    return drawing.rendered(
        figure,
        "detectable",
        title,
        f"With a power of {words.percent(audited.power)} and a one-sided error of "
        f"{words.percent(audited.tolerated)}, undisturbed: 2.49 standard deviations of the error "
        "of a year, and of the mean of all years of the contract. What is biased detects nothing "
        "reliably, however little it scatters.",
        f"Line charts by number of insured. One year, {words.number(audited.shown, 0)} insured: "
        f"{said}.",
    )


def threshold(audited: Audited) -> Picture:
    """Draw the minimum savings rate that keeps false payouts rare, by size and averaged years."""
    figure = drawing.sheet(3.2)
    title = f"What keeps false payouts below {words.percent(audited.tolerated)} of years"
    panels = _panels(figure, title, len(audited.main))
    years = [n for n in (1, 3, audited.years) if n <= audited.years]
    for axes, rule in zip(panels, audited.main, strict=True):
        ours = audited.thresholds[
            (audited.thresholds["rule"] == rule) & (audited.thresholds["disturbance"] == NONE)
        ]
        for (colour, mark), count in zip(LOOKS, dict.fromkeys(years), strict=False):
            one = ours[ours["averaged_years"] == count]
            label = "one year" if count == 1 else f"mean of {count} years"
            _line(axes, one, "minimum_savings_rate", (colour, mark), label)
        own = ours[ours["averaged_years"] == 1]
        axes.plot(own["insured"], own["own"], "--", color="black", lw=1, label="agreed")
        _sizes(axes, audited, few=True)
        axes.set_title(_wrapped(audited.rules[rule]), fontsize=9)
    top = float(np.nanmax(audited.thresholds["minimum_savings_rate"]))
    panels[0].set_ylim(0, min(top, 0.16) * 1.05 or 1)
    panels[0].set_ylabel("minimum savings rate")
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    _legend(figure, panels[0])
    return drawing.rendered(
        figure,
        "threshold",
        title,
        "Minimum savings rate below which nothing would have to be paid, undisturbed: bias plus "
        "1.64 standard deviations of the mean of so many years. Dashed: what the rule's own "
        "contract has agreed.",
        "Line charts by rule and number of insured.",
    )


def _panels(figure: Figure, title: str, count: int) -> Sequence[Axes]:
    """Lay out panels side by side under a title."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    grid = figure.subplots(1, max(count, 1), sharey=True, squeeze=False)
    found: Sequence[Axes] = list(grid[0])
    return found


def _looks(audited: Audited) -> list[tuple[str, tuple[str, str]]]:
    """Name the rules shown, each with colour and marker."""
    return list(zip(audited.main, LOOKS, strict=False))


def _line(axes: Axes, lines: pd.DataFrame, column: str, look: tuple[str, str], label: str) -> None:
    colour, mark = look
    axes.plot(lines["insured"], lines[column], mark, color=colour, label=label, lw=1.6, ms=4.5)


def _errors(
    axes: Axes, audited: Audited, lines: pd.DataFrame, rule: str, disturbance: str, colour: str
) -> None:
    """Draw Monte Carlo errors of the standard deviation, one to each side."""
    every = audited.errors
    ours = every[(every["rule"] == rule) & (every["disturbance"] == disturbance)]
    error = ours[ours["savings"] == NONE]["sd"].to_numpy(float)
    axes.errorbar(
        lines["insured"], lines["sd"], error, fmt="none", ecolor=colour, alpha=0.4, lw=1.2
    )


def _sizes(axes: Axes, audited: Audited, few: bool = False) -> None:
    """Write numbers of insured under a logarithmic axis."""
    axes.set_xscale("log")
    ticks = audited.sizes[:: max(1, len(audited.sizes) - 1)] if few else audited.sizes
    axes.set_xticks(ticks, [f"{tick / 1000:g}k" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("insured (persons)", fontsize=9)
    axes.set_xlim(audited.sizes[0] * 0.8, audited.sizes[-1] * 1.25)


def _percent_axis(axes: Axes, ticks: Sequence[float]) -> None:
    low, high = axes.get_ylim()
    shown = [tick for tick in ticks if low <= tick <= high]
    axes.set_yticks(shown, [words.percent(tick) for tick in shown])
    axes.minorticks_off()


def _legend(figure: Figure, axes: Axes, before: str = "") -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, [f"{before}{label}" for label in labels], loc="outside lower left", ncols=3,
        fontsize=8,
    )  # fmt: skip


def _heat(axes: Axes, grid: pd.DataFrame, audited: Audited) -> None:
    """Draw shares as tinted cells with their number."""
    shares = grid.to_numpy(float)
    axes.imshow(shares, aspect="auto", cmap="Oranges", vmin=0, vmax=1.2)
    for row, column in np.ndindex(*shares.shape):
        share = shares[row, column]
        text = words.DASH if np.isnan(share) else f"{100 * share:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=8)
    labels = [_wrapped(audited.rules[rule]) for rule in grid.columns]
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.set_yticks(range(len(grid)), [audited.disturbances[n] for n in grid.index], fontsize=8)
    axes.set_xlabel("% of years", fontsize=9)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _wrapped(label: str) -> str:
    """Break a label in two lines."""
    parts = label.split()
    middle = (len(parts) + 1) // 2
    return "\n".join(filter(None, (" ".join(parts[:middle]), " ".join(parts[middle:]))))


def _rates(audited: Audited, dials: Sequence[str]) -> list[str]:
    calm = audited.lines()
    return [
        words.percent(float(calm[calm["savings"] == dial]["true_rate"].mean())) for dial in dials
    ]


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
