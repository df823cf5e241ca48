"""What is audited: rules, true savings, disturbances and regions, as conf/audit.yaml has them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.contract.benchmarks import RULES, terms_of
from sim.contract.rule import Disturbance as Claimed
from sim.contract.rule import Rule
from sim.contract.terms import Terms
from sim.contract.tracks import with_track
from sim.people.factors import ADMISSIONS
from sim.people.population import RUNNING
from sim.quantity import Refusal, nearest, quantities, refusal_from, values
from sim.scenario import CONF

FILE = "audit.yaml"
NONE = "none"
"""Name of the disturbance that is none, and of the savings that are none."""
JOINED_WITH = " + "

COST_OF_THE_REGION = {
    "effect_on",
    "level",
    "shock",
    "shock_from",
    "refilled",
    "reform",
    "reform_from",
}
"""What changes cost here, or everywhere alike, and neither persons nor diagnoses."""

Whom = Literal["everybody", "members"]


class Disturbance(BaseModel):
    """What befalls a region beside its savings; units and sources: conf/audit.yaml.

    What is left out does not happen. `claim` is what rules call it that claim to be unbiased to
    it. `effect_on` says whose care improves, `counted` who counts as insured in contract years.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    claim: Claimed | None = None
    effect_on: Whom = "everybody"
    counted: Whom = "everybody"
    documentation: float = Field(0, ge=0)
    young_leaving: float = Field(0, ge=0)
    young_until: int = Field(0, ge=0)
    level: float = Field(1, gt=0)
    drift: float = Field(0, ge=0)
    comparison_ratio: float | None = Field(None, gt=0)
    shock: float = Field(1, gt=0)
    shock_from: int = Field(1, ge=1)
    outlier_rate: float = Field(0, ge=0)
    outlier_cost: float = Field(0, ge=0)
    switching: float = Field(0, ge=0)
    switching_selection: float = 0
    refilled: float = Field(0, ge=0, le=1)
    reform: float = Field(1, gt=0)
    reform_from: int = Field(1, ge=1)

    @property
    def changes(self) -> dict[str, Any]:
        """What it says beside its names, by field."""
        given = self.model_dump(exclude_unset=True)
        return {name: given[name] for name in given if name not in ("label", "claim")}

    @property
    def keeps_pairs(self) -> bool:
        """Whether diagnoses and, but for a factor, norm cost elsewhere stay the same."""
        return self.changes.keys() <= COST_OF_THE_REGION

    def beside(self, other: "Disturbance") -> "Disturbance | None":
        """Both at once; None where both say something of the same thing."""
        if self.changes.keys() & other.changes.keys():
            return None
        both = {**self.changes, **other.changes, "label": f"{self.label}; {other.label}"}
        return Disturbance(**both)


class Grid(BaseModel):
    """How much is audited: seeds, insured elsewhere per insured, regions by their insured.

    `combined` is up to how many disturbances come at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: int = Field(ge=1)
    ratio: float = Field(gt=0)
    combined: int = Field(ge=1)
    regions: dict[int, int] = Field(min_length=1)

    @property
    def people(self) -> int:
        """Insured whose claims the audited regions are made of."""
        return max(size * count for size, count in self.regions.items())

    @property
    def elsewhere(self) -> int:
        """Insured elsewhere, as many as the largest region needs."""
        return round(max(self.regions) * self.ratio)


class RuleEntry(BaseModel):
    """A rule of the audit as conf/audit.yaml names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    rule: str
    contract: str
    terms: dict[str, Any] = {}
    only: tuple[str, ...] = ()
    largest: int | None = Field(None, ge=1)


@dataclass(frozen=True)
class AuditedRule:
    """A rule made ready: its terms, and those of the contract that settles it."""

    name: str
    label: str
    rule: Rule
    terms: Any
    contract: Terms
    only: tuple[str, ...]
    largest: int | None

    @property
    def truncation(self) -> float | None:
        """Quantile of yearly cost at which persons are cut off, None for no cut."""
        own = self.contract.truncation
        return self.rule.needs(self.terms).truncation if own is None else own

    def unbiased_to(self, disturbance: Disturbance) -> bool:
        """Whether the rule claims to measure nothing where nothing is saved, all the same."""
        return disturbance.claim in self.rule.claim(self.terms).unbiased_to

    def is_asked(self, disturbance: str, insured: int) -> bool:
        """Whether it is audited under a disturbance on a region of so many insured."""
        small = self.largest is None or insured <= self.largest
        return small and (not self.only or disturbance in self.only)


