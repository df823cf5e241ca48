"""What funders agree to: grant, loan, insurer's advance, stake, equity and outcome bond, as terms.

Here stand the terms alone, each refused where they make no sense; what becomes of them month by
month is in `positions`, the order in which the company pays in `waterfall`. Months count from
the first contract month, which is 1; preparation is 0 and below. Units and sources: conf/funding.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.quantity import Refusal, nearest, refusal_from

MONTHS = 12  # in a year


class Terms(BaseModel):
    """What all funders have in common: a name, and terms that do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    funder: str = Field(min_length=1)


class Tranche(BaseModel):
    """An amount (EUR) that is paid in a month."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    month: int
    amount: float = Field(gt=0)


class Milestone(Tranche):
    """A payment of a grant: in `month`, or later, once `spent` of what came before is spent (1)."""

    spent: float = Field(default=0.0, ge=0, le=1)


class Grant(Terms):
    """Money that is not paid back, unless it was not spent or the company ended too early.

    In `clawback_month` the part `clawback` of what was not spent on the business by then falls
    due; where the company is insolvent before that month, that part of all that was paid.
    """

    kind: Literal["grant"] = "grant"
    milestones: tuple[Milestone, ...] = Field(min_length=1)
    clawback: float = Field(default=0.0, ge=0, le=1)
    clawback_month: int | None = None

    @model_validator(mode="after")
    def _is_clawed_back_after_it_was_paid(self) -> "Grant":
        _refuse_disorder("milestones", self.milestones)
        last = self.milestones[-1].month
        if self.clawback and (self.clawback_month is None or self.clawback_month <= last):
            raise ValueError(
                f"clawback_month is {self.clawback_month}, but a clawback of {self.clawback:g} "
                f"needs a month after the last payment, which is in month {last}. Give a later "
                "month, or set clawback to 0"
            )
        return self

    @property
    def party(self) -> str:
        """The grantor as the cashbook names it."""
        return f"grantor:{self.funder}"

    @property
    def amount(self) -> float:
        """All that is promised, EUR."""
        return sum(tranche.amount for tranche in self.milestones)

    @property
    def last_month(self) -> int:
        """The last month in which anything may happen by the terms."""
        return max(self.milestones[-1].month, self.clawback_month or self.milestones[-1].month)


class Covenants(BaseModel):
    """What a loan asks of the company, measured at the end of each year from `first_month` on.

    `debt_service_cover`: cash flow of twelve months before debt service, over the debt service
    (1). `minimum_cash`: at the end of the year (EUR).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    debt_service_cover: float | None = Field(default=None, gt=0)
    minimum_cash: float | None = Field(default=None, gt=0)
    first_month: int = 1

    @model_validator(mode="after")
    def _measures_something(self) -> "Covenants":
        if self.debt_service_cover is None and self.minimum_cash is None:
            raise ValueError(
                "covenants without a measure. Give debt_service_cover, minimum_cash or both, or "
                "leave the covenants out"
            )
        return self


class Loan(Terms):
    """A lender's commitment and what it costs.

    It is drawn as needed (`draw: needed`) or wholly in its first month (`at_once`), until the
    grace is over. In the grace, interest is paid, or is added to what is owed (`capitalised`).
    Afterwards it is repaid in equal instalments (`linear`), by equal payments of interest and
    instalment together (`annuity`), or in the last month (`bullet`).
    """

    kind: Literal["loan"] = "loan"
    rank: Literal["senior", "subordinated"] = "senior"
    amount: float = Field(gt=0)
    interest: float = Field(ge=0, lt=1)
    grace: int = Field(ge=0)
    term: int = Field(gt=0)
    fee: float = Field(default=0.0, ge=0, lt=1)
    commitment_fee: float = Field(default=0.0, ge=0, lt=1)
    first_month: int = 1
    draw: Literal["needed", "at_once"] = "needed"
    grace_interest: Literal["paid", "capitalised"] = "paid"
    repayment: Literal["linear", "annuity", "bullet"] = "linear"
    covenants: Covenants | None = None

    @model_validator(mode="after")
    def _is_repaid_after_its_grace(self) -> "Loan":
        if self.grace >= self.term:
            raise ValueError(
                f"grace of {self.grace} months leaves no month to repay in a term of "
                f"{self.term}, which counts from the first month of drawdown and includes the "
                "grace. Shorten the grace or lengthen the term"
            )
        return self

    @property
    def party(self) -> str:
        """The lender as the cashbook names it."""
        return f"lender:{self.funder}"

    @property
    def last_month(self) -> int:
        """The month of the last instalment."""
        return self.first_month + self.term


class Advance(Terms):
    """What the insurers pay beforehand and set off in the settlements before these arrive.

    `lump_sum` in the first month, `per_insured` (EUR/person-month) from the first month to
    `until`. Of each settlement up to `set_off` (1) is kept, until nothing is outstanding. What
    is left after `final_month` is forgiven to the part `forgiven` (1); the rest falls due.
    """

    kind: Literal["advance"] = "advance"
    lump_sum: float = Field(default=0.0, ge=0)
    per_insured: float = Field(default=0.0, ge=0)
    first_month: int = 1
    until: int
    set_off: float = Field(gt=0, le=1)
    final_month: int
    forgiven: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> "Advance":
        if not self.first_month <= self.until <= self.final_month:
            raise ValueError(
                f"an advance paid from month {self.first_month} until {self.until} and settled "
                f"in {self.final_month} goes back before it was paid. Put first_month, until and "
                "final_month in this order"
            )
        if not self.lump_sum and not self.per_insured:
            raise ValueError("an advance of nothing. Give lump_sum, per_insured or both")
        return self

    @property
    def party(self) -> str:
        """The insurers as the cashbook names them; who pays which part, the contract says."""
        return "insurers"

    @property
    def last_month(self) -> int:
        """The month in which what is left falls due."""
        return self.final_month


