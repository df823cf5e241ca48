"""Statements of others come out as they were paid; what cannot be settled is told by row."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.contract.differences import differences
from sim.contract.statement_file import COLUMNS, NEEDED, TERMS, settle_rows
from tests.contract.statements import EXAMPLE, agreed, read

REAL = yaml.safe_load(
    (Path(__file__).parents[1] / "examples" / "mssp.yaml").read_text(encoding="utf-8")
)


def payments(rows: list[dict[str, Any]], contract: str | None = "plain") -> list[float]:
    found, faults = read(rows, contract)
    assert not len(faults), faults.by_rule()
    return [settlement.payment for settlement in settle_rows(found)]


def faults_of(*rows: dict[str, Any], contract: str | None = "plain") -> list[tuple[Any, ...]]:
    _, faults = read(list(rows), contract)
    return list(faults.frame().itertuples(index=False, name=None))


@pytest.mark.parametrize("case", REAL, ids=[case["name"] for case in REAL])
def test_real_settlements_come_out_as_they_were_paid(case: dict[str, Any]) -> None:
    (payment,) = payments([case["row"]], None)
    assert payment == pytest.approx(case["paid"], rel=1e-3, abs=1)


def test_real_settlements_of_every_kind_are_among_the_examples() -> None:
    paid = [case["paid"] for case in REAL]
    contracts = {case["row"]["contract"] for case in REAL}
    assert len(REAL) >= 12
    assert min(paid) < 0 < max(paid)
    assert paid.count(0) > 2
    assert contracts == {"mssp_track1", "mssp_track2", "mssp_track3", "mssp_track1_plus"}


def test_every_example_has_its_row_in_a_file_and_keeps_its_place() -> None:
    together = payments([case["row"] for case in REAL], None)
    assert together == [payments([case["row"]], None)[0] for case in REAL]


def test_without_a_final_rate_the_rate_is_the_highest_times_quality() -> None:
    row = {"contract": "mssp_track1", "cost": 900000, "quality_score": 0.9}
    assert payments([row]) == [0.98 * 0.5 * 0.9 * 100_000]
    assert payments([row | {"sharing_rate": 0.4}]) == [0.98 * 0.4 * 100_000]
    assert payments([row | {"quality_score": None}]) == [0.98 * 0.5 * 100_000]


def test_the_levy_is_that_of_the_year_unless_the_row_has_its_own() -> None:
    row = {"contract": "mssp_enhanced", "cost": 900000}
    years = [{**row, "year": year} for year in (2018, 2019, 2020, 2021)]
    assert payments(years) == [73_500, 75_000, 75_000, 73_500]
    assert payments([row | {"levy": 0.1}]) == [67_500]


def test_a_term_in_a_column_holds_for_its_row_alone() -> None:
    rows = [{}, {"minimum_savings_rate": 0.06}, {"cap": 0.01}, {"sharing_from": "above_minimum"}]
    assert payments(rows) == [25_000, 0, 10_000, 15_000]


def test_the_minimum_loss_rate_is_that_of_savings_unless_the_row_has_its_own() -> None:
    loss = {"cost": 1_030_000, "contract": "two_sided"}
    rows = [loss, loss | {"minimum_savings_rate": 0.04}, loss | {"minimum_loss_rate": 0.04}]
    assert payments(rows) == [-12_000, 0, 0]


def test_a_limit_in_a_column_lowers_what_is_owed_and_means_nothing_where_nothing_is() -> None:
    loss = {"cost": 1_300_000, "loss_limit": 0.02}
    assert payments([loss | {"contract": "two_sided"}, loss]) == [-20_000, 0]


def test_a_loss_limit_by_years_is_the_last_one_where_the_contract_year_is_not_known() -> None:
    loss = {"cost": 1_300_000, "contract": "two_sided"}
    years = [loss | {"contract_year": year} for year in (None, 1, 2)]
    assert payments(years) == [-100_000, -50_000, -100_000]


def test_rows_are_independent_unless_an_id_says_that_they_belong_together() -> None:
    loss, gain = {"year": 2016, "cost": 1_020_000}, {"year": 2017, "cost": 940_000}
    assert payments([loss, gain], "fees") == [0, 30_000]
    together = [{**row, "id": "a"} for row in (gain, loss)]  # the order of the file is free
    assert payments(together, "fees") == [20_000, 0]
    assert payments([together[0], loss | {"id": "b"}], "fees") == [30_000, 0]
    assert payments([loss, gain | {"year": 2016}], "fees") == [0, 30_000]


def test_contract_years_count_from_the_first_year_of_an_id() -> None:
    rows, _ = read([{"id": "a", "year": 2018}, {"id": "a", "year": 2016}, {"year": 2016}])
    assert [row.account.contract_year for row in rows] == [3, 1, None]


def test_indicators_that_the_contract_pays_for_are_columns() -> None:
    rows, faults = read([{"kpi_vaccinated": 0.5}], "fees")
    assert not len(faults)
    assert settle_rows(rows)[0].kpi_fee == 500
    ((row, column, _, rule),) = faults_of({"kpi_dancing": 0.5}, contract="fees")
    assert (row, column) == (1, "kpi_dancing")
    assert "an indicator with a fee" in rule


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"benchmark": -1}, "benchmark", "clause 5.1"),
        ({"benchmark": "much"}, "benchmark", "0 or more"),
        ({"benchmark": None}, "benchmark", "not empty"),
        ({"cost": "-0.5"}, "cost", "clause 3.1"),
        ({"insured": "nan"}, "insured", "clause 1.2"),
        ({"year": 16}, "year", "1900 to 2200"),
        ({"year": 2016.5}, "year", "fractional part"),
        ({"quality_score": 96.4}, "quality_score", "clause 7.2"),
        ({"contract": "mssp_track9"}, "contract", "Did you mean mssp_track3"),
        ({"sharing_rate": 1.1}, "sharing_rate", "less than or equal to 1"),
        ({"minimum_savings_rate": 2.4}, "minimum_savings_rate", "less than 1"),
        ({"sharing_from": "halfway"}, "sharing_from", "first_euro"),
        ({"averaged_years": 1.5}, "averaged_years", "fractional part"),
        ({"contract_year": 0}, "contract_year", "a whole number from 1"),
        ({"loss_limit": -0.1, "contract": "two_sided"}, "loss_limit", "0 or more"),
        ({"averaged_years": 3, "contract": "fees"}, "(all)", "clause 6.6"),
    ],
)
def test_what_cannot_be_settled_is_told_by_row_column_and_rule(
    row: dict[str, Any], column: str, said: str
) -> None:
    ((number, where, _, rule),) = faults_of({}, row)
    assert (number, where) == (2, column)
    assert said in rule


def test_an_unknown_column_a_missing_one_and_a_contract_nowhere_are_told_at_once() -> None:
    (unknown,) = faults_of({"sharing_rat": 0.5})
    assert unknown[:2] == (0, "sharing_rat")
    assert "Did you mean sharing_rate" in unknown[3]
    (nowhere,) = faults_of({}, contract=None)
    assert "contract=NAME" in nowhere[3]


def test_two_statements_of_a_year_of_one_id_are_refused() -> None:
    ((row, column, _, rule),) = faults_of({"id": "a"}, {"id": "a"})
    assert (row, column) == (2, "id")
    assert "row 1" in rule


def test_what_differs_from_what_was_paid_is_listed_with_the_clause() -> None:
    rows, _ = read(
        [
            {"paid": 25_000},
            {"paid": 25_010},
            {"paid": 0},
            {"cost": 700_000, "cap": 0.1, "paid": 150_000},
            {"cost": 990_000, "paid": 5_000},
            {"cost": 1_300_000, "contract": "two_sided", "paid": -120_000},
            {"paid": 40_000},
        ]
    )
    found = list(differences(rows, settle_rows(rows)))
    assert [one.row for one in found] == [3, 4, 5, 6, 7]
    for one, said in zip(
        found, ["10.4", "7.7", "savings rate 1.0000%", "8.3", "80.00% of savings"], strict=True
    ):
        assert said in one.reason


def test_every_scalar_term_may_be_a_column() -> None:
    scalars = {
        name for name, value in agreed("plain").model_dump().items()
        if not isinstance(value, tuple | dict)
    } - {"rule", "track", "truncation", "termination_hazard", "loss_share_bounds"}  # fmt: skip
    assert set(TERMS) == scalars
    assert set(NEEDED) == set(EXAMPLE) <= set(COLUMNS)
