"""A contract from year to year: settled by its own rule, measured by others beside it."""

from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

from sim.contract.account import account_of
from sim.contract.agreement import Agreement, View
from sim.contract.benchmarks import RULES
from sim.contract.carried import Carried
from sim.contract.history import History
from sim.contract.ledger import Ledger
from sim.contract.rebasing import period_start
from sim.contract.risk_adjustment import total_allocation
from sim.contract.rule import Benchmark
from sim.contract.settlement import Settlement, settle_next
from sim.contract.termination import last_contract_year
from sim.contract.terms import Terms
from sim.quantity import Refusal
from sim.randomness import decision, exponential


class Measurement(NamedTuple):
    """What a rule makes of a year: person-years, EUR/year.

    `standard_error` is that of the savings by chance alone. A rule that is measured on the side
    and cannot answer has no figures, and `refusal` says why; it is empty otherwise.
    """

    year: int
    rule: str
    agreed: bool
    insured_years: float | None = None
    benchmark: float | None = None
    cost: float | None = None
    measured_savings: float | None = None
    standard_error: float | None = None
    refusal: str = ""


def settle_year(
    terms: Terms, numbers: Any, history: History, year: int, carried: Carried, **known: Any
) -> tuple[Benchmark, Settlement, Carried]:
    """Settle a year of a contract: what its rule answers, the account, what it leaves to the next.

    Parameters
    ----------
    numbers
        Terms of the benchmark rule.
    history
        Ledgers known when the year is settled, whose late claims are complete on both sides.
    known
        What no ledger tells: quality_score, kpis, disaster_adjustment, revenue.
    """
    start = history.start_year
    contract_year = year - start + 1
    first = start + period_start(contract_year, terms.rebasing_years) - 1
    if first > start:
        saved = {start + past.contract_year - 1: float(past.savings) for past in carried.past}
        history = history.rebased(first, saved)
    benchmark = RULES[terms.rule].expect(numbers, history, year)
    account = account_of(benchmark, year, contract_year, **known)
    changes = {"cost": account.cost / terms.completion_factor}
    if account.allocation is None:
        norm = history.elsewhere[year].norm
        changes["allocation"] = total_allocation(norm, history.region[year])
    settlement, carried = settle_next(terms, account.model_copy(update=changes), carried)
    return benchmark, settlement, carried


class Course:
    """The contract in one arm, year after year.

    Notice by a hazard is luck of the seed, the same in every arm. No indicator of quality is
    simulated, so whatever was agreed counts as attained.

    Parameters
    ----------
    histories
        What each view of the agreement has seen before the start.
    """

    def __init__(self, agreement: Agreement, histories: Mapping[View, History], seed: int) -> None:
        self.agreement = agreement
        self.histories = {view: histories[view] for view in agreement.kept(0)}
        start = self.histories[agreement.plain].start_year
        self.terms = _with_notice(agreement.terms, start, seed)
        self.carried = Carried()
        self.settlements: dict[int, Settlement] = {}
        self.measurements: dict[int, list[Measurement]] = {}

    def close_year(self, ledger: Ledger) -> Settlement:
        """Settle the year of a ledger, and measure it by the rules beside."""
        agreement, terms, year = self.agreement, self.terms, ledger.year
        self.histories = {view: seen.plus(ledger) for view, seen in self.histories.items()}
        rule = terms.rule
        benchmark, settlement, self.carried = settle_year(
            terms,
            agreement.numbers[rule],
            self.histories[agreement.view(rule)],
            year,
            self.carried,
            kpis=dict.fromkeys(terms.kpi_fees, 1.0),
        )
        self.settlements[year] = settlement
        agreed = Measurement(
            year,
            rule,
            True,
            benchmark.insured_years,
            settlement.benchmark,
            settlement.cost,
            settlement.measured_savings,
            benchmark.standard_error,
        )
        others = [self._measure(beside, year) for beside in agreement.beside]
        self.measurements[year] = [agreed, *others]
        return settlement

    def _measure(self, rule: str, year: int) -> Measurement:
        """What a rule that was not agreed would have measured, or why it cannot say."""
        agreement = self.agreement
        history = self.histories[agreement.view(rule)]
        try:
            found = RULES[rule].expect(agreement.numbers[rule], history, year)
        except Refusal as refusal:
            return Measurement(year, rule, False, refusal=str(refusal))
        return Measurement(
            year,
            rule,
            False,
            found.insured_years,
            found.amount,
            found.cost,
            found.measured_savings,
            found.standard_error,
        )


def _with_notice(terms: Terms, start_year: int, seed: int) -> Terms:
    """Terms that end with the year in which notice by a hazard takes effect, if that is sooner."""
    if terms.termination_hazard == 0:
        return terms
    bears = float(exponential(seed, [0], decision("notice", "contract"))[0])
    last = start_year + last_contract_year(terms.termination_hazard, bears) - 1
    agreed = inf if terms.termination_year is None else terms.termination_year
    return terms.model_copy(update={"termination_year": int(min(last, agreed))})