class Plan(BaseModel):
    """All of conf/audit.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overrides: tuple[str, ...]
    start_year: int
    history_years: int = Field(ge=2)
    comparison_years: int = Field(ge=3)
    contract_years: int = Field(ge=1)
    joining: float = Field(ge=0)
    savings: dict[str, dict[str, float]]
    rules: dict[str, RuleEntry]
    disturbances: dict[str, Disturbance]
    power: float = Field(gt=0, lt=1)
    false_positive: float = Field(gt=0, lt=1)
    placebo_errors: float = Field(gt=0)
    placebo_bias: float = Field(gt=0)
    shown: int = Field(ge=1)
    usual_minimum: float = Field(ge=0, lt=1)
    grids: dict[str, Grid]

    @property
    def first_year(self) -> int:
        """First year of the history."""
        return self.start_year - self.history_years

    @property
    def last_year(self) -> int:
        """Last contract year."""
        return self.start_year + self.contract_years - 1

    @property
    def contract(self) -> range:
        """Years that are settled."""
        return range(self.start_year, self.last_year + 1)

    @property
    def claims_elsewhere(self) -> range:
        """Years of which the comparison's claims are kept."""
        return range(self.start_year - self.comparison_years, self.last_year + 1)

    def only(self, names: Sequence[str]) -> "Plan":
        """The same with some of the disturbances; the undisturbed region is always there."""
        for name in names:
            if name not in self.disturbances:
                raise Refusal(
                    f"disturbances: {name!r} is not known. "
                    f"{nearest(name, list(self.disturbances))} Correct the name."
                )
        kept = {n: d for n, d in self.disturbances.items() if n in {NONE, *names}}
        return self.model_copy(update={"disturbances": kept})

    def combined(self, most: int) -> "Plan":
        """The same with up to so many of the disturbances at once, where they get along."""
        found = dict(self.disturbances)
        single = {name: one for name, one in found.items() if name != NONE}
        for count in range(2, most + 1):
            for names in itertools.combinations(single, count):
                both: Disturbance | None = single[names[0]]
                for name in names[1:]:
                    both = both.beside(single[name]) if both is not None else None
                if both is not None:
                    found[JOINED_WITH.join(names)] = both
        return self.model_copy(update={"disturbances": found})

    def audited(self) -> list[AuditedRule]:
        """Return the rules made ready."""
        benchmarks = _numbers("benchmarks.yaml")
        return [_ready(name, entry, benchmarks) for name, entry in self.rules.items()]


def read(path: Path = CONF / FILE) -> Plan:
    """Read conf/audit.yaml, every number of it checked as a quantity where it is one."""
    raw = yaml.safe_load(path.read_text("utf-8"))
    quantities(raw)
    try:
        plan = Plan.model_validate(values(raw))
    except ValidationError as error:
        raise refusal_from(error, "audit", list(Plan.model_fields)) from error
    wrong = list(_contradictions(plan))
    if wrong:
        raise Refusal("\n".join(wrong))
    return plan


def _contradictions(plan: Plan) -> Iterator[str]:
    for name, what in (("savings", plan.savings), ("disturbances", plan.disturbances)):
        if NONE not in what:
            yield f"audit.{name} has no {NONE!r}: nothing to compare with. Add it."
    known = (*ADMISSIONS, *RUNNING)
    for name, effect in plan.savings.items():
        for process in set(effect) - set(known):
            yield (
                f"audit.savings.{name}.{process} is not known. Allowed are {', '.join(known)}: "
                "what changes cost and no disease, so that all regions live the same lives. "
                "Correct the name."
            )
    for name, entry in plan.rules.items():
        for other in set(entry.only) - set(plan.disturbances):
            yield (
                f"audit.rules.{name}.only: {other!r} is no disturbance. "
                f"{nearest(other, list(plan.disturbances))} Correct the name."
            )
    for name, grid in plan.grids.items():
        if min(grid.regions) < 1 or min(grid.regions.values()) < 1:
            yield f"audit.grids.{name}.regions: allowed are 1 or more regions of 1 or more insured."


def _ready(name: str, entry: RuleEntry, benchmarks: Mapping[str, Any]) -> AuditedRule:
    if entry.rule not in RULES:
        raise Refusal(
            f"audit.rules.{name}.rule is {entry.rule!r}. {nearest(entry.rule, list(RULES))} "
            "Name a rule of sim/contract/benchmarks.py."
        )
    terms = terms_of(entry.rule, {**benchmarks[entry.rule], **entry.terms})
    contract = contract_terms(entry.contract)
    rule = RULES[entry.rule]
    if contract.rule != entry.rule:
        raise Refusal(
            f"audit.rules.{name}.contract is {entry.contract!r}, which settles {contract.rule}, "
            f"not {entry.rule}. Name a contract of that rule."
        )
    return AuditedRule(name, entry.label, rule, terms, contract, entry.only, entry.largest)


def contract_terms(name: str) -> Terms:
    """Terms of a contract of conf/contract."""
    path = CONF / "contract" / f"{name}.yaml"
    if not path.exists():
        known = sorted(one.stem for one in path.parent.glob("*.yaml"))
        raise Refusal(f"contract {name!r} is not known. {nearest(name, known)} Correct the name.")
    given = with_track(_numbers(f"contract/{name}.yaml"))
    try:
        return Terms.model_validate(given)
    except ValidationError as error:
        raise refusal_from(error, f"contract.{name}", list(Terms.model_fields)) from error


def _numbers(name: str) -> dict[str, Any]:
    return values(yaml.safe_load((CONF / name).read_text("utf-8")))
