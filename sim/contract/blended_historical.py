"""Blended historical benchmark: three years before the start, trended, adjusted and updated.

Clause 4.5, after the benchmark of the US Medicare Shared Savings Program (42 CFR 425.601-603,
425.650-660). Costs are cut off at a national quantile, the base years carry unlike weights, growth
is a blend of national and regional growth, the level is drawn towards that of the surroundings
or lifted for savings made before, and the risk of the insured may rise only so far. What US law
takes from counties the ledger cannot show: the surroundings are the first regions of the
comparison.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, Field, model_validator

from sim.contract.chance import Contribution, from_norm, spread
from sim.contract.history import Elsewhere, History
from sim.contract.person_years import PersonYears
from sim.contract.risk_adjustment import allocation, standard_error, total_allocation
from sim.contract.rule import Benchmark, Claim, Disturbance, Needs, Rule
from sim.quantity import Refusal

CLAUSE = "clause 4.5, blended historical benchmark"
BASE_YEARS = 3


class BlendedHistoricalTerms(BaseModel, frozen=True, extra="forbid"):
    """Weights, blends and caps of the benchmark; fractions, and how many regions lie around."""

    weight_of_third_year_before: float = Field(ge=0, le=1)
    weight_of_second_year_before: float = Field(ge=0, le=1)
    weight_of_year_before: float = Field(ge=0, le=1)
    truncation: float = Field(gt=0, le=1)
    surroundings: int = Field(ge=1)
    regional_growth_weight: float = Field(ge=0, le=1)
    regional_weight_below: float = Field(ge=0, le=1)
    regional_weight_above: float = Field(ge=0, le=1)
    regional_adjustment_cap: float = Field(ge=0)
    regional_adjustment_floor: float = Field(ge=0)
    prior_savings_weight: float = Field(ge=0, le=1)
    risk_ratio_cap: float = Field(ge=0)
    smallest_comparison: float = Field(ge=0)

    @model_validator(mode="after")
    def _weigh_one_whole(self) -> "BlendedHistoricalTerms":
        if abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError(
                f"{CLAUSE}: the weights of the base years add up to {sum(self.weights):g}, but "
                "they are parts of one whole; make them add up to 1"
            )
        return self

    @property
    def weights(self) -> tuple[float, float, float]:
        """Weights of the base years (1), the oldest first."""
        return (
            self.weight_of_third_year_before,
            self.weight_of_second_year_before,
            self.weight_of_year_before,
        )


class Place(NamedTuple):
    """A year of the region as the rule sees it; money in EUR/person-year, risk relative (1)."""

    rows: PersonYears
    cost: float
    risk: float


def blended_growth(national: float, regional: float, regional_weight: float) -> float:
    """Growth of cost per head (1) from a base year on. Clause 4.5.1.

    >>> round(blended_growth(national=1.04, regional=1.02, regional_weight=0.25), 4)
    1.035
    """
    return (1 - regional_weight) * national + regional_weight * regional


def historical(
    costs: Sequence[float],
    growths: Sequence[float],
    risks: Sequence[float],
    weights: Sequence[float],
) -> float:
    """Cost per head of the base years at prices and risk of the last, EUR/person-year. 4.5.2.

    `growths` (1) lead from each base year to the last, `risks` are those of the base years.

    >>> historical([1_900.0, 1_950.0, 2_000.0], [1.06, 1.03, 1.0], [1.0, 1.0, 1.0], [0.1, 0.3, 0.6])
    2003.95
    """
    trended = [
        weight * cost * growth * risks[-1] / risk
        for weight, cost, growth, risk in zip(weights, costs, growths, risks, strict=True)
    ]
    return sum(trended)


def regional_adjustment(
    terms: BlendedHistoricalTerms, historical_cost: float, regional: float, national: float
) -> float:
    """Pull towards the cost of the surroundings at the region's risk, EUR/person-year. 4.5.3.

    Up where the region is cheaper than `regional`, down where dearer, within caps that are
    fractions of `national` cost per head.
    """
    gap = regional - historical_cost
    weight = terms.regional_weight_below if gap > 0 else terms.regional_weight_above
    most = terms.regional_adjustment_cap * national
    least = -terms.regional_adjustment_floor * national
    return min(max(weight * gap, least), most)


def prior_savings_adjustment(weight: float, savings_per_person: Sequence[float]) -> float:
    """Part of the savings of an earlier agreement that is given back, EUR/person-year. 4.5.4.

    >>> prior_savings_adjustment(0.5, [40.0, 60.0, 80.0])
    30.0
    >>> prior_savings_adjustment(0.5, [])
    0.0
    """
    if not savings_per_person:
        return 0.0
    return max(weight * sum(savings_per_person) / len(savings_per_person), 0.0)


def risk_ratio(before: float, now: float, cap: float) -> float:
    """How much riskier the insured are than before the start (1), within the cap. Clause 4.5.5.

    >>> risk_ratio(before=1.0, now=1.05, cap=0.03)
    1.03
    """
    return min(max(now / before, 1 - cap), 1 + cap)


def expect(terms: BlendedHistoricalTerms, history: History, year: int) -> Benchmark:
    """Expect what the base years cost per head, trended, adjusted, and updated to the year."""
    if history.truncation != terms.truncation:
        raise Refusal(
            f"{CLAUSE}: costs are cut off at the quantile {history.truncation}, the terms say "
            f"{terms.truncation:g}. Allowed is one and the same. Keep the history with "
            f"truncation={terms.truncation:g}."
        )
    base = history.baseline(BASE_YEARS)
    history.check(year, base, CLAUSE, terms.smallest_comparison)
    last = base[-1]
    there = {one: history.elsewhere[one] for one in (*base, year)}
    here = {one: _place(history.region[one], there[one]) for one in (*base, year)}

    def growth(first: int, then: int) -> tuple[float, float, float]:
        national = there[then].cost_per_person / there[first].cost_per_person
        regional = _around(terms, there[then]) / _around(terms, there[first])
        return national, regional, blended_growth(national, regional, terms.regional_growth_weight)

    to_last = [growth(one, last)[2] for one in base]
    risks = [here[one].risk for one in base]
    level = historical([here[one].cost for one in base], to_last, risks, terms.weights)
    national = there[last].cost_per_person
    regional = _around(terms, there[last]) * risks[-1]
    pull = regional_adjustment(terms, level, regional, national)
    earlier = [
        history.savings[one] / here[one].rows.insured_years
        for one in base
        if one in history.savings
    ]
    prior = prior_savings_adjustment(terms.prior_savings_weight, earlier)
    adjusted = level + (max(pull, prior) if earlier else pull)
    ratio = risk_ratio(risks[-1], here[year].risk, terms.risk_ratio_cap)
    national_growth, regional_growth, update = growth(last, year)
    insured = here[year].rows.insured_years
    amount = insured * adjusted * ratio * update

    pulled = pull >= prior or not earlier
    kept = _kept(terms, level, regional, national) if pulled else 1.0
    persons, norms = _chance(
        terms, here, there, base, year, to_last, insured * ratio * update * kept
    )
    return Benchmark(
        rule="blended_historical",
        year=year,
        amount=amount,
        cost=here[year].rows.total_cost,
        insured_years=insured,
        standard_error=sqrt(persons**2 + norms**2),
        details={
            "historical_cost_per_person": level,
            "regional_cost_per_person": regional,
            "regional_adjustment": pull,
            "prior_savings_adjustment": prior,
            "adjusted_cost_per_person": adjusted,
            "risk_ratio": ratio,
            "national_growth": national_growth,
            "regional_growth": regional_growth,
            "growth": update,
            "standard_error_persons": persons,
            "standard_error_norm": norms,
        },
    )


def _place(rows: PersonYears, there: Elsewhere) -> Place:
    """Cost per head of the region, and its risk relative to the comparison's."""
    norm = total_allocation(there.norm, rows) / rows.insured_years
    return Place(rows, rows.total_cost / rows.insured_years, norm / there.allocation_per_person)


