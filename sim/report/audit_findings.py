"""What an audit found, in sentences whose numbers are those of its tables."""

import numpy as np
import pandas as pd

from sim.report import words
from sim.report.audited import FAILS, HOLDS, NONE, UNTOLD, Audited

SEVERAL = 3
"""Of the disturbances that mislead a rule most, how many are named."""
WIDER = 1.25
"""Times the undisturbed scatter from which on a disturbance is said to scatter more."""


def headline(audited: Audited) -> str:
    """Say in one sentence how often something is paid for nothing."""
    shares = {rule: _false(audited, rule) for rule in audited.main}
    most, least = (choose(shares, key=lambda rule: shares[rule]) for choose in (max, min))
    return (
        f"Where nothing is saved, a contract on {audited.rules[most]} pays in "
        f"{share(shares[most])} of years, one on {audited.rules[least]} in "
        f"{share(shares[least])}."
    )


def sentences(audited: Audited) -> list[str]:
    """Say what matters most: payments for nothing, detection, who is misled when, claims."""
    return [payments(audited), detection(audited), threshold(audited), *misled(audited),
            claims(audited)]  # fmt: skip


def payments(audited: Audited) -> str:
    """Say how often contracts without and with a minimum savings rate pay for nothing."""
    floors = [rule for rule in audited.main if audited.minimum[rule] == 0]
    others = [rule for rule in audited.main if rule not in floors]

    def said(rules: list[str]) -> str:
        return ", ".join(f"{audited.rules[r]} {share(_false(audited, r))}" for r in rules)

    parts = []
    if floors:
        parts.append(f"Contracts without a minimum savings rate pay for nothing: {said(floors)}")
    if others:
        parts.append(f"{'with one' if floors else 'Contracts with one'}: {said(others)}")
    return (
        f"{'; '.join(parts)} (share of years at "
        f"{words.number(audited.shown, 0)} insured, undisturbed, at zero effect)."
    )


def detection(audited: Audited) -> str:
    """Say which savings one year, and all years, tell from nothing."""
    rule = _first(audited)
    one, several = (
        [
            audited.one(rule, size)[f"detectable_{column}"]
            for size in (audited.shown, audited.sizes[-1])
        ]
        for column in ("one_year", "cumulative")
    )
    small, large = (words.number(size, 0) for size in (audited.shown, audited.sizes[-1]))
    return (
        f"With {audited.rules[rule]}, one year at {small} insured tells a true saving from nothing "
        f"only from {_rate(one[0])} of cost on, {audited.years} years together from "
        f"{_rate(several[0])}; at {large} insured from {_rate(one[1])} and {_rate(several[1])}."
    )


def threshold(audited: Audited) -> str:
    """Say which minimum savings rate, or how many averaged years, keep false payouts rare."""
    parts = []
    for rule in audited.main:
        ours = needed(audited, rule)
        parts.append(
            f"{audited.rules[rule]} {_rate(ours.iloc[0])}, {_rate(ours.iloc[-1])} or "
            f"{averaged_years(audited, rule)}"
        )
    return (
        f"To pay for nothing in fewer than {share(audited.tolerated)} of years at "
        f"{words.number(audited.shown, 0)} insured it takes a minimum savings rate of so much for "
        f"single years, so much for the mean of {audited.years}, or, with "
        f"{share(audited.usual_minimum)}, the mean of so many years: {'; '.join(parts)}."
    )


def averaged_years(audited: Audited, rule: str) -> str:
    """Write how many years must be averaged for the usual minimum savings rate to be enough."""
    ours = needed(audited, rule)
    enough = ours.index[ours <= audited.usual_minimum]
    return str(enough[0]) if len(enough) else f"more than {audited.years}"


def misled(audited: Audited) -> list[str]:
    """Say which disturbance moves any rule most, in each direction."""
    found = audited.placebos[audited.placebos["rule"].isin(audited.main)]
    said = []
    for whom, place in (
        ("insurer", found["moved"].idxmax()),
        ("integrator", found["moved"].idxmin()),
    ):
        line = found.loc[place]
        harm = "pays for it" if whom == "insurer" else "is not paid for as much of what it saves"
        said.append(
            f"The {whom} is misled most by {audited.rules[line['rule']]}, when "
            f"{audited.disturbances[line['disturbance']]}: it moves what is measured by "
            f"{_signed(line['moved'])} of cost, and the {whom} {harm}."
        )
    return said


def claims(audited: Audited) -> str:
    """Say how many claims to be unbiased hold."""
    claimed = audited.placebos[audited.placebos["claimed"].astype(bool)]
    counts = claimed["verdict"].value_counts()
    parts = [f"{counts.get(HOLDS, 0)} hold"]
    failing = claimed[claimed["verdict"] == FAILS]
    named = "; ".join(
        f"{audited.rules[rule]}, {audited.disturbances[name]} ({_signed(bias)})"
        for rule, name, bias in zip(
            failing["rule"], failing["disturbance"], failing["bias"], strict=True
        )
    )
    parts.append(f"{len(failing)} fail{f' ({named})' if named else ''}")
    if counts.get(UNTOLD, 0):
        parts.append(f"{counts[UNTOLD]} cannot be told with {_seeds(audited)}")
    return (
        f"Of {len(claimed)} claims to be unbiased {', '.join(parts)}. A claim holds within "
        f"{words.number(audited.placebo_errors, 1)} standard errors and "
        f"{words.percent(audited.placebo_bias)} of cost."
    )


