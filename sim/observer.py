"""Who watches people live and keeps what was asked for; watching changes nothing.

It reads, and it books early what is due anyway.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.contract.risk_adjustment import allocation, estimate
from sim.observation import (
    Cases,
    Dying,
    Hazards,
    Observation,
    Panel,
    Watch,
    by_sex_and_age,
    holds,
)
from sim.people import demography, processes
from sim.people.factors import ADMISSIONS, AGES, DEATH
from sim.people.life import Life
from sim.people.population import SECTORS

CONTRACT = SECTORS[:4]
FOLLOWED = 24
"""Months after an onset at which its admissions are counted again."""

Found = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_], NDArray[np.int32]]


class Observer:
    """Lets one population live, month by month, and keeps what is asked for."""

    def __init__(self, life: Life, watch: Watch) -> None:
        self.life, self.watch, self.people = life, watch, life.people
        people, factors = life.people, life.factors
        self.slots = {
            process.name: slot
            for slot, process in enumerate(factors.processes)
            if process.kind in ("condition", "event")
        }
        diseases = life.country.diseases.specs
        self.admissions = [factors.slot(name) for name in ADMISSIONS]
        self.inpatient = [slot for n, slot in self.slots.items() if diseases[n].admission_cost]
        self.times = {n: people.occurrence[slot].copy() for n, slot in self.slots.items()}
        self.log: dict[tuple[str, int], Found] = {}
        self.after: dict[tuple[str, int], NDArray[np.int32]] = {}
        self.closed = np.zeros(people.n, np.int32)  # admissions of years that are over
        self.stays_before = self._stays(slice(None))  # events of the past come with people
        self.cost_before = np.zeros(people.n, np.float32)
        self.total = np.zeros(people.n, np.float32)  # cost of all years that are over
        self.spent: dict[int, NDArray[np.float32]] = {}  # cost up to the end of a month
        self.state_before = people.state
        first = people.first_month
        there = np.flatnonzero(people.present(first))
        self.seen = Observation(
            first_year=life.year_of(first),
            first_month=first,
            bits=factors.bits,
            structure=by_sex_and_age(people.sex[there], people.age(first, there)),
        )

    def live(self, years: int) -> Observation:
        """Live so many years from the first on; return what was kept."""
        seen, first = self.seen, self.people.first_month
        seen.last_month = first + 12 * years - 1
        for month in range(first, seen.last_month + 1):
            self._live(month)
            if month % 12 == 0:
                self._close(month)
        columns = self.people.columns
        seen.born, seen.sex = columns["born"], columns["sex"]
        seen.left, seen.died = columns["left"], columns["died"]
        seen.cases = {name: self._cases(name) for name in self.slots}
        return seen

    def _live(self, month: int) -> None:
        """One month, watched before and after."""
        life, people = self.life, self.people
        year = life.year_of(month)
        if month % 12 == 1:
            life.begin(month)
            self.state_before = people.state.copy()
        if year in self.watch.hazards:
            starting = demography.starting(people, month)
            rows = np.concatenate([starting, life.changed])
            processes.refresh(people, life.factors, rows, month)
            self._sum_hazards(self.seen.hazards.setdefault(year, self._no_hazards()), month)
        life.live(month)
        self._note_cases(month)
        if {year, year + 1} & set(self.watch.dying):
            processes.accrue(people, demography.entered(people, month), month + 1)
            self.spent[month] = self.total + self._cost()

    def _cost(self) -> NDArray[np.float32]:
        """Cost of the contract's sectors in this year so far, by row."""
        cost: NDArray[np.float32] = self.people.account[: len(CONTRACT)].sum(axis=0)
        return cost

    def _no_hazards(self) -> Hazards:
        shape = (2 ** len(self.watch.classes), 2, AGES)
        names = ["death", *self.slots]
        consumed, counted = ({name: np.zeros(2) for name in names} for _ in range(2))
        return Hazards(np.zeros(shape), np.zeros(shape), consumed, counted)

    def _sum_hazards(self, year: Hazards, month: int) -> None:
        """Add this month's hazards to the year's, before they run."""
        people, factors, diseases = self.people, self.life.factors, self.life.country.diseases
        rows = np.flatnonzero(people.present(month))
        sex = people.sex[rows].astype(np.int64)
        age = np.clip(people.age(month, rows), 0, AGES - 1).astype(np.int64)
        level = self.life.fatality_level(month)[people.region[rows]]
        total = people.hazard[DEATH, rows].astype(float)
        taken = np.minimum(total, people.remaining[DEATH, rows])
        for name, slot in self.slots.items():
            process = factors.processes[slot]
            hazard = people.hazard[slot, rows].astype(float)
            if process.bit >= 0:  # the slot of who has it holds the hazard of remission
                hazard *= ~holds(people.state[rows], process.bit)
            consumed = np.minimum(hazard, people.remaining[slot, rows])
            year.consumed[name] += np.bincount(sex, consumed, 2)
            if diseases.specs[name].case_fatality:
                fatal = diseases.fatality(name)[age] * level
                total += hazard * fatal
                taken += consumed * fatal
        year.consumed["death"] += np.bincount(sex, taken, 2)
        cell = (self._classes(rows) * 2 + sex) * AGES + age
        shape, size = year.death.shape, year.death.size
        year.death += np.bincount(cell, total, size).reshape(shape)
        year.exposure += np.bincount(cell, minlength=size).reshape(shape) / 12

    def _classes(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of each row's class: bit by bit, in the order of `Watch.classes`."""
        people, found = self.people, np.zeros(rows.size, np.int64)
        for place, (layer, name) in enumerate(self.watch.classes):
            if layer == "past":
                member = people.occurrence[self.slots[name], rows] > 0
            else:
                column = people.documented if layer == "documented" else people.state
                member = holds(column[rows], self.seen.bits[name])
            found += member.astype(np.int64) << place
        return found

    def _note_cases(self, month: int) -> None:
        """Write down who fell ill or was struck in this month."""
        people = self.people
        for name, slot in self.slots.items():
            times = people.occurrence[slot]
            rows = np.flatnonzero(times != self.times[name])
            self.times[name][rows] = times[rows]
            bit = self.life.factors.processes[slot].bit
            known = holds(people.documented[rows], bit) if bit >= 0 else rows >= 0
            self.log[name, month] = (rows, times[rows], known, self._stays(rows))
            year = self.seen.hazards.get(self.life.year_of(month))
            if year is not None:
                year.counted[name] += np.bincount(people.sex[rows], minlength=2)
            past = self.log.get((name, month - FOLLOWED))
            if past is not None:
                self.after[name, month - FOLLOWED] = self._stays(past[0])

    def _stays(self, rows: Any) -> NDArray[np.int32]:
        """Admissions of some rows so far, those that come with an onset or event included."""
        occurrence = self.people.occurrence
        stays: NDArray[np.int32] = self.closed[rows].copy()
        for slot in (*self.admissions, *self.inpatient):
            stays += occurrence[slot, rows]
        return stays

    def _close(self, month: int) -> None:
        """Close the year: exposure, panel, the dying; then the accounts start anew."""
        life, people, seen = self.life, self.people, self.seen
        year, entered = life.year_of(month), demography.entered(people, month)
        processes.accrue(people, entered, month + 1)
        accounts = people.account[: len(CONTRACT)].T.copy()
        spent, documented = self._cost(), people.documented.copy()
        stays, avoidable = self._stays(slice(None)), people.occurrence[self.admissions[-1]].copy()
        ledger, _ = life.close_year(month)
        rows = ledger.person - people.first
        gone = people.left[rows] <= month + 1
        died = gone & people.died[rows]
        self._expose(year, rows, month, documented[rows])
        if year in seen.hazards:
            deaths = np.bincount(people.sex[rows[died]], minlength=2)
            seen.hazards[year].counted["death"] += deaths
        if year in self.watch.dying and month - 23 in self.spent:
            seen.dying[year] = self._last_year(rows[died], month)
        if year in self.watch.panels:
            elsewhere = replace(ledger, region=np.ones_like(ledger.region))
            norm = allocation(estimate(elsewhere, CONTRACT), elsewhere)
            last = np.minimum(people.left[rows] - 1, month)
            seen.panels[year] = Panel(
                year=year,
                last_month=month,
                row=rows,
                sex=people.sex[rows],
                age=((last - people.born[rows]) // 12).astype(np.int16),
                months=ledger.insured_months,
                died=died,
                here=~gone,
                state_before=self.state_before[rows],
                state=people.state[rows],
                documented=documented[rows],
                cost=accounts[rows],
                cost_before=self.cost_before[rows],
                norm=norm.astype(np.float32),
                expected=~ledger.newcomer,
                stays=(stays - self.stays_before)[rows].astype(np.uint8),
                avoidable=avoidable[rows],
            )
        renewed = people.left > month + 1  # whose admissions are counted afresh in January
        self.closed[renewed] += people.occurrence[
            np.ix_(self.admissions, np.flatnonzero(renewed))
        ].sum(axis=0, dtype=np.int32)
        self.stays_before, self.cost_before = stays, spent
        self.total = self.total + spent

    def _expose(
        self, year: int, rows: NDArray[np.int64], month: int, documented: NDArray[np.uint32]
    ) -> None:
        """Add up person-years by sex and age, all of them and those free of a condition."""
        people, seen = self.people, self.seen
        sex, age = people.sex[rows], people.age(month - 5, rows)
        years = people.months_in(month - 11, month, rows) / 12
        seen.person_years[year] = by_sex_and_age(sex, age, years)
        seen.free[year] = {}
        for name in self.slots:
            bit = self.life.factors.processes[self.slots[name]].bit
            if bit < 0:
                continue
            before, after = holds(self.state_before[rows], bit), holds(people.state[rows], bit)
            free = years * (1 - before / 2 - after / 2)
            seen.free[year]["true", name] = by_sex_and_age(sex, age, free)
            known = holds(documented, bit)
            free = years * (1 - (known & before) / 2 - known / 2)
            seen.free[year]["documented", name] = by_sex_and_age(sex, age, free)

    def _last_year(self, rows: NDArray[np.int64], month: int) -> Dying:
        """Cost of the last twelve months of those who died, who were there all the time."""
        people = self.people
        last = people.left[rows].astype(np.int64) - 1
        there = people.entered[rows] <= last - 11
        rows, last = rows[there], last[there]
        first = month - 23
        ends = np.stack([self.spent[end][rows] for end in range(first, month + 1)])
        place = (last - first)[:, None] - np.arange(12)
        mine = np.arange(rows.size)[:, None]
        course = ends[place, mine] - ends[place - 1, mine]
        age = ((last - people.born[rows]) // 12).astype(np.int16)
        return Dying(people.sex[rows], age, course.astype(np.float32))

    def _cases(self, name: str) -> Cases:
        """All cases of one process, month by month."""
        months = [month for which, month in self.log if which == name]
        found = [self.log[name, month] for month in months]
        rows, times, known, stays = (np.concatenate(part) for part in zip(*found, strict=True))
        sizes = [part[0].size for part in found]
        after = [
            self.after.get((name, month), np.full(size, -1, np.int32))
            for month, size in zip(months, sizes, strict=True)
        ]
        month = np.repeat(np.array(months, np.int16), sizes)
        return Cases(rows, month, times, known, stays, np.concatenate(after))
