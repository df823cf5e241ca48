"""What conf says of a region, its insurers and its population: the models of the parameters."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from sim.people.factors import FRAILTIES, INTENSITIES
from sim.people.morbidity import Morbidity, Trends
from sim.people.reference import FIFTHS
from sim.quantity import Refusal


class PopulationTerms(Morbidity, frozen=True, extra="forbid"):
    """How people renew themselves, and how prices move, as conf/population describes it."""

    source: Literal["tables", "file"]
    path: str | None = None
    checksum: str | None = None
    first_year: int
    last_year: int
    structure_years: int = Field(ge=0)
    reference_size: int = Field(ge=FIFTHS * FRAILTIES * INTENSITIES)  # one of each, at least
    size: int = Field(gt=0)
    comparison: int | None = Field(None, gt=0)
    comparison_ratio: float = Field(gt=0)
    comparison_regions: int = Field(ge=1)
    comparison_table: str
    total_fertility: float = Field(ge=0)
    male_births: float = Field(gt=0, lt=1)
    migration_out: float = Field(ge=0)
    migration_in_ratio: float = Field(ge=0)
    switching_out: float = Field(ge=0)
    switching_in_ratio: float = Field(ge=0)
    trends: Trends
    wages: float
    price_shock_sd: float = Field(ge=0)
    regional_drift_sd: float = Field(ge=0)
    regional_level_sd: float = Field(ge=0)


class InsurerTerms(BaseModel, frozen=True, extra="forbid"):
    """An insurer that signed: its name and its share of the insured."""

    label: str
    share: float = Field(gt=0, le=1)


class RegionTerms(BaseModel, frozen=True, extra="forbid"):
    """A region, as conf/region describes it; units and sources there."""

    label: str
    country: str
    population_table: str
    population_table_year: int
    currency: str
    legal_frame: str
    start_year: int
    baseline_years: int = Field(ge=2)
    preparation_months: int = Field(ge=0)
    insured: int = Field(gt=0)
    insurers: dict[str, InsurerTerms]
    deprivation: tuple[float, float, float, float, float]
    mortality_level: float = Field(gt=0)
    cost_level: float = Field(gt=0)
    published: tuple[dict[str, Any], ...] = ()


def check_shares(region: RegionTerms) -> None:
    """Refuse shares that are not those of one whole."""
    for what, shares in (
        ("region.insurers", [i.share for i in region.insurers.values()]),
        ("region.deprivation", region.deprivation),
    ):
        if abs(sum(shares) - 1) > 1e-9:
            raise Refusal(
                f"{what}: the shares {list(shares)} add up to {sum(shares):g}, but they are "
                "parts of one whole; make them add up to 1"
            )
