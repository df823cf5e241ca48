"""What each programme saves whom: alone, and when left out; what only several together save.

A programme alone is the region with its network, its components and that programme, less the same
without any programme; a programme left out is the region with everything less everything but it.
The two differ where programmes act on the same people. What the network and its components save
without any programme is a part of its own, and what is left over is named interaction; so the
parts add up to the total, in either way of counting, payer by payer and seed by seed.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.report.tables import WITH, WITHOUT, Amounts, costs, lived
from sim.results import Results

NETWORK, INTERACTION, TOTAL = "network and components", "interaction", "total"
CONTRACT, BESIDE_CONTRACT, OTHERS = "contract", "insurers_beside_contract", "other_insurers"
INSURERS = [f"cost_{sector}" for sector in ("hospital", "physician", "drugs", "other")]
COLUMNS = ["payer", "part", "alone", "alone_se", "left_out", "left_out_se"]


def alone(programme: str) -> str:
    """Name the arm in which a programme is the only one."""
    return f"only {programme}"


def left_out(programme: str) -> str:
    """Name the arm in which all programmes but one run."""
    return f"without {programme}"


def attribution(results: Results, programmes: Sequence[str]) -> pd.DataFrame:
    """Return savings over the contract by seed, payer and part: EUR, alone and left out.

    What insurers who did not sign save is not simulated, but follows: practices serve all their
    patients alike, so what the network saves its insured it saves the other inhabitants a head.
    """
    lines = []
    for payer, saved in _saved(results, programmes).items():
        total, network = saved[WITH], saved[NETWORK]
        single = {name: saved[alone(name)] - network for name in programmes}
        last = {name: total - saved[left_out(name)] for name in programmes}
        parts = {NETWORK: (network, network)}
        parts |= {name: (single[name], last[name]) for name in programmes}
        rest = [total - network - sum(of.values()) for of in (single, last)]
        parts[INTERACTION] = (rest[0], rest[1])
        parts[TOTAL] = (total, total)
        for part, (first, second) in parts.items():
            for seed, one, other in zip(results.seeds, first, second, strict=True):
                lines.append((seed, payer, part, float(one), float(other)))
    return pd.DataFrame(lines, columns=["seed", "payer", "part", "alone", "left_out"])


def means(found: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard error over the seeds, by payer and part, in their order."""
    groups = found.groupby(["payer", "part"], sort=False)
    frame = groups[["alone", "left_out"]].mean()
    spread = groups[["alone", "left_out"]].sem()  # none of one seed
    frame[["alone_se", "left_out_se"]] = spread
    return frame.reset_index()[COLUMNS]


def spent(results: Results) -> pd.DataFrame:
    """Return what each programme started and cost with all others, means over the seeds."""
    rows = results.table("programmes")
    ours = rows[rows["arm"] == WITH].groupby(["programme", "seed"])[["started", "cost"]].sum()
    return ours.groupby(level="programme").mean()


def _saved(results: Results, programmes: Sequence[str]) -> dict[str, dict[str, Amounts]]:
    """Saved against the counterfactual by payer and arm, EUR over the contract (seeds,)."""
    arms = [WITH, NETWORK, *map(alone, programmes), *map(left_out, programmes)]
    counted = costs(results)
    others = [name for name in INSURERS if name not in counted]
    found = {CONTRACT: {arm: _averted(results, arm, counted) for arm in arms}}
    if others:
        found[BESIDE_CONTRACT] = {arm: _averted(results, arm, others) for arm in arms}
    paid = results.table("payers")
    for payer in dict.fromkeys(paid["payer"]):
        if payer != "insurers":
            ours = paid[paid["payer"] == payer]
            by_arm = {arm: _paid(results, ours, arm) for arm in (*arms, WITHOUT)}
            found[payer] = {arm: by_arm[WITHOUT] - by_arm[arm] for arm in arms}
    region = results.config["region"]
    more = region["inhabitants"] / region["insured"] - 1
    if more > 0:
        network = _averted(results, NETWORK, INSURERS) * more
        found[OTHERS] = dict.fromkeys(arms, network)
    return found


def _averted(results: Results, arm: str, columns: Sequence[str]) -> Amounts:
    difference: Amounts = lived(results, WITHOUT, columns) - lived(results, arm, columns)
    return np.asarray(difference.sum(axis=1))


def _paid(results: Results, rows: pd.DataFrame, arm: str) -> Amounts:
    """What a payer paid over the contract in an arm, EUR (seeds,)."""
    of_arm = rows[(rows["arm"] == arm) & rows["year"].isin(results.years)]
    sums = of_arm.groupby("seed")["cost"].sum()
    return np.array([sums.get(seed, 0.0) for seed in results.seeds])
