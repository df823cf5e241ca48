"""What falls due takes effect: onsets, events and remissions, and what each brings at once.

First all steps are laid out that what fell due leads to, then luck is drawn for all of them
together, then they happen one by one in their order. A person's steps touch nobody else. An event
that brings conditions takes more than one step: it is renewed, what it brings begins, and then
follows what the event itself does.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim import randomness
from sim.people.population import NEVER, Population
from sim.people.processes import Due

WHOLE, RENEWED, BROUGHT, FOLLOWED = range(4)
"""What a step does: all of it, the new threshold alone, what an event brings, what comes after."""

KINDS = ("onset", "remission", "event")
_BEGINNING, _ENDING, _STRIKING = range(len(KINDS))
_OLDEST = 100
_BIT = np.uint32(1)
_ONE = np.uint8(1)


class Slots(NamedTuple):
    """What happens when a slot of the kernel falls due, by slot.

    Attributes
    ----------
    steps
        int64 [slots, most, 2]: slot and kind of each step, -1 no more, and no onset at all.
    bit, recent_bit
        int64 [slots]: the state it switches, -1 an event; that of its first months.
    reversible
        bool [slots]: whether a state ends again.
    next_of_beginning, next_of_ending, documented, fatal
        int64 [slots]: numbers of the decisions - what the next threshold is drawn for, whether an
        onset is coded, whether it kills.
    documented_share
        float64 [slots]: of onsets that are coded, 0 for what is no diagnosis.
    fatality
        float64 [slots, age]: chance to kill at once.
    admission_cost, recent_months
        float32, int64 [slots]: EUR of the admission it brings; its first months.
    """

    steps: NDArray[np.int64]
    bit: NDArray[np.int64]
    recent_bit: NDArray[np.int64]
    reversible: NDArray[np.bool_]
    next_of_beginning: NDArray[np.int64]
    next_of_ending: NDArray[np.int64]
    documented: NDArray[np.int64]
    fatal: NDArray[np.int64]
    documented_share: NDArray[np.float64]
    fatality: NDArray[np.float64]
    admission_cost: NDArray[np.float32]
    recent_months: NDArray[np.int64]


@njit(cache=True)
def _lay_out(
    due_slot: Any, due_row: Any, left: Any, state: Any, occurrence: Any, slots: Any
) -> Any:
    """Steps of those who are still there: slot, row, kind; what is drawn, and its occurrence.

    The last two are [3, steps]: next threshold, whether coded, whether fatal.
    """
    steps = slots.steps
    most = due_slot.size * steps.shape[1]
    found = np.empty((3, most), np.int64)
    what = np.empty((3, most), np.int64)
    times = np.empty((3, most), np.int64)
    count = 0
    for k in range(due_slot.size):
        row = due_row[k]
        if left[row] != NEVER:
            continue
        for j in range(steps.shape[1]):
            slot, step = steps[due_slot[k], j, 0], steps[due_slot[k], j, 1]
            if slot < 0:
                break
            bit = slots.bit[slot]
            ill = bit >= 0 and (state[row] >> np.uint32(bit)) & _BIT
            found[0, count], found[1, count], found[2, count] = slot, row, step
            if ill and step != BROUGHT:
                what[0, count] = slots.next_of_ending[slot]
                times[0, count] = occurrence[row, slot]
            else:
                what[0, count] = slots.next_of_beginning[slot]
                times[0, count] = (np.int64(occurrence[row, slot]) + 1) % 256
            what[1, count] = slots.documented[slot]
            what[2, count] = slots.fatal[slot]
            times[1, count] = 0
            times[2, count] = times[0, count]
            count += 1
    return found[:, :count].copy(), what[:, :count].copy(), times[:, :count].copy()


@njit(cache=True)
def _happen(
    found: Any,
    luck: Any,
    fresh: Any,
    month: Any,
    slots: Any,
    lethality: Any,
    born: Any,
    region: Any,
    state: Any,
    recent: Any,
    documented: Any,
    left: Any,
    died: Any,
    group: Any,
    occurrence: Any,
    remaining: Any,
    hazard: Any,
    account: Any,
    counted: Any,
) -> Any:
    """Let each step happen, counted [slot * kinds.., group]; return first months by step, or 0."""
    first_months = np.zeros(found.shape[1], np.int64)
    for k in range(found.shape[1]):
        slot, row, step = found[0, k], found[1, k], found[2, k]
        bit = slots.bit[slot]
        of = len(KINDS) * slot
        if bit >= 0 and (state[row] >> np.uint32(bit)) & _BIT:
            if slots.reversible[slot] and step != BROUGHT:
                state[row] &= ~(_BIT << np.uint32(bit))
                remaining[row, slot] = fresh[k]
                counted[of + _ENDING, group[row]] += 1
            continue
        if step != FOLLOWED:
            occurrence[row, slot] += _ONE
            remaining[row, slot] = np.inf
            if bit < 0 or slots.reversible[slot]:
                remaining[row, slot] = fresh[k]
            if bit >= 0:
                state[row] |= _BIT << np.uint32(bit)
            if luck[1, k] < slots.documented_share[slot]:
                documented[row] |= _BIT << np.uint32(bit)
            counted[of + (_STRIKING if bit < 0 else _BEGINNING), group[row]] += 1
        if step == RENEWED:
            continue
        if slots.admission_cost[slot] > 0:
            account[row, 0] += slots.admission_cost[slot]
            counted[-2, group[row]] += 1
        if slots.recent_months[slot] > 0:
            recent[row] |= _BIT << np.uint32(slots.recent_bit[slot])
            first_months[k] = slots.recent_months[slot]
        age = min(max((month - born[row]) // 12, 0), _OLDEST)
        chance = slots.fatality[slot, age] * lethality[region[row]]
        if luck[2, k] < chance and left[row] == NEVER:
            left[row] = month + 1
            died[row] = True
            hazard[row, :] = 0
            remaining[row, :] = np.inf
            counted[-1, group[row]] += 1
    return first_months


@dataclass(frozen=True)
class Onsets:
    """What onsets, events and remissions do: names of the processes, and what each leads to."""

    names: tuple[str, ...]
    slots: Slots

    def react(
        self, people: Population, due: Due, month: int, lethality: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Let everything that fell due take effect; return the rows whose state changed.

        A row may come twice, which is harmless.
        Rule of order within a month: who died or left earlier in it has no onset in it;
        onsets and events of different kinds in one month all count; each may kill.
        """
        ended = self._expire(people, month)
        c, occurrence = people.columns, people.occurrence.T
        left, state = c["left"], c["state"]
        found, what, times = _lay_out(due.slot, due.row, left, state, occurrence, self.slots)
        slot, row, _ = found
        if not row.size:
            return ended
        address = np.concatenate([people.first + row] * len(what))
        luck = randomness.uniform(people.seed, address, what.ravel(), times.ravel())
        luck = luck.reshape(what.shape)
        counted = np.zeros((len(self.outcomes), people.tally.groups))
        first_months = _happen(
            found,
            luck,
            randomness.thresholds(luck[0]),
            month,
            self.slots,
            lethality,
            c["born"],
            c["region"],
            state,
            c["recent"],
            c["documented"],
            left,
            c["died"],
            c["group"],
            occurrence,
            people.remaining.T,
            people.hazard.T,
            people.account.T,
            counted,
        )
        people.tally.add_up(self.outcomes, counted)
        for months in self.lasting:
            some = np.flatnonzero(first_months == months)
            if some.size:
                struck = (slot[some], row[some], people.occurrence[slot[some], row[some]])
                people.expiry.setdefault(month + months, []).append(struck)
        return np.concatenate([ended, row])

    @cached_property
    def outcomes(self) -> list[str]:
        """What is counted, in the order in which it is counted."""
        return [f"{kind}_{n}" for n in self.names for kind in KINDS] + ["admissions", "deaths"]

    @cached_property
    def lasting(self) -> list[int]:
        """How long first months last that there are."""
        months: list[int] = np.unique(self.slots.recent_months).tolist()
        return [number for number in months if number > 0]

    def _expire(self, people: Population, month: int) -> NDArray[np.int64]:
        """End the first months of those struck long enough ago and not again since."""
        ended = [np.empty(0, np.int64)]
        for slot, row, times in people.expiry.pop(month, []):
            over = people.occurrence[slot, row] == times
            bits = self.slots.recent_bit[slot[over]].astype(np.uint32)
            np.bitwise_and.at(people.recent, row[over], ~(_BIT << bits))
            ended.append(row[over])
        return np.concatenate(ended)
