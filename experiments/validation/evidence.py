"""What the parts of a run give for every target, put together and beside what is published."""

import fnmatch
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from experiments.validation import cost, course, curves, disease, mortality, noise
from experiments.validation.populations import Place, Plan, lived, observe, place, run_of
from experiments.validation.target import Sums, Target, figure
from sim import tables
from sim.quantity import Refusal

ESTIMATORS = {
    **mortality.ESTIMATORS,
    **disease.ESTIMATORS,
    **course.ESTIMATORS,
    **cost.ESTIMATORS,
    **noise.ESTIMATORS,
}
NOISY = 2  # standard errors within which a miss may be luck


@dataclass(frozen=True)
class Task:
    """A run with the targets that are read in it and the years to be kept for them."""

    here: Place
    targets: tuple[Target, ...]
    panels: tuple[int, ...]
    dying: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """What one part of a run gives: sums by target, and curves."""

    sums: dict[str, Sums]
    curves: curves.Curves


def tasks(what: Plan, targets: Sequence[Target], given: Sequence[str]) -> dict[str, Task]:
    """Return every run made ready, with its targets."""
    unknown = sorted({target.quantity for target in targets} - ESTIMATORS.keys())
    if unknown:
        raise Refusal(
            f"conf/tables/validation_targets.csv has the quantities {', '.join(unknown)}, which "
            "nothing estimates; write a function for them in experiments/validation"
        )
    where: dict[str, list[Target]] = {name: [] for name in what.runs}
    for one in targets:
        where[run_of(what.runs, one.population, one.quantity, one.year)].append(one)
    found = {}
    for name, run in what.runs.items():
        years, ours = run.lived, where[name]

        def near(year: int, first: int = 0, years: range = years) -> int:
            return min(max(year, years[0] + first), years[-1])

        panels, dying = set(), set()
        for target in ours:
            of = ESTIMATORS[target.quantity]
            panels |= {near(year) for year in cost.years_of(target) if of.panel}
            dying |= {near(target.year, 1)} if of.dying else set()
        found[name] = Task(
            place(what, name, given), tuple(ours), tuple(sorted(panels)), tuple(sorted(dying))
        )
    return found


def gathered(task: Task, part: int) -> Part:
    """Let one part of a run live and read all its targets."""
    here = task.here
    seen = lived(here, observe(here, part, task.panels, task.dying))
    sums = {one.target: ESTIMATORS[one.quantity].gather(seen, one) for one in task.targets}
    return Part(sums, curves.gathered(seen, here.name))


def rows(task: Task, parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Set the figures of a run beside what is published, one line a target."""
    reasons = tables.table("validation_reasons")
    found = []
    for one in task.targets:
        estimator = ESTIMATORS[one.quantity]
        value, error = figure(estimator, [part.sums[one.target] for part in parts])
        passed = one.low <= value <= one.high
        found.append(
            {
                "target": one.target,
                "layer": one.layer,
                "population": one.population,
                "unit": one.unit,
                "published": one.published,
                "low": one.low,
                "high": one.high,
                "simulated": rounded(value),
                "standard_error": rounded(error),
                "passed": passed,
                "source": one.source,
                "used_for_calibration": one.used_for_calibration,
                "quantity": one.quantity,
                "condition": one.condition,
                "sex": one.sex,
                "age_low": one.age_low,
                "age_high": one.age_high,
                "year": one.year,
                "run": task.here.name,
                "reason": "" if passed else reason(one, value, error, reasons),
            }
        )
    return found


def reason(one: Target, value: float, error: float, known: pd.DataFrame) -> str:
    """Say why a target is missed: what is known of it, and how far off it is."""
    if not math.isfinite(value):
        return "Nobody in the simulated population to read it from: too few persons."
    bound, side = (one.low, "below") if value < one.low else (one.high, "above")
    off = f"{abs(value / bound - 1):.1%} {side} the interval" if bound else f"{side} the interval"
    if math.isfinite(error) and abs(value - bound) < NOISY * error:
        off += "; within two standard errors of it, so more persons may decide otherwise"
    for line in known.to_dict("records"):
        if fnmatch.fnmatch(one.target, line["pattern"]):
            return f"{line['reason']} ({off}.)"
    return f"{off[0].upper()}{off[1:]}."


def rounded(value: float) -> float:
    """Round to six significant digits: what is beyond is noise."""
    return float(f"{value:.6g}")


def score(found: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return how many passed, and of how many: all, used for calibration, not used."""
    used = [row for row in found if row["used_for_calibration"] == "yes"]
    unused = [row for row in found if row["used_for_calibration"] == "no"]
    return {
        "all": (sum(row["passed"] for row in found), len(found)),
        "used for calibration": (sum(row["passed"] for row in used), len(used)),
        "not used for calibration": (sum(row["passed"] for row in unused), len(unused)),
    }
