"""A settlement written a second time: plain dicts, exact fractions, one clause after another.

Written from the contract's wording, not from `sim/contract`. `terms` and `account` are dicts of
what is agreed and known; what is not agreed is left out.
"""

import itertools
from fractions import Fraction
from math import floor

MINIMUM = [
    (500, "0.122"), (1000, "0.087"), (3000, "0.05"), (5000, "0.039"), (6000, "0.036"),
    (7000, "0.034"), (8000, "0.032"), (9000, "0.031"), (10000, "0.03"), (15000, "0.027"),
    (20000, "0.025"), (50000, "0.022"), (60000, "0.02"),
]  # fmt: skip


def number(value):
    """The number as it is written."""
    return Fraction(repr(float(value)))


def to_the_cent(value):
    """Nearest cent, half a cent away from zero."""
    cents = floor(abs(value) * 100 + Fraction(1, 2))
    return Fraction(cents if value >= 0 else -cents, 100)


def euros(value):
    return to_the_cent(number(value))


def minimum_rate(insured):
    """Minimum savings rate for so many insured."""
    if insured <= MINIMUM[0][0]:
        return Fraction(MINIMUM[0][1])
    for (n0, r0), (n1, r1) in itertools.pairwise(MINIMUM):
        if insured <= n1:
            r0, r1 = Fraction(r0), Fraction(r1)
            return r0 + (r1 - r0) * (insured - n0) / (n1 - n0)
    return Fraction(MINIMUM[-1][1])


