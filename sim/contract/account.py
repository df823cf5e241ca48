"""What a contract year looked like to the insurer: all that a settlement starts from."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, Field, field_validator


class Account(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """The year as ledgers, benchmark rule and indicators have it; nothing of the terms.

    Parameters
    ----------
    year, contract_year
        Calendar year; contract year, from 1, null where it is not known: it then counts as later
        than every step of the terms.
    insured_years, benchmark, cost
        Person-years; EUR/year of the same insured days and sectors: expected, and known so far.
    allocation, standard_error
        EUR/year, where the rule has them: income of the insurer; of the savings by chance alone.
    components
        EUR/year by name, where the rule states several gains: each counts from 0 up, and their
        sum is what is saved.
    quality_score, kpis
        Fractions: how well the agreed quality was attained; each indicator, by name.
    disaster_adjustment
        EUR/year taken off what is owed; its sign does not matter.
    revenue
        EUR/year of the participants, for a loss limit on it.
    details
        Figures of the rule that the statement shows: a regional indexation factor, say.
    """

    year: int
    contract_year: int | None = Field(None, ge=1)
    insured_years: float = Field(ge=0)
    benchmark: float = Field(ge=0)
    cost: float = Field(ge=0)
    allocation: float | None = Field(None, ge=0)
    standard_error: float | None = Field(None, ge=0)
    components: dict[str, float] = {}
    quality_score: float = Field(1, ge=0, le=1)
    kpis: dict[str, float] = {}
    disaster_adjustment: float = 0
    revenue: float | None = Field(None, ge=0)
    details: dict[str, float] = {}

    @field_validator("kpis")
    @classmethod
    def _are_fractions(cls, kpis: dict[str, float]) -> dict[str, float]:
        for name, attained in kpis.items():
            if not 0 <= attained <= 1:
                raise ValueError(
                    f"clause 9.3, indicator {name} is attained to {attained}. Allowed is 0 to 1. "
                    "Correct it"
                )
        return kpis


class Expectation(Protocol):
    """What a rule of `benchmarks.py` answers: see `Benchmark`."""

    @property
    def amount(self) -> float:
        """What care should have cost, EUR/year."""

    @property
    def cost(self) -> float:
        """What it did cost, EUR/year of the same insured days."""

    @property
    def insured_years(self) -> float:
        """Of all whom the contract counts, person-years."""

    @property
    def standard_error(self) -> float | None:
        """Of the savings by chance alone, EUR/year."""

    @property
    def components(self) -> Any:
        """Named gains, where the rule states several."""

    @property
    def details(self) -> Mapping[str, float]:
        """Further figures for the statement."""


def account_of(
    benchmark: Expectation, year: int, contract_year: int | None, **known: Any
) -> Account:
    """Return the account of a year as a benchmark rule answers it.

    What the rule cannot know, `known` adds: quality_score, kpis, disaster_adjustment, revenue.
    """
    details = dict(benchmark.details)
    allocation = details.pop("allocation", None)
    details.pop("contribution_margin", None)  # the settlement has it, to the cent
    return Account(
        year=year,
        contract_year=contract_year,
        insured_years=benchmark.insured_years,
        benchmark=benchmark.amount,
        cost=benchmark.cost,
        allocation=allocation,
        standard_error=benchmark.standard_error,
        components={part.name: part.counted for part in benchmark.components},
        details=details,
        **known,
    )
