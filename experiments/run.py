"""What comes of a region: simulate a scenario, write its run folder, show what it says.

    python -m experiments.run region=kinzigtal seeds=20 programmes=[healthy_weight]

Everything behind the module's name is an override in Hydra's grammar; -m sweeps over lists.
Exit codes: 0 done or shown, 2 refused, 130 interrupted.
"""

import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
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
from sim.quantity import Refusal
from sim.report.document import documents, screen
from sim.report.published import answers
from sim.report.tables import summary
from sim.results import Results, read, write
from sim.run import identity, simulate, years_to_live
from sim.scenario import CONF, Scenario, compose, groups
from sim.setting import setting

REFUSED, INTERRUPTED = 2, 130
HELP = ("-h", "--help")


def main(arguments: Sequence[str]) -> int:
    """Compose and validate; then hand over to Hydra, which runs one scenario or many."""
    if any(argument in HELP for argument in arguments):
        Console().print(_help(), markup=False, highlight=False)
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        composed = None
        if not any(argument.startswith("-") for argument in arguments):
            composed = compose(arguments)
            _check(composed)

        def task(_: Any) -> None:
            _task(composed or compose(list(HydraConfig.get().overrides.task)))

        sys.argv = [sys.argv[0], *arguments]
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)()
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return 0


def run(scenario: Scenario, console: Console) -> Results:
    """Run a scenario into its folder, or show the run that is already there."""
    folder = place(scenario)
    if is_whole(folder) and not scenario.config["force"]:
        results = read(folder)
        console.print(f"{folder} already holds this run; force=true computes it anew.")
    else:
        admit(folder)
        began = time.perf_counter()
        results = _watched(scenario, console)
        write(results, folder, documents(results))
        console.print(f"Took {time.perf_counter() - began:.0f} s.")
    console.print(screen(summary(results), answers(results)))
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True)
    return results


def place(scenario: Scenario) -> Path:
    """Return the folder of a run: `out`, or one named by experiment and identity."""
    out = scenario.config["out"]
    if out is not None:
        return Path(out)
    return Path("outputs") / scenario.experiment / identity(scenario)[:12]


def _check(scenario: Scenario) -> None:
    """Refuse before anything runs whatever the models or the place of the results refuse."""
    setting(scenario)
    folder = place(scenario)
    manifest = manifest_of(folder)
    if manifest is None or scenario.config["force"]:
        admit(folder)
    elif manifest["run"] != identity(scenario):
        raise Refusal(
            f"out={folder} holds another run (experiment {manifest['experiment']}, "
            f"{len(manifest['seeds'])} seeds). Name another folder, or add force=true to put "
            "this run in its place."
        )


def _task(scenario: Scenario) -> None:
    """One job of Hydra's; a refusal ends it without a traceback."""
    try:
        _check(scenario)
        run(scenario, Console())
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(REFUSED)


def _watched(scenario: Scenario, console: Console) -> Results:
    """Simulate with a bar that counts the years lived over all seeds and arms."""
    years = years_to_live(setting(scenario), len(scenario.seeds))
    with tempfile.TemporaryDirectory() as folder:
        ticks = Path(folder) / "ticks"
        with _bar(console, ticks, years, len(scenario.seeds)):
            return simulate(scenario, scenario.config["compute"]["processes"], ticks)


@contextmanager
def _bar(console: Console, ticks: Path, years: int, seeds: int) -> Iterator[None]:
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
        task = progress.add_task(f"{seeds} {'seed' if seeds == 1 else 'seeds'}", total=years)
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


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _help() -> str:
    lines = [
        "python -m experiments.run [key=value ...]      simulate a region and write its report",
        "",
        "  experiment=NAME  region=NAME  contract=NAME  funding=NAME  generation=NAME  network=NAME",
        "  programmes=[NAME,...]            none: programmes=[]",
        "  seeds=20 | seeds=[1,2,3]         how many, or which",
        "  population.size=31000            insured residents at the start",
        "  population.comparison=310000     insured elsewhere (default ten times the size)",
        "  horizon.years=12                 contract years",
        "  out=DIR  force=true              where to write; compute again",
        "  contract.sharing_rate.value=0.6  any quantity of the composed scenario",
        "  -m contract.sharing_rate.value=0.4,0.5   one run for each",
        "",
        "Choices:",
    ]
    width = max(map(len, groups()))
    lines += [f"  {group:{width}}  {', '.join(names)}" for group, names in groups().items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
