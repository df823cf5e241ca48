"""Many runs in one folder: each of them known by a hash of its content, none done twice or lost.

A run is a scenario under one seed. The register says which there are and in what state; the
tables of each lie in a folder of its own, written whole or not at all; the table of all runs,
`runs.parquet`, is made of the register and exchanged as a whole, so that it can be read at any
time. None of it holds times or places: an undisturbed sweep and one that was killed and begun
again leave the same bytes, but for the register's.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim import folder as run_folder
from sim.differences import MISSING, differences, looked_up, restored
from sim.overrides import keys
from sim.quantity import Refusal
from sim.register import DONE, FAILED, FORMAT, OWNERS, REGISTER, Entry, Register, refusing
from sim.report.headline import FIGURES
from sim.report.tables import beside_truth
from sim.results import ASKED_FOR, TABLES, Results, read
from sim.scenario import Scenario, groups, scenario_hash

TABLE = "runs.parquet"
FAILURES = "failures.csv"
RUNS = "runs"
BATCH = 500  # lines of the table held at a time
UNTOLD = ("out", "force", "compute", "seeds", "precision")  # where, how and with what luck
PLAIN = re.compile(r"([a-z_][\w.]*)=")
KINDS = {"flag": pa.bool_(), "whole": pa.int64(), "number": pa.float64(), "text": pa.string()}


class Store:
    """A folder of runs, or a new one; as many processes as like to may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        check(folder)
        self._new = not (folder / REGISTER).exists()
        self.register = Register(folder)
        self.register.note("format", FORMAT)
        self._groups = groups()
        self._basis: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        """Return the store, which is closed in the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the store; one that was made here and that nothing has entered is taken away."""
        if error is not None and self._new and self.register.is_empty():
            self.register.remove()
        self.register.close()

    @property
    def basis(self) -> dict[str, Any]:
        """The config from which those of all scenarios differ: that of the first one."""
        if self._basis is None:
            self._basis = json.loads(self.register.fact("basis") or "{}")
        return self._basis

    # Runs are asked for.

    def admit(self, asked: Iterable[tuple[Scenario, Iterable[int]]], code: str) -> None:
        """Enter scenarios with the seeds asked for, all or none; what is there stays as it is."""
        for scenario, seeds in asked:
            which, config = scenario_key(scenario), _settled(scenario)
            if self._basis is None:
                self._basis = json.loads(self.register.note("basis", json.dumps(config)))
            noted = {
                "scenario": which,
                "experiment": scenario.experiment,
                "choices": scenario.choices,
                "overrides": list(scenario.overrides),
                "differences": differences(self.basis, config),
            }
            given = [k for k in map(_key, scenario.overrides) if k.split(".")[0] not in UNTOLD]
            kinds = {key: _kind(self._value(noted, key)) for key in given}
            runs = {seed: run_key(which, seed, code) for seed in seeds}
            self.register.stage(noted, kinds, runs)
        self.register.enter(code)

    def scenario(self, number: int) -> dict[str, Any]:
        """Return config, choices and overrides of a scenario as it was composed, without seeds."""
        noted = self.register.scenario(number)
        config = restored(self.basis, noted["differences"])
        return {"config": config, **{name: noted[name] for name in ("choices", "overrides")}}

    # Runs are done, or fail.

    def put(
        self, entry: Entry, files: Mapping[str, bytes], about: Mapping[str, Any],
        outcomes: Mapping[str, float | None], seconds: float,
    ) -> None:  # fmt: skip
        """Put what a run has given in its folder, and note that it is done."""
        for name in outcomes:
            if name not in FIGURES:
                raise ValueError(
                    f"{name} is not an outcome of a run. Declare it in sim/report/headline.py, "
                    "FIGURES, with label and unit, or do not give it."
                )
        size = run_folder.put(self.place(entry), files, {**about, "run": entry.run}, through=False)
        self.register.done(entry.number, outcomes, seconds, size)

    def place(self, entry: Entry) -> Path:
        """Return the folder of a run."""
        return self.folder / RUNS / entry.run[:2] / entry.run[:20]

    def doubt(self, owners: Iterable[str]) -> None:
        """Let runs be pending that owners who were killed have noted as done but that are not."""
        found = self.register.finished_by(list(owners))
        lost = [entry.number for entry in found if not run_folder.is_whole(self.place(entry))]
        self.register.again(lost)

    # What there is.

    def results(self, scenario: Scenario, seeds: Iterable[int], code: str) -> Results:
        """Return what `simulate` returns, put together from the runs of a scenario's seeds."""
        wanted = list(seeds)
        of = {
            entry.seed: entry for entry in self.register.of_scenario(scenario_key(scenario), code)
        }
        missing = [seed for seed in wanted if seed not in of or of[seed].status != DONE]
        if missing:
            raise Refusal(
                f"out={self.folder}: seeds {missing} of [{' '.join(scenario.overrides)}] are not "
                "done. Start the same sweep again; it goes on where it stopped."
            )
        entries = [of[seed] for seed in wanted]
        parts = [read(self.place(entry), scenario.config) for entry in entries]
        names = [n for n in (*TABLES, *ASKED_FOR) if n in parts[0].tables]
        manifest = {
            **parts[0].manifest,
            "run": scenario_hash(scenario, code),
            "overrides": list(scenario.overrides),
            "wall_seconds": round(sum(entry.seconds or 0.0 for entry in entries), 2),
        }
        tables = {
            name: pd.concat([part.tables[name] for part in parts], ignore_index=True)
            for name in names
        }
        found = replace(parts[0], seeds=tuple(wanted), tables=tables, manifest=manifest)
        return beside_truth(found)

    def write_table(self) -> Path:
        """Write the table of all runs anew, few lines at a time, and exchange it as a whole."""
        keyed = self.register.keys()
        schema = pa.schema(
            [
                *(
                    pa.field(name, pa.string())
                    for name in ("run", "scenario", "code", "experiment")
                ),
                pa.field("seed", pa.int64()),
                *(pa.field(name, pa.string()) for name in ("status", "message")),
                *(pa.field(key, KINDS[kind]) for key, kind in keyed),
                *(pa.field(name, pa.float64()) for name in FIGURES),
            ]
        )
        with (
            self.exchanged(TABLE) as partial,
            pq.ParquetWriter(partial, schema, compression="zstd", store_schema=False) as writer,
        ):
            rows = self._rows(keyed)
            while batch := list(islice(rows, BATCH)):
                writer.write_table(pa.Table.from_pylist(batch, schema))
        return self.folder / TABLE

    def write_failures(self) -> list[dict[str, Any]]:
        """List the runs asked for that failed, with reasons, and write the list if it has any."""
        found = [
            {
                "run": entry.run,
                "overrides": " ".join(self.register.scenario(entry.scenario)["overrides"]),
                "seed": entry.seed,
                "message": entry.message,
                "trace": self.register.trace(entry.number),
            }
            for entry in self.register.entries(status=FAILED, asked=True)
        ]
        with self.exchanged(FAILURES) as partial:
            if found:
                pd.DataFrame(found).to_csv(partial, index=False)
            else:
                (self.folder / FAILURES).unlink(missing_ok=True)
        return found

    def _rows(self, keyed: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """Yield the lines of the table of all runs."""
        number, shared = -1, dict[str, Any]()
        for entry in self.register.entries():
            if entry.scenario != number:
                number, noted = entry.scenario, self.register.scenario(entry.scenario)
                shared = {"scenario": noted["scenario"], "experiment": noted["experiment"]}
                shared |= {key: _cell(self._value(noted, key), kind) for key, kind in keyed}
            yield {
                "run": entry.run,
                "code": entry.code,
                "seed": entry.seed,
                "status": entry.status,
                "message": entry.message,
                **shared,
                **entry.outcomes,
            }

    def _value(self, noted: Mapping[str, Any], key: str) -> Any:
        """Return what a scenario has for a key: a value, or what is chosen of a group."""
        if key in noted["choices"]:
            return noted["choices"][key]
        found = looked_up(self.basis, noted["differences"], key)
        return ", ".join(found) if key in self._groups and isinstance(found, Mapping) else found

    @contextmanager
    def exchanged(self, name: str) -> Iterator[Path]:
        """Give a hidden place to write to; what is there in the end is renamed, one at a time."""
        partial = self.folder / f".{name}.partial"
        with self.register.locked(), refusing(self.folder):
            try:
                yield partial
                if partial.exists():
                    partial.replace(self.folder / name)
            finally:
                partial.unlink(missing_ok=True)


def check(folder: Path) -> None:
    """Refuse a folder that is neither new, nor empty, nor a store."""
    if folder.exists() and not (folder / REGISTER).is_file():
        if not folder.is_dir():
            raise Refusal(f"out={folder} is a file. Name a folder that is new, empty or a store.")
        there = sorted(path.name for path in folder.iterdir() if path.name != OWNERS)
        if there:
            raise Refusal(
                f"out={folder} is no store of runs: it holds {there[0]!r}. Allowed is a folder "
                "that is new, empty or an earlier sweep's: name another, or move these files away."
            )


def scenario_key(scenario: Scenario) -> str:
    """Hash of a scenario, whatever its seeds."""
    return scenario_hash(replace(scenario, config=_settled(scenario)), "")


def run_key(scenario: str, seed: int, code: str) -> str:
    """Hash of all that decides the results of one run."""
    return hashlib.sha256(f"{scenario} {seed} {code}".encode()).hexdigest()


def _settled(scenario: Scenario) -> dict[str, Any]:
    """Return the config with nothing said of where it is written and under which seeds."""
    return {**scenario.config, "out": None, "force": False, "seeds": 1}


def _key(override: str) -> str:
    """Return the key of an override; the parser is asked only if it is not plain."""
    plain = PLAIN.match(override)
    return plain[1] if plain else keys([override])[0]


def _kind(value: Any) -> str | None:
    """Return the kind of a column for a value; None if it says nothing."""
    if value is MISSING or value is None:
        return None
    kinds: dict[type, str] = {bool: "flag", int: "whole", float: "number"}
    return kinds.get(type(value), "text")


def _cell(value: Any, kind: str) -> Any:
    """Return a value as the column takes it."""
    if value is MISSING or value is None:
        return None
    if kind == "text":
        return value if isinstance(value, str) else json.dumps(value)
    return float(value) if kind == "number" else value
