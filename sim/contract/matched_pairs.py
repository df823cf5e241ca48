"""Matched pairs: the baseline cost per head, carried on by the change among pairs elsewhere.

Clause 4.4. Each insured of the region has somebody like her elsewhere, known before the year
began. What the region cost against its pairs before the start is its level; what the pairs cost
since says how care went on elsewhere. Cost and benchmark are those of the insured who are paired.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from sim.contract.balance import worst
from sim.contract.chance import Contribution, from_norm, spread
from sim.contract.history import History
from sim.contract.pair_sums import Sums, added, sums, sums_by_region, weights
from sim.contract.pairing import Pairs, draw
from sim.contract.person_years import PersonYears
from sim.contract.risk_adjustment import allocation
from sim.contract.rule import Benchmark, Claim, Disturbance, Needs, Rule
from sim.quantity import Refusal
from sim.randomness import decision, uniform

CLAUSE = "clause 4.4, matched pairs"
TAILS = (0.025, 0.975)


class MatchedPairsTerms(BaseModel, frozen=True, extra="forbid"):
    """How pairs are drawn and kept, what may be left over, and how the change is carried.

    `caliper` and `largest_difference` in standard deviations; `closed` pairs are drawn once,
    in the last baseline year, and count for as long as both are insured; `ages` begin the groups in
    which both sides have the same insured time.
    """

    baseline_years: int = Field(ge=1)
    closed: bool
    replacement: bool
    growth: Literal["proportional", "additive"]
    match_on_cost: bool
    main_conditions: int = Field(ge=0, le=20)
    ages: tuple[int, ...]
    caliper: float = Field(gt=0)
    largest_difference: float = Field(gt=0)
    largest_unmatched: float = Field(ge=0, lt=1)
    smallest_comparison: float = Field(ge=0)
    bootstrap: int = Field(ge=100)


def matched_pairs_benchmark(
    insured_years: float,
    baseline: tuple[Any, Any],
    pairs_now: Any,
    growth: Literal["proportional", "additive"],
) -> Any:
    """Baseline cost per head carried on by the pairs' change, EUR/year. Clause 4.4.3.

    `baseline` is cost per head before the start of the region and of its pairs, `pairs_now` that
    of the pairs in the year, EUR/person-year.

    >>> matched_pairs_benchmark(1_000.0, baseline=(1_900.0, 2_000.0), pairs_now=2_100.0,
    ...     growth="proportional")
    1995000.0
    >>> matched_pairs_benchmark(1_000.0, baseline=(1_900.0, 2_000.0), pairs_now=2_100.0,
    ...     growth="additive")
    2000000.0
    """
    here, there = baseline
    if growth == "additive":
        return insured_years * (here + pairs_now - there)
    return insured_years * here * pairs_now / there


def expect(terms: MatchedPairsTerms, history: History, year: int) -> Benchmark:
    """Expect for the paired insured what their pairs elsewhere say.

    The standard error is that of Abadie and Imbens (2006, doi:10.1111/j.1468-0262.2006.00655.x)
    given who was there: everybody's deviation from her norm, as often as she stands in a pair,
    her years added up. The interval resamples whole regions of the comparison with their pairs,
    and so knows how regions drift apart.
    """
    base = history.baseline(terms.baseline_years)
    before = [one - 1 for one in (*base, year)] if terms.match_on_cost else []
    history.check(year, [*base, *before], CLAUSE, terms.smallest_comparison)
    for one in (*base, *before, year):
        _rows(history, one)
    if terms.closed:
        then, now = _closed(terms, history, base[-1], year)
    else:
        then = [_drawn(terms, history, one) for one in base]
        now = _drawn(terms, history, year)
    ages = terms.ages
    past, present = added([sums(pairs, ages) for pairs in then]), sums(now, ages)
    if past.comparison_cost <= 0 or past.region_cost <= 0:
        raise Refusal(
            f"{CLAUSE}: before the start the paired cost {past.region_cost:,.2f} EUR and their "
            f"pairs {past.comparison_cost:,.2f} EUR. Allowed are costs above 0. Correct the "
            "ledgers of the baseline."
        )
    baseline = past.region_cost / past.region_time, past.comparison_cost / past.comparison_time
    pairs_now = present.comparison_cost / present.comparison_time
    amount = matched_pairs_benchmark(present.region_time, baseline, pairs_now, terms.growth)
    interval = _interval(terms, then, now)
    details = {
        "allocation": float(now.region_norm.sum()),
        "baseline_cost_per_person": baseline[0],
        "baseline_cost_of_pairs_per_person": baseline[1],
        "cost_of_pairs_per_person": pairs_now,
        "pairs": float(len(now.region)),
        "persons_standing_in": float(len(np.unique(now.comparison.person))),
        "unmatched": float(now.unmatched),
        "share_of_insured_years": present.region_time / history.region[year].insured_years,
        "largest_difference": worst(now.balance).difference,
    }
    if interval is not None:
        details |= dict(zip(("savings_low", "savings_high"), interval, strict=True))
    return Benchmark(
        rule="matched_pairs",
        year=year,
        amount=amount,
        cost=present.region_cost,
        insured_years=present.region_time,
        standard_error=spread(_chance(terms, then, now)),
        details=details,
        balance=now.balance,
    )


def _rows(history: History, year: int) -> PersonYears:
    """Person-years of the comparison, or a refusal where only sums are kept."""
    rows = history.elsewhere[year].rows
    if rows is None:
        raise Refusal(
            f"{CLAUSE}: of the comparison of {year} only sums are kept. Allowed are years with "
            "rows, from which pairs are drawn. Keep the rows (elsewhere(..., rows=True))."
        )
    return rows


def _drawn(terms: MatchedPairsTerms, history: History, year: int) -> Pairs:
    """Pairs of a year, balanced or refused."""
    pairs = draw(
        history,
        year,
        terms.main_conditions,
        terms.caliper,
        terms.replacement,
        terms.match_on_cost,
    )
    all_rows = len(pairs.region) + pairs.unmatched
    if pairs.unmatched > terms.largest_unmatched * all_rows:
        raise Refusal(
            f"{CLAUSE}: {pairs.unmatched:,} of {all_rows:,} insured of {year} have nobody like "
            f"them elsewhere. Allowed is a part of {terms.largest_unmatched:g}. Allow replacement, "
            "widen the caliper, match fewer main_conditions, or add insured elsewhere."
        )
    line = worst(pairs.balance)
    if abs(line.difference) > terms.largest_difference:
        raise Refusal(
            f"{CLAUSE}: the pairs of {year} differ in {line.name} by {line.difference:.3f} "
            f"standard deviations. Allowed are {terms.largest_difference:g}. Narrow the caliper, "
            "match more main_conditions, or add insured elsewhere: these pairs cannot be balanced."
        )
    return pairs


def _closed(
    terms: MatchedPairsTerms, history: History, base: int, year: int
) -> tuple[list[Pairs], Pairs]:
    """All pairs of the last baseline year, and now those of whom both are still insured.

    Those who die or leave later count in the baseline: without them nobody would die there, and a
    region of fewer deaths would seem to save what it does not pay for dying.
    """
    pairs = _drawn(terms, history, base)
    here, there = history.region[year], _rows(history, year)
    own, other = here.rows_of(pairs.region.person), there.rows_of(pairs.comparison.person)
    both = (own >= 0) & (other >= 0)
    if not both.any():
        raise Refusal(
            f"{CLAUSE}: of no pair of {base} are both still insured in {year}. Allowed is at "
            "least one pair. Redraw the pairs every year (closed=false)."
        )
    norm = history.elsewhere[year].norm
    region, comparison = here.where(own[both]), there.where(other[both])
    now = replace(
        pairs.where(both),
        region=region,
        comparison=comparison,
        region_norm=allocation(norm, region),
        comparison_norm=allocation(norm, comparison),
    )
    return [pairs], now


def _chance(terms: MatchedPairsTerms, then: Sequence[Pairs], now: Pairs) -> list[Contribution]:
    """What everybody's deviation from her norm adds to the error of the savings, EUR [row]."""
    ages = terms.ages
    past, present = added([sums(pairs, ages) for pairs in then]), sums(now, ages)
    if terms.growth == "additive":
        insured = present.region_time
        own, other = insured / past.region_time, insured / past.comparison_time
        change = insured / present.comparison_time
    else:
        growth = present.comparison_cost / present.comparison_time / past.comparison_cost
        amount = present.region_time * past.region_cost * growth * past.comparison_time
        amount /= past.region_time
        own, other = amount / past.region_cost, amount / past.comparison_cost
        change = amount / present.comparison_cost
    found = [
        from_norm(now.region, now.region_norm, -1.0),
        from_norm(now.comparison, now.comparison_norm, change * weights(now, ages)),
    ]
    for pairs in then:
        found.append(from_norm(pairs.region, pairs.region_norm, own))
        pull = -other * weights(pairs, ages)
        found.append(from_norm(pairs.comparison, pairs.comparison_norm, pull))
    return found


