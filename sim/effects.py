"""What programmes and components do to people, and how the effects of several combine.

The rule. Ratios of different programmes and components on one hazard or cost of a person multiply:
nothing is known of most pairs, and where ratios are known jointly they are nearly a product. But
the product is kept between two bounds, because nobody has ever shown what ten programmes do at
once: together they take no hazard below `lowest` times and raise none above `highest` times what
it is without them, unless one of them alone does. What physicians do is a factor of its own.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, model_validator

from sim.people.factors import Factors


class Effects(BaseModel, frozen=True, extra="forbid"):
    """What acts on whom attends, at full strength; a ratio of 1 changes nothing.

    `hazard_ratio_of` conditions, risk factors, events, admissions, death; `remission_ratio_of`
    risk factors and conditions; `cost_ratio_of` sectors; `utility_ratio` quality of life;
    `documentation_gain` the relative rise of diagnoses coded; `invites_to` how strongly one is
    invited to other programmes, relative to a physician who makes every effort.
    """

    hazard_ratio_of: dict[str, float] = {}
    remission_ratio_of: dict[str, float] = {}
    cost_ratio_of: dict[str, float] = {}
    utility_ratio: float = Field(1.0, gt=0)
    documentation_gain: float = Field(0.0, ge=0)
    invites_to: dict[str, float] = {}

    @model_validator(mode="after")
    def _ratios_are_above_nothing(self) -> Self:
        for kind in ("hazard_ratio_of", "remission_ratio_of", "cost_ratio_of"):
            for name, ratio in getattr(self, kind).items():
                if not 0 < ratio < np.inf:
                    raise ValueError(f"{kind}.{name} is {ratio:g}; a ratio lies above 0")
        for name, strength in self.invites_to.items():
            if not 0 <= strength < np.inf:
                raise ValueError(f"invites_to.{name} is {strength:g}; it is not below 0")
        return self

    def logarithms(self, factors: Factors) -> NDArray[np.float64]:
        """Logarithm of the factor on each rate at full strength, float64 [rate]."""
        effect = np.zeros(factors.width)
        for process, ratio in self.hazard_ratio_of.items():
            effect[factors.rates[process]] += np.log(ratio)
        for name, ratio in self.remission_ratio_of.items():
            effect[factors.rates[f"{name}.remission"]] += np.log(ratio)
        for sector, ratio in self.cost_ratio_of.items():
            effect[factors.rates[sector]] += np.log(ratio)
        effect[factors.rates["qalys"]] += np.log(self.utility_ratio)
        return effect


class Bounds(BaseModel, frozen=True, extra="forbid"):
    """Between which ratios all programmes and components together move one hazard or cost."""

    lowest: float = Field(gt=0, le=1)
    highest: float = Field(ge=1)


class Acting(Protocol):
    """A programme or component that acts on people."""

    acting: NDArray[np.float64]
    effect: NDArray[np.float64]


def combined(
    agents: Sequence[Acting], rows: NDArray[np.int64], bounds: Bounds
) -> NDArray[np.float64]:
    """Logarithm of what all agents together do to each of some rows, float64 [rows, rate].

    `acting` is how strongly an agent acts on each row (1 in full), `effect` what it does then.
    """
    width = agents[0].effect.size
    total, least, most = (np.zeros((rows.size, width)) for _ in range(3))
    for agent in agents:
        own = agent.acting[rows, None] * agent.effect
        total += own
        np.minimum(least, own, out=least)
        np.maximum(most, own, out=most)
    np.minimum(least, np.log(bounds.lowest), out=least)
    np.maximum(most, np.log(bounds.highest), out=most)
    found: NDArray[np.float64] = np.clip(total, least, most)
    return found
