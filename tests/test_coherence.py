"""Promises of coherence: a scenario whose parts do not fit is answered in sentences."""

from copy import deepcopy
from typing import Any

import pytest

from sim.coherence import complaints
from sim.quantity import written

SOUND: dict[str, Any] = {
    "seeds": 10,
    "out": None,
    "compute": {"processes": None},
    "horizon": {"years": 12},
    "population": {"size": 100, "comparison": None, "first_year": 2000, "last_year": 2040},
    "region": {
        "start_year": 2006,
        "baseline_years": 2,
        "insurers": {"aok": {"share": 0.94}, "lkk": {"share": 0.06}},
        "deprivation": [0.2, 0.2, 0.2, 0.2, 0.2],
    },
    "diseases": {
        "diabetes": {"kind": "condition", "hazard_ratio_of": {"death": 1.4, "stroke": 2}},
        "stroke": {"kind": "condition"},
        "recurrent_stroke": {"kind": "event", "requires": "stroke", "brings": ["stroke"]},
    },
    "programmes": {
        "coach": {
            "eligibility": {"any_of": ["diabetes"], "none_of": []},
            "hazard_ratio_of": {"avoidable_admission": 0.9},
            "cost_ratio_of": {"drugs": 1.02},
        }
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the sound scenario with the value at a dotted path changed."""
    scenario = deepcopy(SOUND)
    node = scenario
    *parents, last = path.split(".")
    for part in parents:
        node = node[part]
    node[last] = value
    return scenario


def test_a_scenario_whose_parts_fit_is_not_complained_about() -> None:
    assert list(complaints(SOUND)) == []


def test_seeds_may_be_as_many_as_precision_asks_for() -> None:
    assert list(complaints(changed("seeds", "auto"))) == []


@pytest.mark.parametrize("target", [0, -0.1, True, "narrow", None, float("inf"), float("nan")])
def test_a_target_that_no_interval_could_meet_is_refused(target: Any) -> None:
    (complaint,) = complaints(
        {**SOUND, "precision": {"target": target, "max_seeds": 9, "batch": 3}}
    )
    assert complaint.startswith(f"precision.target is {written(target)}.")
    assert "0.05" in complaint


@pytest.mark.parametrize("key", ["max_seeds", "batch"])
@pytest.mark.parametrize("number", [1, 0, -3, 2.5, True, None, "many", 10**9])
def test_fewer_than_two_seeds_have_no_interval(key: str, number: Any) -> None:
    precision = {"target": 0.05, "max_seeds": 9, "batch": 3, key: number}
    (complaint,) = complaints({**SOUND, "precision": precision})
    assert complaint.startswith(f"precision.{key} is {written(number)}.")
    assert "2 to 1000000" in complaint


@pytest.mark.parametrize("seeds", [0, -1, True, 1.5, "ten", None, [], [1, 1], [-1], [1, True]])
def test_seeds_are_a_number_or_a_list_of_different_ones(seeds: Any) -> None:
    (complaint,) = complaints(changed("seeds", seeds))
    assert complaint.startswith(f"seeds is {written(seeds)}.")
    assert "seeds=20" in complaint
    assert "seeds=[1,2,3]" in complaint


@pytest.mark.parametrize("seeds", [1, 20, [0], [3, 1, 2]])
def test_how_many_seeds_or_which_is_accepted(seeds: Any) -> None:
    assert list(complaints(changed("seeds", seeds))) == []


@pytest.mark.parametrize("years", [0, 41, 2.5, "many", None])
def test_a_horizon_is_one_to_forty_years(years: Any) -> None:
    (complaint,) = complaints(changed("horizon.years", years))
    assert f"horizon.years is {written(years)}." in complaint
    assert "1 to 40" in complaint


def test_a_start_before_the_tables_begin_names_the_first_possible_start() -> None:
    (complaint,) = complaints(changed("region.start_year", 2001))
    for words in ("region.start_year is 2001", "1999", "back only to 2000", "Start in 2002"):
        assert words in complaint


def test_a_start_whose_baseline_begins_with_the_tables_is_accepted() -> None:
    assert list(complaints(changed("region.start_year", 2002))) == []


def test_a_horizon_beyond_the_tables_names_the_longest_possible_one() -> None:
    (complaint,) = complaints(changed("horizon.years", 36))
    for words in ("horizon.years is 36", "2041", "only to 2040", "up to 35 years"):
        assert words in complaint


def test_tables_that_end_before_they_begin_are_refused() -> None:
    (complaint,) = complaints(changed("population.last_year", 1990))
    assert "population.first_year is 2000, after population.last_year, 1990" in complaint


@pytest.mark.parametrize("size", [0, -5, None, 2.5])
def test_zero_persons_are_refused(size: Any) -> None:
    (complaint,) = complaints(changed("population.size", size))
    assert f"population.size is {written(size)}:" in complaint
    assert "1 or more" in complaint


def of_a_file(**population: Any) -> dict[str, Any]:
    """Return the sound scenario with a cohort file for its population."""
    scenario = changed("results", {"persons": False, "smallest_cell": 5})
    filled = {"source": "file", "path": "c.csv", "checksum": "ab", "size": 100}
    scenario["population"] |= filled | population
    return scenario


def test_a_cohort_file_is_named_and_has_enough_persons_to_be_shown() -> None:
    assert list(complaints(of_a_file())) == []
    assert list(complaints(of_a_file(size=5))) == []
    (few,) = complaints(of_a_file(size=4))
    assert "has 4 persons, fewer than results.smallest_cell (5)" in few
    for path in (None, "", 5):
        (nameless,) = complaints(of_a_file(path=path, size=None))
        assert f"population.path is {written(path)}" in nameless


@pytest.mark.parametrize("key", ["path", "checksum"])
def test_a_cohort_file_that_would_not_be_read_is_complained_about(key: str) -> None:
    (complaint,) = complaints(changed(f"population.{key}", "cohort.csv"))
    assert complaint.startswith(f"population.{key} is 'cohort.csv'")
    assert "Add population=file" in complaint


@pytest.mark.parametrize("smallest", [0, -1, "few", 2.5, True])
def test_the_smallest_cell_is_a_number_of_persons(smallest: Any) -> None:
    (complaint,) = complaints(changed("results", {"smallest_cell": smallest}))
    assert complaint.startswith(f"results.smallest_cell is {written(smallest)}")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("population.comparison", 0),
        ("compute.processes", 0),
        ("compute.processes", "all"),
        ("out", ""),
        ("region.start_year", "soon"),
        ("region.baseline_years", 0),
        ("region.phases", {"concept": {"months": 121}}),
        ("region.phases", {"concept": {"months": -1}}),
        ("region.start_year", 2041),
        ("population.price_year", 1999),
        ("population.table_year", 2041),
        ("population.comparison_ratio", 0.001),
        ("population.comparison_ratio", float("inf")),
        ("seeds", 2**63),
        ("seeds", [2**63]),
        ("funding", {"instruments": [{"first_month": 145}]}),
        ("funding", {"instruments": [{"first_month": -120}]}),
        ("region.deprivation", [0.5, 0.6]),
        ("region.insurers", {"aok": {"share": 0.4}}),
        ("region.insurers", {"aok": {"share": None}}),
    ],
)
def test_what_cannot_be_is_named_with_what_is_allowed(path: str, value: Any) -> None:
    (complaint,) = complaints(changed(path, value))
    assert path.split(".")[-1] in complaint
    assert "Allowed" in complaint or "Start in" in complaint


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("diseases.diabetes.hazard_ratio_of", {"strok": 2}, "strok"),
        ("diseases.diabetes.hazard_ratio_by_age", {"cancer": "flat"}, "cancer"),
        ("diseases.stroke.recent_hazard_ratio_of", {"cancer": 2}, "cancer"),
        ("diseases.recurrent_stroke.requires", "infarction", "infarction"),
        ("diseases.recurrent_stroke.brings", ["recurrent_stroke"], "recurrent_stroke"),
        ("diseases.stroke.cost_ratio_of", {"hospital": 2}, "hospital"),
        ("programmes.coach.hazard_ratio_of", {"smoking": 0.9}, "smoking"),
        ("programmes.coach.remission_ratio_of", {"death": 1.1}, "death"),
        ("programmes.coach.cost_ratio_of", {"drug": 1.1}, "drug"),
        ("programmes.coach.eligibility", {"none_of": ["dementia"]}, "dementia"),
    ],
)
def test_a_name_that_nobody_selected_is_refused_with_its_file(
    path: str, value: Any, word: str
) -> None:
    (complaint,) = complaints(changed(path, value))
    group, name, key = path.split(".")
    assert f"{key}" in complaint
    assert f"conf/{group}/{name}.yaml" in complaint
    assert f": {word} is not a " in complaint
    assert "leave out what names it" in complaint


def test_a_name_used_in_many_places_is_complained_about_once() -> None:
    scenario = deepcopy(SOUND)
    for number in range(5):
        scenario["programmes"][f"coach_{number}"] = {"hazard_ratio_of": {"cancer": 1}}
    (complaint,) = complaints(scenario)
    assert "and 2 more: cancer" in complaint


# What a programme acts on, who staffs its channels, what a region cannot have.

KIOSK = {"components": {"health_kiosk": {"staffs": ["kiosk"], "posts": 4.0}}}


def with_channels(channels: list[str], generation: Any = None) -> list[str]:
    scenario = changed("programmes.coach.channels", channels)
    return list(complaints({**scenario, "generation": generation or {}}))


def test_a_programme_that_acts_on_nothing_is_refused() -> None:
    idle = {"eligibility": {}, "channels": ["physician"], "hazard_ratio_of": {}}
    (complaint,) = complaints(changed("programmes.coach", idle))
    for words in ("programmes.coach in conf/programmes/coach.yaml", "nothing", "invites_to"):
        assert words in complaint


@pytest.mark.parametrize(
    "acting",
    [
        {"hazard_ratio_of": {"death": 0.9}},
        {"cost_ratio_of": {"drugs": 1.0}},
        {"utility_ratio": 1.01},
        {"documentation_gain": 0.0},
        {"invites_to": {"coach": 0.5}},
    ],
)
def test_one_kind_of_effect_is_enough(acting: dict[str, Any]) -> None:
    assert list(complaints(changed("programmes.coach", {"eligibility": {}} | acting))) == []


def test_a_condition_that_cannot_end_has_no_remission_to_raise() -> None:
    (complaint,) = complaints(changed("programmes.coach.remission_ratio_of", {"diabetes": 1.2}))
    assert "diabetes is not a selected condition or risk factor that can end" in complaint
    assert "add diabetes to" not in complaint


def test_a_channel_that_nobody_staffs_is_refused_with_those_that_are() -> None:
    (complaint,) = with_channels(["kiosk"])
    for words in (
        "programmes.coach.channels in conf/programmes/coach.yaml is ['kiosk']",
        "nobody staffs",
        "staff physician",
        "generation=v3_0",
    ):
        assert words in complaint


def test_a_channel_is_staffed_by_the_network_or_by_a_component_with_posts() -> None:
    assert with_channels(["physician"]) == []
    assert with_channels(["physician", "school"]) == []
    assert with_channels(["kiosk"], KIOSK) == []
    nobody = {"components": {"health_kiosk": {"staffs": ["kiosk"], "posts": 0.0}}}
    assert len(with_channels(["kiosk"], nobody)) == 1


def test_a_channel_that_is_none_is_refused_where_it_is_named() -> None:
    (complaint,) = with_channels(["kiosks", "physician"])
    assert (
        "programmes.coach.channels in conf/programmes/coach.yaml: kiosks is no channel" in complaint
    )
    assert "Did you mean kiosk?" in complaint
    (complaint,) = with_channels(
        ["physician"], {"components": {"stand": {"staffs": ["market"], "posts": 1.0}}}
    )
    assert complaint.startswith("generation.components.stand.staffs in conf/generation: market")


def test_a_component_that_the_region_excludes_is_refused() -> None:
    scenario = changed("region.excludes", ["health_kiosk"])
    (complaint,) = complaints({**scenario, "generation": KIOSK})
    for words in ("generation.components.health_kiosk", "region.excludes", "generation=v1_0"):
        assert words in complaint
    assert list(complaints({**scenario, "generation": {"components": {}}})) == []


def test_a_component_names_what_there_is() -> None:
    nurse = {"components": {"nurse": {"hazard_ratio_of": {"bad_luck": 0.9}}}}
    (complaint,) = complaints({**SOUND, "generation": nurse})
    assert complaint.startswith("generation.components.nurse.hazard_ratio_of: bad_luck is not")
