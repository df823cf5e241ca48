"""Claims are settled under every rule, and the statement follows from what is written beside it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml

from sim.contract.benchmarks import terms_of
from sim.contract.ledger import SECTORS
from sim.contract.ledger_file import Claims
from sim.contract.recalculation import (
    balance_table,
    recalculate,
    weights_table,
    years_table,
)
from sim.contract.terms import Terms
from sim.quantity import Refusal, values
from sim.scenario import CONF
from tests.contract.contracts import TERMS
from tests.contract.ledgers import synthetic

RULES = values(yaml.safe_load((CONF / "benchmarks.yaml").read_text("utf-8")))


def claims(years=range(2010, 2015), sectors=SECTORS, rows=12_000) -> Claims:
    """A region like its comparison, whose costs grow by 3 % a year."""
    ledgers = {}
    for year in years:
        drawn = synthetic(rows=rows, seed=year, noise=1.0)
        growth = 1.03 ** (year - years[0])
        ledgers[year] = replace(
            drawn, year=year, cost=np.round(drawn.cost.astype(float) * growth, 2),
            physician=np.where(drawn.region == 0, 1 + drawn.person % 9, 0).astype(np.uint16),
        )  # fmt: skip
    return Claims(ledgers, tuple(sectors), ("a", "b", "c", "d"), ("one",))


def under(rule: str, of: Claims | None = None, start: int | None = None, **terms: Any) -> Any:
    agreed = Terms(**TERMS | {"rule": rule} | terms)
    return recalculate(agreed, terms_of(rule, RULES[rule]), of or CLAIMS, start)


CLAIMS = claims()


@pytest.mark.parametrize(
    ("rule", "first"),
    [("contribution_margin", 2012), ("matched_pairs", 2011), ("ipep", 2011)],
)
def test_claims_are_settled_as_soon_as_the_rule_has_its_baseline(rule: str, first: int) -> None:
    found = under(rule)
    assert [settlement.year for settlement in found.settlements] == list(range(first, 2015))
    assert found.settlements[0].contract_year == 1
    for benchmark, settlement in zip(found.benchmarks, found.settlements, strict=True):
        assert settlement.expected == pytest.approx(benchmark.amount, abs=0.01)
        assert settlement.cost == pytest.approx(benchmark.cost, abs=0.01)


def test_a_named_start_makes_more_years_the_baseline() -> None:
    found = under("contribution_margin", start=2013)
    assert [settlement.year for settlement in found.settlements] == [2013, 2014]


def test_the_contribution_margin_follows_from_the_tables_beside_the_statement() -> None:
    found = under("contribution_margin")
    years = years_table(found, CLAIMS).set_index("year")
    weights = weights_table(found, CLAIMS)
    baseline = years[years["period"] == "baseline"]
    factor = (baseline["cost"] / baseline["allocation"]).mean()
    for settlement in found.settlements:
        year = years.loc[settlement.year]
        own = weights[weights["year"] == settlement.year]
        allocation = (own["weight"] * own["insured_years"]).sum()
        assert settlement.allocation == pytest.approx(allocation, abs=0.01)
        assert settlement.cost == pytest.approx(
            year[[f"cost_{sector}" for sector in SECTORS]].sum(), abs=0.01
        )
        assert settlement.benchmark == pytest.approx(factor * allocation, abs=0.01)
        assert settlement.payment == pytest.approx(
            max(0, factor * allocation - settlement.cost) / 2, abs=0.01
        )


def test_elsewhere_the_allocation_is_the_cost() -> None:
    years = years_table(under("contribution_margin"), CLAIMS)
    assert years["allocation_elsewhere"].to_numpy() == pytest.approx(
        years["cost_elsewhere"].to_numpy()
    )
    assert (years["cut_off"] == np.inf).all()


def test_weights_are_named_by_age_sex_diagnosis_and_for_newcomers() -> None:
    named = weights_table(under("contribution_margin"), CLAIMS)["for"].unique()
    assert {"male 40-44", "female 95 and older", "a", "d"} <= set(named)
    assert "diagnosis 4" not in named


def test_pairs_show_how_alike_they_are() -> None:
    balance = balance_table(under("matched_pairs"))
    assert set(balance["year"]) == {2011, 2012, 2013, 2014}
    assert balance["difference"].abs().max() < 0.1
    assert not len(balance_table(under("contribution_margin")))


def test_costly_persons_are_cut_off_on_both_sides_where_the_terms_say_so() -> None:
    cut = under("contribution_margin", truncation=0.9)
    whole = under("contribution_margin")
    for one, other in zip(cut.settlements, whole.settlements, strict=True):
        assert one.cost < other.cost
        assert one.allocation < other.allocation
    years = years_table(cut, CLAIMS)
    assert (years["cut_off"] < np.inf).all()


def test_late_claims_of_the_year_are_completed_on_both_sides() -> None:
    plain = under("contribution_margin").settlements
    completed = under("contribution_margin", completion_factor=1.02).settlements
    for one, other in zip(completed, plain, strict=True):
        assert one.cost_known == pytest.approx(other.cost, abs=0.01)
        assert one.cost == pytest.approx(1.02 * other.cost, abs=0.02)
        assert one.benchmark == pytest.approx(1.02 * other.benchmark, abs=0.02)


def test_after_rebasing_the_years_just_before_are_the_baseline() -> None:
    rebased = under("contribution_margin", start=2012, rebasing_years=1).settlements
    alone = under("contribution_margin", start=2014).settlements
    assert rebased[2].details["regional_indexation_factor"] == pytest.approx(
        np.mean([rebased_ratio(2012), rebased_ratio(2013)])
    )
    assert rebased[2].benchmark == alone[0].benchmark


def rebased_ratio(year: int) -> float:
    years = years_table(under("contribution_margin"), CLAIMS).set_index("year").loc[year]
    return float(years["cost"] / years["allocation"])


def test_savings_before_rebasing_are_credited_as_agreed() -> None:
    agreed = {"rebasing_years": 1, "prior_savings_share": 1.0}
    first, second, _ = under("contribution_margin", start=2012, **agreed).settlements
    credit = max(0.0, first.measured_savings) / first.insured_years * second.insured_years
    assert second.prior_savings_credit == pytest.approx(credit, abs=0.01)


@pytest.mark.parametrize(
    ("rule", "of", "start", "said"),
    [
        ("contribution_margin", claims(range(2010, 2012)), None, "looks back on 2 years"),
        ("growth_rate", CLAIMS, None, "looks back on"),
        ("contribution_margin", CLAIMS, 2010, "no year is both"),
        ("contribution_margin", CLAIMS, 2015, "Name another start"),
        ("contribution_margin", CLAIMS, 2011, "no ledger of the region for 2009"),
        ("contribution_margin", claims(sectors=("hospital", "drugs")), None, "cost_physician"),
        ("contribution_margin", claims(rows=900), None, "Add insured elsewhere"),
    ],
)
def test_a_ledger_that_lacks_what_the_contract_needs_is_refused_with_clause_and_remedy(
    rule: str, of: Claims, start: int | None, said: str
) -> None:
    with pytest.raises(Refusal, match=r"^clause") as refused:
        under(rule, of, start)
    assert said in str(refused.value)


def test_a_gap_between_years_and_nobody_elsewhere_are_refused() -> None:
    gap = replace(CLAIMS, ledgers={y: CLAIMS.ledgers[y] for y in (2010, 2011, 2013)})
    with pytest.raises(Refusal, match="without 2012"):
        under("contribution_margin", gap)
    here = {y: one.where(one.region == 0) for y, one in CLAIMS.ledgers.items()}
    with pytest.raises(Refusal, match="none of a comparison"):
        under("contribution_margin", replace(CLAIMS, ledgers=here))
