"""What the insurers see of a year: persons' accounts as a ledger, and the sums of the year."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.contract.ledger import SECTORS as CONTRACT_SECTORS
from sim.contract.ledger import Ledger
from sim.people.diseases import has
from sim.people.factors import Factors
from sim.people.population import ACCOUNTS, SECTORS, Population

_COST = "cost_"


def ledger(
    people: Population,
    rows: NDArray[np.int64],
    year: int,
    last_month: int,
    prices: NDArray[np.float64],
) -> Ledger:
    """Person-years of the calendar year that ends with `last_month`, as claims show them.

    Parameters
    ----------
    rows
        Of those who were insured at any time in the year.
    prices
        EUR of the year per EUR of the price year, by region and sector, float64 [regions, 6].
    """
    first = last_month - 11
    region = people.region[rows]
    sectors = len(CONTRACT_SECTORS)
    cost = people.account[:sectors, rows].T * prices[region, :sectors].astype(np.float32)
    known = people.entered[rows] < max(first, people.first_month + 1)
    documented = people.documented_before[rows]
    return Ledger(
        year=year,
        person=people.first + rows,
        age=np.clip(people.age(last_month)[rows], 0, 125).astype(np.int16),
        sex=people.sex[rows].astype(np.int8),
        region=region.astype(np.int16),
        insurer=people.insurer[rows].astype(np.int8),
        insured_months=people.months_in(first, last_month)[rows].astype(np.int8),
        documented=np.where(known, documented, np.uint32(0)),
        cost=np.ascontiguousarray(cost, dtype=np.float32),
        member=people.member[rows].copy(),
        newcomer=~known,
    )


def insured_in_year(people: Population, entered: int, last_month: int) -> NDArray[np.int64]:
    """Rows of those insured at any time in the year that ends with `last_month`."""
    present = people.months_in(last_month - 11, last_month)[:entered] > 0
    return np.flatnonzero(present)


def sums(
    people: Population,
    factors: Factors,
    rows: NDArray[np.int64],
    last_month: int,
    prices: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Close the year's tally: every column of the table of the population, by group.

    EUR are nominal; persons with a condition and members are counted at the end of the year.
    """
    people.count("person_years", rows, people.months_in(last_month - 11, last_month)[rows] / 12)
    for i, account in enumerate(ACCOUNTS):
        if account in SECTORS:
            amount = people.account[i, rows] * prices[people.region[rows], i]
            people.count(_COST + account, rows, amount)
        else:
            people.count(account, rows, people.account[i, rows])
    present = rows[people.left[rows] > last_month + 1]
    people.count("members", present[people.member[present]])
    for process in factors.processes:
        if process.bit >= 0:
            people.count(f"prevalence_{process.name}", present[has(people, process.bit, present)])
    return people.tally.close(outcomes(factors))


def outcomes(factors: Factors) -> list[str]:
    """Columns of the table of the population, in their order."""
    names = ["person_years", "deaths", "leavings", "members", "admissions"]
    names += ["avoidable_admissions", *(_COST + s for s in SECTORS), "qalys"]
    for process in factors.processes:
        if process.bit >= 0:
            names += [f"onset_{process.name}", f"prevalence_{process.name}"]
            names += [f"remission_{process.name}"] if process.remission else []
        elif process.kind == "event":
            names.append(f"event_{process.name}")
    return names


def start_anew(people: Population, rows: Any) -> None:
    """Empty the accounts; what is documented now is last year's from here on."""
    people.account[:, rows] = 0
    people.documented_before[rows] = people.documented[rows]
