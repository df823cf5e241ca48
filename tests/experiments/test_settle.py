"""Promises to whoever settles statements or claims: it comes out, or is refused in words."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import ledger, settle
from sim.contract import ledger_file, statement_file
from sim.contract.ledger import SECTORS
from tests.contract.statements import written
from tests.experiments.conftest import Said

DOCUMENT = Path(__file__).parents[2] / "docs" / "ledger.md"
REAL = Path(__file__).parents[3] / "shared" / "data" / "mssp_settlements_2014_2018.csv"
ELSEWHERE = Path("/work/shared/data/mssp_settlements_2014_2018.csv")
PLAIN = {"contract": "contribution_margin", "year": "2016", "insured": "10000"}

Ask = Callable[..., Said]


@pytest.fixture
def ask(here: Path, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Give a command of settle; none ends in code."""

    def answer(*arguments: str) -> Said:
        said = Said(settle.main(arguments), *capfd.readouterr())
        assert "Traceback" not in said.out + said.err
        return said

    return answer


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated ledger of a small region over two baseline and two contract years."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.parquet"
    overrides = ["population.comparison=4000", "horizon.years=2"]
    assert ledger.main([f"out={path}", "persons=600", *overrides]) == 0
    return path


def test_statements_are_settled_into_a_row_each_in_their_order(here: Path, ask: Ask) -> None:
    path = written(
        [PLAIN, PLAIN | {"cost": "1050000"}, PLAIN | {"cost": "1000000"}], here / "s.csv"
    )
    said = ask(f"statements={path}", "out=done")
    assert said.status == 0
    found = pd.read_csv(here / "done" / "settlements.csv")
    assert found["payment"].tolist() == [25_000, 0, 0]
    assert found["measured_savings"].tolist() == [50_000, -50_000, 0]
    assert list(found)[:2] == ["contract", "year"]
    assert "25,000.00" in said.out


def test_what_is_typed_changes_the_terms_of_every_row(here: Path, ask: Ask) -> None:
    path = written([{}], here / "s.csv")
    own = "contract.sharing_rate.value=0.6"
    assert ask(f"statements={path}", "contract=contribution_margin", own, "out=done").status == 0
    assert pd.read_csv(here / "done" / "settlements.csv")["payment"].tolist() == [30_000]


def test_differences_from_what_was_paid_are_counted_and_listed(here: Path, ask: Ask) -> None:
    path = written([PLAIN | {"paid": 25_000}, PLAIN | {"paid": 40_000}], here / "s.csv")
    said = ask(f"statements={path}", "out=done")
    assert "1 of 2 come out within 0.1%" in said.out
    assert pd.read_csv(here / "done" / "differences.csv")["row"].tolist() == [2]


@pytest.mark.skipif(
    not (REAL.exists() or ELSEWHERE.exists()), reason="the settlements of ../shared are not here"
)
def test_all_real_settlements_but_the_one_of_an_unnamed_track_come_out(
    here: Path, ask: Ask
) -> None:
    real = pd.read_csv(REAL if REAL.exists() else ELSEWHERE)
    frame = pd.DataFrame(
        {
            "year": real["performance_year"],
            "contract": "mssp_" + real["track"].fillna("track_1").str.replace("k_", "k"),
            "insured": real["beneficiaries"],
            "benchmark": real["benchmark_usd"],
            "cost": real["expenditure_usd"],
            "minimum_savings_rate": real["minimum_savings_rate"],
            "quality_score": real["quality_score"],
            "sharing_rate": real["final_sharing_rate"],
            "disaster_adjustment": real["disaster_adjustment_usd"],
            "paid": real["earned_savings_loss_usd"],
        }
    )
    frame.to_csv(here / "real.csv", index=False)
    assert ask("statements=real.csv", "out=done").status == 0
    away = pd.read_csv(here / "done" / "differences.csv")
    assert away["row"].tolist() == [
        345
    ]  # of 2015, when no track was named: it comes out as track 2
    assert away["reason"].tolist() == ["paid is clause 7.7, share after it"]
    assert len(pd.read_csv(here / "done" / "settlements.csv")) == len(real) == 2177


def test_a_ledger_is_settled_and_can_be_computed_again_from_its_tables(
    example: Path, here: Path, ask: Ask
) -> None:
    said = ask(f"ledger={example}", "contract=contribution_margin", "out=done")
    assert said.status == 0
    assert "Statement of 2007" in said.out
    years, weights, statement = (
        pd.read_csv(here / "done" / f"{name}.csv") for name in ("years", "weights", "statement")
    )
    claims = pd.read_parquet(example)
    claims = claims[claims["region"] == 0]
    baseline = years[years["period"] == "baseline"]
    assert baseline["year"].tolist() == [2004, 2005]
    factor = (baseline["cost"] / baseline["allocation"]).mean()
    for year in (2006, 2007):
        lines = statement[statement["year"] == year].set_index("clause")["amount"]
        own = claims[claims["year"] == year]
        paid = own[[f"cost_{sector}" for sector in SECTORS]].to_numpy().sum()
        assert lines[1.2] == pytest.approx(own["insured_months"].sum() / 12)
        assert lines[3.3] == pytest.approx(paid, abs=0.01)
        norm = weights[weights["year"] == year]
        allocation = (norm["weight"] * norm["insured_years"]).sum()
        assert lines[2.1] == pytest.approx(allocation, abs=0.01)
        assert lines[5.1] == pytest.approx(factor * allocation, abs=0.01)
        assert lines[6.2] == pytest.approx(lines[5.4] - lines[3.3], abs=1e-6)
        assert lines[10.4] == pytest.approx(max(0, lines[6.2]) / 2, abs=0.006)


