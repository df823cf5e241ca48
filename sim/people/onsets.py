"""What falls due takes effect: onsets, events and remissions, and what each brings at once.

Whatever luck this needs is drawn first, for all who are concerned; then one loop lets it happen,
step by step in the order in which it fell due. A person's steps touch nobody else. An event that
brings conditions takes more than one step: it is renewed, what it brings begins, and then follows
what the event itself does.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim import randomness
from sim.people.factors import AGES
from sim.people.population import NEVER, Population
from sim.people.processes import Due

WHOLE, RENEWED, BROUGHT, FOLLOWED = range(4)
"""What a step does: all of it, the new threshold alone, what an event brings, what comes after."""

_BEGINNING, _ENDING, _STRIKING = range(3)
_KINDS = ("onset", "remission", "event")
_BIT = np.uint32(1)
_ONE = np.uint8(1)


class Slots(NamedTuple):
    """By slot of the kernel: what happens when it falls due, each [slots].

    `bit` is the state it switches (-1 an event), `recent_bit` that of the first months;
    `reversible` whether it ends again; `admission_cost` in EUR; `recent_months` its first months.
    """

    bit: NDArray[np.int64]
    recent_bit: NDArray[np.int64]
    reversible: NDArray[np.bool_]
    admission_cost: NDArray[np.float32]
    recent_months: NDArray[np.int64]


@njit(cache=True)
def _happen(
    slot: Any,
    row: Any,
    step: Any,
    fresh: Any,
    seen: Any,
    fatal: Any,
    month: Any,
    slots: Any,
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
    struck: Any,
    counted: Any,
) -> None:
    """Let each step happen; mark those that struck, and count [slot * kinds.., group]."""
    for k in range(slot.size):
        s, r, g = slot[k], row[k], group[row[k]]
        bit = slots.bit[s]
        if bit >= 0 and (state[r] >> np.uint32(bit)) & _BIT:
            if slots.reversible[s] and step[k] != BROUGHT:
                state[r] &= ~(_BIT << np.uint32(bit))
                remaining[r, s] = fresh[k]
                counted[3 * s + _ENDING, g] += 1
            continue
        if step[k] != FOLLOWED:
            occurrence[r, s] += _ONE
            remaining[r, s] = fresh[k]
            counted[3 * s + (_STRIKING if bit < 0 else _BEGINNING), g] += 1
            if bit >= 0:
                state[r] |= _BIT << np.uint32(bit)
            if seen[k]:
                documented[r] |= _BIT << np.uint32(bit)
        if step[k] == RENEWED:
            continue
        struck[k] = True
        if slots.admission_cost[s] > 0:
            account[r, 0] += slots.admission_cost[s]
            counted[-2, g] += 1
        if slots.recent_months[s] > 0:
            recent[r] |= _BIT << np.uint32(slots.recent_bit[s])
        if fatal[k] and left[r] == NEVER:
            left[r] = month + 1
            died[r] = True
            hazard[r, :] = 0
            remaining[r, :] = np.inf
            counted[-1, g] += 1


@dataclass(frozen=True)
class Onsets:
    """What onsets, events and remissions do, by slot of the kernel.

    Attributes
    ----------
    names
        Of the processes, [slots].
    sick
        Which slots are those of conditions, risk factors and events, bool [slots].
    steps
        int64 [slots, most, 2]: slot and kind of each step when one falls due, -1 no more.
    decisions
        int64 [slots, 2]: what the next threshold is drawn for when it begins, and when it ends.
    documented_share
        Of onsets that are coded, float64 [slots], 0 for what is no diagnosis.
    documented
        Number of the decision whether an onset is coded, int64 [slots].
    fatality, fatal
        float64 [slots, age]: chance to kill at once; number of the decision, int64 [slots].
    """

    names: tuple[str, ...]
    slots: Slots
    sick: NDArray[np.bool_]
    steps: NDArray[np.int64]
    decisions: NDArray[np.int64]
    documented_share: NDArray[np.float64]
    documented: NDArray[np.int64]
    fatality: NDArray[np.float64]
    fatal: NDArray[np.int64]

    def react(
        self, people: Population, due: Due, month: int, lethality: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Let everything that fell due take effect; return the rows whose state changed.

        A row may come twice, which is harmless.
        Rule of order within a month: who died or left earlier in it has no onset in it;
        onsets and events of different kinds in one month all count; each may kill.
        """
        ended = self._expire(people, month)
        kept = self.sick[due.slot] & (people.left[due.row] == NEVER)
        if not kept.any():
            return ended
        changed = due.row[kept]
        steps = self.steps[due.slot[kept]]
        there = steps[:, :, 0] >= 0
        slot, step = np.ascontiguousarray(steps[there].T)
        row = changed.repeat(there.sum(axis=1))
        struck = np.zeros(slot.size, np.bool_)
        counted = np.zeros((3 * len(self.names) + 2, people.tally.groups))
        _happen(
            slot,
            row,
            step,
            *self._luck(people, slot, step, row, month, lethality),
            month,
            self.slots,
            *(people.columns[name] for name in ("state", "recent", "documented", "left")),
            people.died,
            people.group,
            people.occurrence.T,
            people.remaining.T,
            people.hazard.T,
            people.account.T,
            struck,
            counted,
        )
        people.tally.add_up(self.outcomes, counted)
        self._note_first_months(people, slot[struck], row[struck], month)
        return np.concatenate([ended, changed])

    @cached_property
    def outcomes(self) -> list[str]:
        """What is counted, in the order in which it is counted."""
        return [f"{k}_{n}" for n in self.names for k in _KINDS] + ["admissions", "deaths"]

    def _luck(
        self,
        people: Population,
        slot: Any,
        step: Any,
        row: Any,
        month: int,
        lethality: NDArray[np.float64],
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Draw for each step the next threshold, whether it is coded, whether it kills."""
        bit = self.slots.bit[slot]
        ill = (people.state[row] >> np.maximum(bit, 0).astype(np.uint32)) & _BIT == 1
        ends = ill & (bit >= 0) & (step != BROUGHT)
        times = people.occurrence[slot, row] + (~ends).astype(np.uint8)
        address = people.first + row
        fresh = np.full(slot.size, np.inf, np.float32)
        some = np.flatnonzero((self.slots.reversible[slot] | (bit < 0)) & (step != FOLLOWED))
        what = self.decisions[slot[some], ends[some].astype(np.int64)]
        fresh[some] = randomness.exponential(people.seed, address[some], what, times[some])
        share = self.documented_share[slot]
        some = np.flatnonzero(~ends & (share > 0))
        seen = np.zeros(slot.size, np.bool_)
        drawn = randomness.uniform(people.seed, address[some], self.documented[slot[some]])
        seen[some] = drawn < share[some]
        chance = self.fatality[slot, np.clip(people.age(month, row), 0, AGES - 1)]
        chance *= lethality[people.region[row]]
        some = np.flatnonzero(~ends & (chance > 0) & (step != RENEWED))
        fatal = np.zeros(slot.size, np.bool_)
        what = self.fatal[slot[some]]
        drawn = randomness.uniform(people.seed, address[some], what, times[some])
        fatal[some] = drawn < chance[some]
        return fresh, seen, fatal

    def _note_first_months(self, people: Population, slot: Any, row: Any, month: int) -> None:
        """Write down when the first months of what struck will be over."""
        months = self.slots.recent_months[slot]
        for lasting in np.unique(months[months > 0]):
            some = months == lasting
            struck = (slot[some], row[some], people.occurrence[slot[some], row[some]])
            people.expiry.setdefault(month + int(lasting), []).append(struck)

    def _expire(self, people: Population, month: int) -> NDArray[np.int64]:
        """End the first months of those struck long enough ago and not again since."""
        ended = [np.empty(0, np.int64)]
        for slot, row, times in people.expiry.pop(month, []):
            over = people.occurrence[slot, row] == times
            bits = self.slots.recent_bit[slot[over]].astype(np.uint32)
            np.bitwise_and.at(people.recent, row[over], ~(_BIT << bits))
            ended.append(row[over])
        return np.concatenate(ended)
