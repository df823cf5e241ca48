"""Parts of an audit that are finished: the measurements of one seed under one disturbance, on disk.

An audit that was interrupted goes on where it stopped, and one with more seeds lives the new ones
alone. Parts lie under a hash of all that decides them.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.auditing.lives import live
from experiments.auditing.measuring import Desk
from experiments.auditing.plan import Grid, Plan
from sim.quantity import Refusal
from sim.scenario import CONF

LIVED = {
    "overrides", "start_year", "history_years", "comparison_years", "contract_years", "joining",
    "savings",
}  # fmt: skip
"""Of conf/audit.yaml, what decides how people live."""
HERE = Path(__file__).parent
SIM = HERE.parents[1] / "sim"


@dataclass(frozen=True)
class Audit:
    """What is to be measured, and where finished parts lie."""

    plan: Plan
    grid: Grid
    overrides: tuple[str, ...]
    folder: Path

    def path(self, seed: int, name: str) -> Path:
        """Return the place of a part: it is another one when its disturbance is another."""
        changes = self.plan.disturbances[name].changes
        which = digest([name, changes])
        return self.folder / self.key / f"seed_{seed}" / f"{which}.parquet"

    @cached_property
    def key(self) -> str:
        """Hash of what is lived and of what measures it; not of how many seeds."""
        about = [
            self.plan.model_dump(mode="json", include=LIVED),
            {name: entry.model_dump(exclude={"label"}) for name, entry in self.plan.rules.items()},
            self.grid.model_dump(mode="json", include={"ratio", "regions"}),
            self.overrides,
            [hashlib.sha256(file.read_bytes()).hexdigest() for file in decisive()],
        ]
        return digest(about)

    def missing(self, seed: int) -> list[str]:
        """Return the disturbances that are still to be measured under a seed."""
        return [name for name in self.plan.disturbances if not self.path(seed, name).exists()]

    def measure(self, seed: int) -> int:
        """Live a seed and measure what is missing of it; return how many parts that was."""
        todo = self.missing(seed)
        if not todo:
            return 0
        plan = self.plan
        reached = {plan.disturbances[name].effect_on for name in todo}
        people = live(plan, self.grid.people, self.grid.elsewhere, seed, reached, self.overrides)
        desk = Desk.of(plan, self.grid, plan.audited(), people)
        for name in todo:
            put(self.path(seed, name), desk.measured(name))
        return len(todo)

    def measured(self, seeds: Sequence[int]) -> pd.DataFrame:
        """Return the measurements of all seeds, whose parts must be there."""
        parts = [
            pd.read_parquet(self.path(seed, name))
            for seed in seeds
            for name in self.plan.disturbances
        ]
        return pd.concat(parts, ignore_index=True)


def digest(about: Any) -> str:
    """Hash of plain data, short enough for a name."""
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:20]


def decisive() -> list[Path]:
    """Files that decide what is measured: rules, tables, terms, and what an audit consists of.

    Pages do not, so that one can be mended without living anew.
    """
    rules = [path for path in SIM.rglob("*.py") if "report" not in path.parts]
    terms = [CONF / "benchmarks.yaml", *(CONF / "contract").glob("*.yaml")]
    own = [path for path in HERE.glob("*.py") if path.stem not in ("summary", "notes")]
    return sorted([*rules, *terms, *own, *(CONF / "tables").iterdir()])


def put(path: Path, part: pd.DataFrame) -> None:
    """Write a part, whole or not at all."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.to_parquet(partial, index=False)
        partial.rename(path)
    except OSError as error:
        raise Refusal(
            f"finished parts of the audit cannot be written to {path.parent}: "
            f"{error.strerror or error}. Make room or change the rights there."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
