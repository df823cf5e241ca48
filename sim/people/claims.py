"""What the insurers see of a year: persons' accounts as a ledger, and the sums of the year."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.contract.ledger import SECTORS as CONTRACT_SECTORS
from sim.contract.ledger import Ledger
from sim.people.factors import Factors
from sim.people.population import ACCOUNTS, SECTORS, Population


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
    sectors = slice(len(CONTRACT_SECTORS))
    cost = people.account.T[rows, sectors] * prices[:, sectors].astype(np.float32)[region]
    known = people.entered[rows] < max(first, people.first_month + 1)
    return Ledger(
        year=year,
        person=people.first + rows,
        age=np.clip(people.age(last_month, rows), 0, 125).astype(np.int16),
        sex=people.sex[rows].astype(np.int8),
        region=region.astype(np.int16),
        insurer=people.insurer[rows].astype(np.int8),
        insured_months=people.months_in(first, last_month, rows).astype(np.int8),
        documented=np.where(known, people.documented_before[rows], np.uint32(0)),
        cost=cost,
        physician=people.physician[rows].astype(np.uint16),
        member=people.member[rows],
        newcomer=~known,
    )


def insured_in_year(people: Population, entered: int, last_month: int) -> NDArray[np.int64]:
    """Rows of those insured at any time in the year that ends with `last_month`."""
    present = people.months_in(last_month - 11, last_month, slice(entered)) > 0
    return np.flatnonzero(present)


@njit(cache=True)
def _add_up(
    rows: Any,
    last_month: Any,
    group: Any,
    region: Any,
    entered: Any,
    left: Any,
    member: Any,
    state: Any,
    account: Any,
    prices: Any,
    months: Any,
    amounts: Any,
    members: Any,
    ill: Any,
) -> None:
    """Add up a year by group, in the order of rows, in float64."""
    sectors = prices.shape[1]
    for row in rows:
        g = group[row]
        end = min(int(left[row]), last_month + 1)
        months[g] += end - max(int(entered[row]), last_month - 11)
        place = region[row]
        for a in range(account.shape[0]):
            price = prices[place, a] if a < sectors else 1.0
            amounts[a, g] += account[a, row] * price
        if left[row] > last_month + 1:
            members[g] += member[row]
            mask = state[row]
            bit = 0
            while mask:
                if mask & np.uint32(1):
                    ill[bit, g] += 1
                mask >>= np.uint32(1)
                bit += 1


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
    groups = people.tally.groups
    months, members = np.zeros(groups), np.zeros(groups)
    amounts, ill = np.zeros((len(ACCOUNTS), groups)), np.zeros((len(factors.bits), groups))
    _add_up(
        rows,
        last_month,
        people.group,
        people.region,
        people.entered,
        people.left,
        people.member,
        people.state,
        people.account,
        prices,
        months,
        amounts,
        members,
        ill,
    )
    found = people.tally.close(_counted(factors))
    found |= {"person_years": months / 12, "members": members}
    for i, name in enumerate(ACCOUNTS):
        found[f"cost_{name}" if name in SECTORS else name] = amounts[i]
    for process in factors.processes:
        if process.bit >= 0:
            found[f"prevalence_{process.name}"] = ill[process.bit]
    return found


def start_anew(people: Population, entered: int) -> None:
    """Empty the accounts; what was documented is last year's now, and what is over is no more."""
    people.account[:, :entered] = 0
    people.documented_before[:entered] = people.documented[:entered]
    people.documented[:entered] &= people.state[:entered]


def _counted(factors: Factors) -> list[str]:
    """Outcomes that were counted as they happened."""
    names = ["deaths", "leavings", "admissions", "avoidable_admissions"]
    for process in factors.processes:
        if process.bit >= 0:
            names.append(f"onset_{process.name}")
        if process.remission:
            names.append(f"remission_{process.name}")
        if process.kind == "event":
            names.append(f"event_{process.name}")
    return names
