"""What the validation page shows of cost: by age and year, near death, and its noise."""

from statistics import NormalDist

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from sim.report import drawing, words
from sim.report.drawing import BLUE, GREEN, GREY, ORANGE, RED
from sim.report.picture import Picture

SEXES = {"men": (BLUE, "male"), "women": (RED, "female")}
BOTH = "both"


def cost(rows: pd.DataFrame, curves: pd.DataFrame) -> Picture:
    """Draw cost by age, by year, in the dearest and before death."""
    figure = drawing.sheet(5.8)
    title = "What people cost: Germany"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    (age, year), (top, dying) = figure.subplots(2, 2)
    for people, (colour, _) in SEXES.items():
        line = curves[(curves["figure"] == "cost_by_age") & (curves["series"] == people)]
        age.plot(line["x"], line["y"], "-", color=colour, label=people)
    age.set(xlabel="age (years)", ylabel="EUR a year, prices of 2017", ylim=(0, None))
    age.set_title("by age and sex", fontsize=9.5)
    age.legend(fontsize=8)
    by_year = of_quantity(rows, "cost_per_insured")
    by_year = by_year[(by_year["population"] == "germany") & (by_year["sex"] == BOTH)]
    errors = [by_year["published"] - by_year["low"], by_year["high"] - by_year["published"]]
    published = by_year["published"]
    year.errorbar(by_year["year"], published, errors, fmt="none", ecolor=GREY, lw=4, alpha=0.5)
    year.plot(by_year["year"], by_year["simulated"], "o-", color=BLUE, ms=4, label="simulated")
    year.plot([], [], "-", color=GREY, lw=4, alpha=0.5, label="published")
    year.set(xlabel="year", ylabel="EUR per insured", ylim=(0, None))
    year.set_title("by year", fontsize=9.5)
    year.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    year.legend(fontsize=8, loc="lower right")
    line = curves[curves["figure"] == "concentration"]
    top.plot(line["x"], line["y"], "-", color=BLUE)
    for of in of_quantity(rows, "top_share").query("population == 'germany'").itertuples():
        share = float(str(of.condition).removeprefix("top_")) / 100
        top.plot([share, share], [of.low, of.high], "-", color=GREY, lw=4, alpha=0.5)
    top.set(xlabel="dearest share of persons (1)", ylabel="share of cost (1)", ylim=(0, 1))
    top.set_xscale("log")
    ticks = (0.01, 0.05, 0.1, 0.5, 1)
    top.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    top.minorticks_off()
    top.set_title("concentration", fontsize=9.5)
    line = curves[curves["figure"] == "dying"]
    dying.bar(line["x"], line["y"], color=BLUE, width=0.8)
    total, quarter = line["y"].sum(), line[line["x"] <= 3]["y"].sum()
    ends = {
        q: of_quantity(rows, f"last_{q}_cost").query("population == 'germany'")
        for q in ("year", "quarter")
    }
    said = "; ".join(
        f"last {q}: {words.number(value, 0)}, published "
        + ", ".join(words.number(p, 0) for p in ends[q]["published"])
        for q, value in (("year", total), ("quarter", quarter))
    )
    dying.set(xlabel="months before death", ylabel="EUR a month, prices of 2017")
    dying.invert_xaxis()
    dying.set_title("before death", fontsize=9.5)
    return drawing.rendered(
        figure,
        "cost",
        title,
        "Simulated cost of statutory insurance without long-term care; grey bars are published "
        f"figures with their tolerance. Cost of dying in EUR, {said}.",
        f"Four charts. Cost of dying in EUR, {said}.",
    )


def noise(rows: pd.DataFrame, curves: pd.DataFrame, rates: pd.DataFrame) -> Picture:
    """Draw how far a group's cost a head scatters by number insured, beside US thresholds."""
    figure = drawing.sheet(4.4)
    axes = figure.subplots()
    title = "Noise of a group's yearly cost per head, by number insured"
    ours = curves[curves["figure"] == "noise"]
    looks = {
        "raw": (GREY, "-"),
        "risk-adjusted": (BLUE, "-"),
        "risk-adjusted, truncated": (GREEN, "-"),
        "raw, with drift": (GREY, ":"),
        "risk-adjusted, with drift": (BLUE, ":"),
        "risk-adjusted, truncated, with drift": (GREEN, ":"),
    }
    for series, (colour, dash) in looks.items():
        line = ours[ours["series"] == series]
        axes.plot(line["x"], line["y"], dash, color=colour, label=series, lw=1.8)
    axes.plot(
        rates["persons"], rates["rate"], "s-", color=ORANGE, ms=4, label="US minimum savings rate"
    )
    known = rates[rates["confidence"].notna()]
    chance = [NormalDist().inv_cdf(float(level)) for level in known["confidence"]]
    axes.plot(
        known["persons"],
        known["rate"] / np.array(chance),
        "D--",
        color=ORANGE,
        mfc="white",
        ms=5,
        label="deviation that it implies",
    )
    for of in rows[rows["quantity"].str.startswith("cost_noise")].itertuples():
        size = float(str(of.quantity).rsplit("_", 1)[1])
        colour = GREY if "raw" in str(of.quantity) else BLUE
        axes.plot([size, size], [of.low, of.high], "-", color=colour, lw=4, alpha=0.35)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks, heights = [500, 1000, 3000, 10000, 30000, 60000], [0.005, 0.01, 0.02, 0.05, 0.1]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_yticks(heights, [words.percent(height) for height in heights])
    axes.minorticks_off()
    axes.set(xlabel="insured (persons)", ylabel="standard deviation / mean cost")
    axes.set_title(title)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    best = "risk-adjusted, truncated"
    implied = "; ".join(
        f"{words.number(size, 0)} insured: {words.percent(_at(ours, best, size))}"
        for size in (5000.0, 60000.0)
        if size in set(ours["x"])
    )
    return drawing.rendered(
        figure,
        "noise",
        title,
        "One standard deviation; truncation at the 99th percentile of yearly cost; drift: one "
        "year's step of the regional cost level. Pale bars: published figures, not truncated, no "
        "drift. Orange: minimum savings rates of the US programme, and the deviation they imply, "
        "set so that chance alone stays below them with 90, 95 and 99 % confidence.",
        f"Line chart by number insured. Risk-adjusted and truncated, {implied}.",
    )


def of_quantity(rows: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Return the targets of a quantity."""
    return rows[rows["quantity"] == quantity]


def _at(curves: pd.DataFrame, series: str, size: float) -> float:
    line = curves[(curves["series"] == series) & (curves["x"] == size)]
    return float(line["y"].iloc[0])
