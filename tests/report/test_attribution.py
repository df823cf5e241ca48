"""What each programme saves: parts that add up, in either way of counting, payer by payer."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.report.attribution import (
    BESIDE_CONTRACT,
    CONTRACT,
    INTERACTION,
    NETWORK,
    OTHERS,
    TOTAL,
    alone,
    attribution,
    left_out,
    means,
)
from sim.results import Results

COST = {  # of the contract's hospital and drugs, EUR a year: arm -> cost
    "counterfactual": 1000.0,
    NETWORK: 990.0,
    alone("one"): 960.0,  # saves 30 alone
    alone("other"): 980.0,  # saves 10 alone
    left_out("one"): 980.0,
    left_out("other"): 960.0,
    "intervention": 955.0,  # 35 together: 5 less than both alone
}
YEARS = (2006, 2007)


@pytest.fixture
def results() -> Results:
    people: list[dict[str, Any]] = []
    paid: list[dict[str, Any]] = []
    for arm, cost in COST.items():
        for seed in (1, 2):
            for year in YEARS:
                keys = {"arm": arm, "seed": seed, "year": year}
                own = cost * seed
                person = {"insurer": "aok", "resident": True, "cost_hospital": own}
                others = {"cost_drugs": 0.0, "cost_physician": own / 10, "cost_other": 0.0}
                people.append({**keys, **person, **others})
                paid.append({**keys, "payer": "insurers", "cost": own * 1.1})
                paid.append({**keys, "payer": "patient", "cost": own / 20})
    return Results(
        experiment="none",
        seeds=(1, 2),
        first_year=2006,
        last_year=2007,
        sectors=("hospital", "drugs"),
        insurers=("aok",),
        tables={"population": pd.DataFrame(people), "payers": pd.DataFrame(paid)},
        config={"region": {"inhabitants": 300, "insured": 100}},
        manifest={},
    )


@pytest.fixture
def found(results: Results) -> pd.DataFrame:
    return attribution(results, ["one", "other"])


def of(found: pd.DataFrame, payer: str, seed: int = 1) -> pd.DataFrame:
    return found[(found["payer"] == payer) & (found["seed"] == seed)].set_index("part")


def test_a_programme_alone_and_when_left_out_and_what_only_both_do(found: pd.DataFrame) -> None:
    ours = of(found, CONTRACT)
    assert ours["alone"].to_dict() == {
        NETWORK: 20.0,
        "one": 60.0,
        "other": 20.0,
        INTERACTION: -10.0,
        TOTAL: 90.0,
    }
    assert ours["left_out"].to_dict() == {
        NETWORK: 20.0,
        "one": 50.0,
        "other": 10.0,
        INTERACTION: 10.0,
        TOTAL: 90.0,
    }


@pytest.mark.parametrize("way", ["alone", "left_out"])
def test_parts_add_up_to_the_total_for_every_payer_and_seed(found: pd.DataFrame, way: str) -> None:
    for _, lines in found.groupby(["payer", "seed"]):
        line = lines.set_index("part")[way]
        assert line.drop(TOTAL).sum() == pytest.approx(line[TOTAL])


def test_every_payer_has_its_part_and_only_the_contract_s_sectors_enter_it(
    found: pd.DataFrame,
) -> None:
    assert set(found["payer"]) == {CONTRACT, BESIDE_CONTRACT, "patient", OTHERS}
    contract = of(found, CONTRACT)["alone"]
    assert of(found, BESIDE_CONTRACT)["alone"].to_list() == pytest.approx(contract / 10)
    assert of(found, "patient")["alone"].to_list() == pytest.approx(contract / 20)


def test_insurers_who_did_not_sign_gain_by_the_practices_a_head(found: pd.DataFrame) -> None:
    others = of(found, OTHERS)["alone"]
    assert others[TOTAL] == others[NETWORK] == pytest.approx(20 * 1.1 * 2)
    assert (others.drop([TOTAL, NETWORK]) == 0).all()


def test_means_stand_beside_their_standard_errors(found: pd.DataFrame) -> None:
    line = means(found).set_index(["payer", "part"]).loc[(CONTRACT, "one")]
    assert line["alone"] == 90
    assert line["alone_se"] == pytest.approx(np.std([60, 120], ddof=1) / np.sqrt(2))
