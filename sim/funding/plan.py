"""What a company's money is put together from, and what the country asks of it."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.funding.instruments import Equity, Instrument, OutcomeBond, Stake, instrument
from sim.quantity import refusal_from

SCALED = ("amount", "lump_sum", "per_insured")  # what a commitment of another size changes


class Law(BaseModel):
    """Taxes of a country, and when a debtor is in default and a company insolvent. conf/law.

    `profit_tax` (1) on the result of a year as cash, losses carried forward, paid `tax_lag`
    months after the year. `vat` (1) on the part `vat_share` of operating cost, which a company
    that is itself exempt cannot reclaim. `default_after` months overdue a loan is called in;
    `insolvent_after` months without paying somebody what is due, a company is insolvent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    country: str
    profit_tax: float = Field(ge=0, lt=1)
    tax_lag: int = Field(ge=1, le=12)
    vat: float = Field(ge=0, lt=1)
    vat_share: float = Field(ge=0, le=1)
    default_after: int = Field(ge=1)
    insolvent_after: int = Field(ge=1)


UNTAXED = Law(
    country="nowhere",
    profit_tax=0.0,
    tax_lag=6,
    vat=0.0,
    vat_share=0.0,
    default_after=3,
    insolvent_after=3,
)
"""A country without taxes, for worked examples."""


class Plan(BaseModel):
    """Instruments in the order in which they are drawn and served, and what is done with a surplus.

    `reserve` (EUR) stays in the company before anything is distributed. Of what is above it and
    was earned, the part `reinvestment` goes into programmes; then preferred returns are served;
    the part `payout` of the rest is paid to the owners. `after_insolvency`: the company goes on
    while its suppliers wait (`continues`), or ends and pays its debts from what still comes in
    (`wound_up`). Where `size` is auto, a run scales all amounts so that the company is never
    insolvent in the part `survival` of the seeds (1).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: str = ""
    instruments: tuple[Instrument, ...] = ()
    reserve: float = Field(default=0.0, ge=0)
    reinvestment: float = Field(default=0.0, ge=0, le=1)
    payout: float = Field(default=0.0, ge=0, le=1)
    after_insolvency: Literal["continues", "wound_up"] = "continues"
    size: Literal["given", "auto"] = "given"
    survival: float = Field(default=0.9, gt=0, le=1)

    @model_validator(mode="after")
    def _gives_away_no_more_than_there_is(self) -> Self:
        for what, shares in (
            ("shares in the company", [one.share for one in self.of(Equity)]),
            ("parts of the yearly result", [one.profit_share for one in self.of(Stake)]),
        ):
            if sum(shares) > 1 + 1e-9:
                raise ValueError(
                    f"the {what} add up to {sum(shares):g} ({', '.join(map(str, shares))}), but "
                    "nobody can own more than the whole. Lower some, to 1 at most together"
                )
        names = [(one.kind, one.funder) for one in self.instruments]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"two instruments are a {name[0]} of {name[1]!r}: they could not be told "
                    "apart. Give the funder of one another name"
                )
        return self

    def of[Kind: Instrument](self, kind: type[Kind]) -> list[Kind]:
        """Instruments of one kind, in the plan's order."""
        return [one for one in self.instruments if isinstance(one, kind)]

    @property
    def bonds(self) -> list[OutcomeBond]:
        """The outcome bonds of the plan."""
        return self.of(OutcomeBond)

    @property
    def committed(self) -> float:
        """All that funders promised, EUR; an advance a head counts only its lump sum."""
        return sum(
            one.lump_sum if one.kind == "advance" else one.amount for one in self.instruments
        )

    @property
    def last_month(self) -> int:
        """The last month in which an instrument may still ask for something; 0 without any."""
        return max((one.last_month for one in self.instruments), default=0)

    def beginning(self, first: int) -> "Plan":
        """Return the same plan for a company that begins in month `first`.

        What is dated before is paid when it begins. A loan that is drawn as needed stays as it
        is, since its term has begun all the same.
        """
        found = self.model_dump()
        for one in found["instruments"]:
            _not_before(one, first)
        return Plan.model_validate(found)

    def scaled(self, factor: float) -> "Plan":
        """Return the same plan with every amount times a factor above 0."""
        found = self.model_dump()
        found["instruments"] = [_scaled(one, factor) for one in found["instruments"]]
        return Plan.model_validate(found)


def plan(given: Mapping[str, Any], place: str = "funding") -> Plan:
    """Return the plan given in conf, or refuse it: what, where, what is allowed, what to do."""
    parts: Iterable[Any] = given.get("instruments") or ()
    found = tuple(
        instrument(one, f"{place}.instruments.{number}") for number, one in enumerate(parts)
    )
    try:
        return Plan.model_validate({**given, "instruments": found})
    except ValidationError as error:
        raise refusal_from(error, place, list(Plan.model_fields)) from error


def _not_before(terms: dict[str, Any], first: int) -> None:
    for dated in (terms, *terms.get("milestones", ()), *terms.get("tranches", ())):
        if "month" in dated:
            dated["month"] = max(dated["month"], first)
    if terms["kind"] == "advance" or terms.get("draw") == "at_once":
        terms["first_month"] = max(terms["first_month"], first)
        if "until" in terms:
            terms["until"] = max(terms["until"], first)


def _scaled(node: Any, factor: float) -> Any:
    if isinstance(node, Mapping):
        return {
            key: value * factor if key in SCALED else _scaled(value, factor)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return tuple(_scaled(one, factor) for one in node)
    return node