def by_rule(audited: Audited) -> list[tuple[str, list[str]]]:
    """Say for each rule whom it misleads, and when: its label, and sentences."""
    return [(audited.rules[rule], _of_rule(audited, rule)) for rule in audited.rules]


def _of_rule(audited: Audited, rule: str) -> list[str]:
    ours = audited.placebos[audited.placebos["rule"] == rule].set_index("disturbance")
    calm = ours.loc[NONE]
    sure = abs(calm["bias"]) > audited.placebo_errors * calm["error"]
    found = [
        f"Undisturbed it measures {_signed(calm['bias'])} of cost where nothing is saved (error "
        f"{_rate(calm['error'], 2)}): "
        + ("it is biased even then." if sure else "no more than chance.")
    ]
    moved = ours.drop(NONE)
    clear = moved["moved"].abs() > np.maximum(
        audited.placebo_bias, audited.placebo_errors * moved["moved_error"]
    )
    for sign, whom, harm in (
        (1, "The insurer", "it pays for what nobody saved"),
        (-1, "The integrator", "it is not paid for what it saves"),
    ):
        named = _most(audited, moved["moved"][clear & (sign * moved["moved"] > 0)], sign)
        if named:
            found.append(f"{whom} is misled ({harm}) when {named}.")
    still = moved.index[moved["moved"].abs() + moved["moved_error"] < audited.placebo_bias]
    if len(still):
        names = "; ".join(audited.disturbances[name] for name in still)
        found.append(f"Moved by less than {words.percent(audited.placebo_bias)}: {names}.")
    found += _wider(audited, rule)
    return found + _effect(audited, rule)


def _wider(audited: Audited, rule: str) -> list[str]:
    """Say which disturbances do not bend what is measured, but scatter it more."""
    found = []
    ours = audited.audit[(audited.audit["rule"] == rule) & (audited.audit["savings"] == NONE)]
    largest = ours[ours["insured"] == ours["insured"].max()].set_index("disturbance")["sd"]
    for name in largest.index:
        times = largest[name] / largest[NONE]
        if np.isfinite(times) and times > WIDER:
            found.append(f"{audited.disturbances[name]} ({words.number(times, 1)} times)")
    if not found:
        return []
    insured = words.number(int(ours["insured"].max()), 0)
    return [f"Scatters more at {insured} insured when {', '.join(found)}."]


def _most(audited: Audited, moved: pd.Series, sign: int) -> str:
    """Name the disturbances that move a rule most, with how far beyond undisturbed."""
    order = moved.sort_values(ascending=sign < 0)
    names = [
        f"{audited.disturbances[name]} ({_signed(order[name])})" for name in order.index[:SEVERAL]
    ]
    more = len(order) - SEVERAL
    return " or when ".join(names) + (f" and {more} more" if more > 0 else "")


def _effect(audited: Audited, rule: str) -> list[str]:
    """Say how much of true savings the rule sees, at the size shown or the largest it has."""
    ours = audited.lines(NONE, rule)
    insured = audited.shown if audited.shown in set(ours["insured"]) else ours["insured"].max()
    at = ours[ours["insured"] == insured].set_index("savings")
    name = at["true_rate"].idxmax()
    true = at.loc[name, "true_rate"]
    seen = (at.loc[name, "measured_mean"] - at.loc[NONE, "measured_mean"]) / true
    if not np.isfinite(seen) or abs(seen - 1) < 0.05:
        return []
    return [
        f"Of true savings of {_rate(true)} it counts {words.percent(float(seen))} beyond what it "
        "measures anyway."
    ]


def needed(audited: Audited, rule: str) -> pd.Series:
    """Minimum savings rates that keep false payouts rare, undisturbed, by averaged years."""
    every = audited.thresholds
    ours = every[
        (every["rule"] == rule)
        & (every["disturbance"] == NONE)
        & (every["insured"] == audited.shown)
    ]
    rates: pd.Series = ours.set_index("averaged_years")["minimum_savings_rate"]
    return rates


def _first(audited: Audited) -> str:
    """Name the first rule that claims to be unbiased at all, else the first."""
    claimed = audited.placebos[audited.placebos["claimed"].astype(bool)]
    return next((rule for rule in audited.main if rule in set(claimed["rule"])), audited.main[0])


def _false(audited: Audited, rule: str) -> float:
    return float(audited.one(rule, audited.shown)["false_payout"])


def _seeds(audited: Audited) -> str:
    return f"{audited.seeds} seed{'s' if audited.seeds > 1 else ''}"


def share(value: float) -> str:
    r"""Write a share of years, which no more than some hundreds were counted for.

    >>> share(0.254)
    '25\xa0%'
    """
    return _rate(value, 0)


def _rate(value: float, digits: int = 1) -> str:
    if pd.isna(value):
        return words.DASH
    return f"{words.number(100 * float(value), digits)}{words.SPACE}%"


def _signed(value: float) -> str:
    r"""Write a rate with its sign.

    >>> _signed(0.0123), _signed(0.0)
    ('+1.2\xa0%', '0.0\xa0%')
    """
    text = words.percent(float(value))
    return text if text.startswith(words.MINUS) or text.startswith("0.0") else f"+{text}"
