"""Workers on many machines: a Dask cluster that stands somewhere, or one started here."""

import logging
import time
from collections.abc import Callable
from typing import Any

from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker

from sim.engine import SINGLE_THREADED, Future
from sim.quantity import Refusal

AHEAD = 2  # tasks given out for each thread, so that none waits for the next
SECONDS = 2.0  # for which the number of workers is remembered; they come and go
UNKNOWN = (OSError, TimeoutError, ValueError)


class Cluster:
    """A pool whose workers may be anywhere, and need the same code and tables."""

    lost = (KilledWorker,)

    def __init__(self, address: str | None, processes: int | None, patience: float) -> None:
        self._own = None if address else _started(processes)
        where = address or self._own
        try:
            self._client = Client(where, timeout=patience, set_as_default=False)
            self._client.wait_for_workers(1, timeout=patience)
        except UNKNOWN as error:
            raise Refusal(
                f"compute.address={address}: no cluster with a worker answers there within "
                f"{patience} s ({error or type(error).__name__}). Start a scheduler and workers, "
                "name its address as tcp://HOST:PORT, or leave it out to start one here."
            ) from None
        self._counted = -SECONDS
        self._width = 1

    @property
    def width(self) -> int:
        """How many tasks keep all workers busy."""
        if time.monotonic() - self._counted > SECONDS:
            threads = self._client.nthreads().values()
            self._width = max(1, AHEAD * sum(threads))
            self._counted = time.monotonic()
        return self._width

    def submit(self, work: Callable[[Any], Any], task: Any) -> Future:
        """Let a worker do the task; those of a worker that dies are done by another."""
        future: Future = self._client.submit(work, task, pure=False)
        return future

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        self._client.close()
        if self._own is not None:
            self._own.close()


def _started(processes: int | None) -> Any:
    """Start a cluster of processes on this machine."""
    return LocalCluster(
        n_workers=processes,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
        env=SINGLE_THREADED,
    )
