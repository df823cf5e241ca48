"""Hazards accumulate, events fall due: the one kernel.

Every month each process takes its hazard from what the person can still bear; when nothing is
left, the event falls due. That is all the kernel knows: it subtracts, compares and returns the
(slot, row) pairs that fell due. Rates are a pure function of a person's state and are recomputed
only when something changed, so doing it twice is harmless. Both loops run as plain Python too
(NUMBA_DISABLE_JIT=1), with the same bits; arithmetic is float32 throughout, + - * / alone.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.people.factors import DEATH, Factors
from sim.people.population import RUNNING, VARYING, Population

_BLOCK = 256
_FEW = 64
_CHUNK = 16_384
_ZERO = np.float32(0)
_NONE = np.int32(0)
_ELEVEN = np.float32(11)
_OLDEST = 100
_FROM, _BEFORE = VARYING
_ONE_BIT = np.uint32(1)


class Due(NamedTuple):
    """What fell due in a month: slots and rows of events, and who is near death.

    `near` are the rows whose expected remaining time is below twelve months, those who die
    this month among them.
    """

    slot: NDArray[np.int64]
    row: NDArray[np.int64]
    near: NDArray[np.int64]


@njit(cache=True)
def _advance(
    remaining: Any, hazard: Any, first: Any, last: Any, slots: Any, rows: Any, near: Any
) -> Any:
    """Both [row, slot] in one piece: a block is one stretch of memory, and so is each few of it.

    The inner loop only subtracts and counts, which a processor does for many numbers at once;
    few numbers are looked at one by one, those among which somebody was struck.
    """
    width = remaining.shape[1]
    all_left, all_monthly = remaining.reshape(-1), hazard.reshape(-1)
    count = 0
    soon = 0
    for start in range(first, last, _BLOCK):
        end = min(start + _BLOCK, last)
        for few in range(start * width, end * width, _FEW):
            stop = min(few + _FEW, end * width)
            left, monthly = all_left[few:stop], all_monthly[few:stop]
            struck = _NONE
            for i in range(left.size):
                value = left[i] - monthly[i]
                left[i] = value
                struck += np.int32(value <= _ZERO)
            if struck > _NONE:
                for i in range(left.size):
                    if left[i] <= _ZERO:
                        slots[count] = (few + i) % width
                        rows[count] = (few + i) // width
                        count += 1
        for row in range(start, end):
            if remaining[row, DEATH] <= _ELEVEN * hazard[row, DEATH]:
                near[soon] = row
                soon += 1
    return count, soon


@njit(cache=True)
def _refresh(
    rows: Any,
    month: Any,
    width: Any,
    transitions: Any,
    born: Any,
    entered: Any,
    left: Any,
    billed: Any,
    dearness: Any,
    sex: Any,
    region: Any,
    frailty: Any,
    fifth: Any,
    intensity: Any,
    physician: Any,
    participation: Any,
    state: Any,
    recent: Any,
    hazard: Any,
    rate: Any,
    account: Any,
    base: Any,
    base_before: Any,
    by_state: Any,
    by_recent: Any,
    by_group: Any,
    by_intensity: Any,
    by_region: Any,
    by_physician: Any,
    by_participation: Any,
    slot_of: Any,
    remission_of: Any,
    requires_of: Any,
    found: Any,
) -> None:
    running = width - transitions
    slots = hazard.shape[1]
    for row in rows:
        until = min(left[row], month)
        if billed[row] < until:
            months = np.float32(until - billed[row])
            billed[row] = until
            for a in range(running):
                amount = rate[row, a] * months
                if _FROM <= a < _BEFORE:
                    amount *= dearness[row]
                account[row, a + 1] += amount
        if entered[row] > month or left[row] <= month:
            continue
        age = min(max((month - born[row]) // 12, 0), _OLDEST)
        if (born[row] - 1) % 12 <= (month - 1) % 12:
            line = base[sex[row], age]
        else:
            line = base_before[sex[row], age]
        group = by_group[frailty[row] * 5 + fifth[row]]
        place = by_region[region[row]]
        spread = by_intensity[intensity[row]]
        for q in range(width):
            found[q] = line[q] * group[q] * place[q] * spread[q]
        mask = state[row]
        bit = 0
        while mask:
            if mask & _ONE_BIT:
                line = by_state[bit, age]
                for q in range(width):
                    found[q] = found[q] * line[q]
            mask >>= _ONE_BIT
            bit += 1
        mask = recent[row]
        bit = 0
        while mask:
            if mask & _ONE_BIT:
                line = by_recent[bit]
                for q in range(width):
                    found[q] = found[q] * line[q]
            mask >>= _ONE_BIT
            bit += 1
        if physician[row]:
            line = by_physician[physician[row]]
            for q in range(width):
                found[q] = found[q] * line[q]
        if participation[row]:
            line = by_participation[participation[row]]
            for q in range(width):
                found[q] = found[q] * line[q]
        for slot in range(slots):
            hazard[row, slot] = found[slot]
        mask = state[row]
        bit = 0
        while mask:
            if mask & _ONE_BIT:
                slot = slot_of[bit]
                hazard[row, slot] = _ZERO
                if remission_of[bit] >= 0:
                    hazard[row, slot] = found[remission_of[bit]]
            mask >>= _ONE_BIT
            bit += 1
        for k in range(requires_of.shape[0]):
            if not (state[row] >> np.uint32(requires_of[k, 1])) & _ONE_BIT:
                hazard[row, requires_of[k, 0]] = _ZERO
        for a in range(running):
            rate[row, a] = found[transitions + a]


@njit(cache=True)
def _accrue(
    rate: Any, account: Any, billed: Any, dearness: Any, left: Any, entered: Any, month: Any
) -> None:
    for row in range(entered):
        until = min(left[row], month)
        if billed[row] < until:
            months = np.float32(until - billed[row])
            billed[row] = until
            for a in range(rate.shape[1]):
                amount = rate[row, a] * months
                if _FROM <= a < _BEFORE:
                    amount *= dearness[row]
                account[row, a + 1] += amount


def accrue(people: Population, entered: int, month: int) -> None:
    """Book the running costs of the first `entered` rows up to the start of `month`."""
    c = people.columns
    _accrue(people.rate.T, people.account.T, c["billed"], c["dearness"], c["left"], entered, month)


def advance(people: Population, entered: int) -> Due:
    """Let one month take its hazard from the first `entered` rows; return what fell due.

    Rows that are absent bear no hazard and are never due. Chunks bound the memory of the
    answer and change nothing else.
    """
    remaining, hazard = people.remaining.T, people.hazard.T
    slots = remaining.shape[1]
    size = min(_CHUNK, max(entered, 1))
    slot = np.empty(size * slots, np.uint8)
    row = np.empty(size * slots, np.int32)
    near = np.empty(size, np.int32)
    found: list[tuple[Any, Any, Any]] = []
    for first in range(0, entered, size):
        last = min(first + size, entered)
        count, soon = _advance(remaining, hazard, first, last, slot, row, near)
        due = slot[:count].astype(np.int64), row[:count].astype(np.int64)
        found.append((*due, near[:soon].astype(np.int64)))
    if not found:
        nobody = np.empty(0, np.int64)
        return Due(nobody, nobody, nobody)
    return Due(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def refresh(people: Population, factors: Factors, rows: NDArray[Any], month: int) -> None:
    """Book running costs up to the start of `month`, then recompute the rates of some rows.

    The dead and the absent get rates of zero.
    """
    c = people.columns
    _refresh(
        rows,
        month,
        factors.width,
        factors.width - len(RUNNING),
        c["born"],
        c["entered"],
        c["left"],
        c["billed"],
        c["dearness"],
        c["sex"],
        c["region"],
        c["frailty"],
        c["fifth"],
        c["intensity"],
        c["physician"],
        c["participation"],
        c["state"],
        c["recent"],
        people.hazard.T,
        people.rate.T,
        people.account.T,
        factors.base,
        factors.base_before,
        factors.by_state,
        factors.by_recent,
        factors.by_group,
        factors.by_intensity,
        factors.by_region,
        factors.by_physician,
        factors.by_participation,
        factors.slot_of,
        factors.remission_of,
        factors.requires_of,
        np.empty(factors.width, np.float32),
    )
