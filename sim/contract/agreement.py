"""What a run settles: the terms, the numbers of their rule, and the rules measured beside it.

`contract.compare` says which these are: `null` none, `default` those that look back on no more
years than are lived anyway, `all` every rule, for whose sake a longer history is lived.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from sim.contract import benchmarks
from sim.contract.benchmarks import RULES
from sim.contract.rule import Needs
from sim.contract.terms import Terms
from sim.contract.tracks import COMPARE, with_track
from sim.quantity import Refusal, refusal_from, written

COMPARISONS = ("default", "all")


class View(NamedTuple):
    """How a ledger is looked at: sectors that count, quantile at which persons are cut off."""

    sectors: tuple[str, ...]
    truncation: float | None = None


@dataclass(frozen=True)
class Agreement:
    """What is settled and measured in a run.

    Attributes
    ----------
    terms
        What the parties agreed.
    numbers
        Rule -> its validated terms: the agreed one first, then those measured beside it.
    baseline_years
        How many years before the start these rules need at most.
    """

    terms: Terms
    numbers: Mapping[str, Any]
    baseline_years: int

    @property
    def beside(self) -> tuple[str, ...]:
        """Rules that are measured on the side."""
        return tuple(name for name in self.numbers if name != self.terms.rule)

    @property
    def plain(self) -> View:
        """Everything that insurers pay in the contract's sectors: nobody is cut off."""
        return View(self.terms.sectors)

    def needs(self, rule: str) -> Needs:
        """What of a history a rule looks at."""
        return RULES[rule].needs(self.numbers[rule])

    def view(self, rule: str) -> View:
        """How a rule looks at ledgers; where it does not say itself, as the parties agreed."""
        agreed, own = self.terms.truncation, self.needs(rule).truncation
        first, second = (agreed, own) if rule == self.terms.rule else (own, agreed)
        return View(self.terms.sectors, second if first is None else first)

    def kept(self, start_year: int) -> dict[View, int | None]:
        """Every view -> first year of which rows of the comparison are kept, None for none."""
        found: dict[View, int | None] = {self.plain: None}
        for rule in self.numbers:
            view, needs = self.view(rule), self.needs(rule)
            first = start_year - needs.baseline_years if needs.comparison_rows else None
            known = [year for year in (found.get(view), first) if year is not None]
            found[view] = min(known, default=None)
        return found

    def admit(self, elsewhere: int) -> None:
        """Refuse a comparison of too few persons for the agreed rule, before anybody lives."""
        rule = self.terms.rule
        fewest = getattr(self.numbers[rule], "smallest_comparison", 0)
        if elsewhere < fewest:
            raise Refusal(
                f"{RULES[rule].clause}: population.comparison is {elsewhere:,} persons. Allowed "
                f"are {fewest:,.0f} or more, since chance would decide what care should have cost. "
                "Raise population.comparison, or population.size, of which it is a multiple "
                f"(benchmarks.{rule}.smallest_comparison)."
            )


def agreement(
    contract: Mapping[str, Any], numbers: Mapping[str, Any], baseline_years: int
) -> Agreement:
    """Validate what conf has on contract and benchmark rules, or refuse it by name.

    `baseline_years` are lived before the start in any case.
    """
    compare = contract.get(COMPARE)
    if compare not in (None, *COMPARISONS):
        raise Refusal(
            f"contract.{COMPARE} is {written(compare)}. Allowed is null for the agreed rule alone, "
            "default for all that need no longer history than it, or all. Choose one of these."
        )
    try:
        terms = Terms.model_validate(with_track(contract))
    except ValidationError as error:
        raise refusal_from(error, "contract", list(Terms.model_fields)) from error
    unknown = sorted(numbers.keys() - RULES.keys())
    if unknown:
        raise Refusal(f"benchmarks.{unknown[0]} is no rule. Rules are {', '.join(RULES)}.")
    known = {name: benchmarks.terms_of(name, numbers[name]) for name in RULES}
    years = {name: RULES[name].needs(known[name]).baseline_years for name in RULES}
    lived = max(baseline_years, years[terms.rule])
    chosen = [terms.rule, *_beside(terms.rule, compare, years, lived)]
    return Agreement(
        terms, {name: known[name] for name in chosen}, max(years[name] for name in chosen)
    )


def _beside(
    agreed: str, compare: str | None, years: Mapping[str, int], lived: int
) -> Sequence[str]:
    """Rules beside the agreed one that are asked for."""
    others = [name for name in years if name != agreed]
    if compare == "all":
        return others
    return [name for name in others if years[name] <= lived] if compare == "default" else []
