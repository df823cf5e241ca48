"""What others have published of a region, beside what the run says of the same years."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sim.disclosure import smallest_cell
from sim.distribution import Distribution, distribution
from sim.quantity import Refusal, nearest, refusal_from
from sim.report import words
from sim.report.tables import WITH, Amounts, by_year, earned, lived, settled
from sim.results import Results

ALIKE = 0.1  # as far as a run's insured may differ from the region's for totals to be comparable


@dataclass(frozen=True)
class Outcome:
    """What a run can set beside a published figure: a sum over years, its last, or a ratio."""

    label: str
    unit: str
    by_year: Callable[[Results], Amounts]  # (seeds, contract years)
    over: Callable[[Results], Amounts] | None = None  # what the sum is divided by
    at_end: bool = False  # of the last year, not summed


def _settlement(label: str, column: str) -> Outcome:
    return Outcome(label, "EUR", lambda results: settled(results, column))


def _net_measured(results: Results) -> Amounts:
    """Measured savings less all that is owed for the year, whenever it is paid, EUR."""
    fees = ("investment_fee", "management_fee", "kpi_fee")
    owed = np.sum([earned(results), *(settled(results, column) for column in fees)], axis=0)
    return np.asarray(settled(results, "measured_savings") - owed)


OUTCOMES: dict[str, Outcome] = {
    "contribution_margin": _settlement("contribution margin", "contribution_margin"),
    "measured_savings": _settlement("measured savings", "measured_savings"),
    "true_savings": _settlement("true savings", "true_savings"),
    "shared_savings": _settlement("shared savings", "shared_savings"),
    "allocation": _settlement("allocation", "allocation"),
    "benchmark": _settlement("benchmark", "benchmark"),
    "cost": _settlement("cost", "cost"),
    "insurer_net_measured": Outcome("measured savings less all paid", "EUR", _net_measured),
    "insured": Outcome(
        "insured", "person", lambda results: lived(results, WITH, ["person_years"]), at_end=True
    ),
    "members_by_year": Outcome(
        "members", "person", lambda results: lived(results, WITH, ["members"]), at_end=True
    ),
    "mortality_ratio_of_members": Outcome(
        "mortality ratio of members",
        "1",
        lambda results: by_year(results, results.table("integrators"), ["member_deaths"]),
        lambda results: by_year(results, results.table("integrators"), ["expected_member_deaths"]),
    ),
}


class Published(BaseModel):
    """A published figure of a region: a result of others, not an input of the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    label: str
    years: tuple[int, int]
    value: float = Field(allow_inf_nan=False)
    unit: str
    per: Literal["insured", "total"] = "total"
    layer: str = ""  # whose figure it is, of whom, by which method
    compare_with: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=1)

    @field_validator("years")
    @classmethod
    def _run_forwards(cls, years: tuple[int, int]) -> tuple[int, int]:
        if years[0] > years[1]:
            raise ValueError("years are [first, last], first not after last")
        return years

    @field_validator("compare_with")
    @classmethod
    def _are_outcomes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in OUTCOMES:
                raise ValueError(f"{name} is no outcome ({nearest(name, list(OUTCOMES))})")
        return names

    @property
    def when(self) -> str:
        """The years as written: one, or first to last."""
        first, last = self.years
        return str(first) if first == last else f"{first}{words.DASH}{last}"

    @property
    def title(self) -> str:
        """The label with its years, unless it has them already."""
        return self.label if str(self.years[1]) in self.label else f"{self.label}, {self.when}"

    def written(self, value: float | None) -> str:
        """Write a value of this figure's kind."""
        return words.amount(
            value, f"{self.unit}/person-year" if self.per == "insured" else self.unit
        )


