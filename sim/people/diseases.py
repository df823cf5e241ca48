"""Who falls ill, worsens, recovers: conditions, risk factors and acute events.

A condition is a state of the person and multiplies her hazards and running costs while it lasts; a
risk factor is the same without a diagnosis; an event strikes those at risk, may bring a condition
with it and may kill. The first months after an onset or event have factors of their own.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from sim.people.factors import AGES, Factors, Process
from sim.people.population import NEVER, Population
from sim.people.processes import Due
from sim.quantity import Refusal, nearest

_BIT = np.uint32(1)


class Disease(BaseModel, frozen=True, extra="forbid"):
    """A condition, risk factor or event as conf/diseases describes it; units and sources there."""

    label: str
    icd10: str | None = None
    kind: Literal["condition", "risk_factor", "event"]
    remission: float | None = Field(None, ge=0)
    requires: str | None = None
    brings: tuple[str, ...] = ()
    case_fatality: float = Field(0.0, ge=0, le=1)
    case_fatality_by_age: str | None = None
    admission_cost: float = Field(0.0, ge=0)
    recent_months: int = Field(0, ge=0)
    recent_hazard_ratio_of: dict[str, float] = {}
    recent_cost_ratio_of: dict[str, float] = {}
    hazard_ratio_of: dict[str, float] = {}
    hazard_ratio_by_age: dict[str, str] = {}
    remission_ratio_of: dict[str, float] = {}
    cost_ratio_of: dict[str, float] = {}
    utility_decrement: float = Field(0.0, ge=0, lt=1)
    documented_share: float = Field(0.0, ge=0, le=1)


@dataclass(frozen=True)
class Diseases:
    """The selected diseases in the slots of the kernel.

    `shapes` are the named courses by age, float64 [101], by which ratios and fatalities vary.
    """

    specs: dict[str, Disease]
    factors: Factors
    shapes: dict[str, NDArray[np.float64]]

    def fill(self) -> None:
        """Write what each condition multiplies into the table of factors."""
        factors = self.factors
        for name, disease in self.specs.items():
            bit = factors.bits[name]
            line, recent = factors.by_state[bit], factors.by_recent[bit]
            for process, ratio in disease.hazard_ratio_of.items():
                shape = self._shape(disease.hazard_ratio_by_age.get(process))
                line[:, factors.rates[process]] *= np.exp(np.log(ratio) * shape)
            for process, ratio in disease.remission_ratio_of.items():
                line[:, factors.rates[f"{process}.remission"]] *= ratio
            for sector, ratio in disease.cost_ratio_of.items():
                line[:, factors.rates[sector]] *= ratio
            line[:, factors.rates["qalys"]] *= 1 - disease.utility_decrement
            for process, ratio in disease.recent_hazard_ratio_of.items():
                recent[factors.rates[process]] *= ratio
            for sector, ratio in disease.recent_cost_ratio_of.items():
                recent[factors.rates[sector]] *= ratio

    def fatality(self, name: str) -> NDArray[np.float64]:
        """Chance that an onset or event kills at once, float64 [age]."""
        disease = self.specs[name]
        return np.minimum(disease.case_fatality * self._shape(disease.case_fatality_by_age), 1)

    def lethality(
        self, name: str, people: Population, rows: NDArray[np.int64], month: int
    ) -> NDArray[np.float64]:
        """Chance that an onset or event kills each of some rows now, float64 [rows].

        Case fatality follows the level of mortality of the year and of the place.
        """
        age = np.clip(people.age(month, rows), 0, AGES - 1)
        place = self.factors.by_region[people.region[rows], self.factors.rates["death"]]
        found: NDArray[np.float64] = self.fatality(name)[age] * place * self.factors.lethality
        return found

    def react(self, people: Population, due: Due, month: int) -> NDArray[np.int64]:
        """Let everything that fell due take effect; return the rows whose state changed.

        A row may come twice, which is harmless.
        Rule of order within a month: who died or left earlier in it has no onset in it;
        onsets and events of different kinds in one month all count; each may kill.
        """
        changed = [self._expire(people, month)]
        alive = people.left[due.row] == NEVER
        slot, row = due.slot[alive], due.row[alive]
        for index, process in enumerate(self.factors.processes):
            if process.kind not in ("condition", "risk_factor", "event"):
                continue
            rows = row[slot == index]
            if not rows.size:
                continue
            changed.append(rows)
            if process.kind == "event":
                self._strike(people, index, rows, month)
            else:
                ill = has(people, process.bit, rows)
                self._begin(people, index, rows[~ill], month)
                if process.remission:
                    self._end(people, index, rows[ill])
        return np.concatenate(changed)

    def remember(self, people: Population, past: NDArray[np.uint32]) -> None:
        """Give everybody drawn the events of her past, and an end to her first months.

        `past` holds a bit for each event she ever had, uint32 [n]. How much of the first months
        after an onset or event is left when she enters is luck.
        """
        for slot, process in enumerate(self.factors.processes):
            if process.kind == "event":
                people.occurrence[slot] = past >> np.uint32(process.recent_bit) & _BIT
            if process.recent_bit < 0 or not self.specs[process.name].recent_months:
                continue
            rows = np.flatnonzero(people.recent >> np.uint32(process.recent_bit) & _BIT)
            drawn = people.uniform(rows, "first months left", process.name)
            left = (drawn * self.specs[process.name].recent_months).astype(np.int64)
            until = people.entered[rows] + left
            for month in np.unique(until):
                then = rows[until == month]
                struck = (slot, then, people.occurrence[slot, then])
                people.expiry.setdefault(int(month), []).append(struck)

    def document(self, people: Population, rows: NDArray[np.int64], gain: Any = 0.0) -> None:
        """Let the insurer learn of the diagnoses that the persons in `rows` have.

        Whether a diagnosis is coded is luck, drawn once a person and condition; `gain`, one
        number or one a row, is the relative rise of the share coded: nobody is healthier by it.
        """
        more = np.broadcast_to(np.asarray(gain, dtype=float), rows.shape)
        for process in self.factors.processes:
            if process.kind == "condition":
                ill = has(people, process.bit, rows)
                self._document(people, process, rows[ill], more[ill])

    def _expire(self, people: Population, month: int) -> NDArray[np.int64]:
        """End the first months of those struck long enough ago and not again since."""
        ended = [np.empty(0, np.int64)]
        for slot, rows, times in people.expiry.pop(month, []):
            over = rows[people.occurrence[slot, rows] == times]
            bit = np.uint32(self.factors.processes[slot].recent_bit)
            people.recent[over] &= ~(_BIT << bit)
            ended.append(over)
        return np.concatenate(ended)

    def _begin(self, people: Population, slot: int, rows: NDArray[np.int64], month: int) -> None:
        """Onset: the state begins, and with it the hazard of remission where there is one."""
        process = self.factors.processes[slot]
        people.state[rows] |= _BIT << np.uint32(process.bit)
        people.occurrence[slot, rows] += np.uint8(1)
        if process.remission:
            _renew(people, slot, rows, "remission", process.name)
        else:
            people.remaining[slot, rows] = np.inf
        people.count(f"onset_{process.name}", rows)
        if process.kind == "condition":
            self._document(people, process, rows)
        self._aftermath(people, slot, rows, month)

    def _end(self, people: Population, slot: int, rows: NDArray[np.int64]) -> None:
        """Remission: the state ends; it may begin again, with luck of its own."""
        process = self.factors.processes[slot]
        people.state[rows] &= ~(_BIT << np.uint32(process.bit))
        _renew(people, slot, rows, "onset", process.name)
        people.count(f"remission_{process.name}", rows)

    def _strike(self, people: Population, slot: int, rows: NDArray[np.int64], month: int) -> None:
        """Acute event: it may bring conditions, and it may come again."""
        process = self.factors.processes[slot]
        people.occurrence[slot, rows] += np.uint8(1)
        _renew(people, slot, rows, "event", process.name)
        people.count(f"event_{process.name}", rows)
        for name in self.specs[process.name].brings:
            brought = self.factors.slot(name)
            new = rows[~has(people, self.factors.bits[name], rows)]
            self._begin(people, brought, new, month)
        self._aftermath(people, slot, rows, month)

    def _aftermath(
        self, people: Population, slot: int, rows: NDArray[np.int64], month: int
    ) -> None:
        """What an onset or event brings at once: an admission to pay, first months, death."""
        process = self.factors.processes[slot]
        disease = self.specs[process.name]
        if disease.admission_cost:
            people.account[0, rows] += np.float32(disease.admission_cost)
            people.count("admissions", rows)
        if disease.recent_months:
            people.recent[rows] |= _BIT << np.uint32(process.recent_bit)
            until = month + disease.recent_months
            struck = (slot, rows, people.occurrence[slot, rows])
            people.expiry.setdefault(until, []).append(struck)
        if disease.case_fatality:
            times = people.occurrence[slot, rows]
            drawn = people.uniform(rows, "case_fatality", process.name, occurrence=times)
            fatal = drawn < self.lethality(process.name, people, rows, month)
            dead = rows[fatal & (people.left[rows] == NEVER)]
            people.leave(dead, month)
            people.died[dead] = True
            people.count("deaths", dead)

    def _document(
        self, people: Population, process: Process, rows: NDArray[np.int64], gain: Any = 0.0
    ) -> None:
        share = self.specs[process.name].documented_share * (1 + gain)
        seen = rows[people.uniform(rows, "documented", process.name) < share]
        people.documented[seen] |= _BIT << np.uint32(process.bit)

    def _shape(self, name: str | None) -> NDArray[np.float64]:
        if name is not None and name not in self.shapes:
            raise Refusal(
                f"{name!r} is named in conf/diseases as a course by age, but "
                f"conf/tables/age_shapes.csv has none of that name. "
                f"{nearest(name, list(self.shapes))} Correct the name, or add the course."
            )
        return self.shapes[name] if name else np.ones(AGES)


def has(people: Population, bit: int, rows: Any = slice(None)) -> NDArray[np.bool_]:
    """Who has a condition or risk factor, bool [rows]."""
    found: NDArray[np.bool_] = (people.state[rows] >> np.uint32(bit)) & _BIT == 1
    return found


def _renew(
    people: Population, slot: int, rows: NDArray[np.int64], direction: str, name: str
) -> None:
    """Give a fresh threshold for the next time, addressed by how often it has happened."""
    times = people.occurrence[slot, rows]
    people.remaining[slot, rows] = people.threshold(rows, direction, name, occurrence=times)
