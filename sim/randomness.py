"""Luck by address: every draw is a pure function of (seed, person, decision, occurrence).

Why. Two arms of an experiment must differ only where a cause differs. A shared stream of
random numbers breaks that at the first additional draw: everybody after it lives another life.
So luck has an address instead of a place in a queue. The address is the counter of a
counter-based generator (Philox4x32-10, Salmon et al. 2011, doi:10.1145/2063384.2063405), the
seed is its key, and the answer depends on nothing else: not on threads, chunks, order, or on
which diseases and programmes exist. A decision is *named*; its number is the hash of its name.

Thresholds are unit exponentials: how much hazard a person can bear before the event falls due.
The logarithm is our own, of + - * / alone, so that it has the same bits on every machine and
with or without compilation.
"""

import math
import zlib
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_ROUNDS = 10
_TWELVE = np.uint64(12)
_TWENTY = np.uint64(20)
_UNIT = 1.0 / 4503599627370496.0  # 2 ** -52
_HALF_ROOT = 0.70710678118654752
_LN2 = 0.69314718055994531


def decision(*names: str) -> int:
    """Number of a named decision: the hash of its name, never its place in a list.

    >>> decision("onset", "diabetes") == decision("onset", "diabetes")
    True
    >>> decision("onset", "diabetes") == decision("onset", "stroke")
    False
    """
    return zlib.crc32("/".join(names).encode("utf-8"))


@njit(cache=True, inline="always")
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Philox4x32-10: four 32-bit words of counter and two of key (as uint64) to four words."""
    for _ in range(_ROUNDS):
        product_0 = _MULTIPLIER_0 * c0
        product_1 = _MULTIPLIER_1 * c2
        c0 = (product_1 >> _SHIFT) ^ c1 ^ k0
        c1 = product_1 & _LOW
        c2 = (product_0 >> _SHIFT) ^ c3 ^ k1
        c3 = product_0 & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return c0, c1, c2, c3


@njit(cache=True, inline="always")
def _uniform(key: Any, person: Any, what: Any, occurrence: Any) -> Any:
    """Open interval (0, 1), 52 bits, from the first two words at the address."""
    c0, c1, _c2, _c3 = philox(
        person & _LOW, what, occurrence, person >> _SHIFT, key & _LOW, key >> _SHIFT
    )
    whole = (c0 << _TWENTY) ^ (c1 >> _TWELVE)
    return (float(whole) + 0.5) * _UNIT


@njit(cache=True)
def logarithm(x: Any) -> Any:
    """Natural logarithm of a positive number, of + - * / alone (error below 1e-15 relative)."""
    mantissa, exponent = math.frexp(x)
    if mantissa < _HALF_ROOT:
        mantissa = mantissa * 2.0
        exponent = exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1.0 / 21.0
    series = series * z + 1.0 / 19.0
    series = series * z + 1.0 / 17.0
    series = series * z + 1.0 / 15.0
    series = series * z + 1.0 / 13.0
    series = series * z + 1.0 / 11.0
    series = series * z + 1.0 / 9.0
    series = series * z + 1.0 / 7.0
    series = series * z + 1.0 / 5.0
    series = series * z + 1.0 / 3.0
    series = series * z + 1.0
    return 2.0 * s * series + float(exponent) * _LN2


@njit(cache=True)
def _fill_uniform(key: Any, persons: Any, what: Any, occurrences: Any, out: Any) -> None:
    """One draw after the other, alike and without a branch: a processor does some at once."""
    next_what = 1 if what.size > 1 else 0
    next_time = 1 if occurrences.size > 1 else 0
    for i in range(persons.size):
        times = np.uint64(occurrences[i * next_time])
        decided = np.uint64(what[i * next_what])
        out[i] = _uniform(key, np.uint64(persons[i]), decided, times)


@njit(cache=True)
def _fill_exponential(luck: Any, out: Any) -> None:
    for i in range(luck.size):
        out[i] = np.float32(-logarithm(luck[i]))


def _each(rows: NDArray[np.int64], given: Any, name: str) -> NDArray[np.int64]:
    """A part of the address as an array; one stands for all."""
    found = np.atleast_1d(np.asarray(given, dtype=np.int64))
    if found.size not in (1, rows.size):
        raise ValueError(f"{found.size} {name} for {rows.size} persons; one or as many")
    return found


def uniform(seed: int, persons: Any, what: Any, occurrence: Any = 0) -> NDArray[np.float64]:
    """Uniform luck in (0, 1), one number a person; float64 [persons].

    Parameters
    ----------
    seed
        Of the replicate, below 2 ** 64.
    persons
        Row numbers (or other addresses, such as a physician's), integers [persons].
    what
        Number of the decision, see `decision`; one integer, or one a person.
    occurrence
        Which time the decision is taken; one integer, or one a person.
    """
    rows = np.atleast_1d(np.asarray(persons, dtype=np.int64))
    decisions = _each(rows, what, "decisions")
    occurrences = _each(rows, occurrence, "occurrences")
    out = np.empty(rows.size)
    _fill_uniform(np.uint64(seed), rows, decisions, occurrences, out)
    return out


def exponential(seed: int, persons: Any, what: Any, occurrence: Any = 0) -> NDArray[np.float32]:
    """Thresholds: how much hazard each person can bear (unit exponential), float32 [persons]."""
    return thresholds(uniform(seed, persons, what, occurrence))


def thresholds(drawn: NDArray[np.float64]) -> NDArray[np.float32]:
    """Uniform luck as thresholds (unit exponential), float32 [drawn]."""
    out = np.empty(drawn.size, dtype=np.float32)
    _fill_exponential(drawn, out)
    return out


def normal(seed: int, persons: Any, what: Any, occurrence: Any = 0) -> NDArray[np.float64]:
    """Standard normal luck by the inverse of the distribution function, float64 [persons]."""
    return normals(uniform(seed, persons, what, occurrence))


def normals(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Uniform luck as standard normal luck, float64 [drawn]."""
    from scipy.special import ndtri

    out: NDArray[np.float64] = ndtri(drawn)
    return out


def choice(luck: NDArray[np.float64], shares: Any) -> NDArray[np.int64]:
    """Index of the share into which each uniform number falls, int64 [luck].

    >>> choice(np.array([0.1, 0.5, 0.99]), [0.4, 0.4, 0.2]).tolist()
    [0, 1, 2]
    """
    edges = np.cumsum(np.asarray(shares, dtype=float))
    found = np.searchsorted(edges / edges[-1], luck, side="right")
    return np.minimum(found, edges.size - 1)
