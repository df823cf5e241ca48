"""How a country ages, falls ill and costs, as conf/population describes it."""

from pydantic import BaseModel, Field


class Trends(BaseModel, frozen=True, extra="forbid"):
    """Yearly relative change by which tables are carried to other years, 1/year."""

    mortality: float
    incidence: float
    admissions: float
    cost: float
    long_term_care_cost: float


class FrailtyPower(BaseModel, frozen=True, extra="forbid"):
    """Exponent of frailty on each kind of rate (0 none, 1 proportional)."""

    death: float = Field(ge=0)
    onset: float = Field(ge=0)
    admission: float = Field(ge=0)
    cost: float = Field(ge=0)


class LastYear(BaseModel, frozen=True, extra="forbid"):
    """How the cost of dying falls on the sectors, shares."""

    hospital: float = Field(ge=0, le=1)
    physician: float = Field(ge=0, le=1)
    drugs: float = Field(ge=0, le=1)
    other: float = Field(ge=0, le=1)


class Morbidity(BaseModel, frozen=True, extra="ignore"):
    """What of conf/population decides the reference population and the prices of care."""

    country: str
    borrow: str | None = None
    """Country whose tables stand in where this one has none, condition by condition."""
    table_year: int
    price_year: int
    reference_size: int = Field(gt=0)
    reference_lives: int = Field(gt=0)
    deprivation_gradient: dict[str, float]
    frailty_variance: float = Field(gt=0)
    frailty_power: FrailtyPower
    cost_per_insured: float = Field(gt=0)
    cost_structure: dict[str, float] = Field(min_length=1)
    """Places of conf/tables/population_by_age.csv and their weights: ages of the price year."""
    patient_cost: float = Field(ge=0)
    otherwise_cost: float = Field(gt=0)
    last_year_cost: float = Field(gt=0)
    last_quarter_cost: float = Field(gt=0)
    last_year_age_slope: float
    last_year_reference_age: int
    last_year_most: float = Field(gt=0, lt=1)
    last_year_share: LastYear
    avoidable_admission_cost: float = Field(gt=0)
    admission_cost_sd_log: float = Field(ge=0)
    cost_intensity_sd_log: float = Field(ge=0)
    cost_year_sd_log: float = Field(ge=0)
