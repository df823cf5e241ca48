"""What the measurements come to: audit.csv, its Monte Carlo errors, placebos and thresholds.

Seeds are independent, regions of one seed share their comparison: errors are those of means over
seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.stats import t as student

from experiments.auditing.plan import NONE, AuditedRule, Plan
from sim.contract.savings import minimum_rate
from sim.contract.terms import Terms
from sim.report.audited import FAILS, HOLDS, UNTOLD

KEYS = ["rule", "insured", "savings", "disturbance"]
AUDIT = (
    "rule", "insured", "true_rate", "disturbance", "measured_mean", "bias", "sd", "false_payout",
    "missed_payout", "payment_mean", "detectable_one_year", "detectable_cumulative",
)  # fmt: skip
"""Columns of audit.csv. Rates are per euro of what care would have cost without savings (1): true,
measured, their difference, and its standard deviation in a single year. `false_payout` is the
share of years with a payment where nothing is saved, `missed_payout` of those without one where
something is; `payment_mean` is in EUR/person-year; detectable is the smallest true rate that one
contract year, or the mean of all, tells from nothing."""
LUCK = ("luck", "luck_1_before", "luck_2_before", "luck_3_before")
FEWEST = 20
"""Regions from which on luck can be taken out of a bias."""


@dataclass(frozen=True)
class Summary:
    """Tables of an audit, and what was audited.

    `audit` has a line a rule, number of insured, savings and disturbance; `errors` the Monte Carlo
    errors of the same lines; `placebos` the bias over all regions where nothing is saved;
    `thresholds` what keeps false payouts rare.
    """

    audit: pd.DataFrame
    errors: pd.DataFrame
    placebos: pd.DataFrame
    thresholds: pd.DataFrame


def summarised(plan: Plan, rules: Sequence[AuditedRule], measured: pd.DataFrame) -> Summary:
    """Sum up the measurements of all seeds."""
    order = {
        "rule": list(plan.rules),
        "insured": sorted(measured["insured"].unique()),
        "savings": list(plan.savings),
        "disturbance": list(plan.disturbances),
    }
    found = measured.assign(error=measured["measured"] - measured["true"])
    lines, errors = [], []
    for key, part in found.groupby(KEYS, sort=False):
        line, error = _line(plan, part)
        lines.append(dict(zip(KEYS, key, strict=True)) | line)
        errors.append(dict(zip(KEYS, key, strict=True)) | error)
    audit, uncertain = (_sorted(pd.DataFrame(rows), order) for rows in (lines, errors))
    return Summary(
        audit,
        uncertain,
        _sorted(placebos(plan, rules, found), order),
        _sorted(thresholds(plan, rules, found), order),
    )


def _line(plan: Plan, part: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Return figures of one line of audit.csv, and their errors."""
    nothing = part["savings"].iloc[0] == NONE
    known = part.dropna(subset="measured")
    paid = known.assign(paid=known["payment"] > 0)
    chance, of = over_seeds(paid, "paid")
    one, several = spreads(known)
    z = sum(NormalDist().inv_cdf(1 - p) for p in (plan.false_positive, 1 - plan.power))
    bias, payment = over_seeds(known, "error"), over_seeds(known, "payment")
    count = known.groupby(["seed", "region"]).ngroups
    figures = {
        "true_rate": part["true"].mean(),
        "measured_mean": known["measured"].mean(),
        "bias": bias[0],
        "sd": one,
        "false_payout": chance if nothing else np.nan,
        "missed_payout": np.nan if nothing else 1 - chance,
        "payment_mean": payment[0],
        "detectable_one_year": z * one,
        "detectable_cumulative": z * several,
    }
    uncertain = {
        "regions": part.groupby(["seed", "region"]).ngroups,
        "refused": part["measured"].isna().mean(),
        "bias": bias[1],
        "sd": one / np.sqrt(2 * (count - 1)) if count > 1 else np.nan,
        "false_payout": of if nothing else np.nan,
        "missed_payout": np.nan if nothing else of,
        "payment_mean": payment[1],
        "stated_error": known["standard_error"].mean(),
    }
    return figures, uncertain


