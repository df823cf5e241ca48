"""What does a cohort file look like, and is mine in order? Write a simulated one, or check one.

    python -m experiments.cohort out=cohort.parquet persons=5000 region=kinzigtal
    python -m experiments.cohort check=cohort.csv region=kinzigtal     lists every fault, as CSV

The simulated persons are nobody's: those insured in the region on the first day of its history,
with what they cost in the year before. `seed=2` draws others; what else is typed is an override of
the scenario, as for experiments.run. Exit codes: 0 written or in order, 2 refused or faulty.
"""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim import cohort_file, randomness, run, sheet
from sim.comparison import prices
from sim.people import processes, roster
from sim.people.demography import entered
from sim.people.life import Life
from sim.people.population import Population
from sim.quantity import Refusal
from sim.scenario import compose
from sim.setting import Setting, cohort_place, setting

PERSONS = 5000
OWN = ("out", "check", "persons", "seed")


def main(arguments: Sequence[str]) -> int:
    """Write a cohort or check one; return 0 if that is done, 2 if it is refused or faulty."""
    if not arguments or {"-h", "--help"} & set(arguments):
        print(f"{__doc__}\n{roster.schema()}")
        return 0
    own = dict(text.split("=", 1) for text in arguments if text.split("=", 1)[0] in OWN)
    overrides = [text for text in arguments if text.split("=", 1)[0] not in OWN]
    try:
        if ("out" in own) == ("check" in own):
            raise Refusal(
                "Give either out=FILE, where a simulated cohort is written, or check=FILE, a "
                "cohort to be checked. Files end in .parquet or .csv."
            )
        if "check" in own:
            return check(own["check"], overrides)
        write(own["out"], whole(own, "persons", PERSONS), whole(own, "seed", 1), overrides)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


def check(path: str, overrides: Sequence[str]) -> int:
    """Print every fault of a cohort file as CSV; return 0 if there is none, else 2."""
    ready = setting(compose(overrides))
    found, faults = roster.check(
        cohort_file.read(path), cohort_place(ready.region, ready.network, ready.country)
    )
    if len(faults):
        faults.frame().to_csv(sys.stdout, index=False)
        print(f"{len(faults):,} faults; row 0 is the header.", file=sys.stderr)
        return 2
    print(f"{path} is in order: {found.n:,} persons.")
    return 0


def write(path: str, persons: int, seed: int, overrides: Sequence[str]) -> None:
    """Write a simulated cohort of about so many persons, whole or not at all."""
    sheet.admit(path)
    asked = [*overrides, f"population.size={persons}"]
    history = setting(compose(asked)).region.baseline_years
    ready = setting(compose([*asked, f"region.baseline_years={history + 1}"]))
    frame = table(ready, lived(ready, seed))
    sheet.write(path, frame)
    print(
        f"{path}: {len(frame):,} persons insured on the first day of "
        f"{ready.calendar[1]}. Try: python -m experiments.run population=file "
        f"population.path={path} {' '.join(overrides)}".rstrip()
    )


def lived(ready: Setting, seed: int) -> Life:
    """Let the residents live the first year of a history up to its last day, not yet closed."""
    life = run.residents(ready, seed, prices(ready, seed))
    last = ready.first_month + 11
    for month in range(ready.first_month, last + 1):
        life.step(month)
    processes.accrue(life.people, entered(life.people, last), last + 1)
    return life


def table(ready: Setting, life: Life) -> pd.DataFrame:
    """Return those who are there after the first year, in the columns of a cohort file."""
    people, factors = life.people, life.factors
    month = ready.first_month + 12
    rows = np.flatnonzero(people.present(month) & (people.entered < month))
    rows = rows[np.argsort((people.born[rows].astype(int) - 1) % 12, kind="stable")]
    born = people.born[rows].astype(int) - 1
    year = ready.region.start_year + born // 12
    price = life.prices[ready.calendar[0]][0]
    all_year = people.entered[rows] == ready.first_month  # of others a whole year is not known
    names = np.array(list(ready.region.insurers))
    columns = {
        "pseudonym": _pseudonyms(people, rows),
        "born": [f"{y}-{m + 1:02d}" for y, m in zip(year, born % 12, strict=True)],
        "sex": np.where(people.sex[rows] == 0, "male", "female"),
        "insurer": names[people.insurer[rows]],
        "physician": people.physician[rows].astype(int),
        "deprivation": people.fifth[rows].astype(int) + 1,
    }
    for i, sector in enumerate(roster.PAID):
        cost = np.round(people.account[i, rows].astype(float) * price[i], 2)
        columns[f"cost_{sector}"] = np.where(all_year, cost, np.nan)
    for process in factors.processes:
        if process.bit >= 0:
            columns[process.name] = people.state[rows] >> np.uint32(process.bit) & 1 == 1
    return pd.DataFrame(columns)


def _pseudonyms(people: Population, rows: np.ndarray) -> list[str]:
    """Names that say nothing, no two alike: luck of a person's address, and the address."""
    drawn = randomness.uniform(people.seed, rows, randomness.decision("pseudonym"))
    return [f"{int(luck * 16**6):06x}-{row:x}" for luck, row in zip(drawn, rows, strict=True)]


def whole(own: dict[str, str], key: str, usual: int) -> int:
    """Return a whole number that was typed, or the usual one; 0 and below are refused."""
    text = own.get(key, str(usual))
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Refusal(f"{key}={text}: allowed is a whole number, 1 or more.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
