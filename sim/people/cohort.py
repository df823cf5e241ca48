"""The cohort: who lives in a place at the beginning, and who will come.

Age and sex follow the place's table to the person (largest remainders), so that seeds differ in
fate and not in structure; deprivation, frailty, conditions, insurer and practice are luck. Births
and movers are expected numbers of a cohort-component projection: they do not depend on the arm.

A cohort file takes the place of the residents and nothing else: who is born to them, follows them
or leaves is projected from the file's own age and sex, under the rates of the place.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim import randomness
from sim.people.completion import complete
from sim.people.demography import projection, whole
from sim.people.diseases import Diseases, has
from sim.people.factors import AGES, INTENSITIES
from sim.people.population import Population
from sim.people.reference import Reference, birthday
from sim.people.roster import Roster


@dataclass(frozen=True)
class Place:
    """Where a cohort lives and how it renews itself.

    Attributes
    ----------
    structure
        Persons by sex and age at the beginning, any scale, float64 [2, 101].
    mortality
        Hazard of death by year, sex and age, float64 [years, 2, 101], 1/person-year.
    leaving
        Hazard of leaving, float64 [2, 101], 1/person-year.
    fertility
        Births per woman and year, float64 [101].
    arriving
        Arrivals per departure by sex and age, float64 [2, 101].
    male_births
        Share of boys among the newborn.
    deprivation
        Shares of the fifths among the newborn, least to most deprived, float64 [5]; among the old
        they are those of the survivors.
    insurers
        Shares of the contracting insurers, float64 [insurers].
    """

    structure: NDArray[np.float64]
    mortality: NDArray[np.float64]
    leaving: NDArray[np.float64]
    fertility: NDArray[np.float64]
    arriving: NDArray[np.float64]
    male_births: float
    deprivation: NDArray[np.float64]
    insurers: NDArray[np.float64]


def draw(
    place: Place,
    size: int,
    size_in_year: int,
    first_month: int,
    reference: Reference,
    diseases: Diseases,
    seed: int,
    first: int = 0,
    regions: tuple[int, ...] = (0,),
    roster: Roster | None = None,
) -> Population:
    """Draw everybody who will ever live here within the years of `place.mortality`.

    Parameters
    ----------
    size, size_in_year
        Persons insured at the start of the year with index `size_in_year`.
    first_month
        Month in which the first year begins.
    first
        Address of the first row.
    regions
        Numbers of the regions over which the cohort is spread evenly.
    roster
        Persons of a cohort file, who live here on the first day instead of those of the table;
        `size` and `size_in_year` are theirs.
    """
    if roster is not None:
        place = replace(place, structure=roster.structure(first_month, AGES))
        size, size_in_year = roster.n, 0
    years = place.mortality.shape[0]
    arrivals, sizes = projection(
        place.structure / place.structure.sum(),
        place.mortality,
        place.leaving,
        place.fertility,
        place.arriving,
        place.male_births,
        years,
    )
    scale = size / sizes[size_in_year].sum()
    if roster is None:
        residents = _residents(_persons(sizes[0], scale), first_month)
    else:
        residents = np.stack([roster.sex, roster.born, np.full(roster.n, first_month)])
    blocks = [residents]
    for year in range(years):
        births, movers = (_persons(kind, scale) for kind in arrivals[year])
        blocks.append(_arrivals(births, movers, first_month + 12 * year))
    people = _settle(blocks, diseases, seed, first)
    people.first_month = first_month
    past = _characterise(people, place, reference)
    if roster is not None:
        complete(people, roster, reference, diseases.factors, past)
    diseases.remember(people, past)
    people.columns["region"][:] = np.array(regions)[np.arange(people.n) % len(regions)]
    _tempt(people, diseases)
    diseases.document(people, np.arange(people.n))
    people.documented_before[:] = people.documented
    return people


def _persons(expected: NDArray[np.float64], scale: float) -> NDArray[np.int64]:
    return whole(expected * scale, round(float(expected.sum()) * scale))


def _residents(counts: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    """Those present at the start: rows of sex, month of birth, month of entry, [3, persons]."""
    sex, age = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
    place = np.arange(sex.size) % 12  # calendar month of birth, 0 January
    born = start - 12 * age - np.where(place == 0, 0, 12 - place)
    return np.stack([sex, born, np.full(sex.size, start)])


def _arrivals(
    births: NDArray[np.int64], movers: NDArray[np.int64], start: int
) -> NDArray[np.int64]:
    """Those who are born or move in within the year that begins at `start`, [3, persons]."""
    sex = np.repeat(np.arange(2), births[:, 0])
    month = start + np.arange(sex.size) % 12
    newborn = np.stack([sex, month, month])
    moved = _residents(movers, start)
    moved[2] = start + (np.arange(moved.shape[1]) * 7) % 12
    return np.concatenate([newborn, moved], axis=1)


def _settle(
    blocks: list[NDArray[np.int64]], diseases: Diseases, seed: int, first: int
) -> Population:
    """Give everybody a row: by year of entry, within it by calendar month of birth."""
    bounds = np.concatenate([[0], np.cumsum([block.shape[1] for block in blocks])])
    people = Population.empty(int(bounds[-1]), len(diseases.factors.processes), seed, first=first)
    people.cohorts = bounds
    people.birthdays = np.zeros((len(blocks), 13), np.int64)
    for k, block in enumerate(blocks):
        calendar = (block[1] - 1) % 12
        order = np.argsort(calendar, kind="stable")
        rows = slice(bounds[k], bounds[k + 1])
        people.sex[rows], people.born[rows], people.entered[rows] = block[:, order]
        people.birthdays[k] = bounds[k] + np.searchsorted(calendar[order], np.arange(13))
    people.billed[:] = people.entered
    return people


def _characterise(people: Population, place: Place, reference: Reference) -> NDArray[np.uint32]:
    """Draw what age and sex leave open: each person becomes one of the reference lives.

    Returned are the events each life ever had, uint32 [n].
    """
    rows = np.arange(people.n)
    age = birthday(people, rows)
    fifths = np.cumsum(place.deprivation * reference.surviving[people.sex, age], axis=1)
    drawn = people.uniform(rows, "deprivation") * fifths[:, -1]
    fifth = (drawn[:, None] >= fifths[:, :-1]).sum(axis=1)
    lives = reference.state.shape[-1]
    life = (people.uniform(rows, "reference life") * lives).astype(np.int64)
    people.fifth[:] = fifth
    whose = people.sex, age, fifth, life
    people.state[:] = reference.state[whose]
    people.frailty[:] = reference.frailty[whose]
    people.recent[:] = reference.recent[whose]
    people.intensity[:] = people.uniform(rows, "cost intensity") * INTENSITIES
    people.insurer[:] = randomness.choice(people.uniform(rows, "insurer"), place.insurers)
    past: NDArray[np.uint32] = reference.past[whose]
    return past


def _tempt(people: Population, diseases: Diseases) -> None:
    """Draw how much hazard everybody can bear, process by process."""
    for rows in people.stretches(people.n):
        for slot, process in enumerate(diseases.factors.processes):
            if process.kind == "admission":
                continue  # afresh every January, see Care.renew
            if process.bit < 0:
                kind = "event" if process.kind == "event" else "life"
                people.remaining[slot, rows] = people.threshold(rows, kind, process.name)
                continue
            ill = has(people, process.bit, rows)
            well = rows[~ill]
            people.remaining[slot, well] = people.threshold(well, "onset", process.name)
            if process.remission:
                drawn = people.threshold(rows[ill], "remission", process.name)
                people.remaining[slot, rows[ill]] = drawn
