"""A line that says how far a sweep is: done, failed, rate, time left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sim.sweep import Standing

EVERY = 20.0  # seconds between two lines where there is no terminal


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Standing], None]]:
    """Show how far a sweep is; on a terminal in one line that changes, else in a line now and then.

    Told is the standing after every run.
    """
    pace = Pace()
    if not console.is_terminal:
        told = time.monotonic()

        def tell(standing: Standing) -> None:
            nonlocal told
            pace.note(standing)
            if time.monotonic() - told > EVERY:
                told = time.monotonic()
                console.print(pace.line(standing), highlight=False, soft_wrap=True)

        yield tell
        return
    with Progress(
        BarColumn(), TextColumn("{task.description}"), console=console, transient=True
    ) as bar:
        task = bar.add_task("")

        def show(standing: Standing) -> None:
            pace.note(standing)
            ended = standing.done + standing.failed
            bar.update(task, completed=ended, total=standing.of, description=pace.line(standing))

        yield show


class Pace:
    """How fast runs end, since the first look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, int] | None = None

    def note(self, standing: Standing) -> None:
        """Remember where the count began."""
        if self._first is None:
            self._first = self._clock(), standing.done + standing.failed

    def line(self, standing: Standing) -> str:
        """Say how far, how fast, how long still."""
        text = f"{standing.done:,} of {standing.of:,} done, {standing.failed:,} failed"
        began, then = self._first or (self._clock(), 0)
        ended, gone = standing.done + standing.failed - then, self._clock() - began
        if not ended or gone <= 0:
            return text
        rate = ended / gone
        return f"{text}, {rate_of(rate)}, {duration(standing.left / rate)} left"


def rate_of(rate: float) -> str:
    """Write a rate, runs a second, in the unit in which it is a readable number.

    >>> rate_of(12.3), rate_of(0.5), rate_of(0.001)
    ('12.3 runs/s', '30.0 runs/min', '3.6 runs/h')
    """
    for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        if rate * seconds >= 1 or unit == "h":
            return f"{rate * seconds:,.1f} runs/{unit}"
    raise AssertionError


def duration(seconds: float) -> str:
    """Write a time span roughly.

    >>> duration(42), duration(600), duration(7000), duration(200_000)
    ('42 s', '10 min', '1 h 57 min', '2 d 8 h')
    """
    minutes, hours, days = round(seconds / 60), int(seconds // 3600), int(seconds // 86400)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{days} d {round(seconds / 3600) - 24 * days} h"
