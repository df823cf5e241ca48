"""The figures of the validation page: simulated curves beside published points and intervals."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.report import drawing, validation_costs, words
from sim.report.drawing import BLUE, GREY, RED
from sim.report.picture import Picture
from sim.report.validation_costs import BOTH, SEXES, of_quantity

HARD, SOFT = "#B42318", "#8C8C8C"
STROKE = {"30_days": 1, "90_days": 3, "1_year": 12, "5_years": 60}
SHOWN = ("diabetes", "coronary_heart_disease", "stroke", "copd", "depression", "heart_failure",
         "dementia", "chronic_kidney_disease", "raised_blood_pressure", "smoking", "obesity",
         "inactivity")  # fmt: skip
LABELS = {
    "e65": "life expectancy at 65",
    "hazard_ratio_to_table_after_20_years": "hazard after 20 years",
    "event_count_z": "counts against hazards",
    "cpm": "CPM",
    "r_squared": "R squared",
    "cost_cv": "coefficient of variation",
}
"""Quantities whose names need a word more."""


def pictures(rows: pd.DataFrame, curves: pd.DataFrame, rates: pd.DataFrame) -> list[Picture]:
    """Draw all figures of the page, in its order.

    Parameters
    ----------
    rows
        Lines of validation.csv.
    curves
        Lines of curves.csv: figure, panel, series, x, y.
    rates
        Minimum savings rate by number of insured: persons, rate, confidence where known.
    """
    draw: dict[str, Callable[[], Picture]] = {
        "targets": lambda: targets(rows),
        "life": lambda: life(curves),
        "prevalence": lambda: prevalence(rows, curves),
        "course": lambda: course(rows, curves),
        "cost": lambda: validation_costs.cost(rows, curves),
        "noise": lambda: validation_costs.noise(rows, curves, rates),
    }
    drawn = []
    for name, one in draw.items():
        with drawing.style(name):
            drawn.append(one())
    return drawn


def targets(rows: pd.DataFrame) -> Picture:
    """Draw where each target's simulated figure lies in the published interval (-1 to 1)."""
    names = list(dict.fromkeys(rows["quantity"]))
    figure = drawing.sheet(1.2 + 0.19 * len(names))
    axes = figure.subplots()
    title = "Where the simulated figures lie in the published intervals"
    middle, half = (rows["low"] + rows["high"]) / 2, (rows["high"] - rows["low"]) / 2
    place = ((rows["simulated"] - middle) / half.where(half > 0)).clip(-4, 4)
    height = rows["quantity"].map(names.index)
    axes.axvspan(-1, 1, color="#E4F1E9", zorder=0)
    for used, marker in (("yes", "o"), ("no", "D")):
        for verdict, colour in (("passed", BLUE), ("failed", HARD)):
            ours = (rows["used_for_calibration"] == used) & (
                rows["passed"] == (verdict == "passed")
            )
            label = f"{verdict}, {'used for calibration' if used == 'yes' else 'not used'}"
            axes.plot(
                place[ours], height[ours], marker, color=colour, label=label, ls="", ms=4, alpha=0.6
            )
    labels = [LABELS.get(name, name.replace("_", " ")) for name in names]
    axes.set_yticks(range(len(names)), labels, fontsize=7.5)
    axes.set(xlim=(-4.3, 4.3), ylim=(len(names) - 0.5, -0.5))
    axes.set_xlabel("half-widths of the interval from its middle (1); beyond 4 drawn at 4")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.3, 1.0), ncols=2, borderaxespad=0, fontsize=8)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    passed = int(rows["passed"].sum())
    return drawing.rendered(
        figure,
        "targets",
        title,
        "Every mark is a target; the green band is the published interval or the tolerance fixed "
        "in advance. Round: an input of the model was taken from it. Diamonds: nothing was.",
        f"Dot chart by quantity. {passed} of {len(rows)} targets lie within their interval.",
    )


