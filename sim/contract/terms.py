"""What the parties agreed: every term of a contract, and which of them cannot stand together.

A term that is not agreed is left out and has no effect. Amounts are EUR, rates are fractions,
clauses are those of the account in `settlement.py`.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from sim.contract.ledger import sector_columns

Rule = Literal["contribution_margin", "growth_rate", "matched_pairs", "blended_historical", "ipep"]


class Band(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """The sharing rate of one part of the savings.

    `above` and `up_to` are savings per euro of benchmark; the last band has no end.
    """

    above: float = Field(ge=0)
    up_to: float | None = None
    sharing_rate: float = Field(ge=0, le=1)


class Terms(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """What the parties agreed. Units, ranges and sources: `conf/contract`.

    Parameters
    ----------
    rule, sectors
        Which rule says what care should have cost, and on which sectors.
    track
        Name of a line of `conf/tables/mssp_tracks.csv` that fills in what is left out.
    truncation
        Share of persons below whose cost everybody's is cut off; null: nobody's is.
    run_out, completion_factor
        Months after the year until claims are counted; what is then known is multiplied by it.
    rebasing_years, prior_savings_share, prior_savings_limit
        After how many contract years the base years move on; which part of the mean savings of
        the years before is then added to the benchmark, at most which share of it.
    regime_year, regime_factor
        Calendar year from which risk equalisation is another; what it makes of the benchmark.
    minimum_savings_rate, minimum_loss_rate
        Savings per euro of benchmark from which they are shared; null: by number of insured, as
        `conf/tables/minimum_savings_rate.csv` has it. That of losses is the same unless given.
    averaged_years
        Contract years whose mean is settled: this one and up to so many less one before.
    deficit_carried
        Part of a loss that is taken off later savings.
    sharing_from, sharing_rate, bands
        Whether the first euro is shared or only what lies above the minimum; the part that the
        integrator gets, one for all savings or by bands of the savings rate.
    quality_gate, quality
        Score below which nothing is shared; whether the sharing rate is multiplied by it.
    levy, levy_from, cap
        Part of shared savings that is kept by law, for all years or from calendar years on;
        most that is paid per euro of benchmark. The levy comes before the cap.
    loss_share, loss_share_bounds
        Integrator's part of a loss: fixed, or one less the final sharing rate within bounds. With
        neither, the contract is one-sided and nothing is owed.
    loss_limit, loss_limit_of_revenue
        Most that is owed per euro of benchmark, in each contract year (the last one goes on), and
        per euro of the participants' revenue.
    kpi_fees
        EUR/year for each indicator that is attained in full.
    advance, clawback
        Paid before the settlement, EUR/person-year; part of what was not earned that is returned.
    termination_hazard, termination_year
        Notices given per year; last calendar year that is settled.
    """

    rule: Rule
    sectors: tuple[str, ...]
    track: str | None = None
    truncation: float | None = Field(None, gt=0, lt=1)
    run_out: float = Field(0, ge=0)
    completion_factor: float = Field(1, ge=1)
    rebasing_years: int | None = Field(None, ge=1)
    prior_savings_share: float = Field(0, ge=0, le=1)
    prior_savings_limit: float | None = Field(None, ge=0)
    regime_year: int | None = None
    regime_factor: float = Field(1, gt=0)
    minimum_savings_rate: float | None = Field(None, ge=0, lt=1)
    minimum_loss_rate: float | None = Field(None, ge=0, lt=1)
    averaged_years: int = Field(1, ge=1)
    deficit_carried: float = Field(0, ge=0, le=1)
    sharing_from: Literal["first_euro", "above_minimum"] = "first_euro"
    sharing_rate: float | None = Field(None, ge=0, le=1)
    bands: tuple[Band, ...] = ()
    quality_gate: float = Field(0, ge=0, le=1)
    quality: Literal["none", "factor"] = "none"
    levy: float = Field(0, ge=0, lt=1)
    levy_from: dict[int, float] = {}
    cap: float | None = Field(None, ge=0)
    loss_share: float | None = Field(None, ge=0, le=1)
    loss_share_bounds: tuple[float, float] | None = None
    loss_limit: tuple[float, ...] | None = None
    loss_limit_of_revenue: float | None = Field(None, ge=0)
    investment_fee: float = Field(0, ge=0)
    investment_fee_years: int = Field(0, ge=0)
    management_fee: float = Field(0, ge=0)
    kpi_fees: dict[str, float] = {}
    advance: float = Field(0, ge=0)
    clawback: float = Field(1, ge=0, le=1)
    settlement_lag: float = Field(ge=0)
    termination_hazard: float = Field(0, ge=0)
    termination_year: int | None = None

    @property
    def two_sided(self) -> bool:
        """Whether the integrator shares losses, too."""
        return self.loss_share is not None or self.loss_share_bounds is not None

    @field_validator("sectors")
    @classmethod
    def _are_sectors_of_the_ledger(cls, sectors: Sequence[str]) -> tuple[str, ...]:
        sector_columns(sectors)
        return tuple(sectors)

    @field_validator("bands")
    @classmethod
    def _leave_no_gap(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        ends = [0.0, *(band.up_to for band in bands)]
        for number, (band, end) in enumerate(zip(bands, ends, strict=False), start=1):
            if end is None or band.above != end:
                raise ValueError(
                    f"clause 7.5, band {number} begins above {band.above} where the one before "
                    f"ends at {end}: a gap or an overlap. Allowed are bands that begin above 0 "
                    f"and follow each other. Begin it above {end}, or correct the one before"
                )
            if band.up_to is not None and band.up_to <= band.above:
                raise ValueError(
                    f"clause 7.5, band {number} ends at {band.up_to}, not above its beginning "
                    f"{band.above}. Correct its end"
                )
        if bands and ends[-1] is not None:
            raise ValueError(
                f"clause 7.5, the last band ends at {ends[-1]}: a gap above. Set its up_to to null"
            )
        return bands

    @field_validator("loss_limit", mode="before")
    @classmethod
    def _is_one_for_all_years_or_one_for_each(cls, limit: Any) -> Any:
        return (limit,) if isinstance(limit, int | float) else limit

    @field_validator("loss_limit", "loss_share_bounds", "levy_from", "kpi_fees")
    @classmethod
    def _are_not_negative(cls, given: Any) -> Any:
        numbers = given.values() if isinstance(given, dict) else given or ()
        if any(number < 0 for number in numbers) or given == ():
            raise ValueError("allowed are numbers of 0 or more, at least one. Correct them")
        return given

    @model_validator(mode="after")
    def _go_together(self) -> "Terms":
        wrong = "\n".join(self._contradictions())
        if wrong:
            raise ValueError(wrong)
        return self

    def _contradictions(self) -> list[str]:
        """Return a sentence for each pair of terms that cannot both hold."""
        wrong = []
        if (self.sharing_rate is None) == (not self.bands):
            wrong.append(
                "clause 7.3, sharing_rate: allowed is one sharing_rate for all savings, or bands. "
                "Give one of the two"
            )
        if self.loss_share is not None and self.loss_share_bounds is not None:
            wrong.append(
                "clause 8.2, loss_share is fixed and loss_share_bounds follow the sharing rate. "
                "Give one of the two"
            )
        if self.loss_share_bounds and not (
            self.loss_share_bounds[0] <= self.loss_share_bounds[1] <= 1
        ):
            wrong.append(
                f"clause 8.2, loss_share_bounds are {list(self.loss_share_bounds)}. Allowed are "
                "a lower and an upper one, 0 to 1. Correct them"
            )
        if not self.two_sided and (self.loss_limit or self.loss_limit_of_revenue is not None):
            wrong.append(
                "clause 8.4, loss_limit: a contract without a loss_share owes nothing that could "
                "be limited. Give loss_share, or leave the limit out"
            )
        if self.averaged_years > 1 and self.deficit_carried > 0:
            wrong.append(
                "clause 6.6, deficit_carried: the mean of averaged_years holds earlier losses "
                "already. Set averaged_years to 1 or deficit_carried to 0"
            )
        if self.run_out > self.settlement_lag:
            wrong.append(
                f"clause 3.2, run_out is {self.run_out:g} months, the settlement is due after "
                f"{self.settlement_lag:g}. Allowed is at most the settlement_lag. Shorten it"
            )
        if any(share >= 1 for share in self.levy_from.values()):
            wrong.append("clause 7.6, levy_from: allowed are shares below 1. Correct them")
        return wrong
