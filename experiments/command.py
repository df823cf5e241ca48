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
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from sim.folder import admit, is_whole, manifest_of
from sim.overrides import groups, sentence, spread
from sim.people.roster import COLUMNS
from sim.quantity import Refusal
from sim.report.document import documents, screen
from sim.report.published import answers, figures
from sim.report.tables import summary
from sim.results import Results, read, write
from sim.run import identity, simulate, years_to_live
from sim.scenario import CONF, Scenario, compose
from sim.setting import setting

REFUSED = 2
HELP = ("-h", "--help")
SWEEP = ("-m", "--multirun")
LINE = 88
NAMES_ALONE = ("compute", "diseases")  # of which --help shows no sentence
NOTES = Path("outputs") / ".sweep"  # as in conf/config.yaml
BYTES = 300  # of state a person, at least; `make bench` measures it


def answer(arguments: Sequence[str]) -> int:
    """Do what is asked for; return 0 if it is done or shown, 2 if it is refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where a terminal has no minus sign
    if any(argument in HELP for argument in arguments):
        print(_help())
        return 0
    try:
        scenarios, sweep = _checked(arguments)
        if sweep:
            _sweep(scenarios, sweep)
        else:  # composed and checked, it needs nothing more of Hydra
            run(scenarios[0], Console())
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def run(scenario: Scenario, console: Console) -> Results:
    """Run a scenario into its folder, or show the run that is already there."""
    folder = place(scenario)
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
            results = watched(scenario, console)
            pages = documents(results)
        write(results, folder, pages)
        found = summary(results)
        console.print(f"Took {time.perf_counter() - began:.0f} s.")
    console.print(screen(found, answers(results)))
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True, highlight=False)
    return results


def place(scenario: Scenario) -> Path:
    """Return the folder of a run: `out`, or one named by experiment and identity."""
    out = scenario.config["out"]
    if out is not None:
        return Path(os.path.expanduser(out))
    return Path("outputs") / scenario.experiment / identity(scenario)[:12]


def _checked(arguments: Sequence[str]) -> tuple[list[Scenario], list[str]]:
    """Compose every run asked for, and refuse all of them if one cannot be run as it is.

    Returned are the scenarios in the order of the sweep, and of a sweep the arguments as Hydra
    wants them.
    """
    flags = [argument for argument in arguments if argument.startswith("-")]
    overrides = [argument for argument in arguments if not argument.startswith("-")]
    for flag in flags:
        if flag not in SWEEP:
            raise Refusal(
                f"{flag!r} is no option. Allowed are -h for help and -m for one run for each "
                "value of key=value,value; everything else is written key=value."
            )
    scenarios = [compose(job) for job in (spread(overrides) if flags else [tuple(overrides)])]
    for scenario in scenarios:
        _check(scenario)
    _check_places(scenarios)
    if flags:
        _check_notes()
    return scenarios, [*flags, *overrides] if flags else []


def _check(scenario: Scenario) -> None:
    """Refuse before anything runs whatever the models or the place of the results refuse."""
    figures(scenario.config["region"])
    _check_place(scenario)
    _check_memory(scenario)
    setting(scenario)


def _check_place(scenario: Scenario) -> None:
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


def _check_places(scenarios: Sequence[Scenario]) -> None:
    """Refuse a sweep whose runs would overwrite each other."""
    taken: dict[Path, str] = {}
    for scenario in scenarios:
        folder, which = place(scenario).resolve(), identity(scenario)
        if taken.setdefault(folder, which) != which:
            raise Refusal(
                f"out={place(scenario)} would hold several runs of this sweep. Leave out away, "
                "so that each has a folder of its own in outputs."
            )


def _check_notes() -> None:
    """Refuse a sweep where Hydra cannot note what it runs."""
    try:
        NOTES.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(
            f"{NOTES} cannot be made here: {error.strerror}. A sweep notes there what it runs; go "
            "to another folder, or make this one writable."
        ) from error


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


def _sweep(scenarios: Sequence[Scenario], arguments: Sequence[str]) -> None:
    """Let Hydra run the scenarios of a sweep, in its order."""
    ours = sys.argv

    def task(_: Any) -> None:
        console = Console()
        scenario = scenarios[HydraConfig.get().job.num]
        if len(scenarios) > 1:
            console.print(f"\n{' '.join(scenario.overrides)}", style="bold", markup=False)
        try:
            run(scenario, console)
        except Refusal as refusal:  # Hydra would show where in the code it was said
            print(refusal, file=sys.stderr)
            sys.exit(REFUSED)

    sys.argv = [ours[0], *arguments]
    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)()
    finally:
        sys.argv = ours


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


def watched(
    scenario: Scenario,
    console: Console,
    question: Callable[..., Results] = simulate,
    arms: int = 2,
) -> Results:
    """Simulate with a bar that counts the years lived over all seeds and arms."""
    years = years_to_live(setting(scenario), len(scenario.seeds), arms)
    with tempfile.TemporaryDirectory() as folder:
        ticks = Path(folder) / "ticks"
        seeds = "1 seed" if len(scenario.seeds) == 1 else f"{len(scenario.seeds)} seeds"
        about = f"{seeds} at most" if scenario.precision else seeds
        with _bar(console, ticks, years, about):
            return question(scenario, scenario.config["compute"]["processes"], ticks)


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
        "  -m contract.sharing_rate.value=0.4,0.5    one run for each",
        "",
        "Choices:",
    ]
    for group, names in groups(CONF).items():
        if group in NAMES_ALONE:
            lines += ["", *_wrapped(f"  {group}  ", ", ".join(names))]
            continue
        lines += ["", f"  {group}"]
        width = max(map(len, names))
        for name in names:
            lines += _wrapped(f"    {name:{width}}  ", sentence(group, name))
    lines += ["", "Columns of a cohort file (docs/cohort.md; python -m experiments.cohort --help):"]
    wide = max(map(len, COLUMNS))
    for name, column in COLUMNS.items():
        needed = "needed; " if column.needed else ""
        unit = f" ({column.unit})" if column.unit != "1" else ""
        meaning = f"{needed}{column.allowed}{unit}: {column.meaning}"
        lines += _wrapped(f"  {name:{wide}}  ", meaning)
    return "\n".join(lines)


def _wrapped(head: str, text: str) -> list[str]:
    """Break a text into lines that begin below its own first word."""
    return textwrap.wrap(text, LINE, initial_indent=head, subsequent_indent=" " * len(head))
