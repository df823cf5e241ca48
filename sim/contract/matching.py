"""Nearest neighbours within strata: who of the comparison stands for whom of the region.

scikit-learn finds the neighbours, or numpy where a single axis is to be searched. Strata lie so far
apart on the first axis that nobody's nearest neighbour within reach is of another stratum. Scores
are often equal; luck that belongs to a person and a year decides then, so that an insurer who
repeats the draw finds the same pairs.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.randomness import decision, uniform

NOBODY = -1
_HAIR = 1e-3  # of the caliper: within it scores count as equal, and luck decides


def nearest(
    strata: tuple[NDArray[Any], NDArray[Any]],
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
    persons: tuple[NDArray[np.int64], NDArray[np.int64]],
    year: int,
    caliper: float,
    replacement: bool,
) -> NDArray[np.int64]:
    """For each row of the first group a row of the second, or `NOBODY`, int64 [first].

    Parameters
    ----------
    strata
        Of both groups, [row]: only rows of one stratum are paired.
    scores
        Of both groups, [row, axis], in units in which distances make sense.
    persons
        Of both groups, whose luck breaks ties, together with the year.
    caliper
        Largest distance of a pair.
    replacement
        Whether a row of the second group may stand for several of the first.
    """
    first, second = _laid_out(strata, scores, persons, year, caliper)
    if replacement:
        return _draw(first, second, caliper)
    return _draw_once(first, second, caliper)


def _laid_out(
    strata: tuple[NDArray[Any], NDArray[Any]],
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
    persons: tuple[NDArray[np.int64], NDArray[np.int64]],
    year: int,
    caliper: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of both groups, [row, axis]: strata far apart on the first axis, ties broken."""
    numbers = np.unique(np.concatenate(strata), return_inverse=True)[1]
    points = np.concatenate(scores)
    gap = float(np.ptp(points[:, 0])) + 3 * caliper if len(points) else 1.0
    luck = [uniform(0, own, decision("pair"), year) for own in persons]
    points[:, 0] += numbers * gap + np.concatenate(luck) * _HAIR * caliper
    return points[: len(strata[0])], points[len(strata[0]) :]


def _draw(
    first: NDArray[np.float64], second: NDArray[np.float64], caliper: float
) -> NDArray[np.int64]:
    """Nearest of the second group for each of the first within the caliper, or `NOBODY`."""
    if not len(first) or not len(second):
        return np.full(len(first), NOBODY)
    if first.shape[1] == 1:
        return _draw_on_a_line(first[:, 0], second[:, 0], caliper)
    from sklearn.neighbors import NearestNeighbors  # here: slow to load, seldom needed

    tree = NearestNeighbors(n_neighbors=1, algorithm="kd_tree").fit(second)
    distance, found = (answer[:, 0] for answer in tree.kneighbors(first))
    return np.where(distance <= caliper, found, NOBODY).astype(np.int64)


def _draw_on_a_line(
    first: NDArray[np.float64], second: NDArray[np.float64], caliper: float
) -> NDArray[np.int64]:
    """The same on one axis, where the nearest is one of the two between whom one stands."""
    order = np.argsort(second, kind="stable")
    line = second[order]
    above = np.minimum(np.searchsorted(line, first), len(line) - 1)
    below = np.maximum(above - 1, 0)
    up, down = np.abs(line[above] - first), np.abs(line[below] - first)
    found = np.where(down <= up, order[below], order[above])
    return np.where(np.minimum(up, down) <= caliper, found, NOBODY).astype(np.int64)


def _draw_once(
    first: NDArray[np.float64], second: NDArray[np.float64], caliper: float
) -> NDArray[np.int64]:
    """The same without replacement: the closest pair first, then the closest of those left.

    Two who are each other's nearest are a pair in whatever order the others are taken, so all
    such pairs are made at once.
    """
    pairs = np.full(len(first), NOBODY)
    waiting, free = np.arange(len(first)), np.arange(len(second))
    while waiting.size:
        found = _draw(first[waiting], second[free], caliper)
        waiting, found = waiting[found != NOBODY], found[found != NOBODY]
        if not waiting.size:
            break
        back = _draw(second[free[found]], first[waiting], np.inf)
        mutual = np.flatnonzero(back == np.arange(waiting.size))
        if not mutual.size:  # a ring of equal distances: any one of them is as good
            mutual = np.zeros(1, np.int64)
        pairs[waiting[mutual]] = free[found[mutual]]
        waiting, free = np.delete(waiting, mutual), np.delete(free, found[mutual])
    return pairs
