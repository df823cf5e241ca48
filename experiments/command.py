"""What is typed is composed and checked; then it runs into its folder, or is shown from there."""

import io
import json
import os
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from experiments.run import SWEEP
from sim.folder import admit, is_whole, manifest_of
from sim.overrides import groups
from sim.people.roster import COLUMNS
from sim.quantity import Refusal
from sim.report.document import documents, screen
from sim.report.headline import headline
from sim.report.published import answers, figures
from sim.report.tables import summary
from sim.results import Results, read, write
from sim.run import identity, simulate, years_to_live
from sim.scenario import CONF, Scenario, compose
from sim.setting import setting

REFUSED = 2
HELP = ("-h", "--help")
LINE = 88
FAILED = 1
BYTES = 300  # of state a person, at least; `make bench` measures it


def answer(arguments: Sequence[str]) -> int:
    """Do what is asked for; return 0 if it is done or shown, 1 if runs failed, 2 if refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where a terminal has no minus sign
    if any(argument in HELP for argument in arguments):
        print(_help())
        return 0
    try:
        flags, overrides = _parted(arguments)
        if flags:
            from experiments.sweep import sweep

            return sweep(overrides, Console())
        scenario = compose(overrides)
        check(scenario)
        check_place(scenario)
        run(scenario, Console())
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def run(
    scenario: Scenario,
    console: Console,
    folder: Path | None = None,
    live: Callable[[], Results] | None = None,
) -> Results:
    """Run a scenario into its folder, or show the run that is already there.

    `live` gives its results, of which one sentence is shown; if not given, this machine does, or
    the cluster asked for, and all is shown.
    """
    folder = folder or place(scenario)
    if is_whole(folder) and not scenario.config["force"]:
        results = read(folder)
        if "withheld" in results.manifest:  # the tables have no longer all of it
            found = json.loads((folder / "summary.json").read_text("utf-8"))
        else:
            found = summary(results)
        console.print(f"{folder} already holds this run; force=true computes it anew.")
    else:
        admit(folder)
        began = time.perf_counter()
        with _refusing():
            results = live() if live else _lived(scenario, console)
            pages = documents(results)
        write(results, folder, pages)
        found = summary(results)
        if live is None:
            console.print(f"Took {time.perf_counter() - began:.0f} s.")
    console.print(headline(found) if live else screen(found, answers(results)))
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True, highlight=False)
    return results


def _lived(scenario: Scenario, console: Console) -> Results:
    """Simulate a scenario, here or on a cluster."""
    if scenario.config["compute"]["engine"] == "local":
        return _watched(scenario, console)
    from experiments.sweep import through_store

    return through_store(scenario, console)


def place(scenario: Scenario) -> Path:
    """Return the folder of a run: `out`, or one named by experiment and identity."""
    out = scenario.config["out"]
    if out is not None:
        return Path(os.path.expanduser(out))
    return Path("outputs") / scenario.experiment / identity(scenario)[:12]


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part options from overrides."""
    flags = [argument for argument in arguments if argument.startswith("-")]
    for flag in flags:
        if flag not in SWEEP:
            raise Refusal(
                f"{flag!r} is no option. Allowed are -h for help and -m for one run for each "
                "value of key=value,value; everything else is written key=value."
            )
    return flags, [argument for argument in arguments if not argument.startswith("-")]


def check(scenario: Scenario) -> None:
    """Refuse before anything runs whatever the models or this machine refuse."""
    figures(scenario.config["region"])
    _check_memory(scenario)
    setting(scenario)


def check_place(scenario: Scenario) -> None:
    """Refuse before anything runs a folder that cannot take its results."""
    folder = place(scenario)
    manifest = manifest_of(folder)
    if manifest is None or scenario.config["force"]:
        admit(folder)
    elif manifest.get("run") != identity(scenario):
        raise Refusal(
            f"out={folder} holds another run (experiment {manifest.get('experiment')}, seeds "
            f"{manifest.get('seeds')}). Name another folder, or add force=true to put this run in "
            "its place."
        )


