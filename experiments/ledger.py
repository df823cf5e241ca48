"""What does a ledger look like, and is mine in order? Write a simulated one, or check one.

    python -m experiments.ledger out=ledger.parquet persons=5000 horizon.years=3
    python -m experiments.ledger check=ledger.csv                lists every fault, as CSV

The simulated person-years are nobody's: a region and ten times as many insured elsewhere, in whom
nobody intervenes, so that true savings are nothing. `seed=2` draws others; what else is typed is an
override of the scenario, as for experiments.run. Then

    python -m experiments.settle ledger=ledger.parquet contract=contribution_margin

Exit codes: 0 written or in order, 2 refused or faulty.
"""

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from experiments.cohort import whole
from sim import randomness, sheet
from sim.comparison import insured_elsewhere, prices
from sim.contract import ledger_file
from sim.contract.ledger import SECTORS, Ledger
from sim.people.factors import Factors
from sim.quantity import Refusal
from sim.run import residents
from sim.scenario import compose
from sim.setting import Setting, setting

PERSONS = 5000
OWN = ("out", "check", "persons", "seed")


def main(arguments: Sequence[str]) -> int:
    """Write a ledger or check one; return 0 if that is done, 2 if it is refused or faulty."""
    if not arguments or {"-h", "--help"} & set(arguments):
        print(f"{__doc__}\n{ledger_file.schema()}")
        return 0
    own = dict(text.split("=", 1) for text in arguments if text.split("=", 1)[0] in OWN)
    overrides = [text for text in arguments if text.split("=", 1)[0] not in OWN]
    try:
        if ("out" in own) == ("check" in own):
            raise Refusal(
                "Give either out=FILE, where a simulated ledger is written, or check=FILE, a "
                "ledger to be checked. Files end in .parquet or .csv."
            )
        if "check" in own:
            return check(own["check"])
        write(own["out"], whole(own, "persons", PERSONS), whole(own, "seed", 1), overrides)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


def check(path: str) -> int:
    """Print every fault of a ledger as CSV; return 0 if there is none, else 2."""
    claims, faults = ledger_file.check(sheet.read(path, ledger_file.SOURCE))
    if len(faults):
        faults.frame().to_csv(sys.stdout, index=False)
        print(f"{len(faults):,} faults; row 0 is the header.", file=sys.stderr)
        return 2
    print(f"{path} is in order: {claims.told()}.")
    return 0


def write(path: str, persons: int, seed: int, overrides: Sequence[str]) -> None:
    """Write a simulated ledger of about so many insured of a region, whole or not at all."""
    sheet.admit(path)
    ready = setting(compose([*overrides, f"population.size={persons}"]))
    factors = ready.country.factors
    parts = [table(ledger, ready, factors, seed) for ledger in ledgers(ready, seed)]
    frame = pd.concat(parts, ignore_index=True).sort_values("year", kind="stable")
    sheet.write(path, frame)
    print(
        f"{path}: {len(frame):,} person-years of {ready.calendar[0]} to {ready.calendar[-1]}. "
        f"Try: python -m experiments.settle ledger={path} contract=contribution_margin"
    )


def ledgers(ready: Setting, seed: int) -> Iterator[Ledger]:
    """Yield the ledgers of the region and of the insured elsewhere, in whom nobody intervenes."""
    price = prices(ready, seed)
    here = residents(ready, seed, price)
    for life in (here, insured_elsewhere(ready, seed, here.people.n, price)):
        for month in range(ready.first_month, ready.last_month + 1):
            life.step(month)
            if month % 12 == 0:
                yield life.close_year(month)[0]


def table(ledger: Ledger, ready: Setting, factors: Factors, seed: int) -> pd.DataFrame:
    """Return a ledger in the columns of a file."""
    drawn = randomness.uniform(seed, ledger.person, randomness.decision("pseudonym"))
    names = np.array(list(ready.region.insurers))
    columns = {
        "pseudonym": [
            f"{int(luck * 16**6):06x}-{person:x}"
            for luck, person in zip(drawn, ledger.person, strict=True)
        ],
        "year": ledger.year,
        "age": ledger.age,
        "sex": np.where(ledger.sex == 0, "male", "female"),
        "region": ledger.region,
        "insured_months": ledger.insured_months,
        "insurer": names[ledger.insurer],
        "physician": ledger.physician,
        "member": ledger.member,
        "newcomer": ledger.newcomer,
    }
    for i, sector in enumerate(SECTORS):
        columns[f"cost_{sector}"] = np.round(ledger.cost[:, i].astype(float), 2)
    for name, bit in factors.bits.items():
        documented = (ledger.documented >> np.uint32(bit)) & 1 == 1
        columns[f"{ledger_file.DIAGNOSIS}{name}"] = documented
    return pd.DataFrame(columns)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
