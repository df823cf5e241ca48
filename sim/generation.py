"""A generation of the model: what the company consists of, component by component.

A component is staff that does something: it supports practices, is in contact with people (a
kiosk, a guide, an app) and sends them on to programmes through the channel it staffs, or acts on
everybody insured (a hospital as partner). Overhead are the company's functions, which do nothing
to people by themselves.
"""

import math
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from sim.effects import Bounds, Effects
from sim.eligibility import Eligibility


class Contact(BaseModel, frozen=True, extra="forbid"):
    """How people come to a component, and what comes of it.

    `hazard` is that of coming, 1/person-year, in the middle fifth; `deprivation_gradient` the
    ratio of the most to the least deprived fifth; `duration` the months one stays in contact;
    `referral` how strongly one is invited to programmes meanwhile, relative to a physician who
    makes every effort; `enrols` the share who become members when they come.
    """

    eligibility: Eligibility
    hazard: float = Field(ge=0)
    deprivation_gradient: float = Field(gt=0)
    duration: int = Field(gt=0)
    referral: float = Field(ge=0)
    enrols: float = Field(ge=0, le=1)


class ComponentTerms(Effects, frozen=True, extra="forbid"):
    """A component, as conf/generation describes it; units and sources there.

    `per_post` is what a post can serve: persons in contact at a time, or practices. Effects act
    on whom `acts_on` names: those in contact, patients of the network's practices in proportion to
    their effort, or all insured. `effort` adds to the effort the network's practices aim at.
    """

    label: str
    evidence: str
    start_month: int
    posts: float = Field(ge=0)
    post_cost: float = Field(ge=0)
    other_cost: float = Field(ge=0)
    per_post: float = Field(ge=0)
    staffs: tuple[str, ...] = ()
    contact: Contact | None = None
    acts_on: Literal["contacts", "network", "insured"] = "network"
    effort: float = Field(0.0, ge=0, le=1)
    adherence_ratio: float = Field(1.0, ge=1)
    comparison_reports: bool = False

    @property
    def capacity(self) -> float:
        """Persons in contact at a time, or practices, that the staff can serve."""
        return self.posts * self.per_post

    @property
    def yearly_cost(self) -> float:
        """What it costs a year, EUR of the price year."""
        return self.posts * self.post_cost + self.other_cost

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Self:
        if (self.staffs or self.acts_on == "contacts") and self.contact is None:
            raise ValueError(
                "contact is missing: who staffs a channel, or acts on contacts, is in contact with "
                "people; say how they come, or leave staffs out and let it act on the network"
            )
        if self.contact is not None and self.acts_on != "contacts":
            raise ValueError(
                f"acts_on is {self.acts_on!r}, but it is in contact with people; write contacts"
            )
        return self


class Owner(BaseModel, frozen=True, extra="forbid"):
    """Who owns a share of the company."""

    name: str
    share: float = Field(gt=0, le=1)


class GenerationTerms(BaseModel, frozen=True, extra="forbid"):
    """What the company is made of, as conf/generation describes it; units and sources there."""

    label: str
    owners: tuple[Owner, ...] = Field(min_length=1)
    overhead: dict[str, float]
    components: dict[str, ComponentTerms]
    combined_effect: Bounds
    bonus_share: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _is_owned_as_a_whole(self) -> Self:
        shares = [owner.share for owner in self.owners]
        if not math.isclose(math.fsum(shares), 1):
            raise ValueError(
                f"generation.owners: the shares {shares} are parts of one whole; make them add up "
                "to 1"
            )
        return self


def supported_effort(own: float, gains: Iterable[float]) -> float:
    """Effort that practices aim at: their own and what supports them, 1 at most.

    >>> supported_effort(0.2, [0.08, 0.1])
    0.38
    """
    return min(math.fsum([own, *gains]), 1.0)
