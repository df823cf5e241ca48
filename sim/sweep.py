"""Carrying out the runs that a store is asked for: claimed, lived by workers, put in their place.

Whatever ends a sweep, what was done stays done, and starting it again goes on with the rest.
Several sweeps may work on one store at once; each waits in the end for what the others hold.
"""

import functools
import json
import os
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from joblib import cpu_count

from sim.engine import Failure, Here, Pool, Processes, answers
from sim.quantity import Refusal
from sim.register import DONE, FAILED, PENDING, RUNNING, Entry
from sim.report.headline import FIGURES
from sim.report.tables import summary
from sim.results import parts, plain
from sim.run import Arms, arms_of, refuse_sizing, simulate
from sim.scenario import Scenario, code_hash, scenario_of
from sim.store import Store
from sim.task import Lived, Task

PACE = 50  # the table is written anew once so many times what it takes to write has gone by
SOONEST = 2.0  # and so many seconds
WAITING = 0.5  # seconds between two looks at what other sweeps hold
VARYING = ("wall_seconds", "peak_memory_bytes")  # of a manifest, from one time to another


class Standing(NamedTuple):
    """How far a sweep is."""

    of: int
    done: int
    failed: int

    @property
    def left(self) -> int:
        """How many runs are neither done nor failed."""
        return self.of - self.done - self.failed


Work = Callable[[Task], Lived | Failure]


def live_run(task: Task) -> Lived | Failure:
    """Live one run; what goes wrong in it is said, not raised."""
    began = time.perf_counter()
    try:
        if task.entry.code != _code():
            raise Refusal(
                "its worker has another code or other tables in sim/ and conf/tables than the "
                "process that asks. Install the same version there, then add retry_failed=true."
            )
        scenario, arms = _ready(task.scenario)
        seed = replace(scenario, config={**scenario.config, "seeds": [task.entry.seed]})
        results = simulate(seed, 1, arms=arms, code=task.entry.code)
        found = summary(results)
        files, about = parts(results)
        outcomes = plain({name: found[name]["p50"] for name in FIGURES})
    except Refusal as refusal:
        return Failure(str(refusal))
    except Exception as error:
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error  # compiled code says it by an error of its own
        return Failure(f"{type(error).__name__}: {error}", traceback.format_exc())
    about = {name: value for name, value in about.items() if name not in VARYING}
    return Lived(files, about, outcomes, time.perf_counter() - began)


@functools.lru_cache(maxsize=2)
def _ready(text: str) -> tuple[Scenario, Arms]:
    """Make a scenario ready once for all of its seeds that come one after another."""
    about = json.loads(text)
    scenario = scenario_of(about["config"], about["choices"])
    scenario = replace(scenario, overrides=tuple(about["overrides"]))
    arms = arms_of(scenario)
    refuse_sizing(arms["intervention"], "a sweep")
    return scenario, arms


@functools.cache
def _code() -> str:
    return code_hash()


def carry_out(
    store: Store,
    compute: Mapping[str, Any],
    *,
    keep_going: bool = True,
    watch: Callable[[Standing], None] = lambda _: None,
    work: Work = live_run,
    workers: Pool | None = None,
) -> Standing:
    """Carry out what the store is asked for; return what came of it.

    Parameters
    ----------
    compute
        As conf/compute has it.
    keep_going
        Whether the rest is carried out although a run has failed.
    watch
        Told after every run how far it is.
    work
        What is done for a run.
    workers
        Who does it; those of `compute`, if not given.
    """
    register = store.register
    store.doubt(register.release())
    standing = stand(store)
    watch(standing)
    if not standing.left or (standing.failed and not keep_going):
        return _closed(store)
    stopped = False
    scenarios = _Scenarios(store)

    def more(most: int) -> list[Task]:
        return [] if stopped else [scenarios.task(entry) for entry in register.claim(most)]

    written = _Table(store)
    used = workers or pool(compute)
    try:
        while True:
            for task, answer in answers(used, work, more, compute["deaths"]):
                if isinstance(answer, Failure):
                    register.failed(task.entry.number, *answer)
                    standing = standing._replace(failed=standing.failed + 1)
                    stopped = not keep_going
                else:
                    store.put(task.entry, *answer)
                    standing = standing._replace(done=standing.done + 1)
                watch(standing)
                written.now_and_then()
            if stopped or not _others(store):
                break
            standing = stand(store)
            watch(standing)
    finally:
        if workers is None:
            used.close()
        with suppress(Refusal):  # on a full disk they are given back by who comes next
            register.give_back()
    return _closed(store)


def pool(compute: Mapping[str, Any]) -> Pool:
    """Return the workers that `compute` (conf/compute) asks for."""
    if compute["engine"] == "dask":
        from sim.cluster import Cluster  # takes a second, for those who want it

        return Cluster(compute["address"], compute["processes"], compute["patience"])
    processes = compute["processes"] or cpu_count()
    return Here() if processes == 1 else Processes(processes)


def stand(store: Store) -> Standing:
    """Return how far the runs asked for are."""
    found = store.register.count()
    return Standing(sum(found.values()), found[DONE], found[FAILED])


def _others(store: Store) -> bool:
    """Wait while other sweeps hold runs that are asked for here; whether any is to be done."""
    while True:
        store.doubt(store.register.release())
        found = store.register.count()
        if found[PENDING] or not found[RUNNING]:
            return bool(found[PENDING])
        time.sleep(WAITING)


def _closed(store: Store) -> Standing:
    """Write the tables a last time, through to the disk as all that was put before."""
    store.write_table()
    store.write_failures()
    os.sync()
    return stand(store)


class _Scenarios:
    """Scenarios as workers are given them; runs of one come one after another."""

    def __init__(self, store: Store) -> None:
        self._store, self._number, self._text = store, -1, ""

    def task(self, entry: Entry) -> Task:
        if entry.scenario != self._number:
            scenario = self._store.scenario(entry.scenario)
            self._number, self._text = entry.scenario, json.dumps(scenario)
        return Task(entry, self._text)


class _Table:
    """The table of all runs, written anew now and then while a sweep goes on."""

    def __init__(self, store: Store) -> None:
        self._store, self._next = store, time.monotonic() + SOONEST

    def now_and_then(self) -> None:
        began = time.monotonic()
        if began > self._next:
            self._store.write_table()
            ended = time.monotonic()
            self._next = ended + max(SOONEST, PACE * (ended - began))