def _around(terms: BlendedHistoricalTerms, there: Elsewhere) -> float:
    """Cost per head around the region at a risk of 1, EUR/person-year."""
    around = slice(terms.surroundings)
    if len(there.cost) < terms.surroundings:
        raise Refusal(
            f"{CLAUSE}: {terms.surroundings} regions are to surround the contract's, but the "
            f"comparison has {len(there.cost)}. Allowed are 1 to {len(there.cost)}. Set "
            "surroundings, or add regions."
        )
    level = float(there.cost[around].sum() / there.allocation[around].sum())
    return level * there.allocation_per_person


def _kept(terms: BlendedHistoricalTerms, level: float, regional: float, national: float) -> float:
    """Part of a deviation of the historical level that the regional pull leaves (1)."""
    gap = regional - level
    weight = terms.regional_weight_below if gap > 0 else terms.regional_weight_above
    capped = regional_adjustment(terms, level, regional, national) != weight * gap
    return 1.0 if capped else 1 - weight


def _chance(
    terms: BlendedHistoricalTerms,
    here: dict[int, Place],
    there: dict[int, Elsewhere],
    base: Sequence[int],
    year: int,
    to_last: Sequence[float],
    pull: float,
) -> tuple[float, float]:
    """Standard errors by the region's persons, and by the norm of a limited comparison, EUR/year.

    `pull` is how far a euro of the historical level per head moves the benchmark, person-year.
    """

    def own(one: int, by: float) -> Contribution:
        rows = here[one].rows
        return from_norm(rows, allocation(there[one].norm, rows), by)

    persons, norms = [own(year, -1.0)], []
    last = here[base[-1]].risk
    for one, weight, growth in zip(base, terms.weights, to_last, strict=True):
        each = pull * weight * growth * last / here[one].risk
        persons.append(own(one, each / here[one].rows.insured_years))
        norms.append(each * here[one].cost * _relative(here[one], there[one]))
    level = sum(weight * here[one].cost for one, weight in zip(base, terms.weights, strict=True))
    norms.append(pull * level * _relative(here[year], there[year]))
    return spread(persons), float(np.sqrt(np.square(norms).sum()))


def _relative(place: Place, there: Elsewhere) -> float:
    """Relative standard error of the region's norm cost (1)."""
    norm = total_allocation(there.norm, place.rows)
    return standard_error(there.norm, place.rows) / norm if norm else 0.0


def _needs(terms: BlendedHistoricalTerms) -> Needs:
    return Needs(BASE_YEARS, truncation=terms.truncation)


def _claim(terms: BlendedHistoricalTerms) -> Claim:
    pulled = terms.regional_weight_below or terms.regional_weight_above
    claimed: tuple[Disturbance, ...] = (
        "none", "starting_level", "national_shock", "comparison_size", "volunteers",
    )  # fmt: skip
    return Claim(
        frozenset(() if pulled else claimed),
        "that region and comparison change alike at a given documented risk, that risk changes by "
        "less than its cap, and that nothing pulls the level towards the surroundings",
    )


BLENDED_HISTORICAL = Rule(
    "blended_historical", CLAUSE, BlendedHistoricalTerms, _needs, _claim, expect
)
