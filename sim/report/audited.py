"""What was audited, as the page has to know it: tables, labels and what counts as unbiased."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

HOLDS, FAILS, UNTOLD = "holds", "fails", "cannot be told"
"""What becomes of a claim to be unbiased: UNTOLD where chance hides the answer."""
NONE = "none"
"""Name of the disturbance that is none, and of the savings that are none."""


@dataclass(frozen=True)
class Audited:
    """An audit that is done.

    Attributes
    ----------
    audit, errors
        A line a rule, number of insured, savings and disturbance: figures, and their Monte Carlo
        errors.
    placebos
        A line a rule and disturbance where nothing is saved: bias, error, verdict on the claim.
    thresholds
        Minimum savings rate that keeps false payouts rare, by averaged years.
    rules, disturbances
        Labels by name, in the order in which they are shown.
    minimum, averaged
        Minimum savings rate of each rule's contract (1), None where it goes by number of insured;
        years that it averages.
    regions
        Number of insured -> regions audited in each seed.
    shown
        Insured of the region that sentences are about.
    usual_minimum
        Minimum savings rate for which averaged years are counted (1).
    tolerated, power
        Share of years with a false payout that is tolerated, one-sided error of detection; its
        power (1).
    placebo_bias, placebo_errors
        Largest bias of a placebo (1), and within how many standard errors, estimated from seeds.
    notes
        Sentences on how it was done.
    command
        What was typed.
    """

    audit: pd.DataFrame
    errors: pd.DataFrame
    placebos: pd.DataFrame
    thresholds: pd.DataFrame
    rules: Mapping[str, str]
    disturbances: Mapping[str, str]
    minimum: Mapping[str, float | None]
    averaged: Mapping[str, int]
    seeds: int
    regions: Mapping[int, int]
    years: int
    shown: int
    usual_minimum: float
    tolerated: float
    power: float
    placebo_bias: float
    placebo_errors: float
    notes: tuple[str, ...]
    command: tuple[str, ...]

    @property
    def sizes(self) -> list[int]:
        """Numbers of insured of the audited regions, the smallest first."""
        return sorted(self.regions)

    @property
    def main(self) -> list[str]:
        """Rules that were audited under all disturbances on regions of all sizes."""
        counts = self.audit[["rule", "insured", "disturbance"]].drop_duplicates()["rule"]
        every = len(self.regions) * len(self.disturbances)
        return [rule for rule in self.rules if (counts == rule).sum() == every]

    def lines(
        self, disturbance: str = NONE, rule: str | None = None, insured: int | None = None
    ) -> pd.DataFrame:
        """Lines of `audit` under a disturbance, of one rule or number of insured if asked."""
        found = self.audit[self.audit["disturbance"] == disturbance]
        if rule is not None:
            found = found[found["rule"] == rule]
        return found if insured is None else found[found["insured"] == insured]

    def one(
        self, rule: str, insured: int, disturbance: str = NONE, savings: str = NONE
    ) -> pd.Series:
        """Return one line of `audit`."""
        found = self.lines(disturbance, rule, insured)
        line: pd.Series = found[found["savings"] == savings].iloc[0]
        return line
