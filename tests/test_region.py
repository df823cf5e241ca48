"""A region as conf describes it: wholes are whole, phases follow each other, data arrive."""

from typing import Any

import pytest
from pydantic import ValidationError

from sim.region import BESIDE, SECTORS, DataTerms, Payer, Phase, Phases, RegionTerms
from sim.scenario import compose, groups

REGIONS = groups()["region"]


def phases(*months: int) -> Phases:
    names = ("potential_analysis", "concept", "implementation")
    return Phases(
        **{
            name: Phase(months=length, cost=12.0 * bool(length), funder=name)
            for name, length in zip(names, months, strict=True)
        }
    )


def kinzigtal(**changes: Any) -> RegionTerms:
    return RegionTerms(**compose().values["region"] | changes)


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as error:
        kinzigtal(**changes)
    return str(error.value)


def test_phases_follow_each_other_and_the_last_ends_before_the_first_month() -> None:
    found = [getattr(phases(2, 1, 3).at(month), "funder", None) for month in range(-7, 2)]
    assert found == [
        None,
        None,
        "potential_analysis",
        "potential_analysis",
        "concept",
        "implementation",
        "implementation",
        "implementation",
        None,
    ]
    assert phases(2, 1, 3).months == 6


def test_a_phase_of_no_months_is_passed_over() -> None:
    assert phases(2, 0, 1).at(-1) == phases(2, 0, 1).potential_analysis
    assert phases(0, 0, 0).at(0) is None
    assert phases(0, 0, 0).implementation.monthly_cost() == 0


def test_a_phase_that_costs_takes_time() -> None:
    with pytest.raises(ValidationError, match="could never be spent"):
        Phase(months=0, cost=1.0, funder="state")


def test_data_can_be_read_from_the_month_of_linkage_and_its_lag_on() -> None:
    data = DataTerms(linked_month=7, lag=6)
    assert [month for month in range(1, 20) if data.readable(month)] == list(range(13, 20))


def test_payers_beside_pay_their_part_of_each_euro() -> None:
    region = kinzigtal(
        payers={
            "care": Payer(label="Care", pays={"long_term_care": 0.75}),
            "patient": Payer(label="Patients", pays={"patient": 1.0, "long_term_care": 0.25}),
            "complementary": Payer(label="Complementary", pays={"hospital": 0.1, "drugs": 0.5}),
        }
    )
    costs = dict(zip((*SECTORS, *BESIDE), (100.0, 50.0, 40.0, 30.0, 20.0, 10.0), strict=True))
    assert region.paid_by(costs) == {"care": 15.0, "patient": 15.0, "complementary": 30.0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"insured": 80_000}, "more than the 71000 inhabitants"),
        ({"deprivation": (0.2, 0.2, 0.2, 0.2, 0.1)}, "region.deprivation: the shares"),
        ({"payers": {}}, "region.payers.*.pays.long_term_care: the shares [] add up to 0"),
        ({"insurers": {}}, "at least 1"),
    ],
)
def test_what_is_not_whole_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refused(**changes)


@pytest.mark.parametrize(
    ("pays", "words"),
    [({"dentists": 1.0}, "no account of care"), ({"drugs": 1.5}, "not between 0 and 1")],
)
def test_a_payer_pays_for_accounts_that_there_are(pays: dict[str, float], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Payer(label="Somebody", pays=pays)


@pytest.mark.parametrize("name", REGIONS)
def test_every_region_says_what_a_planner_has_to_know(name: str) -> None:
    scenario = compose([f"region={name}"])
    region = RegionTerms(**scenario.values["region"])
    assert scenario.choices["region"] == name
    assert scenario.values["population"]["size"] == region.insured
    assert scenario.values["population"]["comparison_table"] == region.comparison_table
    assert len(region.legal_frame) > 30
    assert region.currency in ("EUR", "GBP")
    assert region.caveat or region.published
    whole = scenario.config["region"]["phases"]["implementation"]
    assert whole["funder"] == "integrator"
    assert "range" in whole["cost"]


def test_the_regions_of_the_family_are_there_by_name() -> None:
    assert set(REGIONS) >= {
        "kinzigtal",
        "billstedt_horn",
        "werra_meissner",
        "schwalm_eder",
        "heringen",
        "saverne",
        "strasbourg_quarter",
        "nijkerk",
        "england",
        "belgium",
        "my_region",
    }


def test_the_contracting_fund_of_werra_meissner_insures_about_eight_percent() -> None:
    region = compose(["region=werra_meissner"]).values["region"]
    assert region["insured"] / region["inhabitants"] == pytest.approx(0.08, abs=0.005)


def test_the_template_explains_every_line() -> None:
    from sim.scenario import CONF

    lines = (CONF / "region" / "my_region.yaml").read_text("utf-8").splitlines()
    fields = [line for line in lines if line[:1].isalpha() and not line.startswith("defaults")]
    unexplained = [line for line in fields if "#" not in line and "source:" not in line]
    assert [line.split(":")[0] for line in unexplained] == ["legal_frame"]