def _check_memory(scenario: Scenario) -> None:
    """Refuse more persons than this machine can ever hold."""
    population = scenario.values["population"]
    size, elsewhere = population["size"], population["comparison"]
    elsewhere = elsewhere or size * population["comparison_ratio"]
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if (size + elsewhere) * BYTES > there:
        given = population["source"] == "file"
        fewer = "give a file of fewer persons" if given else "lower population.size"
        raise Refusal(
            f"population.size is {size}, with {elsewhere:,.0f} in the comparison: their state "
            f"alone takes more than the {there / 1e9:.0f} GB of this machine. Allowed are about "
            f"{there / BYTES:,.0f} persons in all: {fewer} or lower population.comparison."
        )


@contextmanager
def _refusing() -> Iterator[None]:
    """Say in words what the machine refuses while a run goes on."""
    try:
        yield
    except OSError as error:
        raise Refusal(
            f"The run stopped, and nothing was written: {error.strerror or error} "
            f"({error.filename or 'no file is named'}). Make room on the disk and for temporary "
            "files (TMPDIR names their folder), then run it again."
        ) from error
    except (MemoryError, BrokenProcessPool) as error:
        raise Refusal(
            "The run stopped for want of memory, and nothing was written. Lower population.size "
            "or population.comparison, or let fewer seeds live at a time: compute.processes=1."
        ) from error


def _watched(scenario: Scenario, console: Console) -> Results:
    """Simulate with a bar that counts the years lived over all seeds and arms."""
    years = years_to_live(setting(scenario), len(scenario.seeds))
    with tempfile.TemporaryDirectory() as folder:
        ticks = Path(folder) / "ticks"
        seeds = "1 seed" if len(scenario.seeds) == 1 else f"{len(scenario.seeds)} seeds"
        about = f"{seeds} at most" if scenario.precision else seeds
        with _bar(console, ticks, years, about):
            return simulate(scenario, scenario.config["compute"]["processes"], ticks)


@contextmanager
def _bar(console: Console, ticks: Path, years: int, about: str) -> Iterator[None]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("years lived, gone"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(about, total=years)
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.3):
                lived = ticks.stat().st_size if ticks.exists() else 0
                progress.update(task, completed=lived)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def _help() -> str:
    lines = [
        "python -m experiments.run [key=value ...]    simulate a region and write its report",
        "",
        "  experiment=NAME  region=NAME  contract=NAME  funding=NAME  generation=NAME",
        "  network=NAME                     how physicians join and act; none: nobody does",
        "  programmes=[NAME,...]            none: programmes=[]",
        "  seeds=20 | seeds=[1,2,3]         how many, or which",
        "  seeds=auto                       until true savings are sure to precision.target, and",
        "                                   at most precision.max_seeds",
        "  population.size=31000            insured residents at the start",
        "  population.comparison=310000     insured elsewhere (default ten times the size)",
        "  population=file population.path=cohort.parquet    persons of your own, .csv or .parquet",
        "  results.persons=true             a table of persons, by address",
        "  results.smallest_cell=5          fewer persons of a cohort file are not shown",
        "  horizon.years=12                 contract years",
        "  out=DIR  force=true              where to write; compute again",
        "  contract.sharing_rate.value=0.6  any quantity of the composed scenario",
        "  compute=dask compute.address=tcp://HOST:PORT    on a cluster; the answer is the same",
        "",
        "  -m contract.sharing_rate.value=0.4,0.5    a sweep: a scenario for each value; all runs",
        "                                   are kept in the store that out=DIR names",
        "  -m scenarios=FILE.csv            a scenario for each row, keys in the head",
        "  -m design=paired                 values side by side, not all combinations",
        "  -m add_seeds=10                  so many seeds more for each scenario",
        "  -m retry_failed=true  keep_going=false  reports=true",
        "",
        "Choices:",
    ]
    known = groups(CONF)
    width = max(map(len, known))
    for group, names in known.items():
        lines += textwrap.wrap(
            ", ".join(names),
            LINE,
            initial_indent=f"  {group:{width}}  ",
            subsequent_indent=" " * (width + 4),
        )
    lines += ["", "Columns of a cohort file (docs/cohort.md; python -m experiments.cohort --help):"]
    wide = max(map(len, COLUMNS))
    for name, column in COLUMNS.items():
        needed = "needed; " if column.needed else ""
        unit = f" ({column.unit})" if column.unit != "1" else ""
        lines += textwrap.wrap(
            f"{needed}{column.allowed}{unit}: {column.meaning}",
            LINE,
            initial_indent=f"  {name:{wide}}  ",
            subsequent_indent=" " * (wide + 4),
        )
    return "\n".join(lines)
