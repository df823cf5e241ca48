"""What a run says in words: does it break even, when, how sure, and who gains what."""

from collections.abc import Mapping
from typing import Any

from sim.report import words

FIGURES: dict[str, tuple[str, str]] = {
    "break_even": ("Break-even, month", "month"),
    "cash_break_even": ("Break-even of cash, month", "month"),
    "payback": ("Payback, month", "month"),
    "peak_funding": ("Peak funding", "EUR"),
    "irr": ("Internal rate of return, before financing", "1/year"),
    "true_savings": ("True savings", "EUR"),
    "measured_savings": ("Measured savings", "EUR"),
    "contribution_margin": ("Contribution margin, a level and not a saving", "EUR"),
    "shared_savings": ("Shared savings due to the integrator", "EUR"),
    "insurer_net_measured": ("Insurers' net, as measured", "EUR"),
    "insurer_net_true": ("Insurers' net, true", "EUR"),
    "payers_net_true": ("All payers' net, true", "EUR"),
    "deaths_averted": ("Deaths averted", "person"),
    "life_years_gained": ("Life-years gained", "year"),
    "qalys_gained": ("Quality-adjusted life-years gained", "year"),
    "admissions_averted": ("Admissions averted", "case"),
    "avoidable_admissions_averted": ("Avoidable admissions averted", "case"),
}
"""Figures of the summary in the order of reading: label and unit."""


def written(figure: str, value: float | None, first_year: int) -> str:
    """Write one value of a figure of the summary; what does not exist has a name.

    >>> written("irr", None, 2006), written("deaths_averted", 12.0, 2006)
    ('none', '12')
    """
    unit = FIGURES[figure][1]
    if value is None:
        return "never" if unit == "month" else "none"
    if unit == "month":
        return words.month(value, first_year).removeprefix(f"month{words.SPACE}")
    return words.percent(value) if unit == "1/year" else words.amount(value, unit)


def quantiles(figure: str, of: Mapping[str, Any], first_year: int) -> tuple[str, str, str]:
    """Write P10, P50 and P90; one seed has the middle one only."""
    low, middle, high = (written(figure, of[name], first_year) for name in ("p10", "p50", "p90"))
    return (words.DASH, middle, words.DASH) if of["n"] == 1 else (low, middle, high)


def headline(summary: Mapping[str, Any]) -> str:
    """Say in one sentence whether it breaks even."""
    of = summary["break_even"]
    seeds, reached = of["n"], of["n"] - of["none"]
    if _idle(summary):
        return "No money moves, so there is nothing to break even."
    if reached == 0:
        return "The integrator does not break even."
    if reached == seeds:
        return "The integrator breaks even."
    likely = "probably breaks even" if 2 * reached > seeds else "probably does not break even"
    return f"The integrator {likely}."


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """Say when it breaks even and how sure that is, what it takes, and who gains what."""
    money = [] if _idle(summary) else [_when(summary), _money(summary)]
    sure = [surely(summary)] if "precision" in summary else []
    return [*money, _truth(summary), _gains(summary), *sure]


def surely(summary: Mapping[str, Any]) -> str:
    """Say how many seeds `seeds=auto` took, and how sure the mean of the true savings is by them.

    The interval is that of the mean, which more seeds narrow; not the spread of the seeds.
    """
    of = summary["precision"]
    low, high = (words.amount(of[end], "EUR") for end in ("low", "high"))
    asked = words.percent(of["target"])
    if of["width"] is None:
        return (
            f"seeds=auto ended at {of['seeds']}, the most allowed (precision.max_seeds): the mean "
            f"of true savings is 0, and no 95{words.SPACE}% interval, here {low} to {high}, is "
            "narrower than a share of that."
        )
    said = (
        f"the 95{words.SPACE}% interval of mean true savings, {low} to {high}, is "
        f"{words.number(100 * of['width'], 2)}{words.SPACE}% of the mean wide"
    )
    if of["reached"]:
        return f"seeds=auto took {of['seeds']} seeds: {said}, less than the {asked} asked for."
    return (
        f"seeds=auto ended at {of['seeds']}, the most allowed (precision.max_seeds): {said}, not "
        f"less than the {asked} asked for."
    )