def over_seeds(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """Mean over seeds of their means, and its standard error; NaN of a single seed."""
    return _mean(rows.groupby("seed")[column].mean())


def spreads(rows: pd.DataFrame) -> tuple[float, float]:
    """Standard deviation of the error of a single year, and of the mean of all years (1)."""
    grid = rows.pivot_table(index=["seed", "region"], columns="contract_year", values="error")
    if len(grid) < 2:
        return np.nan, np.nan
    single = float(np.sqrt(grid.var(axis=0, ddof=1).mean()))
    return single, float(grid.mean(axis=1).std(ddof=1))


def placebos(plan: Plan, rules: Sequence[AuditedRule], found: pd.DataFrame) -> pd.DataFrame:
    """Bias where nothing is saved, over the regions of all sizes, each insured counting alike.

    Luck whose mean is known to be 0 is taken out first (control variate): what is left is the same
    bias, more precisely. `moved` is how far a disturbance moves what is measured, seed by seed.
    """
    nothing = found[(found["savings"] == NONE)].dropna(subset="measured")
    claims = {rule.name: rule for rule in rules}
    lines = []
    for rule, of_rule in nothing.groupby("rule", sort=False):
        calm = _by_seed(of_rule[of_rule["disturbance"] == NONE])
        for name, part in of_rule.groupby("disturbance", sort=False):
            claimed = claims[rule].unbiased_to(plan.disturbances[name])
            bias, error = _mean(_by_seed(part, without_luck=True))
            seeds = part["seed"].nunique()
            moved, moved_error = _mean(_by_seed(part) - calm)
            lines.append(
                {
                    "rule": rule,
                    "disturbance": name,
                    "claimed": claimed,
                    "bias": bias,
                    "error": error,
                    "moved": moved,
                    "moved_error": moved_error,
                    "verdict": verdict(plan, bias, error, seeds) if claimed else "",
                }
            )
    return pd.DataFrame(lines)


def _mean(by_seed: pd.Series) -> tuple[float, float]:
    """Mean over seeds and its standard error, NaN of a single seed."""
    count = len(by_seed)
    error = float(by_seed.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    return float(by_seed.mean()), error


def verdict(plan: Plan, bias: float, error: float, seeds: int) -> str:
    """Say whether a claim to be unbiased holds, fails, or cannot be told with so few seeds.

    An error that is itself estimated from few seeds reaches further (Student's t).
    """
    if seeds < 2:
        return UNTOLD
    if abs(bias) > errors(plan.placebo_errors, seeds) * error:
        return FAILS
    return HOLDS if abs(bias) < plan.placebo_bias else UNTOLD


def errors(normal: float, seeds: int) -> float:
    """Number of standard errors, estimated from seeds, that is as sure as so many known ones.

    >>> round(errors(2, 10), 2), round(errors(2, 2), 1)
    (2.32, 14.0)
    """
    return float(student.ppf(NormalDist().cdf(normal), seeds - 1))


def _by_seed(rows: pd.DataFrame, *, without_luck: bool = False) -> pd.Series:
    """Mean error of each seed; less what the luck of persons explains of it, where asked."""
    columns = ["error", "insured_years", *LUCK]
    regions = rows.groupby(["insured", "seed", "region"])[columns].mean()
    weight = regions["insured_years"].to_numpy()
    luck, error = regions[list(LUCK)].to_numpy(), regions["error"].to_numpy()
    if without_luck and len(regions) >= FEWEST:
        root = np.sqrt(weight)
        design = np.column_stack([np.ones(len(luck)), luck])
        slopes = np.linalg.lstsq(design * root[:, None], error * root, rcond=None)[0][1:]
        error = error - luck @ slopes
    seeds = regions.index.get_level_values("seed")
    sums = pd.DataFrame({"error": error * weight, "weight": weight}).groupby(seeds).sum()
    means: pd.Series = sums["error"] / sums["weight"]
    return means


def thresholds(plan: Plan, rules: Sequence[AuditedRule], found: pd.DataFrame) -> pd.DataFrame:
    """Smallest minimum savings rate that keeps false payouts rare, by years averaged.

    The rate of which so few means of so many years are above by chance, were they normal. `own` is
    the rate of the rule's own contract.
    """
    z = NormalDist().inv_cdf(1 - plan.false_positive)
    nothing = found[found["savings"] == NONE].dropna(subset="measured")
    contracts = {rule.name: rule.contract for rule in rules}
    lines = []
    for (rule, insured, disturbance), part in nothing.groupby(
        ["rule", "insured", "disturbance"], sort=False
    ):
        grid = part.pivot_table(index=["seed", "region"], columns="contract_year", values="error")
        for years in range(1, plan.contract_years + 1):
            means = grid.iloc[:, :years].mean(axis=1)
            rate = float(means.mean() + z * means.std(ddof=1)) if len(means) > 1 else np.nan
            lines.append(
                {
                    "rule": rule,
                    "insured": insured,
                    "disturbance": disturbance,
                    "averaged_years": years,
                    "minimum_savings_rate": max(rate, 0.0),
                    "own": own_minimum(contracts[rule], int(insured)),
                }
            )
    return pd.DataFrame(lines)


def own_minimum(contract: Terms, insured: int) -> float:
    """Savings rate from which a contract shares savings with so many insured (1)."""
    return float(minimum_rate(contract.minimum_savings_rate, Decimal(insured)))


def _sorted(frame: pd.DataFrame, order: dict[str, list[object]]) -> pd.DataFrame:
    """Bring lines into the order of conf/audit.yaml, disturbances first to vary last."""
    keys = [name for name in ("rule", "disturbance", "insured", "savings") if name in frame]
    places = {name: {value: i for i, value in enumerate(order[name])} for name in keys}
    return frame.sort_values(
        keys, key=lambda column: column.map(places[str(column.name)]), kind="stable"
    ).reset_index(drop=True)
