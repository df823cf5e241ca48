"""Audited regions: insured drawn from those who lived, and what of them is counted and paid.

A region of so many insured is everybody whose luck lies in a stretch as long as its share of all,
those born or moving in later included. Regions of one size share nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from experiments.auditing.lives import Lives
from experiments.auditing.plan import Disturbance, Plan
from sim import randomness
from sim.contract.ledger import SECTORS, Ledger, sector_columns
from sim.contract.person_years import PersonYears, person_years
from sim.people.care import regional_levels

HOSPITAL = SECTORS.index("hospital")


@dataclass(frozen=True)
class Region:
    """An audited region: how many insured, which one of them, and its rows of each year's claims.

    `place` sets its drift apart from that of all others.
    """

    insured: int
    number: int
    place: int
    rows: Mapping[int, NDArray[np.int64]]


def regions(lives: Lives, insured: int, count: int, places: int) -> list[Region]:
    """Draw so many regions of so many insured; the first one's drift has the address `places`."""
    share = insured / lives.ready.population.size
    number = {}
    for year, ledger in lives.ledgers.items():
        luck = randomness.uniform(lives.seed, ledger.person, randomness.decision("audited region"))
        number[year] = (luck / share).astype(np.int64)
    return [
        Region(insured, one, places + one, {y: np.flatnonzero(n == one) for y, n in number.items()})
        for one in range(count)
    ]


@dataclass(frozen=True)
class Claims:
    """What the contract counts of a region under a disturbance, whatever is saved.

    Attributes
    ----------
    rows
        Year -> person-years with the cost of the region without savings, EUR/year.
    kept
        Year -> which rows of the lives' ledgers they are, int64 [row].
    dearer
        Year -> factor on cost (1).
    extra
        Year -> cost on top, EUR/year [row].
    """

    rows: Mapping[int, PersonYears]
    kept: Mapping[int, NDArray[np.int64]]
    dearer: Mapping[int, float]
    extra: Mapping[int, NDArray[np.float64]]


def claims(
    lives: Lives, plan: Plan, region: Region, disturbance: Disturbance, sectors: tuple[str, ...]
) -> Claims:
    """Compose the region's claims of all years, disturbed."""
    years = sorted(lives.ledgers)
    steps = level(lives, plan, disturbance, region.place + 1)[region.place]
    gone = _gone(lives, plan, region, disturbance)
    rows, kept, dearer, extra = {}, {}, {}, {}
    for year, step in zip(years, steps, strict=True):
        own = region.rows[year]
        ledger = lives.ledgers[year].where(own)
        stays = ~np.isin(ledger.person, gone.get(year, ()))
        if disturbance.counted == "members" and year >= plan.start_year:
            stays &= ledger.member
        ledger, own = ledger.where(stays), own[stays]
        if disturbance.documentation and year in lives.more_documented[disturbance.documentation]:
            more = lives.more_documented[disturbance.documentation][year]
            ledger = replace(ledger, documented=more[own])
        dearer[year] = disturbance.level * step * shock(plan, disturbance, year)
        extra[year] = outliers(lives, disturbance, ledger)
        plain = person_years(ledger, sectors)
        kept[year] = own
        rows[year] = replace(plain, cost=(plain.cost + extra[year]) * dearer[year])
    return Claims(rows, kept, dearer, extra)


def saving(
    lives: Lives,
    claims: Claims,
    savings: str,
    disturbance: Disturbance,
    sectors: tuple[str, ...],
    year: int,
) -> NDArray[np.float64]:
    """Cost of a contract year where something is saved, EUR/year [row].

    Of the hospital cost avoided a part comes back with other patients of the region.
    """
    kept = claims.kept[year]
    whom = disturbance.effect_on
    paid = lives.cost[savings, whom][year][kept]
    found: NDArray[np.float64] = paid[:, sector_columns(sectors)].sum(axis=1, dtype=np.float64)
    if disturbance.refilled and "hospital" in sectors:
        bare = lives.ledgers[year].cost[kept, HOSPITAL].sum(dtype=np.float64)
        left = paid[:, HOSPITAL].sum(dtype=np.float64)
        if left > 0:
            back = disturbance.refilled * (bare - left) / left
            found += back * paid[:, HOSPITAL]
    return (found + claims.extra[year]) * claims.dearer[year]


def shock(plan: Plan, disturbance: Disturbance, year: int) -> float:
    """Factor on the cost of everybody everywhere in a year (1)."""
    return disturbance.shock if year >= plan.start_year + disturbance.shock_from - 1 else 1.0


def level(lives: Lives, plan: Plan, disturbance: Disturbance, places: int) -> NDArray[np.float64]:
    """How far the levels of places have drifted, float64 [place, year of the history] (1).

    Place 0 is nobody's, 1 and above the comparison's, audited regions follow.
    """
    years = plan.history_years + plan.contract_years
    return regional_levels(lives.seed, places, years, 1.0, 0.0, disturbance.drift)


def outliers(lives: Lives, disturbance: Disturbance, ledger: Ledger) -> NDArray[np.float64]:
    """Cost of the few who cost very much, EUR/year [row]; who they are is luck of the year."""
    if not disturbance.outlier_rate:
        return np.zeros(len(ledger))
    decision = randomness.decision("audit outlier")
    luck = randomness.uniform(lives.seed, ledger.person, decision, ledger.year)
    terms = lives.ready.population
    price = np.exp(terms.trends.cost * (ledger.year - terms.price_year))
    struck = luck < disturbance.outlier_rate * ledger.insured_months / 12
    return np.where(struck, disturbance.outlier_cost * price, 0.0)


def _gone(
    lives: Lives, plan: Plan, region: Region, disturbance: Disturbance
) -> dict[int, NDArray[np.int64]]:
    """Persons who have left the insured by the beginning of each contract year, by a disturbance.

    The young move away; the robust change their insurer.
    """
    if not (disturbance.young_leaving or disturbance.switching):
        return {}
    found: dict[int, NDArray[np.int64]] = {}
    gone = np.empty(0, np.int64)
    appeal = lives.frailty**-disturbance.switching_selection
    appeal /= appeal.mean()
    for year in plan.contract:
        ledger = lives.ledgers[year].where(region.rows[year])
        hazard = (
            np.where(ledger.age < disturbance.young_until, disturbance.young_leaving, 0.0)
            + disturbance.switching * appeal[ledger.person]
        )
        luck = randomness.uniform(
            lives.seed, ledger.person, randomness.decision("audit leaving"), year
        )
        gone = np.union1d(gone, ledger.person[luck < -np.expm1(-hazard)])
        found[year] = gone
    return found
