"""Who answers a survey: adults in private households, not the residents of nursing homes.

The model has no homes. So everybody counts with the chance of living in a household: published
shares of residents by age and sex, spread within them by conditions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import tables
from sim.observation import by_sex_and_age, holds


@dataclass(frozen=True)
class Homes:
    """Residents of nursing homes: share by sex and age, float64 [2, 101]; odds by condition."""

    share: NDArray[np.float64]
    odds: Mapping[str, float]

    @classmethod
    def read(cls, odds: Mapping[str, float]) -> "Homes":
        """Take the shares from conf/tables."""
        frame = tables.table("nursing_homes")
        return cls(tables.by_sex_and_age(frame, "share", "nursing homes"), odds)

    def outside(
        self,
        sex: NDArray[np.uint8],
        age: NDArray[np.int16],
        state: NDArray[np.uint32],
        bits: Mapping[str, int],
    ) -> NDArray[np.float64]:
        """Chance of each person to live in a household, float64 [persons]."""
        pull = np.ones(sex.size)
        for name, odds in self.odds.items():
            if name in bits:
                pull *= np.where(holds(state, bits[name]), odds, 1.0)
        count, pulled = by_sex_and_age(sex, age), by_sex_and_age(sex, age, pull)
        mean = np.divide(pulled, count, out=np.ones_like(pulled), where=count > 0)
        place = np.clip(age, 0, tables.AGES[-1])
        inside = self.share[sex, place] * pull / mean[sex, place]
        outside: NDArray[np.float64] = 1.0 - np.minimum(inside, 1.0)
        return outside