def _idle(summary: Mapping[str, Any]) -> bool:
    """Whether the integrator neither needed nor earned anything in any seed."""
    shared, rate = summary["shared_savings"], summary["irr"]
    nothing = summary["peak_funding"]["mean"] == 0 and shared["mean"] in (None, 0)
    return bool(nothing and rate["none"] == rate["n"])


def _when(summary: Mapping[str, Any]) -> str:
    of, first = summary["break_even"], summary["first_year"]
    seeds, reached = of["n"], of["n"] - of["none"]
    middle = words.month(of["p50"], first)
    if seeds == 1:
        found = f"it breaks even in {middle}" if reached else "it does not within the horizon"
        return (
            f"In the one seed that was run, {found}. One seed gives figures without spread, so "
            "nothing can be said of how sure they are."
        )
    if reached == 0:
        return f"None of the {seeds} seeds breaks even within the horizon."
    if of["p50"] is None:
        return (
            f"Only {reached} of {seeds} seeds break even within the horizon; the middle one "
            "does not."
        )
    late = of["p90"]
    until = "the latest tenth never do" if late is None else f"P90 is {words.month(late, first)}"
    return (
        f"{reached} of {seeds} seeds break even within the horizon, the middle one in {middle};"
        f" P10 is {words.month(of['p10'], first)}, {until}."
    )


def _money(summary: Mapping[str, Any]) -> str:
    peak, first = summary["peak_funding"], summary["first_year"]
    cash, back = summary["cash_break_even"]["p50"], summary["payback"]["p50"]
    need = (
        "No money from outside is needed"
        if peak["p50"] == 0
        else f"Before financing, its cash falls as low as {words.spread(peak, 'EUR')} below 0"
    )
    breaks = "does not break even" if cash is None else "breaks even in"
    returned = "is not returned" if back is None else "is returned by"
    return (
        f"{need}. In the median, cash {breaks} {_then(cash, first)}, and what was put in "
        f"{returned} {_then(back, first)}."
    )


def _then(month: float | None, first_year: int) -> str:
    return "within the horizon" if month is None else words.month(month, first_year)


def _truth(summary: Mapping[str, Any]) -> str:
    true, measured = summary["true_savings"], summary["measured_savings"]
    if measured["p50"] is None:
        return f"True savings are {words.spread(true, 'EUR')}; no contract measures them."
    return (
        f"The contract measures savings of {words.spread(measured, 'EUR')}; "
        f"the true ones are {words.spread(true, 'EUR')}."
    )


def _gains(summary: Mapping[str, Any]) -> str:
    measured, true = summary["insurer_net_measured"], summary["insurer_net_true"]
    payers = summary["payers_net_true"]
    said = (
        "There is no contract to measure what the insurers gain"
        if measured["p50"] is None
        else f"As the contract measures it, the insurers {_gain(measured)}"
    )
    return f"{said}; in truth they {_gain(true)}, and all payers together {_gain(payers)}."


def _gain(of: Mapping[str, Any]) -> str:
    """Say what somebody gains or loses, with the middle 80 % of the seeds."""
    middle = of["p50"]
    if middle == 0 and of["p10"] in (None, 0) and of["p90"] in (None, 0):
        return "neither gain nor lose"
    sign = 1 if middle >= 0 else -1
    low, high = sorted(sign * (of[name] or 0.0) for name in ("p10", "p90"))
    size = (
        {"p10": low, "p50": abs(middle), "p90": high} if of["n"] > 1 else {**of, "p50": abs(middle)}
    )
    return f"{'gain' if sign > 0 else 'lose'} {words.spread(size, 'EUR')}"
