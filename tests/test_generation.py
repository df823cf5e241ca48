"""Generations: each holds the one before, adds up, and every component changes an outcome."""

import functools
import itertools
import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from sim.generation import GenerationTerms, supported_effort
from sim.model import Region
from sim.quantity import is_quantity
from sim.scenario import CONF, compose, groups
from sim.setting import Setting, setting
from tests.worlds import changed, live_until, regions, world

GENERATIONS = groups()["generation"]
LAST = "v4_0"
PAIRS = list(itertools.pairwise(GENERATIONS))
YEAR = 24
EARLY = {
    "network.joining": 4.0,
    "network.membership": 2.0,
    "network.effort_peer_response": 0.6,
    "region.data.consent": 1.0,
}


def given(*overrides: str) -> dict[str, Any]:
    """A generation as conf has it, quantities as numbers."""
    found: dict[str, Any] = compose(overrides).values["generation"]  # noqa: PD011
    return found


def terms(name: str) -> GenerationTerms:
    return GenerationTerms(**given(f"generation={name}"))


@functools.cache
def lively() -> Any:
    """Model 4.0 where every component is at work at once, has time, and acts at its range's end."""
    scenario = world(
        f"generation={LAST}",
        "programmes=[agil,reminders,case_management,schools,sport_on_prescription]",
    )
    components = scenario.config["generation"]["components"]
    changes: dict[str, Any] = dict(EARLY)
    for name, one in components.items():
        key = f"generation.components.{name}"
        changes |= {f"{key}.start_month": 1, f"{key}.per_post": 1e5}
        for kind in ("hazard_ratio_of", "cost_ratio_of"):
            for rate in one.get(kind) or {}:
                changes[f"{key}.{kind}.{rate}"] = 0.3
        if "contact" in one:
            changes[f"{key}.contact.hazard"] = 1.0
        for outer in ("adherence_ratio", "utility_ratio"):
            if outer in one:
                changes[f"{key}.{outer}"] = one[outer]["range"][1]
    for name in scenario.config["programmes"]:
        changes |= {f"programmes.{name}.start_month": 1, f"programmes.{name}.capacity": 1e5}
    changes["programmes.case_management.eligibility.min_prior_cost"] = 500.0
    return changed(scenario, changes)


@functools.cache
def region() -> Region:
    return regions({"intervention": setting(lively())})["intervention"]


@functools.cache
def outcomes(without: str | None = None) -> pd.DataFrame:
    """What becomes of people, physicians and programmes with all components but one."""
    ready: Setting = setting(lively())
    kept = {name: one for name, one in ready.components.items() if name != without}
    begun = region()
    place = Region(
        replace(ready, components=kept),
        "intervention",
        1,
        begun.life.branch(),
        begun.comparison,
        begun.baseline,
    )
    live_until(place, YEAR)
    lines = place.yearbook.lines
    sums = [
        pd.DataFrame(lines[table]).groupby("year").sum(numeric_only=True).add_prefix(f"{table}.")
        for table in ("population", "programmes", "physicians")
    ]
    return pd.concat(sums, axis=1)


@pytest.mark.parametrize(("earlier", "later"), PAIRS)
def test_a_generation_holds_all_components_of_the_one_before(earlier: str, later: str) -> None:
    one, other = terms(earlier), terms(later)
    assert one.components.items() <= other.components.items()
    assert len(other.components) > len(one.components)
    assert (one.overhead, one.combined_effect) == (other.overhead, other.combined_effect)
    assert one.owners != other.owners


def test_what_is_new_in_a_generation_is_what_its_name_promises() -> None:
    new = {
        name: set(terms(name).components) - set(terms(before).components) for before, name in PAIRS
    }
    assert new["v2_0"] == {"health_kiosk"}
    assert new["v3_0"] >= {"health_guides", "platform_and_app", "video_consultation", "workplaces"}
    assert new["v4_0"] == {"volunteer_coaches", "extended_nurses", "hospital_partners"}


def test_model_1_costs_what_was_assumed_for_the_whole_company() -> None:
    model = terms("v1_0")
    components = sum(one.yearly_cost for one in model.components.values())
    assert sum(model.overhead.values()) + components == 1_280_000
    efforts = [one.effort for one in model.components.values()]
    own = compose().quantities["network.effort_start"].value
    assert supported_effort(own, efforts) == 0.5


def test_effort_is_never_more_than_all() -> None:
    assert supported_effort(0.9, [0.2, 0.3]) == 1.0


@pytest.mark.parametrize("name", GENERATIONS)
def test_owners_own_the_whole(name: str) -> None:
    assert math.fsum(owner.share for owner in terms(name).owners) == pytest.approx(1)


def test_owners_of_half_a_company_are_refused() -> None:
    with pytest.raises(ValueError, match=r"generation.owners: the shares \[0.5\]"):
        GenerationTerms(**given() | {"owners": [{"name": "nobody", "share": 0.5}]})


@pytest.mark.parametrize("name", terms(LAST).components)
def test_every_component_has_staff_cost_capacity_and_evidence_of_its_own(name: str) -> None:
    config = compose([f"generation={LAST}"]).config["generation"]["components"][name]
    for key in ("posts", "post_cost", "other_cost", "per_post"):
        assert is_quantity(config[key]), key
    assert len(config["evidence"]) > 40
    one = terms(LAST).components[name]
    assert one.yearly_cost > 0
    assert one.capacity > 0
    acts = one.effort or one.contact or one.comparison_reports or one.adherence_ratio
    assert acts or one.hazard_ratio_of or one.cost_ratio_of


@pytest.mark.parametrize("name", terms(LAST).components)
def test_every_component_changes_an_outcome_of_people_or_practices(name: str) -> None:
    with_it, without = outcomes(), outcomes(name)
    assert (with_it != without).any(axis=None), name


def test_files_of_generations_say_only_what_they_add() -> None:
    for name in GENERATIONS[1:]:
        text = (CONF / "generation" / f"{name}.yaml").read_text("utf-8")
        assert "overhead" not in text
        assert "bonus_share" not in text


def test_what_components_cost_is_paid_to_their_staff() -> None:
    place = region()
    kept = Region(
        place.setting, "intervention", 1, place.life.branch(), place.comparison, place.baseline
    )
    live_until(kept, 12)
    lines = pd.DataFrame(kept.yearbook.lines["components"])
    kept.month = 12
    overhead = sum(kept.setting.companies[0].overhead.values()) * kept.price
    paid = kept.book.monthly("staff", 1, 12, {"overhead"}).sum()
    assert paid == pytest.approx(lines["cost"].sum() + overhead, rel=1e-6)
