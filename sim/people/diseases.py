"""Who falls ill, worsens, recovers: conditions, risk factors and acute events.

A condition is a state of the person and multiplies her hazards and running costs while it lasts; a
risk factor is the same without a diagnosis; an event strikes those at risk, may bring a condition
with it and may kill. The first months after an onset or event have factors of their own.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from sim.people.factors import AGES, Factors
from sim.people.onsets import BROUGHT, FOLLOWED, RENEWED, WHOLE, Onsets, Slots
from sim.people.population import Population
from sim.people.processes import Due
from sim.quantity import Refusal, nearest
from sim.randomness import decision

_BIT = np.uint32(1)
_NEVER = np.zeros(AGES)


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

    @cached_property
    def onsets(self) -> Onsets:
        """What falls due, and what it does, by slot of the kernel."""
        processes = self.factors.processes
        names = [process.name for process in processes]
        specs = [self.specs.get(name) for name in names]
        steps = [self._steps(slot) for slot in range(len(processes))]
        most = max(1, *(len(line) for line in steps))

        def decisions(what: str) -> NDArray[np.int64]:
            return np.array([decision(what, name) for name in names])

        def numbers(field: str, dtype: Any = float) -> NDArray[Any]:
            return np.array([getattr(spec, field) if spec else 0 for spec in specs], dtype)

        event = np.array([process.kind == "event" for process in processes])
        coded = np.array([process.kind == "condition" for process in processes])
        slots = Slots(
            steps=np.array([line + [(-1, WHOLE)] * (most - len(line)) for line in steps]),
            bit=np.array([process.bit for process in processes]),
            recent_bit=np.array([process.recent_bit for process in processes]),
            reversible=np.array([process.remission for process in processes]),
            next_of_beginning=np.where(event, decisions("event"), decisions("remission")),
            next_of_ending=decisions("onset"),
            documented=decisions("documented"),
            fatal=decisions("case_fatality"),
            documented_share=numbers("documented_share") * coded,
            fatality=np.stack([self.fatality(n) if n in self.specs else _NEVER for n in names]),
            admission_cost=numbers("admission_cost", np.float32),
            recent_months=numbers("recent_months", np.int64),
        )
        return Onsets(tuple(names), slots)

    def _steps(self, slot: int) -> list[tuple[int, int]]:
        """Slot and kind of each step when a process falls due; none where it is no onset."""
        spec = self.specs.get(self.factors.processes[slot].name)
        if spec is None:
            return []
        if spec.kind != "event" or not spec.brings:
            return [(slot, WHOLE)]
        brought = [(self.factors.slot(name), BROUGHT) for name in spec.brings]
        return [(slot, RENEWED), *brought, (slot, FOLLOWED)]

    def react(
        self, people: Population, due: Due, month: int, lethality: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Let everything that fell due take effect; return the rows whose state changed.

        `lethality` is the factor on case fatality by region, float64 [regions].
        """
        return self.onsets.react(people, due, month, lethality)

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
                struck = (np.full(then.size, slot), then, people.occurrence[slot, then])
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
                share = self.specs[process.name].documented_share * (1 + more[ill])
                drawn = people.uniform(rows[ill], "documented", process.name)
                seen = rows[ill][drawn < share]
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
