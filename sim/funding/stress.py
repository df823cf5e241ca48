"""What if it goes otherwise: the same business settled later, rebased, not renewed, without effect.

Each case takes what a company did and earned and changes one thing of it; nobody lives again.
What follows from the change for people and physicians is therefore left out: the cases say what
the money would do, not what the region would.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sim.funding.carried import Operations
from sim.funding.instruments import MONTHS

Case = Callable[[Operations], Operations]


class Stress(BaseModel):
    """How far each case goes, as conf/valuation describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    settlement_later: tuple[int, ...] = Field(min_length=1)
    rebased_every: int = Field(ge=1)
    not_renewed_after: float = Field(gt=0, lt=1)
    enrolment_later: int = Field(ge=1)
    insurer_leaves_after: float = Field(ge=0, lt=1)
    effects: tuple[float, ...] = Field(min_length=1)


def settlement_later(business: Operations, months: int) -> Operations:
    """Every settlement is paid so many months later."""
    return replace(business, paid_month=business.paid_month + months)


def rebased(business: Operations, every: int) -> Operations:
    """Every so many years the benchmark takes in what was saved: only more than that still counts.

    The savings of each later year count as far as they go beyond the mean of the years before
    the last rebasing, on which their share was paid; the share itself stays.
    """
    earned = business.earned.copy()
    for year in range(every, len(earned)):
        start = year // every * every
        earned[year] = np.maximum(earned[year] - business.earned[start - every : start].mean(0), 0)
    return _with_earned(business, earned)


def not_renewed(business: Operations, after: float) -> Operations:
    """The contract ends after a part of its years (1); with it cost, fees and new savings end."""
    years = max(round(len(business.earned) * after), 1)
    rows = MONTHS * years + 1 - business.first_month
    return replace(
        business,
        contract_months=MONTHS * years,
        cost=business.cost[:rows],
        fees=business.fees[:rows],
        insured=business.insured[:rows],
        earned=business.earned[:years],
        bonus=business.bonus[:years],
        paid_month=business.paid_month[:years],
        outcomes={name: found[:years] for name, found in business.outcomes.items()},
    )


def enrolment_later(business: Operations, years: int) -> Operations:
    """What enrolment brings comes so many years later, while cost runs as before."""
    late = np.zeros_like(business.earned)
    late[years:] = business.earned[:-years]
    moved = _with_earned(business, late)
    outcomes = {}
    for name, found in business.outcomes.items():
        outcomes[name] = np.zeros_like(found)
        outcomes[name][years:] = found[:-years]
    return replace(moved, outcomes=outcomes)


def effect(business: Operations, part: float) -> Operations:
    """Only a part (1) of the true savings was brought about; measured savings are less by the rest.

    Of what is left of the measured savings the same share is paid; where nothing is left,
    nothing. Needs the outcomes `measured_savings` and `true_savings`.
    """
    measured = business.outcomes["measured_savings"]
    left = measured - (1 - part) * business.outcomes["true_savings"]
    ratio = np.divide(
        np.maximum(left, 0.0), measured, out=np.zeros_like(measured), where=measured > 0
    )
    outcomes = {**business.outcomes, "measured_savings": left}
    return replace(_with_earned(business, business.earned * ratio), outcomes=outcomes)


def insurer_leaves(business: Operations, after: float, share: float) -> Operations:
    """An insurer with a share of the insured (1) leaves after a part of the contract years (1)."""
    years = round(len(business.earned) * after)
    row = MONTHS * years + 1 - business.first_month
    earned, fees, insured = (
        values.copy() for values in (business.earned, business.fees, business.insured)
    )
    earned[years:] *= 1 - share
    fees[row:] *= 1 - share
    insured[row:] *= 1 - share
    return replace(_with_earned(business, earned), fees=fees.round(2), insured=insured)


def cases(terms: Stress, share: float) -> dict[str, Case]:
    """All cases by what they say, in the order of reading; `share` of the largest insurer (1)."""
    found: dict[str, Case] = {}
    for months in terms.settlement_later:
        found[f"Settlement {months} months later"] = partial(settlement_later, months=months)
    every = terms.rebased_every
    found[f"Benchmark rebased every {every} years"] = partial(rebased, every=every)
    part = terms.not_renewed_after
    found[f"Contract not renewed after {part:.0%} of its years"] = partial(not_renewed, after=part)
    years = terms.enrolment_later
    slower = "a year" if years == 1 else f"{years} years"
    found[f"Enrolment {slower} slower"] = partial(enrolment_later, years=years)
    for part in terms.effects:
        name = "No effect" if part == 0 else f"Effect {part:.0%} of what was simulated"
        found[name] = partial(effect, part=part)
    part = terms.insurer_leaves_after
    found[f"The largest insurer leaves after {part:.0%} of the years"] = partial(
        insurer_leaves, after=part, share=share
    )
    return found


def _with_earned(business: Operations, earned: NDArray[np.float64]) -> Operations:
    """The same business with other shared savings; of each, physicians have the same share."""
    share = np.divide(
        business.bonus, business.earned, out=np.zeros_like(earned), where=business.earned > 0
    )
    typical = business.bonus.sum() / max(business.earned.sum(), 0.01)
    share = np.where(business.earned > 0, share, typical)
    return replace(business, earned=earned.round(2), bonus=(earned * share).round(2))
