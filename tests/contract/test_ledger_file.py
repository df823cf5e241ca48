"""A ledger of an insurer is read as it stands, or refused with every fault and no pseudonym."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.contract.ledger import COLUMNS as LEDGER
from sim.contract.ledger_file import COLUMNS, DIAGNOSES, NEEDED, Claims, check, read
from sim.faults import Faults
from sim.quantity import Refusal
from tests.contract.statements import sheet

ROW = {
    "pseudonym": "Erika-4711", "year": 2016, "age": 60, "sex": "female", "region": 0,
    "insured_months": 12, "cost_hospital": 100, "cost_drugs": 20.5,
}  # fmt: skip
DOCUMENT = Path(__file__).parents[2] / "docs" / "ledger.md"


def told(*rows: dict[str, Any]) -> tuple[Claims, Faults]:
    """Check rows that differ from the usual one."""
    return check(sheet([ROW | row for row in rows]))


def faults_of(*rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    return list(told(*rows)[1].frame().itertuples(index=False, name=None))


def other(number: int, **more: Any) -> dict[str, Any]:
    return {"pseudonym": f"other-{number}", **more}


def test_a_row_becomes_a_person_year_with_all_that_it_says() -> None:
    claims, faults = told(
        {"insurer": "aok", "physician": 7, "member": "true", "diagnosis_a": 1, "diagnosis_b": 0},
        other(1, insurer="lkk", diagnosis_b="true", region=3, sex="male", age=0),
    )
    assert not len(faults)
    ledger = claims.ledgers[2016]
    assert ledger.age.tolist() == [60, 0]
    assert ledger.sex.tolist() == [1, 0]
    assert ledger.region.tolist() == [0, 3]
    assert ledger.physician.tolist() == [7, 0]
    assert ledger.member.tolist() == [True, False]
    assert ledger.documented.tolist() == [1, 2]
    assert ledger.cost.tolist() == [[100, 0, 20.5, 0], [100, 0, 20.5, 0]]
    assert claims.sectors == ("hospital", "drugs")
    assert (claims.diagnoses, claims.insurers) == (("a", "b"), ("aok", "lkk"))


def test_a_person_keeps_her_number_over_the_years_and_loses_her_pseudonym() -> None:
    claims, _ = told({}, other(1), other(1, year=2017, age=61), {"year": 2017, "age": 61})
    assert claims.ledgers[2016].person.tolist() == [0, 1]
    assert claims.ledgers[2017].person.tolist() == [1, 0]
    assert "Erika" not in repr(claims)


def test_who_has_no_row_in_the_year_before_is_a_newcomer_unless_the_ledger_says() -> None:
    claims, _ = told(
        {}, {"year": 2017, "age": 61}, other(1, year=2017, diagnosis_a=1),
        other(2, year=2017, newcomer=0, diagnosis_a=1),
    )  # fmt: skip
    assert claims.ledgers[2016].newcomer.tolist() == [False]
    assert claims.ledgers[2017].newcomer.tolist() == [False, True, False]
    assert claims.ledgers[2017].documented.tolist() == [0, 0, 1]


def test_who_changes_insurer_within_the_year_has_two_rows() -> None:
    half = {"insured_months": 6}
    _, faults = told(half | {"insurer": "aok"}, half | {"insurer": "lkk"})
    assert not len(faults)


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"year": 16}, "year", "1900 to 2200"),
        ({"age": 126}, "age", "0 to 125"),
        ({"age": None}, "age", "not empty"),
        ({"sex": "f"}, "sex", "male, female"),
        ({"region": -1}, "region", "from 0"),
        ({"insured_months": 0}, "insured_months", "1 to 12"),
        ({"insured_months": 13}, "insured_months", "1 to 12"),
        ({"cost_drugs": -1}, "cost_drugs", "0 or more"),
        ({"cost_drugs": None}, "cost_drugs", "not empty"),
        ({"physician": 70000}, "physician", "0 to 65535"),
        ({"member": "perhaps"}, "member", "true or false"),
        ({"diagnosis_a": "E11"}, "diagnosis_a", "true or false"),
        ({"year": 2017, "age": 70, "pseudonym": "Erika-4711"}, "age", "a year older"),
        ({"year": 2017, "sex": "male", "pseudonym": "Erika-4711"}, "sex", "the same sex"),
        ({"pseudonym": "Erika-4711"}, "pseudonym", "one row a person, year and insurer"),
        ({"pseudonym": "Erika-4711", "insurer": "lkk"}, "insured_months", "12 months"),
    ],
)
def test_what_no_claim_can_be_is_told_by_row_column_and_rule(
    row: dict[str, Any], column: str, said: str
) -> None:
    found = faults_of({"insurer": "aok"}, other(1, insurer="aok") | row)
    assert [(number, where) for number, where, _, _ in found] == [(2, column)]
    assert said in found[0][3]
    assert all("Erika" not in str(cell) for cell in found[0])


def test_a_misspelt_column_a_missing_one_and_no_cost_at_all_are_told_at_once() -> None:
    rows = [{name: value for name, value in ROW.items() if "cost" not in name and name != "age"}]
    _, faults = check(sheet([rows[0] | {"insured_month": 12}]))
    found = faults.by_rule()
    assert any("Did you mean insured_months" in rule for rule in found)
    assert any(rule.startswith("age: a column that every ledger has") for rule in found)
    assert any("at least one sector" in rule for rule in found)


def test_more_diagnoses_than_bits_are_refused() -> None:
    names = {f"diagnosis_{number}": 0 for number in range(DIAGNOSES + 1)}
    (found,) = faults_of(names)
    assert found[:2] == (0, f"diagnosis_{DIAGNOSES}")


def test_a_file_with_one_fault_is_refused_whole_and_quotes_no_pseudonym(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    lines = [",".join(ROW), ",".join(map(str, ROW.values())), ",".join(map(str, ROW.values()))]
    path.write_text("\n".join(lines))
    with pytest.raises(Refusal) as refused:
        read(str(path))
    assert f"ledger={path} has 1 fault" in str(refused.value)
    assert "as in row 1" in str(refused.value)
    assert "Erika" not in str(refused.value)


def test_the_schema_speaks_of_every_column_of_the_contracts_ledger() -> None:
    plain = {name.removeprefix("cost_") for name in COLUMNS}
    for name in set(LEDGER) - {"person", "documented", "cost"}:
        assert name in plain
    assert set(NEEDED) <= set(ROW)
    assert np.uint32(1) << np.uint32(DIAGNOSES - 1) <= np.iinfo(np.uint32).max
