"""Luck written a second time: in whole numbers of Python, as the authors of Philox describe it."""

import math
import struct
import zlib
from collections.abc import Sequence

WORD = 0xFFFFFFFF


def single(x: float) -> float:
    """Round to single precision."""
    return float(struct.unpack("f", struct.pack("f", x))[0])


def philox(counter: Sequence[int], key: Sequence[int]) -> list[int]:
    """Philox4x32-10 as its authors describe it, in whole numbers."""
    left, right = key
    c = list(counter)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ left, low1, high0 ^ c[3] ^ right, low0]
        left, right = (left + 0x9E3779B9) & WORD, (right + 0xBB67AE85) & WORD
    return c


def uniform(seed: int, person: int, names: Sequence[str], occurrence: int = 0) -> float:
    """Luck between 0 and 1 at an address: 52 bits of the first two words."""
    decision = zlib.crc32("/".join(names).encode())
    counter = [person & WORD, decision, occurrence, person >> 32]
    first, second, _, _ = philox(counter, [seed & WORD, seed >> 32])
    bits = first * 2**20 ^ (second >> 12)
    return (bits + 0.5) / 2**52


def threshold(seed: int, person: int, names: Sequence[str], occurrence: int = 0) -> float:
    """How much hazard she can bear, single precision."""
    return single(-math.log(uniform(seed, person, names, occurrence)))
