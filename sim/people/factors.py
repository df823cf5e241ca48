"""What multiplies what: from a person's state to her hazards and running costs.

Every hazard and every running cost is a baseline by age and sex times factors: of conditions and
risk factors, of their first months, of frailty and deprivation, of place, physician and programme.
So one table of factors serves them all: its width counts the *rates* - transitions first, running
accounts behind them - and a person's rates are the product of a handful of its lines.

A slot is a row of the kernel. A reversible condition uses one slot for both directions: its onset
while she does not have it, its remission while she has.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.people.population import RUNNING

AGES = 101
"""Single years of age 0 to 100; older people count as 100."""

FRAILTIES = 16
"""Classes of frailty: quantile means of its distribution."""

INTENSITIES = 64
"""Classes of the lasting spread of cost; more of them, since the dearest few are half of it."""

DEATH, LEAVING = 0, 1
ADMISSIONS = ("other_admission", "avoidable_admission")


@dataclass(frozen=True)
class Process:
    """One row of the kernel: what can befall a person.

    `bit` is the state it switches (-1 none), `remission` tells whether it can switch back,
    `requires` the bit of the condition that puts one at risk (-1 everybody).
    """

    name: str
    kind: str  # death, leaving, condition, risk_factor, event, admission
    bit: int = -1
    remission: bool = False
    requires: int = -1
    recent_bit: int = -1


@dataclass
class Factors:
    """The table of factors, monthly rates.

    Attributes
    ----------
    base
        float32 [sex, age, rate]: baseline per month (EUR/month for running accounts) from a
        birthday in this calendar year on.
    base_before
        The same from last year's birthday on: a person's baselines change on her birthday alone.
    by_state
        float32 [bit, age, rate]: factor of having a condition or risk factor.
    by_recent
        float32 [bit, rate]: further factor in the first months after onset or event.
    by_group
        float32 [frailty * 5 + fifth, rate]; by_region float32 [region, rate].
    by_intensity
        float32 [intensity, rate]: spread of running costs that has nothing to do with health.
    by_physician, by_participation
        float32 [practice + 1, rate], [participation + 1, rate]; line 0 is "none" and all ones.
    slot_of, remission_of
        int64 [bit]: slot and rate of remission of the process that switches it; -1 none.
    requires_of
        int64 [k, 2]: slots that put only those with a condition at risk, and its bit.
    """

    processes: tuple[Process, ...]
    bits: dict[str, int]
    rates: dict[str, int]
    base: NDArray[np.float32]
    by_state: NDArray[np.float32]
    by_recent: NDArray[np.float32]
    by_group: NDArray[np.float32]
    by_intensity: NDArray[np.float32]
    by_region: NDArray[np.float32]
    base_before: NDArray[np.float32] = field(init=False)
    by_physician: NDArray[np.float32] = field(init=False)
    by_participation: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.base_before = self.base
        self.by_physician = np.ones((1, self.width), np.float32)
        self.by_participation = np.ones((1, self.width), np.float32)
        at = self.rates
        slots = {p.bit: (i, at.get(f"{p.name}.remission", -1)) for i, p in self.switches()}
        of_bit = [slots.get(bit, (-1, -1)) for bit in range(len(self.bits))]
        self.slot_of, self.remission_of = np.array(of_bit, np.int64).reshape(-1, 2).T
        needing = [(i, p.requires) for i, p in enumerate(self.processes) if p.requires >= 0]
        self.requires_of = np.array(needing, np.int64).reshape(-1, 2)

    def switches(self) -> list[tuple[int, Process]]:
        """Slots whose process switches a state, with their process."""
        return [(i, process) for i, process in enumerate(self.processes) if process.bit >= 0]

    @property
    def width(self) -> int:
        """Return the number of rates: transitions and running accounts."""
        return len(self.rates)

    @property
    def transitions(self) -> int:
        """Return the number of rates that are hazards."""
        return len(self.rates) - len(RUNNING)

    def slot(self, name: str) -> int:
        """Row of the kernel of a named process."""
        return next(i for i, p in enumerate(self.processes) if p.name == name)

    def ones(self, lines: int) -> NDArray[np.float32]:
        """`lines` lines that change nothing."""
        return np.ones((lines, self.width), np.float32)


def lay_out(
    diseases: dict[str, Any],
) -> tuple[tuple[Process, ...], dict[str, int], dict[str, int]]:
    """Give every process its slot, every state its bit and every rate its place.

    The order is that of kinds and names, and it means nothing: luck is addressed by name.
    """
    states = sorted(n for n, d in diseases.items() if d["kind"] != "event")
    events = sorted(n for n, d in diseases.items() if d["kind"] == "event")
    bits = {name: i for i, name in enumerate((*states, *events))}
    processes = [Process("death", "death"), Process("leaving", "leaving")]
    for name in states:
        spec = diseases[name]
        reversible = spec.get("remission") is not None
        processes.append(Process(name, spec["kind"], bits[name], reversible, -1, bits[name]))
    for name in events:
        needed = diseases[name].get("requires")
        at_risk = bits[needed] if needed else -1
        processes.append(Process(name, "event", -1, False, at_risk, bits[name]))
    processes += [Process(name, "admission") for name in ADMISSIONS]
    names = [p.name for p in processes]
    names += [f"{p.name}.remission" for p in processes if p.remission]
    names += list(RUNNING)
    return tuple(processes), bits, {name: i for i, name in enumerate(names)}
