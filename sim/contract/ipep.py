"""Two gains on the patients of physicians, level and evolution, each floored at nothing.

Clause 4.6, after the French experiment IPEP (article 51; arrete of 2022, annex). The annex gives
its expected spending only as images; here it is an assumption: level against the national norm
of the same patients, evolution against what they cost the year before at their norm's growth.
Weights of a third and two thirds, and floors without a penalty across, are as published.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from pydantic import BaseModel, Field, model_validator

from sim.contract.chance import from_norm, spread
from sim.contract.history import History
from sim.contract.person_years import PersonYears
from sim.contract.risk_adjustment import allocation, standard_error, total_allocation
from sim.contract.rule import Benchmark, Claim, Component, Needs, Rule
from sim.quantity import Refusal

CLAUSE = "clause 4.6, level and evolution"


class IpepTerms(BaseModel, frozen=True, extra="forbid"):
    """Weights of the two gains (1), and the fewest person-years of a comparison."""

    level_weight: float = Field(ge=0, le=1)
    evolution_weight: float = Field(ge=0, le=1)
    smallest_comparison: float = Field(ge=0)

    @model_validator(mode="after")
    def _weigh_one_whole(self) -> "IpepTerms":
        whole = self.level_weight + self.evolution_weight
        if abs(whole - 1) > 1e-9:
            raise ValueError(
                f"{CLAUSE}: level_weight and evolution_weight add up to {whole:g}, but they are "
                "parts of one whole; make them add up to 1"
            )
        return self


def level_gain(norm: float, cost: float) -> float:
    """Norm cost of the patients less their cost, EUR/year. Clause 4.6.1.

    >>> level_gain(norm=10_000_000.0, cost=9_700_000.0)
    300000.0
    """
    return norm - cost


def evolution_gain(norm: float, cost: float, norm_before: float, cost_before: float) -> float:
    """What the patients would cost had they grown as their norm, less their cost. Clause 4.6.2.

    EUR/year; against the year before, not the baseline: the same level kept up gains nothing.

    >>> evolution_gain(norm=10_200_000.0, cost=9_700_000.0, norm_before=10_000_000.0,
    ...     cost_before=9_800_000.0)
    296000.0
    """
    return cost_before * norm / norm_before - cost


def counted(components: Sequence[Component]) -> float:
    """Gains that count, EUR/year: each floored at 0, so that none pays for another. 4.6.3.

    >>> gains = [Component("level", -90.0, 1 / 3, 0.0), Component("evolution", 60.0, 2 / 3, 40.0)]
    >>> counted(gains)
    40.0
    """
    return sum(component.counted for component in components)


def component(name: str, gain: float, weight: float) -> Component:
    """Weigh a gain, EUR/year; a loss counts nothing.

    >>> component("level", gain=300_000.0, weight=1 / 3).counted
    100000.0
    """
    return Component(name, gain, weight, max(gain, 0.0) * weight)


def expect(terms: IpepTerms, history: History, year: int) -> Benchmark:
    """Expect the cost of the patients and whatever gains count. Its savings are never negative.

    The standard error is that of the weighted gains before they are floored.
    """
    before = year - 1
    history.check(year, [before], CLAUSE, terms.smallest_comparison)
    rows = {one: _patients(history.region[one]) for one in (before, year)}
    norms = {one: history.elsewhere[one].norm for one in rows}
    norm, norm_before = (total_allocation(norms[one], rows[one]) for one in (year, before))
    cost, cost_before = rows[year].total_cost, rows[before].total_cost
    if norm_before <= 0:
        raise Refusal(
            f"{CLAUSE}: the norm of {before} is {norm_before:,.2f} EUR/year. Allowed is a norm "
            "above 0. Correct the comparison's cost."
        )
    components = (
        component("level", level_gain(norm, cost), terms.level_weight),
        component(
            "evolution",
            evolution_gain(norm, cost, norm_before, cost_before),
            terms.evolution_weight,
        ),
    )
    carried = terms.evolution_weight * norm / norm_before
    persons = spread(
        from_norm(rows[one], allocation(norms[one], rows[one]), pull)
        for one, pull in ((year, -1.0), (before, carried))
    )
    now = terms.level_weight + terms.evolution_weight * cost_before / norm_before
    then = carried * cost_before / norm_before
    estimated = np.hypot(
        now * standard_error(norms[year], rows[year]),
        then * standard_error(norms[before], rows[before]),
    )
    return Benchmark(
        rule="ipep",
        year=year,
        amount=cost + counted(components),
        cost=cost,
        insured_years=rows[year].insured_years,
        standard_error=sqrt(persons**2 + float(estimated) ** 2),
        details={
            "patients": float(len(rows[year])),
            "allocation": norm,
            "allocation_before": norm_before,
            "cost_before": cost_before,
            "standard_error_persons": persons,
            "standard_error_norm": float(estimated),
        },
        components=components,
    )


def _patients(rows: PersonYears) -> PersonYears:
    """Person-years attributed to a physician."""
    attributed = np.flatnonzero(rows.physician > 0)
    if not len(attributed):
        raise Refusal(
            f"{CLAUSE}: nobody is attributed to a physician in {rows.year}. Allowed are ledgers "
            "with column physician above 0 for patients. Fill it in, or choose another rule."
        )
    return rows.where(attributed)


def _needs(terms: IpepTerms) -> Needs:
    return Needs(1)


def _claim(terms: IpepTerms) -> Claim:
    return Claim(frozenset(), "none can hold: a floor on each gain turns chance into gains")


IPEP = Rule("ipep", CLAUSE, IpepTerms, _needs, _claim, expect)
