"""How many seeds does it save that both arms share their luck? Measured on Kinzigtal.

For each outcome the variance over seeds that independent arms would give their difference, over
that of the paired arms, beside the least it is meant to be and the size of the effect: the rarer
the effect touches anybody, the more alike the arms and the larger the ratio. Once with physicians
who do not answer to pay and peers, so that what is done is the same in all seeds, and once as
they are by default.
"""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from sim.report.tables import WITHOUT, averted, costs, lived, variance_reduction
from sim.results import Results
from sim.run import simulate
from sim.scenario import compose

SEEDS = 20
LEAST = {"cost": 100, "deaths": 15, "admissions": 50, "avoidable_admissions": 15}
WAYS = {"without feedback": "network.feedback=false", "with feedback": "network.feedback=true"}


def luck(seeds: int = SEEDS, *overrides: str) -> dict[str, float]:
    """Measure both ways, print them beside the targets, and return all figures by name."""
    found = {}
    for way, given in WAYS.items():
        scenario = compose([f"seeds={seeds}", given, *overrides])
        found[way] = measured(simulate(scenario, scenario.config["compute"]["processes"]))
    Console().print(table(found, seeds))
    return {
        f"{name}{'_with_feedback' if way == 'with feedback' else ''}": value
        for way, figures in found.items()
        for name, value in figures.items()
    }


def measured(results: Results) -> dict[str, float]:
    """Return variance reduction and effect (1, of the arm without) of every outcome.

    The ratio of an outcome in which the arms do not differ, or of too few seeds, is left out.
    """
    found = {}
    for outcome in LEAST:
        columns = costs(results) if outcome == "cost" else [outcome]
        suffix = "" if outcome == "cost" else f"_{outcome}"
        reduction = variance_reduction(results, columns)
        if reduction is not None:
            found[f"variance_reduction{suffix}"] = reduction
        whole = float(lived(results, WITHOUT, columns).sum())
        found[f"effect{suffix or '_cost'}"] = 0.0 - float(averted(results, columns).sum()) / whole
    return found


def table(found: Mapping[str, Mapping[str, float]], seeds: int) -> Table:
    """Lay out the figures: a line an outcome and way, the target where there is one."""
    shown = Table(
        "Outcome", "physicians", "variance reduction", "at least", "effect", box=None,
        title=f"Both arms under the same luck, {seeds} seeds", title_justify="left",
    )  # fmt: skip
    for outcome, least in LEAST.items():
        suffix = "" if outcome == "cost" else f"_{outcome}"
        for way, figures in found.items():
            reduction = figures.get(f"variance_reduction{suffix}")
            shown.add_row(
                outcome.replace("_", " "),
                way,
                "none" if reduction is None else f"{reduction:,.0f}",
                str(least) if way == "without feedback" else "",
                f"{figures[f'effect{suffix or "_cost"}']:+.3%}",
            )
    return shown
