"""Channels: who is invited where, by whom, how strongly; and what nobody staffs reaches nobody."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.model import Region
from sim.setting import setting
from tests.worlds import changed, everywhere, live_until, regions, world

KIOSK = "generation.components.health_kiosk"
SOON: dict[str, Any] = {
    "network.joining": 0.0001,  # hardly anybody
    f"{KIOSK}.start_month": 1,
    f"{KIOSK}.per_post": 1e5,
    f"{KIOSK}.contact.hazard": 3.0,
}


def region(
    changes: dict[str, Any] | None = None,
    programmes: tuple[str, ...] = ("agil",),
    generation: str = "v2_0",
) -> Region:
    scenario = world(f"generation={generation}", f"programmes=[{','.join(programmes)}]")
    early = everywhere(scenario, "start_month", 1) | everywhere(scenario, "invitation", 3.0)
    arms = {"intervention": setting(changed(scenario, SOON | early | (changes or {})))}
    return regions(arms)["intervention"]


def started(place: Region, month: int = 24) -> int:
    live_until(place, month)
    return int(pd.DataFrame(place.yearbook.lines["programmes"])["started"].sum())


def test_where_no_practice_joins_the_kiosk_still_sends_people_on() -> None:
    assert started(region()) > 30
    assert started(region({"programmes.agil.channels": ["physician"]})) == 0
    assert started(region({f"{KIOSK}.contact.referral": 0.0})) == 0


def test_who_is_reached_need_not_be_a_member_and_pays_a_part_herself() -> None:
    place = region({f"{KIOSK}.contact.enrols": 0.0, "programmes.agil.co_payment": 5.0})
    assert started(place) > 30
    attending = place.programmes[0].places.attending
    assert attending.size
    assert not place.people.member[attending].any()
    assert place.book.total(payer="participants", payee="providers") > 0


def test_who_becomes_a_member_at_the_kiosk_pays_nothing() -> None:
    place = region({f"{KIOSK}.contact.enrols": 1.0, "programmes.agil.co_payment": 5.0})
    assert started(place) > 30
    assert place.people.member[place.programmes[0].places.attending].all()
    assert place.book.total(payer="participants") == 0


def test_through_two_channels_one_is_invited_the_more_often() -> None:
    few = {"network.joining": 4.0, "network.membership": 4.0, "programmes.agil.invitation": 0.1}
    both = region(few)
    one = region({**few, "programmes.agil.channels": ["physician"]})
    assert started(both) > 1.3 * started(one)


def test_a_programme_sends_those_who_attend_on_to_another() -> None:
    own = {
        "programmes.case_management.eligibility.min_prior_cost": 0.0,
        "programmes.case_management.start_month": 1,
        "programmes.case_management.invitation": 20.0,
        "programmes.case_management.capacity": 1e5,
        "programmes.medication_review.start_month": 1,
        "programmes.medication_review.invitation": 2.0,
        "programmes.medication_review.channels": ["letter"],
        "generation.components.risk_letters.start_month": 10_000,
    }
    found = []
    for strength in (0.0, 1.0):
        place = region(
            {**own, "programmes.case_management.invites_to.medication_review": strength},
            ("case_management", "medication_review"),
        )
        live_until(place, 24)
        lines = pd.DataFrame(place.yearbook.lines["programmes"]).groupby("programme")["started"]
        assert lines.sum()["case_management"] > 20
        found.append(int(lines.sum()["medication_review"]))
    assert found[0] == 0
    assert found[1] > 5


def test_letters_wait_for_linked_data_and_go_to_those_who_consent() -> None:
    letters = {
        "programmes.reminders.start_month": 1,
        "programmes.reminders.channels": ["letter"],
        "generation.components.risk_letters.contact.hazard": 12.0,
        "generation.components.risk_letters.contact.eligibility.min_prior_cost": 500.0,
    }

    def reached(**data: Any) -> "pd.Series[int]":
        changes = letters | {f"region.data.{key}": value for key, value in data.items()}
        place = live_until(region(changes, ("reminders",)), 36)
        lines = pd.DataFrame(place.yearbook.lines["components"])
        return lines[lines["component"] == "risk_letters"].set_index("year")["reached"]

    linked = reached(consent=1.0)
    assert linked[2006] == 0  # the first year's claims are read in the second
    assert linked[2007] > 100
    assert reached(consent=1.0, linked_month=30)[2007] == 0
    assert reached(consent=0.3)[2007] < 0.6 * linked[2007]


def test_goals_agreed_make_members_keep_to_what_they_have_begun() -> None:
    key = "generation.components.goal_agreements.adherence_ratio"
    place = live_until(region({key: 1.2}), 1)
    assert place.programmes[0].adherence == pytest.approx(1.2 * 0.7)
    place = live_until(region({key: 2.0}), 1)
    assert place.programmes[0].adherence == 1.0


def test_a_component_that_starts_later_acts_from_then_on() -> None:
    hospital = "generation.components.hospital_partners"
    changes = {f"{hospital}.start_month": 7, f"{hospital}.hazard_ratio_of.other_admission": 0.4}
    place = region(changes, generation="v4_0")
    rate = place.life.factors.rates["other_admission"]
    live_until(place, 6)
    assert (place.life.factors.by_physician[1:, rate] == 1).all()
    live_until(place, 7)
    assert place.life.factors.by_physician[1:, rate] == pytest.approx(0.4)


def test_documentation_of_a_programme_is_of_those_who_attend() -> None:
    changes = {
        "network.joining": 4.0,
        "network.membership": 4.0,
        "programmes.reminders.start_month": 1,
        "programmes.reminders.invitation": 20.0,
        "programmes.reminders.capacity": 1e5,
        "programmes.reminders.documentation_gain": 0.5,
    }
    place = live_until(region(changes, ("reminders",)), 12)
    gain = place.outreach.documented(np.zeros(place.people.n))
    attending = place.programmes[0].places.attending
    assert attending.size > 100
    assert (gain[attending] > 0).all()
    assert (gain[place.programmes[0].acting == 0] == 0).all()
