"""A history keeps what rules need: one set of sectors, insured days and cut-off, little memory."""

import dataclasses

import numpy as np
import pytest

from sim.contract.history import elsewhere
from sim.contract.ledger import SECTORS, cost, cost_by_row
from sim.contract.person_years import PersonYears, person_years
from sim.contract.risk_adjustment import allocation, estimate, total_allocation
from tests.contract.histories import history_from, ledgers
from tests.contract.ledgers import ledger_of, synthetic


def test_a_row_takes_as_many_bytes_as_it_says():
    kept = person_years(synthetic(rows=100), SECTORS)
    columns = [f.name for f in dataclasses.fields(PersonYears) if f.name != "year"]
    assert sum(getattr(kept, name).itemsize for name in columns) == 29


def test_what_is_kept_costs_and_is_allocated_what_the_ledger_is():
    ledger = synthetic(rows=3000, noise=1.0)
    kept = person_years(ledger, ("hospital", "drugs"))
    assert kept.total_cost == cost(ledger, ("hospital", "drugs"))
    norm = estimate(ledger, ("hospital", "drugs"))
    assert total_allocation(norm, kept) == total_allocation(norm, ledger)
    assert (allocation(norm, kept) == allocation(norm, ledger)).all()


def test_rows_of_persons_are_found_and_strangers_are_not():
    kept = person_years(ledger_of([{"person": 7}, {"person": 3}, {"person": 5}]), SECTORS)
    assert kept.rows_of(np.array([5, 7, 4, 99])).tolist() == [2, 0, -1, -1]
    nobody = kept.where(np.zeros(3, np.bool_))
    assert nobody.rows_of(np.array([5])).tolist() == [-1]


def test_sums_of_the_comparison_are_by_its_regions_and_leave_the_contracts_out():
    ledger = ledger_of(
        [
            {"region": 0, "cost": [900, 0, 0, 0]},
            {"region": 1, "cost": [100, 0, 0, 0]},
            {"region": 3, "cost": [200, 0, 0, 0], "insured_months": 6},
            {"region": 3, "cost": [400, 0, 0, 0]},
        ]
    )
    kept = elsewhere(ledger, SECTORS)
    assert kept.cost.tolist() == [100, 0, 600]
    assert kept.insured_years.tolist() == [1, 0, 1.5]
    assert kept.allocation.sum() == pytest.approx(700)
    assert kept.cost_per_person == pytest.approx(280)
    assert kept.rows is None
    assert elsewhere(ledger, SECTORS, rows=True).rows.region.tolist() == [1, 3, 3]


def test_the_dearest_are_cut_off_alike_in_norm_and_cost():
    by_year = ledgers([2006], region=500, comparison=5000, noise=2.0)
    history = history_from(by_year, truncation=0.95)
    kept, here = history.elsewhere[2006], history.region[2006]
    assert (kept.rows.cost <= kept.norm.limit + 1e-6).all()
    assert (here.cost <= kept.norm.limit + 1e-6).all()
    reached = kept.rows.cost >= kept.norm.limit - 1e-6
    assert reached.mean() == pytest.approx(0.05, abs=0.001)
    assert kept.cost.sum() == pytest.approx(kept.allocation.sum())
    assert kept.cost.sum() < cost(by_year[2006].where(by_year[2006].region > 0), SECTORS)


def test_the_cut_off_is_by_the_year_so_half_a_year_has_half_of_it():
    rows = [{"cost": [1000, 0, 0, 0]}, {"cost": [1000, 0, 0, 0], "insured_months": 6}]
    assert cost_by_row(ledger_of(rows), SECTORS, limit=800.0).tolist() == [800, 400]


def test_a_quantile_of_one_cuts_nobody_elsewhere_off():
    ledger = synthetic(rows=2000, noise=2.0)
    there = ledger.where(ledger.region > 0)
    norm = estimate(ledger, SECTORS, truncation=1.0)
    assert cost_by_row(there, SECTORS, norm.limit).sum() == cost(there, SECTORS)
    assert estimate(ledger, SECTORS).limit == np.inf


def test_a_new_agreement_sees_the_same_years_and_the_savings_of_the_old():
    history = history_from(ledgers(range(2003, 2010), region=100, comparison=500))
    again = history.rebased(2009, {2006: 1.0, 2007: 2.0, 2008: 3.0})
    assert again.baseline(3) == [2006, 2007, 2008]
    assert again.region == history.region
    assert again.savings[2008] == 3.0
