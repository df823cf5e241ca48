"""Which reference life a person is of whom something is known, written a second time, slowly."""

from typing import Any

import numpy as np


def agreeing(
    sex: int, age: int, fifth: int, known: int, ill: int, stayed: int, luck: float, lives: Any
) -> tuple[int, int]:
    """Age and number of the life: the nearest lives, each by its weight."""
    state, chance = lives
    near: dict[int, list[tuple[int, int, float]]] = {}
    for years in range(max(age - 2, 0), min(age + 2, state.shape[1] - 1) + 1):
        for life in range(state.shape[3]):
            cell = (sex, years, fifth, life)
            off = bin((int(state[cell]) ^ ill) & known).count("1")
            weight = {-1: 1.0, 0: 1 - chance[cell], 1: chance[cell]}[stayed]
            near.setdefault(off, []).append((years, life, weight))
    best = near[min(near)]
    sums = np.cumsum([weight for _, _, weight in best])
    years, life, _ = best[int(np.searchsorted(sums, luck * sums[-1], side="right"))]
    return years, life
