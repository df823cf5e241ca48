"""Blended historical benchmark: three years before the start, trended, adjusted and updated.

Clause 4.5, after the benchmark of the US Medicare Shared Savings Program (42 CFR 425.601-603,
425.650-660). Costs are cut off at a national quantile, the base years carry unlike weights, growth
is a blend of national and regional growth, the level is drawn towards that of the surroundings
or lifted for savings made before, and the risk of the insured may rise only so far. What US law
takes from counties the ledger cannot show: the surroundings are the first regions of the
comparison.
"""

from collections.abc import Sequence
from math import hypot

from pydantic import BaseModel, Field, model_validator

from sim.contract.blended_error import Parts, Place, by_norm, by_persons, by_surroundings
from sim.contract.history import Elsewhere, History
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


def blended_growth(national: float, regional: float, regional_weight: float) -> float:
    """Growth of cost per head (1) from a base year on. Clause 4.5.1.

    >>> round(blended_growth(national=1.04, regional=1.02, regional_weight=0.25), 4)
    1.035
    """
    return (1 - regional_weight) * national + regional_weight * regional


def from_base_year(weight: float, cost: float, growth: float, risk: float) -> float:
    """Part of a base year in the historical cost, EUR/person-year. Clause 4.5.2.

    At the prices and the risk of the last base year: `growth` and `risk` (1) lead there.

    >>> round(from_base_year(weight=0.1, cost=1_900.0, growth=1.06, risk=1.01), 2)
    203.41
    """
    return weight * cost * growth * risk


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
    places = {one: Place(history.region[one], history.elsewhere[one]) for one in (*base, year)}
    around = {one: _around(terms, place.there) for one, place in places.items()}

    def growth(first: int, then: int) -> tuple[float, float, float]:
        before, after = (places[one].there.cost_per_person for one in (first, then))
        national, regional = after / before, around[then] / around[first]
        return national, regional, blended_growth(national, regional, terms.regional_growth_weight)

    costs = [places[one].cost_per_person for one in base]
    risks = [places[one].risk for one in base]
    to_last = [growth(one, last)[2] for one in base]
    shares = {
        one: from_base_year(weight, cost, grown, risks[-1] / risk)
        for one, weight, cost, grown, risk in zip(
            base, terms.weights, costs, to_last, risks, strict=True
        )
    }
    level = sum(shares.values())
    national = places[last].there.cost_per_person
    regional = around[last] * risks[-1]
    pull = regional_adjustment(terms, level, regional, national)
    earlier = [
        history.savings[one] / places[one].rows.insured_years
        for one in base
        if one in history.savings
    ]
    prior = prior_savings_adjustment(terms.prior_savings_weight, earlier)
    adjusted = level + (max(pull, prior) if earlier else pull)
    ratio = risk_ratio(risks[-1], places[year].risk, terms.risk_ratio_cap)
    national_growth, regional_growth, update = growth(last, year)
    insured = places[year].rows.insured_years
    amount = insured * adjusted * ratio * update

    kept = _kept(terms, level, regional, national) if adjusted == level + pull else 1.0
    moved = insured * ratio * update * kept
    parts = Parts(amount, {one: moved * share for one, share in shares.items()})
    errors = {
        "standard_error_persons": by_persons(places, year, parts),
        "standard_error_norm": by_norm(places, year, parts),
        "standard_error_surroundings": by_surroundings(
            places, year, parts, terms.surroundings, terms.regional_growth_weight
        ),
    }
    return Benchmark(
        rule="blended_historical",
        year=year,
        amount=amount,
        cost=places[year].rows.total_cost,
        insured_years=insured,
        standard_error=hypot(*errors.values()),
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
            **errors,
        },
    )


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
