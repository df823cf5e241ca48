"""The region: one arm and one seed, month by month and year by year."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.agents.insurer import Insurer
from sim.agents.integrator import Integrator
from sim.agents.investor import Lender
from sim.agents.physician import Physician
from sim.agents.programme import Programme
from sim.comparison import Comparison
from sim.contract.benchmarks import regional_indexation_factor
from sim.contract.ledger import Ledger, cost, insured_years
from sim.contract.risk_adjustment import total_allocation
from sim.contract.settlement import Account, Settlement, settle
from sim.funding.cashbook import Cashbook
from sim.outreach import Outreach, components_of
from sim.people.country import frailty_classes
from sim.people.life import Life
from sim.people.membership import Membership, deaths_of_members
from sim.people.population import NEVER
from sim.people.record import Record
from sim.region import BESIDE, SECTORS
from sim.setting import Setting
from sim.yearbook import Yearbook


@dataclass(frozen=True)
class Baseline:
    """Cost and allocation of the region in the years before the start, EUR/year."""

    costs: tuple[float, ...]
    allocations: tuple[float, ...]

    @property
    def regional_indexation_factor(self) -> float:
        """Cost per euro of allocation before the start (1)."""
        return regional_indexation_factor(self.costs, self.allocations)


class Region(mesa.Model):
    """A region in one arm. The arm is a choice of programmes, network and contract.

    Parameters
    ----------
    setting
        Everything shared by seeds, with the programmes, network and company of this arm.
    arm, seed
        Name of the arm and number of the replicate.
    life
        The residents as the years before the start have left them; they live on here.
    comparison
        What the insured elsewhere cost, as norms by year.
    baseline
        The region's own cost and allocation before the start.
    ticks
        A file to which a byte is added for every year lived.
    """

    def __init__(
        self,
        setting: Setting,
        arm: str,
        seed: int,
        life: Life,
        comparison: Comparison,
        baseline: Baseline,
        ticks: Path | None = None,
    ) -> None:
        super().__init__(rng=seed)
        self.setting = setting
        self.life = life
        self.people = life.people
        self.comparison = comparison
        self.baseline = baseline
        self.ticks = ticks
        self.month = 1 - setting.region.phases.months
        self.book = Cashbook()
        self.yearbook = Yearbook(arm, seed)
        self.settlements: dict[int, Settlement] = {}
        self.shares: dict[int, list[float]] = {}
        self.record = Record(self.people, setting.contract.sectors) if setting.persons else None
        self.deaths = (0.0, 0.0)  # of members in the year, and expected of them
        self._create_agents(seed)

    def _create_agents(self, seed: int) -> None:
        setting, factors = self.setting, self.life.factors
        self.insurers = [
            Insurer(self, number, name, self.book)
            for number, name in enumerate(setting.region.insurers)
        ]
        self.integrators = [
            Integrator(self, terms, self.book, setting.region.phases) for terms in setting.companies
        ]
        self.lenders = [Lender(self, loan, self.book) for loan in setting.loans]
        self.physicians = [
            Physician(self, number, setting.network, seed)
            for number in range(1, setting.network.physicians + 1)
        ]
        self.outreach = Outreach(
            components_of(self, setting.components, factors, self.people),
            [
                Programme(self, name, terms, factors, self.people)
                for name, terms in setting.programmes.items()
            ],
            setting.combined_effect,
            setting.region.data,
            self.people,
        )
        classes = frailty_classes(setting.population.frailty_variance)
        self.membership = Membership(
            self.people,
            setting.network.membership,
            setting.network.volunteer_selection,
            classes,
        )
        factors.by_physician = factors.ones(setting.network.physicians + 1)
        factors.by_participation = factors.ones(1)

    def run(self) -> None:
        """Prepare, live through the contract, run off until the last debt is settled."""
        while self.month < 1:
            self.prepare()
        while self.month <= self.setting.last_month:
            self.step()
        while self._unsettled():
            self.run_off()

    def prepare(self) -> None:
        """One month before the contract: it is prepared and paid for, nobody is invited yet."""
        for integrator in self.integrators:
            integrator.prepare(self.month, self.price)
        self._fund()
        self.month += 1

    def step(self) -> None:
        """One contract month; in January the rates are set, in December the year is closed."""
        if self.month % 12 == 1:
            self._open_year()
        self._join()
        self._enrol()
        self._reach()
        self._act()
        self.life.live(self.month)
        self._pay()
        self._receive()
        if self.month % 12 == 0:
            self._close_year()
        self._fund()
        self.month += 1

    def run_off(self) -> None:
        """One month after the contract: what is owed is still paid."""
        self._receive()
        self._fund()
        self.month += 1

    @property
    def price(self) -> float:
        """What the company pays now for what cost 1 EUR in the price year."""
        terms = self.setting.population
        return float(np.exp(terms.wages * (self.life.year_of(self.month) - terms.price_year)))

    @property
    def members(self) -> NDArray[np.int64]:
        """Rows of the members who live here."""
        return np.flatnonzero(self.people.member & (self.people.left == NEVER))

    @property
    def programmes(self) -> Sequence[Programme]:
        """The programmes of this arm."""
        return self.outreach.programmes

    @property
    def joined(self) -> list[Physician]:
        """The practices of the network."""
        return [physician for physician in self.physicians if physician.joined]

    def _open_year(self) -> None:
        """Physicians look back on the year; everybody's rates are set for the new one."""
        efforts = [physician.effort for physician in self.joined]
        mean = sum(efforts) / len(efforts) if efforts else 0.0
        shown = mean if self.outreach.reports(self.month) else None
        supported = self._supported_effort()
        for physician in self.physicians:
            physician.adjust(supported, shown)
        self._set_lines(self.physicians)
        self.outreach.open_year()
        for insurer in self.insurers:
            insurer.paid_to_integrator = 0.0
        self.life.begin(self.month)

    def _join(self) -> None:
        """Practices join the network, the sooner the more peers have and the better it pays."""
        joined = self.joined
        share = len(joined) / len(self.physicians)
        expected = sum(p.last_pay for p in joined) / len(joined) if joined else 0.0
        supported = self._supported_effort()
        new = [p for p in self.physicians if p.consider(share, expected, supported)]
        begins = any(c.terms.start_month == self.month for c in self.outreach.components)
        self._set_lines(self.physicians if begins else new)

    def _supported_effort(self) -> float:
        """Effort that practices aim at with the support there is, without pay and peers."""
        own = self.setting.network.effort_start
        return self.outreach.effort(own, len(self.joined), self.month)

    def _set_lines(self, physicians: Sequence[Physician]) -> None:
        """Let what some practices do from now on reach their patients."""
        factors = self.life.factors
        network, everybody = self.outreach.of_practices(factors, len(self.joined), self.month)
        for physician in physicians:
            line = physician.line(factors, network, everybody)
            if (line != factors.by_physician[physician.number]).any():
                factors.by_physician[physician.number] = line
                rows = np.flatnonzero(self.people.physician == physician.number)
                self.life.touch(rows[self.people.left[rows] == NEVER])

    def _enrol(self) -> None:
        """Patients of the network's practices become members."""
        self.membership.enrol(self.people, self._effort(), self.month)

    def _effort(self) -> NDArray[np.float32]:
        """Effort by number of practice, float32 [practices + 1]; 0 is nobody's."""
        return np.array([0.0, *(p.effort for p in self.physicians)], np.float32)

    def _reach(self) -> None:
        """Components meet people, programmes invite and give places to those who wait."""
        if self.outreach.components or self.outreach.programmes:
            effort = self._effort()[self.people.physician]
            self.outreach.reach(self.members, effort, self.month)

    def _act(self) -> None:
        """Whoever is acted on by programmes and components has other rates from now on."""
        rows = self.outreach.act(self.life.factors, self.month)
        self.life.touch(rows[self.people.left[rows] == NEVER])

    def _pay(self) -> None:
        """The company pays its staff, the programmes and the network."""
        price = self.price
        components, programmes, co_payments = self.outreach.bill(self.month, price)
        members = np.bincount(
            self.people.physician[self.members], minlength=len(self.physicians) + 1
        )
        for physician in self.physicians:
            physician.count(int(members[physician.number]), price)
        network = sum(physician.due for physician in self.physicians)
        for integrator in self.integrators:
            integrator.pay(self.month, price, components, programmes, network)
        self.book.pay(self.month, "participants", "providers", "programme", co_payments)

    def _receive(self) -> None:
        """Settlements that are due are paid, and the network has its bonus of them."""
        for year, settlement in self.settlements.items():
            if settlement.paid_month == self.month:
                for insurer, share in zip(self.insurers, self.shares[year], strict=True):
                    insurer.pay_shared_savings(settlement, share, self.month)
        joined = self.joined
        members = sum(physician.members for physician in joined)
        for integrator in self.integrators:
            bonus = integrator.pass_on(self.month) if members else 0.0
            for physician in joined:
                physician.bonus += bonus * physician.members / max(members, 1)

    def _fund(self) -> None:
        """Debts are serviced as far as cash goes, what is missing is drawn; December is kept."""
        for integrator in self.integrators:
            for lender in self.lenders:
                lender.settle(integrator.cash, self.month)
        if self.month % 12 == 0:
            self._record_company()

    def _close_year(self) -> None:
        """Claims are counted, the contract is settled, everybody's year is written down."""
        self._document()
        self.deaths = deaths_of_members(self.people, self.month)
        ledger, sums = self.life.close_year(self.month, self.ticks)
        self.outreach.note(ledger, self.month)
        if self.record is not None:
            self.record.add(self.people, ledger)
        year = self.life.year_of(self.month)
        norm = self.comparison.norms[year]
        sectors = self.setting.contract.sectors
        for insurer in self.insurers:
            insurer.close_year(ledger, norm, sectors, self.month)
        if self.integrators:
            self._settle(ledger, year)
        self.yearbook.people(sums, year, tuple(self.setting.region.insurers), resident=True)
        self.yearbook.payers(year, self._paid(sums))
        patients = np.bincount(
            self.people.physician[self.people.present(self.month + 1)],
            minlength=len(self.physicians) + 1,
        )
        for physician in self.physicians:
            physician.patients = int(patients[physician.number])
        self.outreach.close_year(self.members, self.month)
        self.yearbook.agents("physicians", year, self.physicians)
        self.yearbook.agents("programmes", year, self.outreach.programmes)
        self.yearbook.agents("components", year, self.outreach.components)
        self.yearbook.agents("insurers", year, self.insurers)

    def _paid(self, sums: dict[str, NDArray[np.float64]]) -> dict[str, float]:
        """Who paid how much of the residents' care this year, EUR by payer."""
        of_all = {name: float(sums[f"cost_{name}"].sum()) for name in (*SECTORS, *BESIDE)}
        insurers = sum(of_all[sector] for sector in SECTORS)
        return {"insurers": insurers, **self.setting.region.paid_by(of_all)}

    def _document(self) -> None:
        """Practices of the network and programmes may let more be coded of what people have."""
        by_practice = self._effort() * np.float32(self.setting.network.documentation_gain)
        gain = self.outreach.documented(by_practice[self.people.physician])
        rows = np.flatnonzero(self.people.present(self.month) & (gain > 0))
        self.setting.country.diseases.document(self.people, rows, gain[rows])

    def _settle(self, ledger: Ledger, year: int) -> None:
        """Settle the contract for a year; fees are due at once, shared savings after the lag."""
        norm = self.comparison.norms[year]
        account = Account(
            year=year,
            contract_year=self.month // 12,
            insured_years=insured_years(ledger),
            allocation=total_allocation(norm, ledger),
            cost=cost(ledger, self.setting.contract.sectors),
            regional_indexation_factor=self.baseline.regional_indexation_factor,
            r_squared=norm.r_squared,
        )
        settlement = settle(self.setting.contract, account)
        self.settlements[year] = settlement
        total = sum(insurer.insured_years for insurer in self.insurers)
        self.shares[year] = [i.insured_years / total if total else 0.0 for i in self.insurers]
        for insurer, share in zip(self.insurers, self.shares[year], strict=True):
            insurer.pay_fees(settlement, share, self.month)
        self.yearbook.settlement(settlement)

    def _record_company(self) -> None:
        year = self.life.year_of(self.month)
        for integrator in self.integrators:
            integrator.close_year(self.month, self.members.size)
            integrator.member_deaths, integrator.expected_member_deaths = self.deaths
        for lender in self.lenders:
            lender.close_year(self.month)
        self.yearbook.agents("integrators", year, self.integrators)
        self.yearbook.agents("lenders", year, self.lenders)

    def _unsettled(self) -> bool:
        """Whether a settlement or an instalment is still to come; run-off ends with a year."""
        due: list[int] = [s.paid_month for s in self.settlements.values()]
        due += [lender.loan.last_month for lender in self.lenders]
        return self.month <= max(due, default=0) or (bool(due) and self.month % 12 != 1)

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Everything written down, with the cashbook, as lines by table; persons as columns."""
        found = self.yearbook.tables(self.book)
        if self.record is not None:
            persons = self.record.table(self.people, self.life.factors, self.setting.last_month)
            found["persons"] = [{**self.yearbook.keys, **persons}]
        return found
