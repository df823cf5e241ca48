"""The lives of a seed: the insured of a region and those elsewhere, with and without savings.

They are lived once; all audited regions and disturbances are made of their claims. What is saved
is lived too: care that lowers hazards of admission and running costs, and no disease, so that
the same persons are there with the same diagnoses, whatever is saved.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.auditing.plan import NONE, Plan, Whom
from sim.comparison import insured_elsewhere, prices
from sim.contract.ledger import Ledger
from sim.people.country import frailty_classes
from sim.people.life import Life
from sim.people.membership import Membership
from sim.people.population import NEVER, RUNNING, VARYING
from sim.run import residents
from sim.scenario import compose
from sim.setting import Setting, setting

Cost = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True)
class Lives:
    """What the insurers saw of all who lived under one seed.

    Attributes
    ----------
    ledgers
        Year -> claims of the region's insured where nothing is saved, history and contract.
    elsewhere
        Year -> claims of those insured elsewhere, as far back as rules look at them.
    cost
        (savings, whom they reach) -> contract year -> cost by sector, EUR/year [row, sector], of
        the rows of `ledgers`.
    more_documented
        Yearly rise of the share documented -> contract year -> documented, uint32 [row].
    luck
        Year -> how much dearer than others of like health everybody is by luck alone, float64 [row]
        (1): of known mean, 0.
    frailty
        Of the region's insured by address (1) [person].
    """

    seed: int
    ready: Setting
    ledgers: Mapping[int, Ledger]
    elsewhere: Mapping[int, Ledger]
    cost: Mapping[tuple[str, Whom], Mapping[int, Cost]]
    more_documented: Mapping[float, Mapping[int, NDArray[np.uint32]]]
    luck: Mapping[int, NDArray[np.float64]]
    frailty: NDArray[np.float64]


def made_ready(plan: Plan, people: int, elsewhere: int, overrides: Sequence[str] = ()) -> Setting:
    """Compile the scenario that is lived: so many insured here and elsewhere, no shocks, no drift.

    Those come as disturbances.
    """
    scenario = compose(
        [
            *plan.overrides,
            f"region.baseline_years={plan.history_years}",
            f"region.start_year={plan.start_year}",
            f"horizon.years={plan.contract_years}",
            f"population.size={people}",
            f"population.comparison={elsewhere}",
            *overrides,
        ]
    )
    ready = setting(scenario)
    calm = {"price_shock_sd": 0.0, "regional_drift_sd": 0.0}
    return replace(ready, population=ready.population.model_copy(update=calm))


def live(
    plan: Plan,
    people: int,
    elsewhere: int,
    seed: int,
    reached: Iterable[Whom],
    overrides: Sequence[str] = (),
) -> Lives:
    """Let everybody live once per seed; `reached` says for whom savings are lived."""
    ready = made_ready(plan, people, elsewhere, overrides)
    price = prices(ready, seed)
    past = residents(ready, seed, price)
    rows = past.people.n
    there, _ = _lived(insured_elsewhere(ready, seed, rows, price), ready, plan.claims_elsewhere)
    history, luck = _lived(past, ready, range(plan.first_year, plan.start_year))
    gains = sorted({one.documentation for one in plan.disturbances.values()} - {0.0})
    bare = _arm(past.branch(), ready, plan, {}, "everybody", gains)
    cost: dict[tuple[str, Whom], dict[int, Cost]] = {}
    for whom in sorted(set(reached)):
        cost[NONE, whom] = {year: one.cost for year, one in bare.ledgers.items()}
        for name, effect in plan.savings.items():
            if name != NONE:
                arm = _arm(past.branch(), ready, plan, effect, whom, ())
                cost[name, whom] = _same_people(bare.ledgers, arm.ledgers)
    classes = frailty_classes(ready.population.frailty_variance)
    return Lives(
        seed=seed,
        ready=ready,
        ledgers={**history, **bare.ledgers},
        elsewhere=there,
        cost=cost,
        more_documented=bare.documented,
        luck={**luck, **bare.luck},
        frailty=classes[past.people.frailty],
    )


@dataclass(frozen=True)
class _Arm:
    ledgers: dict[int, Ledger]
    documented: dict[float, dict[int, NDArray[np.uint32]]]
    luck: dict[int, NDArray[np.float64]]


def _lived(
    life: Life, ready: Setting, years: range
) -> tuple[dict[int, Ledger], dict[int, NDArray[np.float64]]]:
    """Let those live to whom nobody does anything, up to the last of `years`; claims and luck."""
    found, luck = {}, {}
    for month in range(life.people.first_month, 12 * (years[-1] - ready.region.start_year + 1) + 1):
        life.step(month)
        if month % 12 == 0:
            ledger = life.close_year(month)[0]
            if ledger.year in years:
                found[ledger.year] = ledger
                luck[ledger.year] = _luck(life, ledger)
    return found, luck


def _luck(life: Life, ledger: Ledger) -> NDArray[np.float64]:
    """Lasting and yearly spread of cost that has nothing to do with health, less its mean of 1."""
    people, factors = life.people, life.factors
    rows = ledger.person - people.first
    lasting = factors.by_intensity[people.intensity[rows], factors.rates[RUNNING[VARYING[0]]]]
    spread: NDArray[np.float64] = lasting.astype(float) * people.dearness[rows] - 1
    return spread


def _arm(
    life: Life,
    ready: Setting,
    plan: Plan,
    effect: Mapping[str, float],
    whom: Whom,
    gains: Sequence[float],
) -> _Arm:
    """Live the contract's years: people join, care has its effect, claims are closed."""
    people, factors = life.people, life.factors
    line = factors.ones(1)
    for name, ratio in effect.items():
        line[0, factors.rates[name]] = ratio
    if whom == "everybody":
        factors.by_physician = np.repeat(line, ready.network.physicians + 1, axis=0)
        life.touch(np.flatnonzero(people.present(1)))
    else:
        factors.by_participation = np.concatenate([factors.ones(1), line])
    classes = frailty_classes(ready.population.frailty_variance)
    membership = Membership(people, plan.joining, ready.network.volunteer_selection, classes)
    effort = np.ones(ready.network.physicians + 1, np.float32)
    ledgers: dict[int, Ledger] = {}
    luck: dict[int, NDArray[np.float64]] = {}
    documented: dict[float, dict[int, NDArray[np.uint32]]] = {gain: {} for gain in gains}
    seen: dict[float, NDArray[np.uint32]] = {}
    for month in range(1, 12 * plan.contract_years + 1):
        if month % 12 == 1:
            life.begin(month)
        joined = membership.enrol(people, effort, month)
        if whom == "members":
            people.participation[joined] = 1
            life.touch(joined[people.left[joined] == NEVER])
        life.live(month)
        if month % 12:
            continue
        coded = {gain: _coded(life, month, gain * (month // 12)) for gain in gains}
        ledger = life.close_year(month)[0]
        ledgers[ledger.year] = ledger
        luck[ledger.year] = _luck(life, ledger)
        for gain, before in seen.items():
            known = np.where(ledger.newcomer, np.uint32(0), before[ledger.person - people.first])
            documented[gain][ledger.year] = ledger.documented | known
        seen = coded
    return _Arm(ledgers, documented, luck)


def _coded(life: Life, month: int, gain: float) -> NDArray[np.uint32]:
    """What would be documented by now if the share coded had risen by `gain`, uint32 [person]."""
    people = life.people
    as_it_is = people.documented.copy()
    life.country.diseases.document(people, np.flatnonzero(people.present(month)), gain)
    coded = people.documented.copy()
    people.documented[:] = as_it_is
    return coded


def _same_people(bare: Mapping[int, Ledger], other: Mapping[int, Ledger]) -> dict[int, Any]:
    """Cost of the other arm, whose rows must be those of the bare one."""
    for year, ledger in bare.items():
        for column in ("person", "insured_months", "documented", "member"):
            same = np.array_equal(getattr(ledger, column), getattr(other[year], column))
            assert same, f"{column} of {year} differs between arms: savings changed more than cost"
    return {year: ledger.cost for year, ledger in other.items()}