@dataclass(frozen=True)
class Answer:
    """A published figure and what the run says to it; nothing where outside the horizon."""

    figure: Published
    within: bool
    simulated: dict[str, Distribution]  # by name of the outcome
    caution: str = ""  # why a total of the run is not one of the region

    def rows(self) -> list[tuple[str, tuple[str, str, str]]]:
        """Write P10, P50 and P90 of every simulated figure, with its label."""
        return [
            (
                OUTCOMES[name].label,
                (
                    self.figure.written(of["p10"]),
                    self.figure.written(of["p50"]),
                    self.figure.written(of["p90"]),
                ),
            )
            for name, of in self.simulated.items()
        ]

    def lines(self) -> list[str]:
        """Write the simulated figures one by one, or that the years lie outside the horizon."""
        if not self.within:
            return ["outside the horizon"]
        unit = (
            f"{self.figure.unit}/person-year" if self.figure.per == "insured" else self.figure.unit
        )
        return [
            f"{OUTCOMES[name].label} {words.spread(of, unit)}"
            for name, of in self.simulated.items()
        ]

    def verdict(self) -> str:
        """Say in one plain sentence where the run and the publication agree, and where not."""
        if not self.within:
            return f"The years {self.figure.when} lie outside the horizon of this run."
        said = [self._against(OUTCOMES[name].label, of) for name, of in self.simulated.items()]
        return f"The published figure {'; it '.join(said)}. {self.caution}".rstrip()

    def _against(self, label: str, of: Distribution) -> str:
        low, middle, high, value = of["p10"], of["p50"], of["p90"], self.figure.value
        if middle is None:
            return f"has nothing to stand beside it: the run has no {label}"
        times = f"{words.number(value / middle, 2)} times" if middle > 0 else ""
        if low is None or high is None:
            way = "above" if value > middle else "below" if value < middle else "at"
            return f"lies {way} the one value simulated for {label}{times and f' ({times} it)'}"
        if low <= value <= high:
            return f"lies inside the range simulated for {label}"
        way = "above" if value > high else "below"
        return f"lies {way} the range simulated for {label}{times and f' ({times} the median)'}"


def figures(region: Mapping[str, Any]) -> list[Published]:
    """Return the region's published figures; bad ones are refused, before anything runs."""
    found: list[Published] = []
    for place, entry in enumerate(region.get("published") or []):
        path = f"region.published.{place}"
        if not isinstance(entry, Mapping):
            raise Refusal(f"{path} is {entry!r}. Give a mapping of name, label, years, value, ...")
        try:
            found.append(Published(**entry))
        except ValidationError as error:
            raise refusal_from(error, path, list(Published.model_fields)) from error
    return found


def answers(results: Results) -> list[Answer]:
    """Return every published figure of the run's region with the run's own beside it."""
    return [_answer(results, figure) for figure in figures(results.config.get("region") or {})]


def _answer(results: Results, figure: Published) -> Answer:
    first, last = figure.years
    if first < results.first_year or last > results.last_year:
        return Answer(figure, within=False, simulated={})
    return Answer(
        figure,
        within=True,
        simulated={name: _of(results, figure, OUTCOMES[name]) for name in figure.compare_with},
        caution=_caution(results) if figure.per == "total" and figure.unit != "1" else "",
    )


def _caution(results: Results) -> str:
    """Say so where the run has not as many insured as the region, so that totals differ by that."""
    region = (results.config.get("region") or {}).get("insured")
    run = float(np.median(lived(results, WITH, ["person_years"])[:, 0]))
    if not isinstance(region, int | float) or np.isnan(run) or abs(run / region - 1) < ALIKE:
        return ""
    return (
        f"This run has {words.number(run, 0)} insured, the region {words.number(region, 0)}: "
        "totals differ for that reason, too."
    )


def _of(results: Results, figure: Published, outcome: Outcome) -> Distribution:
    """Return the outcome over the figure's years, and per insured where the figure is."""
    first, last = (year - results.first_year for year in figure.years)
    span = slice(last if outcome.at_end else first, last + 1)
    sums = outcome.by_year(results)[:, span].sum(axis=1)
    for divisor in (
        outcome.over,
        (lambda run: settled(run, "insured_years")) if figure.per == "insured" else None,
    ):
        if divisor is not None:
            below = divisor(results)[:, span].sum(axis=1)
            sums = np.divide(sums, below, out=np.full_like(sums, np.nan), where=below != 0)
    few = smallest_cell(results.config) if outcome.unit == "person" else 0
    told = np.where((sums > 0) & (sums < few), np.nan, sums)
    return distribution([None if np.isnan(value) else value for value in told.tolist()], "low")
