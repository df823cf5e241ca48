"""The base case as numbers in a file: python -m tests.golden.renew writes it anew.

The file is kept so that a change of the model shows in review as a change of results, line by
line. A test compares; where the difference is meant, renew the file and say in the changelog what
moved and why.
"""

from pathlib import Path

import pandas as pd

from sim.results import Results
from sim.run import simulate
from sim.scenario import compose

KEPT = Path(__file__).with_name("base_case.csv")
OVERRIDES = (
    "population.size=2000",
    "population.comparison=4000",
    "horizon.years=3",
    "seeds=[1,2]",
)
DIGITS = 6
COLUMNS = ["table", "arm", "year", "party", "outcome", "value"]


def base_case() -> pd.DataFrame:
    """Means of the base case over seeds: people, settlements and payments by arm and year."""
    return lines_of(simulate(compose(OVERRIDES)))


def lines_of(results: Results) -> pd.DataFrame:
    """One line an outcome, six significant digits, in an order that does not change."""
    tables = results.tables
    cash = tables["cashbook"].assign(year=lambda book: (book["month"] - 1) // 12)
    cash["year"] += results.first_year
    payer, payee = (cash[end].str.split(":").str[0] for end in ("payer", "payee"))
    cash["party"] = payer + " to " + payee
    cash = cash.groupby(["arm", "year", "party", "account"], as_index=False)["amount"].sum()
    sums = [
        _sums("population", tables["population"].drop(columns=["insurer", "resident"])),
        _sums("settlements", tables["settlements"]),
        _sums("programmes", tables["programmes"].rename(columns={"programme": "party"})),
        _sums("integrators", tables["integrators"]),
        _sums("physicians", tables["physicians"].drop(columns="physician")),
        cash.rename(columns={"account": "outcome", "amount": "value"}).assign(table="cashbook"),
    ]
    whole = pd.concat([part.reindex(columns=COLUMNS) for part in sums], ignore_index=True)
    whole["party"] = whole["party"].fillna("all")
    means = whole["value"] / len(results.seeds)
    whole["value"] = [float(f"{mean:.{DIGITS}g}") + 0.0 for mean in means]
    return whole.sort_values(COLUMNS[:-1], ignore_index=True)


def _sums(name: str, table: pd.DataFrame) -> pd.DataFrame:
    keys = [key for key in ("arm", "year", "party") if key in table]
    numbers = table.drop(columns="seed").groupby(keys).sum()
    return numbers.melt(ignore_index=False, var_name="outcome").reset_index().assign(table=name)


def read() -> pd.DataFrame:
    """The base case as it was kept."""
    return pd.read_csv(KEPT, keep_default_na=False)


if __name__ == "__main__":
    base_case().to_csv(KEPT, index=False, lineterminator="\n")
    print(f"{KEPT}: {len(read())} lines")
