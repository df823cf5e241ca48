"""What a cohort file leaves open about a person, drawn given what it says of her.

Somebody of whom nothing is known but age and sex is one of the reference lives of her age, sex and
fifth of deprivation, like everybody who is drawn from the tables. Of whom more is known is one of
those lives that agree with it as far as any does, from up to two years younger to two years older,
so that a rare condition does not rest on a single life; what is known stays as it is known, and the
life gives the rest: other conditions and frailty. Whether there was hospital cost in the last year
weighs the lives: a life that is seldom admitted explains a year without better than one with.

How dear somebody is among those like her is the rank of last year's running cost, over what her
conditions, frailty and deprivation let one expect, within sex and ten years of age. Ranks alone
count: what care costs is the region's cost level, whatever the file adds up to, and the spread of
the classes stays the one that was fitted.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.cells import UNKNOWN
from sim.people.factors import ADMISSIONS, INTENSITIES, Factors
from sim.people.population import Population
from sim.people.reference import FIFTHS, Reference, birthday
from sim.people.roster import PAID, Roster

_NEIGHBOURS = 2  # years of age
_BAND = 10  # years of age within which cost is ranked
_RUNNING = PAID[1:]


def complete(
    people: Population,
    roster: Roster,
    reference: Reference,
    factors: Factors,
    past: NDArray[np.uint32],
) -> None:
    """Let the first rows of a population, drawn from the tables, be the persons of a roster.

    The rows must have the roster's sex and month of birth; luck is that of their addresses.
    `past` are the events that each ever had, uint32 [n]; it is written to.
    """
    rows = np.arange(roster.n)
    age = birthday(people, rows)
    for column in ("fifth", "insurer"):
        given = getattr(roster, column)
        people.columns[column][rows] = np.where(
            given == UNKNOWN, people.columns[column][rows], given
        )
    stayed = np.where(np.isnan(roster.cost[0]), UNKNOWN, roster.cost[0] > 0).astype(np.int64)
    lives = reference.state.shape[-1]
    luck = people.uniform(rows, "reference life")
    chosen = np.stack([age, (luck * lives).astype(np.int64)], axis=1)
    known = np.flatnonzero((roster.known != 0) | (stayed != UNKNOWN))
    chosen[known] = _agreeing(
        people.sex[known],
        age[known],
        people.fifth[known],
        roster.known[known],
        roster.has[known],
        stayed[known],
        luck[known],
        reference.state,
        _chance_of_a_stay(reference, factors),
    )
    life = (people.sex[rows], chosen[:, 0], people.fifth[rows], chosen[:, 1])
    people.state[rows] = (reference.state[life] & ~roster.known) | roster.has
    people.frailty[rows] = reference.frailty[life]
    past[rows] = reference.past[life]
    events = sum(
        1 << process.recent_bit for process in factors.processes if process.kind == "event"
    )
    people.recent[rows] = reference.recent[life] & (people.state[rows] | np.uint32(events))
    _rank(people, roster, age, reference, factors)


def expected(
    reference: Reference, factors: Factors, rate: str, sex: Any, age: Any, group: Any, state: Any
) -> NDArray[np.float64]:
    """Rate a year of persons of a sex, age, frailty and deprivation (`group`) and state."""
    place = factors.rates[rate]
    found = reference.base[sex, age, place] * factors.by_group[group, place]
    for bit in factors.bits.values():
        ill = (state >> np.uint32(bit)) & np.uint32(1) == 1
        found = np.where(ill, found * factors.by_state[bit, age, place], found)
    return np.asarray(found, np.float64)


def _chance_of_a_stay(reference: Reference, factors: Factors) -> NDArray[np.float64]:
    """Chance that each reference life is admitted within a year, float64 [2, 101, fifth, lives]."""
    sex, age, fifth, _ = np.ogrid[tuple(slice(size) for size in reference.state.shape)]
    group = reference.frailty.astype(np.int64) * FIFTHS + fifth
    hazard = sum(
        expected(reference, factors, name, sex, age, group, reference.state) for name in ADMISSIONS
    )
    chance: NDArray[np.float64] = 1 - np.exp(-np.asarray(hazard))
    return chance


def _rank(
    people: Population,
    roster: Roster,
    age: NDArray[np.int64],
    reference: Reference,
    factors: Factors,
) -> None:
    """Give those whose last year's running cost is known its rank as class of intensity."""
    running = roster.cost[1:]
    given = ~np.isnan(running)
    rows = np.flatnonzero(given.any(axis=0))
    if not rows.size:
        return
    group = people.frailty[rows].astype(np.int64) * FIFTHS + people.fifth[rows]
    sex, state = people.sex[rows], people.state[rows]
    usual = np.zeros(rows.size)
    for sector, there in zip(_RUNNING, given[:, rows], strict=True):
        cost = expected(reference, factors, sector, sex, age[rows], group, state)
        usual += np.where(there, cost, 0.0)
    dear = np.nansum(running[:, rows], axis=0) / np.maximum(usual, 1e-9)
    cell = age[rows] // _BAND * 2 + sex
    luck = people.uniform(rows, "cost intensity")
    order = np.lexsort((luck, dear, cell))
    sizes = np.bincount(cell)
    first = np.cumsum(sizes) - sizes
    rank = np.empty(rows.size)
    rank[order] = np.arange(rows.size) - first[cell[order]]
    people.intensity[rows] = ((rank + luck) / sizes[cell] * INTENSITIES).astype(np.uint8)


@njit(cache=True)
def _bits(mask: Any) -> Any:
    count = 0
    while mask:
        mask &= mask - np.uint32(1)
        count += 1
    return count


@njit(cache=True)
def _weight(chance: Any, stayed: Any) -> Any:
    if stayed == 1:
        return chance
    return 1.0 - chance if stayed == 0 else 1.0


@njit(cache=True)
def _agreeing(
    sex: Any,
    age: Any,
    fifth: Any,
    known: Any,
    has: Any,
    stayed: Any,
    luck: Any,
    state: Any,
    chance: Any,
) -> Any:
    """Age and number of the reference life that each person is, int64 [persons, 2].

    Among the lives of her sex and fifth and about her age that differ in the fewest of the known
    conditions, each is as likely as it makes a last year with (1) or without (0) a stay; -1: all
    alike. `state` and `chance` are [sex, age, fifth, life].
    """
    lives = state.shape[3]
    found = np.empty((sex.size, 2), np.int64)
    for i in range(sex.size):
        first = max(age[i] - _NEIGHBOURS, 0)
        last = min(age[i] + _NEIGHBOURS, state.shape[1] - 1)
        least = 99
        total = 0.0
        for years in range(first, last + 1):
            for life in range(lives):
                off = _bits((state[sex[i], years, fifth[i], life] ^ has[i]) & known[i])
                if off < least:
                    least = off
                    total = 0.0
                if off == least:
                    total += _weight(chance[sex[i], years, fifth[i], life], stayed[i])
        target = luck[i] * total
        passed = 0.0
        chosen = False
        for years in range(first, last + 1):
            for life in range(lives):
                if chosen:
                    break
                off = _bits((state[sex[i], years, fifth[i], life] ^ has[i]) & known[i])
                if off == least:
                    passed += _weight(chance[sex[i], years, fifth[i], life], stayed[i])
                    found[i, 0] = years
                    found[i, 1] = life
                    chosen = passed > target
    return found
