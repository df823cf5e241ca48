"""Does the contract measure what is there? All rules on the same regions, beside the truth.

    python -m experiments.audit                      into outputs/audit
    python -m experiments.audit quick                small regions, few seeds: two to three minutes
    python -m experiments.audit grid=full            more sizes, more seeds, disturbances combined
    python -m experiments.audit seeds=20 out=DIR     more seeds; those lived before are kept
    python -m experiments.audit disturbances=documentation,drift_one regions=5000:10,30000:3

Lives populations in which true savings are known, lets one disturbance at a time befall audited
regions (conf/audit.yaml), and writes audit.csv, errors.csv, placebos.csv, thresholds.csv and
audit.html. What else is typed is an override of the scenario, as for experiments.run. Finished
parts lie in outputs/.audit: an audit that was interrupted goes on where it stopped.
Exit codes: 0 done, whatever the rules claim; 2 refused; 130 interrupted.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

from experiments.auditing.lives import made_ready
from experiments.auditing.notes import notes
from experiments.auditing.parts import Audit
from experiments.auditing.plan import AuditedRule, Grid, Plan, read
from experiments.auditing.summary import AUDIT, Summary, errors, summarised
from experiments.cohort import whole
from sim import folder
from sim.quantity import Refusal, nearest
from sim.report import audit as report
from sim.report.audited import Audited

REFUSED, INTERRUPTED = 2, 130
OUT, PARTS = Path("outputs") / "audit", Path("outputs") / ".audit"
OWN = ("out", "grid", "seeds", "disturbances", "regions", "processes")


def main(arguments: Sequence[str]) -> int:
    """Audit, write, and say what came of it."""
    console = Console()
    if {"-h", "--help"} & set(arguments):
        console.print(__doc__, markup=False, highlight=False)
        return 0
    try:
        found = audit(arguments, console)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; finished parts are kept. Ask again to go on.", file=sys.stderr)
        return INTERRUPTED
    console.print(_screen(found))
    return 0


def audit(arguments: Sequence[str], console: Console) -> Summary:
    """Return what the audit came to, which is then in its folder with the page."""
    began = time.perf_counter()
    given = ["grid=quick" if text == "quick" else text for text in arguments]
    own = dict(text.split("=", 1) for text in given if text.split("=", 1)[0] in OWN)
    overrides = tuple(text for text in given if text.split("=", 1)[0] not in OWN)
    plan, grid = asked(read(), own)
    place = Path(own.get("out", OUT))
    folder.admit(place)
    made_ready(plan, grid.people, grid.elsewhere, overrides)
    rules = plan.audited()
    todo = Audit(plan, grid, overrides, PARTS)
    seeds = range(1, grid.seeds + 1)
    _live(todo, seeds, whole(own, "processes", len(os.sched_getaffinity(0))), console)
    measured = todo.measured(seeds)
    found = summarised(plan, rules, measured)
    audited = _audited(plan, grid, rules, found, given)
    files = {
        "audit.csv": _csv(found.audit[list(AUDIT)]),
        "errors.csv": _csv(found.errors),
        "placebos.csv": _csv(found.placebos),
        "thresholds.csv": _csv(found.thresholds),
        "audit.html": report.page(audited).encode(),
    }
    folder.write(place, files, {"command": "audit", "seeds": grid.seeds, "given": list(given)})
    console.print(f"Took {time.perf_counter() - began:.0f} s. Page: {place / 'audit.html'}")
    return found


def _audited(
    plan: Plan, grid: Grid, rules: Sequence[AuditedRule], found: Summary, given: Sequence[str]
) -> Audited:
    """Return what was audited, for the page."""
    sizes = sorted(grid.regions)
    return Audited(
        audit=found.audit,
        errors=found.errors,
        placebos=found.placebos,
        thresholds=found.thresholds,
        rules={rule.name: rule.label for rule in rules if rule.name in set(found.audit["rule"])},
        disturbances={name: one.label for name, one in plan.disturbances.items()},
        minimum={rule.name: rule.contract.minimum_savings_rate for rule in rules},
        averaged={rule.name: rule.contract.averaged_years for rule in rules},
        seeds=grid.seeds,
        regions=grid.regions,
        years=plan.contract_years,
        shown=min(sizes, key=lambda size: abs(size - plan.shown)),
        usual_minimum=plan.usual_minimum,
        tolerated=plan.false_positive,
        power=plan.power,
        placebo_bias=plan.placebo_bias,
        placebo_errors=errors(plan.placebo_errors, max(grid.seeds, 2)),
        notes=notes(plan, grid),
        command=tuple(given),
    )


def asked(plan: Plan, own: dict[str, str]) -> tuple[Plan, Grid]:
    """Return plan and grid as they were asked for."""
    name = own.get("grid", "default")
    if name not in plan.grids:
        raise Refusal(f"grid={name}: {nearest(name, list(plan.grids))} Name one of these grids.")
    grid = plan.grids[name]
    changes: dict[str, Any] = {"seeds": whole(own, "seeds", grid.seeds)}
    if "regions" in own:
        changes["regions"] = _regions(own["regions"])
    if "disturbances" in own:
        plan = plan.only(own["disturbances"].strip("[]").split(","))
    return plan.combined(grid.combined), grid.model_copy(update=changes)


def _regions(text: str) -> dict[int, int]:
    """Read how many regions of how many insured: 5000:10,30000:3."""
    found = {}
    for part in text.strip("{}").split(","):
        insured, _, count = part.partition(":")
        if not (
            insured.strip().isdigit() and count.strip().isdigit() and int(insured) * int(count)
        ):
            raise Refusal(
                f"regions={text}: {part!r} is not understood. Allowed are pairs INSURED:COUNT of "
                "whole numbers, 1 or more. Write, say, regions=5000:10,30000:3."
            )
        found[int(insured)] = int(count)
    return found


def _live(todo: Audit, seeds: Sequence[int], processes: int, console: Console) -> None:
    """Measure what is missing, seed by seed, over as many processes as there are cores."""
    missing = [seed for seed in seeds if todo.missing(seed)]
    if not missing:
        return
    console.print(
        f"{len(missing)} seeds of {todo.grid.people:,} insured and {todo.grid.elsewhere:,} "
        f"elsewhere, {len(todo.plan.disturbances)} disturbances"
    )
    tasks = (delayed(_measured)(todo, seed) for seed in missing)
    workers = Parallel(n_jobs=max(1, min(processes, len(missing))), return_as="generator_unordered")
    began = time.perf_counter()
    for done, seed in enumerate(workers(tasks), start=1):
        spent = time.perf_counter() - began
        console.print(f"seed {seed}: {done} of {len(missing)} after {spent:.0f} s")


def _measured(todo: Audit, seed: int) -> int:
    todo.measure(seed)
    return seed


def _csv(frame: Any) -> bytes:
    text: str = frame.to_csv(index=False, lineterminator="\n", float_format="%.8g")
    return text.encode()


def _screen(found: Summary) -> Table:
    """Return the placebos as a table for the terminal, with their Monte Carlo errors."""
    table = Table("Rule", "where nothing is saved", "bias", "error", "claims none", box=None)
    for line in found.placebos.to_dict("records"):
        table.add_row(
            line["rule"],
            line["disturbance"],
            f"{line['bias']:+.2%}",
            f"{line['error']:.2%}",
            line["verdict"],
        )
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
