"""How alike two groups of persons are: standardised mean differences, one a covariate."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.contract.rule import Balance

Columns = Mapping[str, NDArray[np.float64]]
"""Covariates by name, float64 [row]."""


def balance(region: Columns, comparison: Columns) -> tuple[Balance, ...]:
    """Compare means of every covariate, in units of the groups' pooled standard deviation.

    >>> here, there = {"age": np.array([40.0, 60.0])}, {"age": np.array([42.0, 62.0])}
    >>> round(balance(here, there)[0].difference, 4)
    -0.2
    """
    return tuple(_compared(name, region[name], comparison[name]) for name in region)


def _compared(name: str, here: NDArray[np.float64], there: NDArray[np.float64]) -> Balance:
    one, other = float(here.mean()), float(there.mean())
    pooled = float(np.sqrt((here.var() + there.var()) / 2))
    return Balance(name, one, other, (one - other) / pooled if pooled > 0 else 0.0)


def worst(table: tuple[Balance, ...]) -> Balance:
    """The covariate in which the groups differ most."""
    return max(table, key=lambda line: abs(line.difference))
