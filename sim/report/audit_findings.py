"""What an audit found, in sentences whose numbers are those of its tables."""

import numpy as np
import pandas as pd

from sim.report import words
from sim.report.audited import FAILS, HOLDS, NONE, UNTOLD, Audited

SEVERAL = 3
"""Of the disturbances that mislead a rule most, how many are named."""


def headline(audited: Audited) -> str:
    """Say in one sentence how often something is paid for nothing."""
    shares = {rule: _false(audited, rule) for rule in audited.main}
    most = max(shares, key=lambda rule: shares[rule])
    least = min(shares, key=lambda rule: shares[rule])
    insured = words.number(audited.shown, 0)
    return (
        f"Where nothing is saved, {audited.rules[most]} still pays in "
        f"{words.percent(shares[most])} of years at {insured} insured; {audited.rules[least]} in "
        f"{words.percent(shares[least])}."
    )


def sentences(audited: Audited) -> list[str]:
    """Say what matters most: claims, noise, detection, payments, thresholds."""
    return [claims(audited), noise(audited), payments(audited), worst(audited), threshold(audited)]


def claims(audited: Audited) -> str:
    """Say how many claims to be unbiased hold."""
    claimed = audited.placebos[audited.placebos["claimed"].astype(bool)]
    counts = claimed["verdict"].value_counts()
    text = (
        f"Of {len(claimed)} claims to be unbiased {counts.get(HOLDS, 0)} hold (within "
        f"{audited.placebo_errors:g} standard errors and {words.percent(audited.placebo_bias)} of "
        f"cost), {counts.get(FAILS, 0)} fail"
    )
    untold = counts.get(UNTOLD, 0)
    if untold:
        text += f", {untold} cannot be told with {_seeds(audited)}"
    failing = claimed[claimed["verdict"] == FAILS]
    named = [
        f"{audited.rules[rule]}, {audited.disturbances[name]} ({_signed(bias)})"
        for rule, name, bias in zip(
            failing["rule"], failing["disturbance"], failing["bias"], strict=True
        )
    ]
    return f"{text}{': ' + '; '.join(named) if named else ''}."


def noise(audited: Audited) -> str:
    """Say how much one year scatters, and what can be detected."""
    parts = []
    for rule in audited.main:
        line = audited.one(rule, audited.shown)
        one, several = line["detectable_one_year"], line["detectable_cumulative"]
        parts.append(
            f"{audited.rules[rule]} {_rate(line['sd'])} (detectable: {_rate(one)} in a year, "
            f"{_rate(several)} over {audited.years} years)"
        )
    return (
        f"At {words.number(audited.shown, 0)} insured a year's measurement scatters, one standard "
        f"deviation, by: {'; '.join(parts)}."
    )


def payments(audited: Audited) -> str:
    """Say how often contracts pay for nothing, and do not pay for something."""
    dial = _dial(audited)
    parts = []
    for rule in audited.main:
        missed = audited.one(rule, audited.shown, savings=dial)["missed_payout"]
        parts.append(
            f"{audited.rules[rule]} {words.percent(_false(audited, rule))} and {_rate(missed)}"
        )
    true = float(audited.lines(insured=audited.shown).query("savings == @dial")["true_rate"].mean())
    return (
        f"Years with a payment where nothing is saved, and years without one where "
        f"{words.percent(true)} is: {'; '.join(parts)}."
    )


def worst(audited: Audited) -> str:
    """Say which disturbance misleads any rule most, in each direction."""
    found = audited.placebos[audited.placebos["rule"].isin(audited.main)]
    up, down = found.loc[found["bias"].idxmax()], found.loc[found["bias"].idxmin()]
    return (
        f"The insurer is misled most by {audited.rules[up['rule']]} when "
        f"{audited.disturbances[up['disturbance']]} ({_signed(up['bias'])} of cost measured where "
        f"nothing is saved); the integrator by {audited.rules[down['rule']]} when "
        f"{audited.disturbances[down['disturbance']]} ({_signed(down['bias'])})."
    )


def threshold(audited: Audited) -> str:
    """Say which minimum savings rate keeps false payouts rare, for a year and for all of them."""
    parts = []
    for rule in audited.main:
        ours = audited.thresholds[
            (audited.thresholds["rule"] == rule)
            & (audited.thresholds["disturbance"] == NONE)
            & (audited.thresholds["insured"] == audited.shown)
        ].set_index("averaged_years")["minimum_savings_rate"]
        parts.append(f"{audited.rules[rule]} {_rate(ours.iloc[0])} and {_rate(ours.iloc[-1])}")
    return (
        f"A minimum savings rate that keeps false payouts below {words.percent(audited.tolerated)} "
        f"of years at {words.number(audited.shown, 0)} insured, for single years and for the mean "
        f"of {audited.years}: {'; '.join(parts)}."
    )


def by_rule(audited: Audited) -> list[tuple[str, list[str]]]:
    """Say for each rule whom it misleads, and when: its label, and sentences."""
    return [(audited.rules[rule], _of_rule(audited, rule)) for rule in audited.rules]


def _of_rule(audited: Audited, rule: str) -> list[str]:
    ours = audited.placebos[audited.placebos["rule"] == rule].set_index("disturbance")
    if ours.empty:
        return ["Not audited on regions of these sizes."]
    calm = ours.loc[NONE]
    sure = abs(calm["bias"]) > audited.placebo_errors * calm["error"]
    found = [
        f"Undisturbed it measures {_signed(calm['bias'])} of cost where nothing is saved (error "
        f"{_rate(calm['error'], 2)}): "
        + ("it is biased even then." if sure else "no more than chance.")
    ]
    moved = (ours["bias"] - calm["bias"]).drop(NONE)
    for sign, whom, harm in (
        (1, "The insurer", "it pays for what nobody saved"),
        (-1, "The integrator", "it is not paid for what it saves"),
    ):
        named = _most(audited, moved[sign * moved > audited.placebo_bias], sign)
        if named:
            found.append(f"{whom} is misled - {harm} - when {named}.")
    still = [
        audited.disturbances[name]
        for name in moved.index
        if abs(moved[name]) < audited.placebo_bias
    ]
    if still:
        found.append(
            f"Moved by less than {words.percent(audited.placebo_bias)}: {'; '.join(still)}."
        )
    found += _effect(audited, rule)
    return found


def _most(audited: Audited, moved: pd.Series, sign: int) -> str:
    """Name the disturbances that move a rule most, with how far beyond undisturbed."""
    order = moved.sort_values(ascending=sign < 0)
    names = [
        f"{audited.disturbances[name]} ({_signed(order[name])})" for name in order.index[:SEVERAL]
    ]
    more = len(order) - SEVERAL
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


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


def _dial(audited: Audited) -> str:
    """Name the smallest true savings that are some."""
    calm = audited.lines(insured=audited.shown)
    calm = calm[calm["savings"] != NONE]
    return str(calm.groupby("savings")["true_rate"].mean().idxmin())


def _false(audited: Audited, rule: str) -> float:
    return float(audited.one(rule, audited.shown)["false_payout"])


def _seeds(audited: Audited) -> str:
    return f"{audited.seeds} seed{'s' if audited.seeds > 1 else ''}"


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
