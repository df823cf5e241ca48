"""A region as conf/region describes it: its people, insurers, payers, phases and data.

What a region lists is what the contract needs to know of a place: who insures whom, who pays each
euro of care, what comes before the first contract year and from when data can be read.
"""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

SECTORS = ("hospital", "physician", "drugs", "other")
"""What insurers pay; a contract counts all or some of it."""

BESIDE = ("long_term_care", "patient")
"""What never enters a contract: somebody else pays each euro of it."""

INTEGRATOR = "integrator"
"""Funder of a phase that is paid from the company's own till."""

WHOLE = 1e-9
"""How far parts of one whole may be from it."""


class InsurerTerms(BaseModel, frozen=True, extra="forbid"):
    """An insurer that signed: its name and its share of the insured."""

    label: str
    share: float = Field(gt=0, le=1)


class Payer(BaseModel, frozen=True, extra="forbid"):
    """Who pays beside the insurers: EUR for each euro of an account of care."""

    label: str
    pays: dict[str, float]

    @model_validator(mode="after")
    def _pays_for_what_there_is(self) -> Self:
        known = (*SECTORS, *BESIDE)
        for account, share in self.pays.items():
            if account not in known:
                raise ValueError(f"pays.{account} is no account of care: {', '.join(known)}")
            if not 0 <= share <= 1:
                raise ValueError(f"pays.{account} is {share:g}, not between 0 and 1")
        return self


class Phase(BaseModel, frozen=True, extra="forbid"):
    """A stretch of time before the contract: months, what it costs in all, and who pays it."""

    months: int = Field(ge=0)
    cost: float = Field(ge=0)
    funder: str = Field(min_length=1)

    def monthly_cost(self) -> float:
        """What a month of it costs, EUR of the price year."""
        return self.cost / self.months if self.months else 0.0

    @model_validator(mode="after")
    def _takes_time_if_it_costs(self) -> Self:
        if self.cost > 0 and self.months == 0:
            raise ValueError(
                f"cost is {self.cost:g}, but months is 0, so it could never be spent; give it "
                "months, or no cost"
            )
        return self


class Phases(BaseModel, frozen=True, extra="forbid"):
    """What comes before the first contract month, in this order; the last ends with month 0."""

    potential_analysis: Phase
    concept: Phase
    implementation: Phase

    @property
    def months(self) -> int:
        """Months before the contract in all."""
        return sum(phase.months for phase in self._in_order())

    def at(self, month: int) -> Phase | None:
        """The phase of a month before the contract (0 the last); None outside all of them."""
        end = 0
        for phase in reversed(self._in_order()):
            if end - phase.months < month <= end:
                return phase
            end -= phase.months
        return None

    def _in_order(self) -> tuple[Phase, Phase, Phase]:
        return self.potential_analysis, self.concept, self.implementation


class DataTerms(BaseModel, frozen=True, extra="forbid"):
    """When inpatient and outpatient data can be read together: no reports and risk lists before.

    `linked_month` is a contract month (1 or less: from the start), `lag` the months until a
    month's data arrive, `consent` the share of persons whose own data may be read.
    """

    linked_month: int
    lag: int = Field(ge=0)
    consent: float = Field(ge=0, le=1)

    def readable(self, month: int) -> bool:
        """Whether anything linked has arrived by a month."""
        return month >= self.linked_month + self.lag


class RegionTerms(BaseModel, frozen=True, extra="forbid"):
    """A region, as conf/region describes it; units and sources there.

    `existing_network` is the share of practices that belong to a network before the start.
    `turnover` multiplies the country's moves. `excludes` names components that cannot be had here.
    """

    label: str
    caveat: str = ""
    country: str
    population_table: str
    population_table_year: int
    comparison_table: str
    currency: str
    legal_frame: str
    start_year: int
    baseline_years: int = Field(ge=2)
    inhabitants: int = Field(gt=0)
    insured: int = Field(gt=0)
    insurers: dict[str, InsurerTerms] = Field(min_length=1)
    payers: dict[str, Payer]
    deprivation: tuple[float, float, float, float, float]
    physicians: int = Field(gt=0)
    existing_network: float = Field(ge=0, lt=1)
    mortality_level: float = Field(gt=0)
    cost_level: float = Field(gt=0)
    turnover: float = Field(ge=0)
    phases: Phases
    data: DataTerms
    excludes: tuple[str, ...] = ()
    published: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.insured > self.inhabitants:
            raise ValueError(
                f"region.insured is {self.insured}, more than the {self.inhabitants} inhabitants; "
                "correct one of them"
            )
        wholes: dict[str, list[float]] = {
            "insurers.*.share": [insurer.share for insurer in self.insurers.values()],
            "deprivation": list(self.deprivation),
        }
        for account in BESIDE:
            wholes[f"payers.*.pays.{account}"] = [
                payer.pays[account] for payer in self.payers.values() if account in payer.pays
            ]
        for what, shares in wholes.items():
            if abs(sum(shares) - 1) > WHOLE:
                raise ValueError(
                    f"region.{what}: the shares {shares} add up to {sum(shares):g}, but they are "
                    "parts of one whole; make them add up to 1"
                )
        return self

    def paid_by(self, costs: Mapping[str, float]) -> dict[str, float]:
        """Who pays how much of a year's care beside the insurers, EUR by payer.

        `costs` are EUR by account. For each euro of the insurers' sectors a payer may add some of
        its own: complementary insurance, for example.
        """
        return {
            name: sum(share * costs[account] for account, share in payer.pays.items())
            for name, payer in self.payers.items()
        }
