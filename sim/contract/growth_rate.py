"""Fixed growth rate: the cost per head before the start, carried on as it grew until then.

Clause 4.3. It knows neither case mix nor prices: whoever ages, or is spared a shock, is paid or
blamed for it.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, sqrt
from statistics import fmean, variance
from typing import Literal

from pydantic import BaseModel, Field

from sim.contract.chance import from_mean, spread
from sim.contract.history import History
from sim.contract.person_years import PersonYears
from sim.contract.rule import Benchmark, Claim, Needs, Rule
from sim.quantity import Refusal

CLAUSE = "clause 4.3, fixed growth rate"


class GrowthRateTerms(BaseModel, frozen=True, extra="forbid"):
    """Years over which growth is measured, and how many are averaged at each end of them."""

    growth_years: int = Field(ge=2)
    end_years: Literal[1, 3]


def growth_rate(first: float, last: float, years: float) -> float:
    """Compound annual growth (1/year) from one cost per head to another, EUR/person-year.

    >>> round(growth_rate(first=2_000.0, last=2_687.83, years=10), 4)
    0.03
    """
    if first <= 0 or last <= 0 or years <= 0:
        raise Refusal(
            f"{CLAUSE}: from {first:,.2f} to {last:,.2f} EUR/person-year in {years:g} years. "
            "Allowed are costs above 0 and at least a year between them. Correct the ledgers of "
            "the baseline, or choose another rule."
        )
    return exp(log(last / first) / years) - 1


def growth_rate_benchmark(
    insured_years: float, cost_per_person: float, growth: float, years: float
) -> float:
    """Cost per head before the start at fixed growth for some years, EUR/year. Clause 4.3.

    >>> round(growth_rate_benchmark(31_000.0, cost_per_person=2_000.0, growth=0.03, years=2))
    65775800
    """
    grown: float = (1 + growth) ** years
    return insured_years * cost_per_person * grown


def expect(terms: GrowthRateTerms, history: History, year: int) -> Benchmark:
    """Expect what the last year before the start cost per head, grown at the rate before it.

    Where three years are averaged at each end, the rate runs between the middles of the two
    means, and so does the time that it is carried on. The standard error is that of persons, and
    on top that of the trend: growth wandered in the past by more than chance, and a fixed rate
    follows no further step (random walk with drift).
    """
    back = history.baseline(terms.growth_years + 1)
    history.check(year, back, CLAUSE)
    ends = terms.end_years
    if len(back) < 2 * ends:
        raise Refusal(
            f"{CLAUSE}: {ends} years at each end of {terms.growth_years} overlap. Allowed are "
            f"{2 * ends - 1} growth_years or more. Set growth_years or end_years."
        )
    rows = {one: history.region[one] for one in (*back, year)}
    per_person = {one: r.total_cost / r.insured_years for one, r in rows.items()}
    first, last = (fmean(per_person[one] for one in part) for part in (back[:ends], back[-ends:]))
    span = back[-ends] - back[0]
    ahead = year - fmean(back[-ends:])
    growth = growth_rate(first, last, span)
    insured = rows[year].insured_years
    amount = growth_rate_benchmark(insured, last, growth, ahead)

    pulls = {year: -1.0}
    by_last, by_first = amount * (1 + ahead / span) / last, -amount * ahead / span / first
    pulls |= {one: by_last / ends / rows[one].insured_years for one in back[-ends:]}
    pulls |= {one: by_first / ends / rows[one].insured_years for one in back[:ends]}
    persons = spread(from_mean(rows[one], pull) for one, pull in pulls.items())
    step = _wandering([rows[one] for one in back])
    trend = amount * step * sqrt(ahead + ahead**2 / terms.growth_years)
    return Benchmark(
        rule="growth_rate",
        year=year,
        amount=amount,
        cost=rows[year].total_cost,
        insured_years=insured,
        standard_error=sqrt(persons**2 + trend**2),
        details={
            "first_cost_per_person": first,
            "last_cost_per_person": last,
            "growth_rate": growth,
            "years_ahead": ahead,
            "standard_error_persons": persons,
            "standard_error_trend": trend,
        },
    )


def _wandering(past: Sequence[PersonYears]) -> float:
    """Standard deviation of a year's growth beyond what chance of persons explains (1)."""
    steps, chance = [], []
    for before, after in pairwise(past):
        one, other = before.total_cost, after.total_cost
        steps.append(log(other / after.insured_years) - log(one / before.insured_years))
        chance.append(spread([from_mean(before, -1 / one), from_mean(after, 1 / other)]))
    return sqrt(max(variance(steps) - fmean(error**2 for error in chance), 0.0))


def _needs(terms: GrowthRateTerms) -> Needs:
    return Needs(terms.growth_years + 1)


def _claim(terms: GrowthRateTerms) -> Claim:
    return Claim(frozenset(), "that cost per head goes on growing as it did before the start")


GROWTH_RATE = Rule("growth_rate", CLAUSE, GrowthRateTerms, _needs, _claim, expect)
