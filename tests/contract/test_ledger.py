"""The ledger counts insured time and cost, and refuses what no claim can be."""

import dataclasses

import numpy as np
import pytest

from sim.contract.ledger import (
    COLUMNS,
    SECTORS,
    Ledger,
    cost,
    cost_by_row,
    insured_years,
    sector_columns,
)
from sim.quantity import Refusal
from tests.contract.ledgers import ledger_of, synthetic


def test_every_column_of_the_schema_is_a_column_of_the_ledger():
    assert [field.name for field in dataclasses.fields(Ledger)] == ["year", *COLUMNS]


def test_who_is_insured_half_a_year_counts_half():
    assert insured_years(ledger_of([{"insured_months": 6}, {"insured_months": 12}])) == 1.5


def test_cost_counts_the_sectors_of_the_contract_only():
    ledger = ledger_of([{"cost": [1, 2, 4, 8]}, {"cost": [10, 20, 40, 80]}])
    assert cost(ledger, ["hospital", "drugs"]) == 55
    assert cost(ledger, SECTORS) == 165
    assert cost_by_row(ledger, ["other"]).tolist() == [8, 80]


def test_the_order_in_which_the_contract_names_its_sectors_does_not_matter():
    ledger = synthetic(rows=500, noise=2.0)
    assert cost(ledger, SECTORS) == cost(ledger, SECTORS[::-1])


def test_a_ledger_splits_into_region_and_comparison():
    ledger = synthetic(rows=1000)
    here, elsewhere = ledger.where(ledger.region == 0), ledger.where(ledger.region > 0)
    assert len(here) + len(elsewhere) == len(ledger)
    assert here.year == ledger.year
    parts = insured_years(here) + insured_years(elsewhere)
    assert parts == pytest.approx(insured_years(ledger))


def test_an_empty_ledger_is_a_ledger():
    empty = synthetic(rows=10).where(np.zeros(10, np.bool_))
    empty.check()
    assert insured_years(empty) == 0
    assert cost(empty, SECTORS) == 0


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"insured_months": -1}, "insured_months"),
        ({"insured_months": 0}, "insured_months"),
        ({"insured_months": 13}, "insured_months"),
        ({"age": -1}, "age"),
        ({"age": 126}, "age"),
        ({"sex": 2}, "sex"),
        ({"region": -1}, "region"),
        ({"cost": [0, -1, 0, 0]}, "cost"),
        ({"cost": [0, 0, np.nan, 0]}, "cost"),
        ({"cost": [0, 0, 0, np.inf]}, "cost"),
    ],
)
def test_what_no_claim_can_be_is_refused_with_column_and_row(row, column):
    ledger = ledger_of([{}, row])
    with pytest.raises(Refusal, match=rf"column {column}, row 1: .*Allowed is"):
        ledger.check()


def test_a_sound_ledger_passes():
    synthetic(rows=1000, noise=1.0).check(one_row_a_person=True)


def test_two_rows_of_one_person_pass_unless_one_is_asked_for():
    ledger = ledger_of([{"person": 7, "insurer": 0}, {"person": 7, "insurer": 1}])
    ledger.check()
    with pytest.raises(Refusal, match="2 rows but only 1 persons"):
        ledger.check(one_row_a_person=True)


def test_columns_of_unequal_length_or_of_another_type_are_refused():
    ledger = synthetic(rows=10)
    with pytest.raises(Refusal, match="column age: int16 of shape"):
        dataclasses.replace(ledger, age=ledger.age[:9])
    with pytest.raises(Refusal, match="column cost: int64"):
        dataclasses.replace(ledger, cost=ledger.cost.astype(np.int64))


def test_an_insurers_own_cost_is_kept_to_the_cent():
    ledger = synthetic(rows=10)
    exact = np.full((10, len(SECTORS)), 123_456.78)
    assert cost(dataclasses.replace(ledger, cost=exact), ["drugs"]) == pytest.approx(1_234_567.8)


@pytest.mark.parametrize("sectors", [[], ["dental"], ["drugs", "drugs"]])
def test_unknown_repeated_or_no_sectors_are_refused(sectors):
    with pytest.raises(Refusal, match="Allowed are hospital, physician, drugs, other"):
        sector_columns(sectors)
