"""Work spread over processes, here or on many machines, of which any may be killed at any time.

A pool takes tasks and answers in the order in which they end. Only as many are under way as there
are workers, so memory does not depend on how many tasks there are. A task whose worker died is
begun again behind all others; one that lost several is tried alone, so that a task that kills its
worker (for want of memory, say) does not take innocent ones along for ever.
"""

import functools
import itertools
import os
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any, NamedTuple, Protocol

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool, ShutdownExecutorError

from sim.quantity import Refusal

SUSPECT = 3  # workers lost, after which a task is tried alone
SECONDS = 0.5  # between two looks at whether the owner of a worker is alive
SINGLE_THREADED = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR")
}


class Failure(NamedTuple):
    """Why a task has no answer, in words, and where in the code."""

    message: str
    trace: str = ""


class Future(Protocol):
    """A promised answer, as `concurrent.futures` and Dask make them."""

    def add_done_callback(self, call: Callable[[Any], Any], /) -> Any:
        """Call when the answer is there."""

    def result(self) -> Any:
        """Return the answer, or raise what prevented it."""


class Pool(Protocol):
    """Workers that take tasks."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """What is raised in place of an answer when a worker died."""

    @property
    def width(self) -> int:
        """How many tasks keep all workers busy."""

    def submit(self, work: Callable[[Any], Any], task: Any) -> Future:
        """Let a worker do the task."""

    def close(self) -> None:
        """End what was started here."""


class Here:
    """In the process itself: one task after the other."""

    lost: tuple[type[BaseException], ...] = ()
    width: int = 1

    def submit(self, work: Callable[[Any], Any], task: Any) -> Future:
        """Do the task when its answer is asked for."""
        return _Asked(work, task)

    def close(self) -> None:
        """Nothing was started."""


class _Asked(NamedTuple):
    work: Callable[[Any], Any]
    task: Any

    def add_done_callback(self, call: Callable[[Any], Any], /) -> None:
        call(self)

    def result(self) -> Any:
        return self.work(self.task)


class Processes:
    """Processes of this machine, which end with the one that started them (joblib's loky)."""

    lost = (BrokenProcessPool, ShutdownExecutorError)

    def __init__(self, processes: int) -> None:
        self.width = processes
        self._executor = self._started()

    def submit(self, work: Callable[[Any], Any], task: Any) -> Future:
        """Let a process do the task; once one of them died, all are replaced."""
        while True:
            try:
                future: Future = self._executor.submit(_owned, os.getpid(), work, task)
                return future
            except self.lost:
                self.close()
                self._executor = self._started()

    def close(self) -> None:
        """End all processes."""
        self._executor.shutdown(wait=True, kill_workers=True)

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(max_workers=self.width, env=SINGLE_THREADED)


def _owned(owner: int, work: Callable[[Any], Any], task: Any) -> Any:
    """Do a task in a process that shall not outlive its owner."""
    _end_with(owner)
    return work(task)


@functools.cache
def _end_with(owner: int) -> None:
    """End this worker soon after the process that started it, even if that one was killed."""

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def answers(
    workers: Pool,
    work: Callable[[Any], Any],
    more: Callable[[int], list[Any]],
    deaths: int,
) -> Iterator[tuple[Any, Any]]:
    """Yield (task, answer) as tasks end, until there are no more.

    Parameters
    ----------
    work
        What is done with a task; what it raises ends everything, so it answers with a `Failure`.
    more
        Gives at most so many further tasks; none when there are none at present.
    deaths
        How many workers a task may lose; then its answer is a `Failure`.
    """
    flying: dict[int, tuple[Any, Future]] = {}  # Dask forgets what nobody holds
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    again: deque[tuple[int, Any]] = deque()
    died: Counter[int] = Counter()
    numbers = itertools.count()

    def begin(number: int, task: Any) -> None:
        future = workers.submit(work, task)
        flying[number] = task, future
        future.add_done_callback(lambda _: ended.put(number))

    def fill() -> None:
        if any(died[number] >= SUSPECT for number in flying):
            return
        while free := max(0, workers.width - len(flying)):
            fresh = more(free)
            if not fresh:
                break
            for task in fresh:
                begin(next(numbers), task)
        while again and len(flying) < workers.width:
            suspect = died[again[0][0]] >= SUSPECT
            if suspect and flying:
                break
            begin(*again.popleft())
            if suspect:
                break

    fill()
    while flying:
        number = ended.get()
        task, future = flying.pop(number)
        try:
            answer = future.result()
        except CancelledError:
            raise Refusal(
                "The workers are gone, with whoever gave them their tasks. What was done is safe: "
                "start the same command again where there are workers."
            ) from None
        except workers.lost:
            died[number] += 1
            if died[number] < deaths:
                again.append((number, task))
                fill()
                continue
            answer = Failure(
                f"its worker died {died[number]} times: killed, or for want of memory. Lower "
                "population.size or compute.processes, then add retry_failed=true."
            )
        died.pop(number, None)
        fill()  # before the answer is dealt with, so that no worker waits for that
        yield task, answer