def settle(terms, account, history=()):
    """Settle a year; `history` are the results of earlier years of the same contract, in order."""
    year, number_of_year = account["year"], account.get("contract_year")
    insured = number(account["insured_years"])
    known = euros(account["cost"])
    cost = to_the_cent(known * number(terms.get("completion_factor", 1)))

    # The benchmark.
    factor = Fraction(1)
    if terms.get("regime_year") is not None and year >= terms["regime_year"]:
        factor = number(terms["regime_factor"])
    expected = to_the_cent(euros(account["benchmark"]) * factor)
    credit = Fraction(0)
    every = terms.get("rebasing_years")
    if every and number_of_year is not None:
        period = (number_of_year - 1) // every
        before = [h for h in history if (h["contract_year"] - 1) // every == period - 1]
        people = sum(h["insured_years"] for h in before)
        if people:
            saved_a_head = max(0, sum(h["measured_savings"] for h in before)) / people
            credit = to_the_cent(
                number(terms.get("prior_savings_share", 0)) * saved_a_head * insured
            )
    if terms.get("prior_savings_limit") is not None:
        credit = min(credit, to_the_cent(number(terms["prior_savings_limit"]) * expected))
    benchmark = expected + credit

    # What was saved, and what of it is settled.
    saved = benchmark - cost
    if account.get("components"):
        saved = sum(max(Fraction(0), euros(gain)) for gain in account["components"].values())
    years = [*history, {"benchmark": benchmark, "measured_savings": saved}]
    years = years[-terms.get("averaged_years", 1) :]
    mean_benchmark = to_the_cent(sum(y["benchmark"] for y in years) / len(years))
    mean_saved = to_the_cent(sum(y["measured_savings"] for y in years) / len(years))
    deficit = history[-1]["deficit_carried"] if history else Fraction(0)
    net = mean_saved - deficit

    # The integrator's part of savings.
    rate = terms.get("minimum_savings_rate")
    minimum = minimum_rate(insured) if rate is None else number(rate)
    rate = terms.get("minimum_loss_rate")
    minimum_loss = minimum if rate is None else number(rate)
    in_force = terms.get("termination_year") is None or year <= terms["termination_year"]
    deductible = terms.get("sharing_from", "first_euro") == "above_minimum"

    quality = Fraction(1)
    score = number(account.get("quality_score", 1))
    if terms.get("quality") == "factor":
        quality = score
    if score < number(terms.get("quality_gate", 0)):
        quality = Fraction(0)

    start = to_the_cent(minimum * mean_benchmark) if deductible else Fraction(0)
    bands = terms.get("bands") or [{"above": 0, "sharing_rate": terms["sharing_rate"]}]
    part = Fraction(0)
    for band in bands:
        low = max(start, number(band["above"]) * mean_benchmark)
        high = net
        if band.get("up_to") is not None:
            high = min(net, number(band["up_to"]) * mean_benchmark)
        if high > low:
            part += number(band["sharing_rate"]) * (high - low)
    agreed = number(bands[0]["sharing_rate"])
    if len(bands) > 1 and net > start:
        agreed = part / (net - start)
    final_rate = quality * agreed

    shared = Fraction(0)
    if in_force and net > 0 and net >= minimum * mean_benchmark:
        shared = to_the_cent(quality * part)
    levy = number(terms.get("levy", 0))
    for since in sorted(terms.get("levy_from", {})):
        if since <= year:
            levy = number(terms["levy_from"][since])
    shared -= to_the_cent(levy * shared)
    if terms.get("cap") is not None:
        shared = min(shared, to_the_cent(number(terms["cap"]) * mean_benchmark))

    # The integrator's part of a loss.
    owed = Fraction(0)
    loss = -mean_saved
    fixed, bounds = terms.get("loss_share"), terms.get("loss_share_bounds")
    two_sided = fixed is not None or bounds is not None
    billed = False
    if two_sided and in_force and loss > 0 and loss >= minimum_loss * mean_benchmark:
        if fixed is not None:
            share = number(fixed)
        else:
            share = max(number(bounds[0]), min(number(bounds[1]), 1 - final_rate))
        if deductible:
            loss = max(Fraction(0), loss - to_the_cent(minimum_loss * mean_benchmark))
        owed = to_the_cent(share * loss)
        billed = owed > 0  # a loss that is limited or excused is settled, too
        limits = terms.get("loss_limit")
        if limits:
            place = len(limits) if number_of_year is None else min(number_of_year, len(limits))
            owed = min(owed, to_the_cent(number(limits[place - 1]) * mean_benchmark))
        of_revenue, revenue = terms.get("loss_limit_of_revenue"), account.get("revenue")
        if of_revenue is not None and revenue is not None:
            owed = min(owed, to_the_cent(number(of_revenue) * number(revenue)))
        owed = max(Fraction(0), owed - abs(euros(account.get("disaster_adjustment", 0))))

    if mean_saved >= 0:
        left = max(Fraction(0), deficit - mean_saved)
    elif billed:
        left = deficit
    else:
        left = to_the_cent(deficit - number(terms.get("deficit_carried", 0)) * mean_saved)

    # Fees, advance, payment.
    investment = management = indicators = advance = returned = Fraction(0)
    if in_force:
        if number_of_year is not None and number_of_year <= terms.get("investment_fee_years", 0):
            investment = euros(terms.get("investment_fee", 0))
        management = to_the_cent(insured * number(terms.get("management_fee", 0)))
        indicators = to_the_cent(
            sum(
                number(fee) * number(account.get("kpis", {}).get(name, 0))
                for name, fee in terms.get("kpi_fees", {}).items()
            )
            + Fraction(0)
        )
        advance = to_the_cent(number(terms.get("advance", 0)) * insured)
        if shared < advance:
            returned = to_the_cent(number(terms.get("clawback", 1)) * (advance - shared))
    paid = max(Fraction(0), shared - advance) - returned - owed
    return {
        "contract_year": number_of_year,
        "insured_years": insured,
        "cost": cost,
        "expected": euros(account["benchmark"]),
        "prior_savings_credit": credit,
        "benchmark": benchmark,
        "measured_savings": saved,
        "settled_benchmark": mean_benchmark,
        "settled_savings": mean_saved,
        "deficit_brought": deficit,
        "minimum_savings_rate": minimum,
        "sharing_rate": final_rate,
        "shared_savings": shared,
        "shared_loss": owed,
        "deficit_carried": left,
        "investment_fee": investment,
        "management_fee": management,
        "kpi_fee": indicators,
        "advance": advance,
        "advance_returned": returned,
        "payment": paid,
    }