def life(curves: pd.DataFrame) -> Picture:
    """Draw hazards of death by age: the table, and simulated (1/person-year)."""
    ours = curves[curves["figure"] == "life"]
    panels = [p for p in dict.fromkeys(ours["panel"]) if p.split()[0] in ("germany", "france")]
    figure = drawing.sheet(2.6 * max(1, -(-len(panels) // 3)) + 0.5)
    title = "Hazard of death by age: simulated over the table"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    grid = figure.subplots(max(1, -(-len(panels) // 3)), 3, sharex=True, sharey=True)
    said = []
    for axes, panel in zip(np.atleast_1d(grid).flat, panels, strict=False):
        one = ours[ours["panel"] == panel].pivot_table(index="x", columns="series", values="y")
        share = one["simulated"] / one["table"]
        smooth = share.rolling(5, center=True, min_periods=1).mean()
        axes.axhspan(0.99, 1.01, color="#E4F1E9", zorder=0)
        axes.plot(share.index, share, ".", color=SOFT, ms=3)
        axes.plot(smooth.index, smooth, "-", color=BLUE, lw=1.8)
        place, year, sex = panel.split()
        axes.set_title(f"{place.capitalize()} {year}, {sex}", fontsize=9.5)
        axes.set_ylim(0.8, 1.25)
        old = share[share.index >= 50]
        said.append(f"{panel}: mean from age 50 {float(old.mean()):.3f}")
    for axes in list(np.atleast_1d(grid).flat)[len(panels) :]:
        axes.set_axis_off()
    figure.supxlabel("age (years)", fontsize=9.5)
    figure.supylabel("simulated / table (1)", fontsize=9.5)
    return drawing.rendered(
        figure,
        "life",
        title,
        "Summed hazards over exposure by single age, divided by the life table (carried by the "
        "declared trend to later years). Dots: single ages; line: five years around; green: "
        "within 1 %. The year twenty years on shows whether frailty depletes.",
        "Line charts by age. " + "; ".join(said) + ".",
    )


def prevalence(rows: pd.DataFrame, curves: pd.DataFrame) -> Picture:
    """Draw prevalence by age and sex, and the published intervals (1)."""
    ours, known = curves[curves["figure"] == "prevalence"], rows[rows["quantity"] == "prevalence"]
    known = known[known["population"] == "germany"]
    figure = drawing.sheet(9.2)
    title = "Who has what, by age and sex: Germany 2019"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    for axes, name in zip(figure.subplots(4, 3, sharex=True).flat, SHOWN, strict=True):
        points = known[known["condition"] == name]
        layer = points["layer"].iloc[0] if len(points) else "true"
        for people, (colour, sex) in SEXES.items():
            line = ours[(ours["panel"] == name) & (ours["series"] == f"{layer} {people}")]
            axes.plot(line["x"], line["y"], "-", color=colour, lw=1.6, label=people)
            _intervals(axes, points[points["sex"] == sex], colour)
        _intervals(axes, points[points["sex"] == BOTH], GREY)
        axes.set_title(f"{name.replace('_', ' ')}\n({layer.replace('_', '-')})", fontsize=9)
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, 100)
    figure.axes[0].legend(fontsize=8, loc="upper left")
    figure.supxlabel("age (years)", fontsize=9.5)
    figure.supylabel("share with the condition (1)", fontsize=9.5)
    passed = int(known["passed"].sum())
    return drawing.rendered(
        figure,
        "prevalence",
        title,
        "Lines: simulated, on the layer of the targets. Bars: published intervals over the ages "
        "they hold for; grey: both sexes together; crosses: the simulated figure lies outside.",
        f"Twelve line charts. {passed} of {len(known)} prevalences of Germany pass.",
    )


def course(rows: pd.DataFrame, curves: pd.DataFrame) -> Picture:
    """Draw what becomes of patients with a new stroke or heart failure, and infarction."""
    figure = drawing.sheet(3.4)
    title = "Course of disease"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    left, right = figure.subplots(1, 2)
    ours = curves[curves["figure"] == "course"]
    for name, colour in (("stroke", RED), ("heart_failure", BLUE)):
        line = ours[ours["panel"] == name]
        label = name.replace("_", " ")
        left.plot(line["x"], line["y"], "-", color=colour, label=f"{label}, simulated")
    for quantity, month, colour in (
        *((f"death_after_{name}", month, RED) for name, month in STROKE.items()),
        ("death_after_2_years_new", 24, BLUE),
    ):
        for line in of_quantity(rows, quantity).itertuples():
            left.plot([month, month], [line.low, line.high], "-", color=colour, lw=4, alpha=0.35)
            left.plot(month, line.published, "o", color=colour, ms=5)
    left.set(xlabel="months after onset", ylabel="dead (1)", ylim=(0, None))
    left.legend(fontsize=8, loc="upper left")
    ages = of_quantity(rows, "case_fatality_28_days")
    for place, (people, (colour, sex)) in enumerate(SEXES.items()):
        ours = ages[ages["sex"] == sex]
        x = np.arange(len(ours)) + (place - 0.5) * 0.3
        errors = [ours["published"] - ours["low"], ours["high"] - ours["published"]]
        right.errorbar(x, ours["published"], errors, fmt="none", ecolor=colour, lw=4, alpha=0.35)
        right.plot(x, ours["simulated"], "o", color=colour, ms=5, label=f"{people}, simulated")
        bands = [f"{a.age_low}{words.DASH}{a.age_high}" for a in ours.itertuples()]
        right.set_xticks(range(len(bands)), bands)
    right.set(xlabel="age (years)", ylabel="dead within 28 days (1)", ylim=(0, None))
    right.set_title("acute coronary event", fontsize=9.5)
    left.set_title("after a first stroke, new heart failure", fontsize=9.5)
    right.legend(fontsize=8, loc="upper left")
    return drawing.rendered(
        figure,
        "course",
        title,
        "Lines and dots on the right: simulated. Pale bars: published figure with its interval or "
        "tolerance, dots on the left the figure itself. Events at the end of a month; a month "
        "stands for 28 or 30 days.",
        "Two charts: share dead by month after onset; deaths within 28 days by age and sex.",
    )


def _intervals(axes: Axes, points: pd.DataFrame, colour: str) -> None:
    """Draw published intervals across their ages, and a cross where the simulated is outside."""
    for of in points.itertuples():
        ends = [float(of.age_low), min(float(of.age_high) + 1, 101.0)]
        axes.fill_between(ends, of.low, of.high, color=colour, alpha=0.22, linewidth=0)
        if not of.passed:
            axes.plot(sum(ends) / 2, of.simulated, "x", color=HARD, ms=6, mew=1.8)
