"""Numbers of conf that are fitted to published targets, and how they are found.

Every round simulates one population under all numbers at once and moves each by what its own
targets miss, in proportion to how strongly they have answered so far. Numbers are written where
they stand, in the files of conf; whatever is interrupted leaves the files as they were.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from joblib import Parallel, delayed
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiments.validation import evidence
from experiments.validation.populations import plan
from experiments.validation.target import read
from sim.quantity import Refusal, refusal_from
from sim.scenario import CONF
from sim.setting import forget

STEP = 0.4
"""Largest change of the logarithm of a number in one round."""

BOUNDS = r"[^\n]*?range: *\[(?P<low>[-+.\de]+), *(?P<high>[-+.\de]+)\]"

ANSWER = (0.15, 4.0)
"""Least and most by which targets are taken to answer to a number."""


class Fit(BaseModel):
    """Numbers that move together, the targets they are fitted to, and how these answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    numbers: tuple[str, ...] = Field(alias="set", min_length=1)
    targets: tuple[str, ...] = Field(alias="to", min_length=1)
    power: float


class Fits(BaseModel):
    """All that is fitted: conf/fit.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    persons: int = Field(gt=0)
    rounds: int = Field(ge=1)
    close: float = Field(gt=0)
    run: str
    fits: tuple[Fit, ...]

    @classmethod
    def read(cls) -> "Fits":
        """Read conf/fit.yaml; what must not be fitted to is refused."""
        try:
            found = cls.model_validate(yaml.safe_load((CONF / "fit.yaml").read_text("utf-8")))
        except ValidationError as error:
            raise refusal_from(error, "fit", list(cls.model_fields)) from error
        allowed = {one.target for one in read() if one.used_for_calibration == "yes"}
        for fit in found.fits:
            for name in fit.targets:
                if name not in allowed:
                    raise Refusal(
                        f"conf/fit.yaml fits {', '.join(fit.numbers)} to {name}, which is no "
                        "target with used_for_calibration yes in validation_targets.csv. "
                        "fit it to another, or not at all"
                    )
        return found


class Number:
    """One number of conf where it stands: a quantity's value, or a factor of a course by age."""

    def __init__(self, path: str) -> None:
        self.path = path
        group, *keys = path.split(".")
        if group == "age_shapes":
            self.file = CONF / "tables" / "age_shapes.csv"
            self.pattern = rf"^({keys[0]},{keys[1]},)([-+.\de]+)(?=,)"
        else:
            name = keys[0] if group == "diseases" else "tables"
            self.file = CONF / group / f"{name}.yaml"
            self.pattern = _line(keys)

    @property
    def value(self) -> float:
        """What it is now."""
        found = re.search(self.pattern, self.file.read_text("utf-8"), re.MULTILINE)
        if found is None:
            raise Refusal(f"conf/fit.yaml names {self.path}, which {self.file} does not hold")
        return float(found.group(2))

    def write(self, value: float) -> None:
        """Put another value in its place, with four digits, within its range."""
        text = self.file.read_text("utf-8")
        bounds = re.search(self.pattern + BOUNDS, text, re.MULTILINE)
        if bounds is not None:
            value = max(float(bounds["low"]), min(float(bounds["high"]), value))
        new = re.sub(self.pattern, rf"\g<1>{value:.4g}", text, count=1, flags=re.MULTILINE)
        self.file.write_text(new, "utf-8")


def _line(keys: Sequence[str]) -> str:
    """Pattern of the value of a quantity, each of whose keys stands somewhere behind the last."""
    nested = r"(?:.*\n)*?".join(rf" *{re.escape(key)}:" for key in keys)
    return rf"((?:^|\n){nested} *\{{value: *)([-+.\de]+)"


def fit(fits: Fits, report: Callable[[int, Sequence[float], Sequence[float]], None]) -> None:
    """Fit all numbers, in rounds; `report` is told each round's numbers and what they miss."""
    numbers = {path: Number(path) for one in fits.fits for path in one.numbers}
    powers = [one.power for one in fits.fits]
    before: list[tuple[float, float]] = []
    with _restored_on_failure({number.file for number in numbers.values()}):
        for round_ in range(1, fits.rounds + 1):
            missed = misses(fits)
            values = [numbers[one.numbers[0]].value for one in fits.fits]
            report(round_, values, missed)
            if round_ == fits.rounds or all(abs(miss) < fits.close for miss in missed):
                return
            for i, one in enumerate(fits.fits):
                if before:
                    powers[i] = _answer(powers[i], before[i], (values[i], missed[i]))
                move = max(-STEP, min(STEP, missed[i] / powers[i]))
                for path in one.numbers:
                    numbers[path].write(numbers[path].value * math.exp(move))
            before = list(zip(values, missed, strict=True))


def _answer(power: float, before: tuple[float, float], now: tuple[float, float]) -> float:
    """How strongly the targets answered to the last move, half trusted."""
    moved = math.log(now[0] / before[0])
    if abs(moved) < 0.02:  # too small to be told from luck
        return power
    seen = (before[1] - now[1]) / moved
    size = max(ANSWER[0], min(ANSWER[1], (abs(power) + math.copysign(seen, power * seen)) / 2))
    return math.copysign(size, power)


def misses(fits: Fits) -> list[float]:
    """By how much each fit's targets lie above what is simulated, mean of logarithms."""
    forget()
    given = [f"population.size={fits.persons}"]
    task = evidence.tasks(plan(), read(), given)[fits.run]
    parts: list[evidence.Part] = Parallel(n_jobs=-1, backend="multiprocessing")(
        delayed(evidence.gathered)(task, part) for part in range(task.here.parts)
    )
    found = {row["target"]: row for row in evidence.rows(task, parts)}
    lost = [n for one in fits.fits for n in one.targets if not found[n]["simulated"] > 0]
    if lost:
        raise Refusal(
            f"{', '.join(lost)}: nothing is simulated for what conf/fit.yaml fits to. "
            "Raise persons there, or fit to another target."
        )
    return [
        math.fsum(math.log(found[n]["published"] / found[n]["simulated"]) for n in one.targets)
        / len(one.targets)
        for one in fits.fits
    ]


@contextmanager
def _restored_on_failure(files: set[Path]) -> Iterator[None]:
    kept = {file: file.read_bytes() for file in files}
    try:
        yield
    except BaseException:
        for file, content in kept.items():
            file.write_bytes(content)
        raise