class Stake(Terms):
    """A silent partner's money: fixed interest, a part of good years' results, paid back once.

    Interest that cannot be paid is still owed, without interest of its own. `profit_share` is of
    the operating result of a year, where that is above zero (1).
    """

    kind: Literal["stake"] = "stake"
    amount: float = Field(gt=0)
    month: int
    interest: float = Field(ge=0, lt=1)
    profit_share: float = Field(default=0.0, ge=0, le=1)
    repaid_month: int

    @model_validator(mode="after")
    def _is_repaid_after_it_was_paid(self) -> "Stake":
        if self.repaid_month <= self.month:
            raise ValueError(
                f"repaid_month {self.repaid_month} is not after month {self.month}, in which the "
                "stake is paid. Repay it later"
            )
        return self

    @property
    def party(self) -> str:
        """The partner as the cashbook names it."""
        return f"partner:{self.funder}"

    @property
    def last_month(self) -> int:
        """The month in which it is paid back."""
        return self.repaid_month


class Equity(Terms):
    """Shares in the company: paid in tranches, served last, sold in one month if at all.

    `preferred_return` (1/year) runs on what was paid in and on itself, and is served before any
    dividend. In `exit_month` a buyer pays the `share` of `exit_multiple` operating results of
    the last twelve months, with the cash and less the debts; never less than nothing.
    """

    kind: Literal["equity"] = "equity"
    tranches: tuple[Tranche, ...] = Field(min_length=1)
    share: float = Field(gt=0, le=1)
    preferred_return: float = Field(default=0.0, ge=0, lt=1)
    exit_month: int | None = None
    exit_multiple: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _leaves_after_it_came(self) -> "Equity":
        _refuse_disorder("tranches", self.tranches)
        last = self.tranches[-1].month
        if self.exit_month is not None and self.exit_month <= last:
            raise ValueError(
                f"exit_month {self.exit_month} is not after month {last}, in which the last "
                "tranche is paid. Leave later, or pay earlier"
            )
        return self

    @property
    def party(self) -> str:
        """The shareholder as the cashbook names it."""
        return f"shareholder:{self.funder}"

    @property
    def amount(self) -> float:
        """All tranches together, EUR."""
        return sum(tranche.amount for tranche in self.tranches)

    @property
    def last_month(self) -> int:
        """The month of the exit, or of the last tranche."""
        return self.exit_month or self.tranches[-1].month


class OutcomeBond(Terms):
    """Money for the start that others pay back, by what an evaluator finds was achieved.

    For each unit of `outcome` of a contract year, the `commissioner` pays `tariff` EUR to the
    investors, `lag` months after the year, in all at most `cap` times what they paid in. In
    `final_month` the `guarantor` makes good what is missing from `protection` of it (1). The
    commissioner pays the evaluator `evaluation` EUR/year for each year that is evaluated.
    """

    kind: Literal["outcome_bond"] = "outcome_bond"
    tranches: tuple[Tranche, ...] = Field(min_length=1)
    outcome: str = Field(min_length=1)
    tariff: float = Field(gt=0)
    lag: int = Field(ge=0)
    cap: float = Field(gt=0)
    protection: float = Field(default=0.0, ge=0, le=1)
    final_month: int
    evaluation: float = Field(default=0.0, ge=0)
    commissioner: str = Field(min_length=1)
    guarantor: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> "OutcomeBond":
        _refuse_disorder("tranches", self.tranches)
        if self.final_month <= self.tranches[-1].month:
            raise ValueError(
                f"final_month {self.final_month} is not after month {self.tranches[-1].month}, "
                "in which the last tranche is paid. End it later"
            )
        if self.protection > self.cap:
            raise ValueError(
                f"protection of {self.protection:g} is more than the cap of {self.cap:g}: more "
                "would be guaranteed than may be paid. Lower the protection or lift the cap"
            )
        return self

    @property
    def party(self) -> str:
        """The investors as the cashbook names them."""
        return f"investor:{self.funder}"

    @property
    def amount(self) -> float:
        """All tranches together, EUR."""
        return sum(tranche.amount for tranche in self.tranches)

    @property
    def last_month(self) -> int:
        """The month in which it ends."""
        return self.final_month


Instrument = Grant | Loan | Advance | Stake | Equity | OutcomeBond
KINDS: dict[str, type[Terms]] = {
    "grant": Grant,
    "loan": Loan,
    "advance": Advance,
    "stake": Stake,
    "equity": Equity,
    "outcome_bond": OutcomeBond,
}


def instrument(given: Mapping[str, Any], place: str) -> Instrument:
    """Return the terms given at `place` of conf, or refuse them clause by clause."""
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if kind not in KINDS:
        raise Refusal(
            f"{place}.kind is {kind!r}. {nearest(str(kind), list(KINDS))} Name the kind of "
            "instrument; its terms are in sim/funding/instruments.py."
        )
    model = KINDS[kind]
    try:
        return model.model_validate(given)  # type: ignore[return-value]
    except ValidationError as error:
        raise refusal_from(error, place, list(model.model_fields)) from error


def _refuse_disorder(what: str, tranches: tuple[Tranche, ...]) -> None:
    months = [tranche.month for tranche in tranches]
    if months != sorted(set(months)):
        raise ValueError(
            f"{what} are paid in months {months}. Put them in the order of time, one a month"
        )
