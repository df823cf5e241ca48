"""A company carried by a plan from its first month to its last debt, many seeds side by side."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sim.funding.instruments import MONTHS, OutcomeBond
from sim.funding.plan import Law, Plan
from sim.funding.solvency import NEVER, Solvency
from sim.funding.streams import Cents, Streams, equals, in_cents
from sim.funding.waterfall import COMPANY, PHYSICIANS, SUPPLIERS, Business, Waterfall
from sim.quantity import Refusal


@dataclass(frozen=True)
class Operations:
    """What the business does before financing, of many seeds; EUR as they fall due.

    Attributes
    ----------
    first_month, contract_months
        In which the company begins, 1 being the first contract month; length of the contract.
    cost, fees, insured
        EUR, EUR and persons by month from the first, float64 (months, seeds).
    earned, paid_month
        Shared savings of each contract year, EUR, float64 (years, seeds), and the month in which
        they are paid, int64 (years,).
    bonus
        What physicians are to have of them, EUR, float64 (years, seeds).
    outcomes
        What an evaluator may measure, by name, in its own unit, float64 (years, seeds).
    """

    first_month: int
    contract_months: int
    cost: NDArray[np.float64]
    fees: NDArray[np.float64]
    insured: NDArray[np.float64]
    earned: NDArray[np.float64]
    paid_month: NDArray[np.int64]
    bonus: NDArray[np.float64]
    outcomes: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        shapes = {self.cost.shape, self.fees.shape, self.insured.shape}
        if len(shapes) > 1 or self.cost.ndim != 2:
            raise Refusal(
                f"operations: cost, fees and insured have the shapes {sorted(shapes)}. Each is "
                "months by seeds; give all three for the same months and seeds."
            )
        if self.contract_months != MONTHS * self.paid_month.size:
            raise Refusal(
                f"operations: a contract of {self.contract_months} months has "
                f"{self.paid_month.size} settlements. Each year has one, and ends with December."
            )
        by_year = (self.earned, self.bonus, *self.outcomes.values())
        years = {found.shape for found in by_year}
        if years != {(self.paid_month.size, self.seeds)}:
            raise Refusal(
                f"operations: earned, bonus and outcomes have the shapes {sorted(years)}, but "
                f"there are {self.paid_month.size} settlements of {self.seeds} seeds. Each is "
                "years by seeds."
            )
        if not all(np.isfinite(values).all() for values in (self.cost, self.fees, self.earned)):
            raise Refusal("operations: an amount is not finite. Compute it anew.")

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return int(self.cost.shape[1])

    def of(self, places: slice | NDArray[np.int64]) -> "Operations":
        """Return the operations of some of the seeds, by place."""
        return replace(
            self,
            cost=self.cost[:, places],
            fees=self.fees[:, places],
            insured=self.insured[:, places],
            earned=self.earned[:, places],
            bonus=self.bonus[:, places],
            outcomes={name: found[:, places] for name, found in self.outcomes.items()},
        )


@dataclass(frozen=True)
class Carried:
    """What became of the company under a plan, seed by seed.

    Attributes
    ----------
    streams
        All payments, those of the business among them.
    cash
        In the till at the end of each month, cents (months, seeds).
    owed
        What each creditor could ask for at the end of each month, cents (months, seeds).
    dues
        Who came to owe whom, paid or not; the shared savings of a year, and the bonus of them,
        in its December.
    solvency
        Events, covenants and debt service.
    """

    plan: Plan
    law: Law
    operations: Operations
    streams: Streams
    dues: Streams
    cash: Cents
    owed: Mapping[str, Cents]
    solvency: Solvency

    @property
    def unpaid(self) -> Cents:
        """What suppliers wait for at the end of each month, cents (months, seeds)."""
        return self.owed[SUPPLIERS]

    def event(self, name: str, seed: int) -> int | None:
        """Month in which something happened first to the seed in a place; None where it did not."""
        month = int(self.solvency.events[name][seed])  # type: ignore[index]
        return None if month == NEVER else month

    @property
    def survives(self) -> NDArray[np.bool_]:
        """Where the company never became insolvent, bool (seeds,)."""
        survived: NDArray[np.bool_] = self.solvency.events["insolvency"] == NEVER
        return survived


def last_month(plan: Plan, contract_months: int, paid_month: NDArray[np.int64]) -> int:
    """The December after the last settlement and the last debt, when the book is closed."""
    last = max(contract_months, plan.last_month, int(paid_month.max(initial=0)))
    return -(-last // MONTHS) * MONTHS


def carry(plan: Plan, law: Law, operations: Operations) -> Carried:
    """Carry a company through all its months; each seed as though it were alone."""
    first = operations.first_month
    plan = plan.beginning(first)
    last = last_month(plan, operations.contract_months, operations.paid_month)
    streams = Streams(first, last, operations.seeds)
    waterfall = Waterfall(plan, law, streams)
    nothing, outcomes = equals(operations.seeds), _found(plan, operations)
    cost, fees = in_cents(operations.cost), in_cents(operations.fees)
    earned, bonus = in_cents(operations.earned), in_cents(operations.bonus)
    cash = np.zeros((len(streams.months), operations.seeds))
    owed: dict[str, Cents] = {}
    for month in streams.months:
        row = month - operations.first_month
        works = 0 <= row < len(cost)
        paid = np.flatnonzero(operations.paid_month == month).tolist()
        business = Business(
            cost=cost[row] if works else nothing,
            fees=fees[row] if works else nothing,
            settled={year + 1: earned[year] for year in paid},
            bonus={year + 1: bonus[year] for year in paid},
            insured=operations.insured[row] if works else nothing,
            outcomes=outcomes,
        )
        _book(streams, month, business, waterfall)
        waterfall.month(month, business)
        if month in range(MONTHS, operations.contract_months + 1, MONTHS):
            year = month // MONTHS - 1
            _earn(waterfall, month, earned[year], bonus[year])
        cash[month - first] = waterfall.cash
        for party, amount in waterfall.owed.items():
            if amount.any():
                owed.setdefault(party, np.zeros_like(cash))[month - first] = amount
    owed.setdefault(SUPPLIERS, np.zeros_like(cash))
    dues, solvency = waterfall.dues, waterfall.solvency
    return Carried(plan, law, operations, streams, dues, cash, owed, solvency)


def _found(plan: Plan, operations: Operations) -> dict[str, dict[int, NDArray[np.float64]]]:
    """What evaluators of bonds can find out, by name and contract year."""
    for bond in plan.bonds:
        check_outcome(bond, operations.outcomes)
    return {name: dict(enumerate(found, start=1)) for name, found in operations.outcomes.items()}


def check_outcome(bond: OutcomeBond, known: Collection[str]) -> None:
    """Refuse a bond that pays for what nobody measures."""
    if bond.outcome not in known:
        raise Refusal(
            f"the outcome bond of {bond.funder!r} pays for {bond.outcome!r}, which nobody "
            f"measures here. Known is {', '.join(sorted(known)) or 'nothing'}. Pay for one of "
            "these."
        )


def _earn(waterfall: Waterfall, month: int, earned: Cents, bonus: Cents) -> None:
    """In December the insurers come to owe the year's shared savings, the company the bonus."""
    lived, dues = waterfall.solvency.live(month), waterfall.dues
    dues.pay(month, "insurers", COMPANY, "shared_savings", np.where(lived, earned, 0.0))
    dues.pay(month, COMPANY, PHYSICIANS, "bonus", np.where(lived, bonus, 0.0))


def _book(streams: Streams, month: int, business: Business, waterfall: Waterfall) -> None:
    """Enter what the business itself pays and is paid, while it works."""
    solvency = waterfall.solvency
    live = solvency.live(month)
    streams.pay(month, COMPANY, SUPPLIERS, "overhead", np.where(live, business.cost, 0.0))
    streams.pay(month, "insurers", COMPANY, "management_fee", np.where(live, business.fees, 0.0))
    for year, amount in business.settled.items():
        lived = solvency.live(MONTHS * year)
        streams.pay(month, "insurers", COMPANY, "shared_savings", np.where(lived, amount, 0.0))