def test_csv_and_parquet_of_the_same_ledger_settle_alike(
    example: Path, here: Path, ask: Ask
) -> None:
    pd.read_parquet(example).to_csv("ledger.csv", index=False)
    for path, out in ((example, "one"), ("ledger.csv", "other")):
        assert ask(f"ledger={path}", "contract=two_sided", f"out={out}").status == 0
    for name in ("statement", "years", "weights"):
        one, other = (Path(out, f"{name}.csv").read_bytes() for out in ("one", "other"))
        assert one == other


def test_pseudonyms_stand_in_nothing_that_is_written(example: Path, here: Path, ask: Ask) -> None:
    assert ask(f"ledger={example}", "contract=matched_pairs", "out=done").status == 0
    known = set(pd.read_parquet(example)["pseudonym"].head(50))
    for path in Path("done").iterdir():
        assert not known & set(re.findall(r"[0-9a-f]{6}-[0-9a-f]+", path.read_text()))


def test_the_example_is_a_ledger_without_a_fault_and_is_not_written_over(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ledger.main([f"check={example}"]) == 0
    assert "person-years of 2004 to 2007" in capsys.readouterr().out
    before = example.read_bytes()
    assert ledger.main([f"out={example}"]) == 2
    assert example.read_bytes() == before


def test_a_newcomer_of_the_example_is_one_without_a_row_in_the_year_before(example: Path) -> None:
    """So the column may be left out: the reader finds the same."""
    frame = pd.read_parquet(example)
    with_column = ledger_file.read(str(example)).ledgers
    frame.drop(columns="newcomer").to_parquet(example.with_name("silent.parquet"))
    without = ledger_file.read(str(example.with_name("silent.parquet"))).ledgers
    for year in (2005, 2006, 2007):
        alike = with_column[year].newcomer == without[year].newcomer
        assert np.mean(alike) > 0.99


def test_faults_of_a_ledger_are_listed_as_csv(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "l.csv"
    path.write_text("pseudonym,year,age,sex,region,insured_months,cost_drugs\na,2016,60,x,0,13,5\n")
    assert ledger.main([f"check={path}"]) == 2
    said = capsys.readouterr()
    assert [line.split(",")[:2] for line in said.out.splitlines()[1:]] == [
        ["1", "sex"], ["1", "insured_months"],
    ]  # fmt: skip
    assert "2 faults" in said.err


REFUSED: dict[str, tuple[list[str], dict[str, Any] | None, list[str]]] = {
    "nothing to settle": (["contract=ipep"], None, ["statements=FILE", "ledger=FILE"]),
    "both": (["statements=a.csv", "ledger=b.csv"], None, ["Give either"]),
    "a file that is not there": (["statements=a.csv"], None, ["a.csv cannot be read"]),
    "a negative benchmark": ([], {"benchmark": "-5"}, ["clause 5.1, benchmark", "-5"]),
    "an unknown column": ([], {"sharing_rat": 1}, ["sharing_rat", "Did you mean sharing_rate"]),
    "no contract": ([], {"contract": ""}, ["contract=NAME"]),
    "an unknown contract": ([], {"contract": "mssp_basic_f"}, ["Did you mean mssp_basic_e"]),
    "a term that is not there": (["contract.cap.value=0.1"], {}, ["contract", "cap"]),
    "a folder of something else": (["out=full"], {}, ["full"]),
    "a start that is no year": (["start=soon"], None, ["start=soon", "start=2016"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_settled_is_refused_and_leaves_nothing_behind(
    case: str, here: Path, ask: Ask
) -> None:
    arguments, row, said = REFUSED[case]
    (here / "full").mkdir()
    (here / "full" / "mine.txt").write_text("mine")
    if row is not None:
        arguments = [f"statements={written([PLAIN | row], here / 's.csv')}", *arguments]
    elif case.startswith("a start"):
        arguments = ["ledger=l.csv", *arguments]
    before = {path for path in here.rglob("*") if path.is_file()}
    answer = ask(*arguments)
    assert answer.status == 2
    for words in said:
        assert words in answer.err
    assert {path for path in here.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("start", "contract", "said"),
    [
        ("2004", "contribution_margin", "no year is both"),
        ("2012", "contribution_margin", "Allowed is a start from 2005 to 2007"),
        ("2005", "contribution_margin", "no ledger of the region for 2003"),
        (None, "growth_rate", "looks back on 11 years before the start"),
    ],
)
def test_years_that_the_ledger_lacks_or_counts_twice_are_refused_with_clause_and_remedy(
    example: Path, here: Path, ask: Ask, start: str | None, contract: str, said: str
) -> None:
    more = [] if start is None else [f"start={start}"]
    answer = ask(f"ledger={example}", f"contract={contract}", *more)
    assert answer.status == 2
    assert answer.err.startswith("clause")
    assert said in answer.err
    assert not list(here.iterdir())


def test_the_document_has_the_schemas_word_for_word_and_the_command_prints_them(ask: Ask) -> None:
    said = ask("schema")
    assert said.status == 0
    document = DOCUMENT.read_text("utf-8")
    for schema in (statement_file.schema(), ledger_file.schema()):
        assert schema in document
        assert schema in said.out
    assert ", ".join(f"`{name}`" for name in statement_file.TERMS) in document