def _interval(
    terms: MatchedPairsTerms, then: Sequence[Pairs], now: Pairs
) -> tuple[float, float] | None:
    """Savings between which 95 % of resampled comparisons lie, EUR/year; None for one region.

    A region of the comparison is drawn with all pairs in which its persons stand, in baseline and
    contract year alike.
    """
    size = 1 + max(int(pairs.comparison.region.max()) for pairs in (*then, now))
    past = added([sums_by_region(pairs, terms.ages, size) for pairs in then])
    present = sums_by_region(now, terms.ages, size)
    places = np.flatnonzero((past.comparison_cost > 0) & (present.comparison_time > 0))
    if len(places) < 2:
        return None
    past, present = (Sums(*(part[places] for part in both)) for both in (past, present))
    luck = uniform(0, np.arange(terms.bootstrap * len(places)), decision("bootstrap"))
    drawn = (luck * len(places)).astype(np.int64).reshape(terms.bootstrap, len(places))
    old, new = (Sums(*(part[drawn].sum(axis=1) for part in both)) for both in (past, present))
    per_person = matched_pairs_benchmark(
        1.0,
        (old.region_cost / old.region_time, old.comparison_cost / old.comparison_time),
        new.comparison_cost / new.comparison_time,
        terms.growth,
    )
    savings = now.region.insured_years * (per_person - new.region_cost / new.region_time)
    low, high = np.quantile(savings, TAILS)
    return float(low), float(high)


def _needs(terms: MatchedPairsTerms) -> Needs:
    return Needs(terms.baseline_years + terms.match_on_cost, comparison_rows=True)


def _claim(terms: MatchedPairsTerms) -> Claim:
    unbiased: set[Disturbance] = {"none", "national_shock", "comparison_size"}
    if not terms.match_on_cost:
        unbiased |= {"volunteers"}
        if not terms.closed:
            unbiased |= {"case_mix"}  # who falls ill later keeps a closed pair all the same
        if terms.growth == "proportional":
            unbiased |= {"starting_level"}
    return Claim(
        frozenset(unbiased),
        "parallel trends: without the contract, the paired would have grown dearer alike"
        + ", and left for the same reasons as those elsewhere" * terms.closed,
    )


MATCHED_PAIRS = Rule("matched_pairs", CLAUSE, MatchedPairsTerms, _needs, _claim, expect)
