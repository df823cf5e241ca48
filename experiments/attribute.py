"""Say what each programme brings, to whom: alone, and when left out.

    python -m experiments.attribute                              into outputs/attribution/<hash>
    python -m experiments.attribute region=saverne generation=v3_0 programmes=[agil,reminders]
    python -m experiments.attribute seeds=20 population.size=10000 out=DIR

Takes the overrides of experiments.run. Lives, under the same luck, the region with all programmes,
with none, with each alone and with all but each; writes attribution.csv (means and standard errors
by payer and part, EUR over the contract), attribution_by_seed.csv and attribution.html.
Exit codes: 0 done; 2 refused; 130 interrupted.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml
from rich.console import Console
from rich.table import Table

from experiments.command import REFUSED, place, watched
from sim.folder import admit, write
from sim.quantity import Refusal
from sim.report import attribution_page, words
from sim.report.attribution import CONTRACT, attribution, means
from sim.results import CONFIG, plain
from sim.run import attribute, identity, parts
from sim.scenario import Scenario, compose
from sim.setting import setting

INTERRUPTED = 130
OUT = Path("outputs") / "attribution"


def main(arguments: Sequence[str]) -> int:
    """Simulate, attribute, write; show what each programme saves."""
    console = Console()
    if {"-h", "--help"} & set(arguments):
        console.print(__doc__, markup=False, highlight=False)
        return 0
    try:
        console.print(run(arguments, console))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return 0


def run(arguments: Sequence[str], console: Console) -> Table:
    """Attribute the savings of a scenario, and write them into its folder."""
    began = time.perf_counter()
    scenario = compose(arguments)
    ready = setting(scenario)
    if not ready.programmes:
        raise Refusal(
            "programmes is empty: there is nothing to attribute. Choose programmes=[NAME,...]; "
            "python -m experiments.run --help lists them."
        )
    folder = place(scenario) if scenario.config["out"] else OUT / identity(scenario)[:12]
    admit(folder)
    results = watched(scenario, console, attribute, len(parts(ready)))
    found = attribution(results, list(ready.programmes))
    table = means(found)
    files = {
        "attribution.csv": table.to_csv(index=False, lineterminator="\n").encode(),
        "attribution_by_seed.csv": found.to_csv(index=False, lineterminator="\n").encode(),
        "attribution.html": attribution_page.page(results, table).encode(),
        CONFIG: yaml.safe_dump(plain(results.config), sort_keys=False, allow_unicode=True).encode(),
    }
    write(folder, files, plain({"experiment": scenario.experiment, **results.manifest}))
    console.print(f"Took {time.perf_counter() - began:.0f} s. Page: {folder}/attribution.html")
    return _screen(table, scenario)


def _screen(table: pd.DataFrame, scenario: Scenario) -> Table:
    """Show the contract's part of it as a table for the terminal."""
    shown = Table("Saved in the contract", "alone", "added last", box=None)
    for line in table[table["payer"] == CONTRACT].to_dict("records"):
        label = scenario.config["programmes"].get(line["part"], {}).get("label", line["part"])
        shown.add_row(
            str(label), *(words.amount(float(line[key]), "EUR") for key in ("alone", "left_out"))
        )
    return shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
