"""A practice: it joins when its reluctance is used up, and its effort follows pay and peers."""

import math

import mesa
import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from sim.agents.physician import NetworkTerms, Physician, panels
from sim.people.factors import Factors
from sim.people.population import Population

TERMS = NetworkTerms(
    physicians=10,
    existing=0.0,
    panel_sd_log=0.35,
    joining=0.24,
    peer_effect=1.0,
    pay_effect=0.0001,
    pay_per_member=24.0,
    membership=0.2,
    volunteer_selection=0.5,
    effort_start=0.4,
    effort_adjustment=0.5,
    effort_pay_response=0.00002,
    effort_peer_response=0.25,
    avoidable_admission_ratio=0.64,
    drug_cost_ratio=0.81,
    documentation_gain=0.0,
)

START = TERMS.effort_start


def line_of(physician: Physician, factors: Factors, **on: float) -> NDArray[np.float32]:
    """What a practice multiplies where components act on its patients, or on everybody."""
    effects = [np.full(factors.width, np.log(on.get(k, 1.0))) for k in ("network", "everybody")]
    return physician.line(factors, *effects)


def practice(model: mesa.Model, number: int = 1, **changes: float) -> Physician:
    return Physician(model, number, TERMS.model_copy(update=changes), seed=1)


def joined(model: mesa.Model, **changes: float) -> Physician:
    physician = practice(model, **changes)
    physician.reluctance = 0.0
    assert physician.consider(0.0, 0.0, START)
    return physician


def months_until_joined(physician: Physician, share: float, pay: float) -> int:
    return next(month for month in range(1, 10_000) if physician.consider(share, pay, START))


@pytest.mark.parametrize(
    ("share", "pay", "yearly"), [(0, 0, 0.24), (0.5, 0, 0.36), (0, 5_000, 0.36), (1, 10_000, 0.96)]
)
def test_a_practice_joins_when_its_reluctance_is_used_up(
    model: mesa.Model, share: float, pay: float, yearly: float
) -> None:
    for number in range(1, 9):
        physician = practice(model, number)
        expected = math.ceil(physician.reluctance / (yearly / 12))
        assert abs(months_until_joined(physician, share, pay) - expected) <= 1
        assert physician.effort == TERMS.effort_start


def test_nobody_joins_where_there_is_no_network(model: mesa.Model) -> None:
    physician = practice(model, joining=0.0)
    physician.reluctance = 0.0
    assert not any(physician.consider(1.0, 1e6, START) for _ in range(600))
    assert not physician.joined


def test_who_has_joined_does_not_join_again(model: mesa.Model) -> None:
    physician = joined(model)
    physician.effort = 0.9
    assert not physician.consider(1.0, 0.0, START)
    assert physician.effort == 0.9


def test_reluctance_is_luck_of_the_seed_and_the_practice(model: mesa.Model) -> None:
    same = [Physician(model, 3, TERMS, seed=5).reluctance for _ in range(2)]
    assert same[0] == same[1]
    assert Physician(model, 4, TERMS, seed=5).reluctance != same[0]
    assert Physician(model, 3, TERMS, seed=6).reluctance != same[0]


def test_effort_goes_half_the_way_to_what_pays_and_what_peers_do(model: mesa.Model) -> None:
    physician = joined(model)
    physician.pay, physician.bonus = 6_000.0, 4_000.0
    physician.adjust(START, 0.8)
    aim = 0.4 + 0.00002 * 10_000  # 0.6; peers draw it a quarter of the way to 0.8
    aim += 0.25 * (0.8 - aim)
    assert physician.effort == pytest.approx(0.4 + 0.5 * (aim - 0.4))
    assert physician.last_pay == 10_000
    assert physician.pay == physician.bonus == 0


def test_without_feedback_neither_peers_nor_pay_nor_luck_decide_when_practices_join(
    model: mesa.Model,
) -> None:
    terms = TERMS.model_copy(update={"feedback": False})

    def joining(seed: int, share: float, pay: float) -> list[int]:
        practices = [Physician(model, number, terms, seed) for number in range(1, 11)]
        return [months_until_joined(physician, share, pay) for physician in practices]

    alone = joining(seed=1, share=0.0, pay=0.0)
    assert joining(seed=2, share=0.9, pay=1e6) == alone
    assert alone == sorted(alone)
    for month in (12, 36, 120):  # as many as the bare hazard lets expect, to half a practice
        expected = 10 * (1 - math.exp(-0.24 * month / 12))
        assert abs(sum(joined <= month for joined in alone) - expected) <= 0.5


def test_without_feedback_effort_stays_and_pay_is_counted_all_the_same(model: mesa.Model) -> None:
    physician = Physician(model, 1, TERMS.model_copy(update={"feedback": False}), seed=1)
    physician.reluctance = 0.0
    assert physician.consider(0.0, 0.0, START)
    physician.pay, physician.bonus = 6_000.0, 4_000.0
    physician.adjust(START, 0.9)
    assert physician.effort == TERMS.effort_start
    assert (physician.last_pay, physician.pay, physician.bonus) == (10_000, 0, 0)


def test_effort_stays_between_none_and_all(model: mesa.Model) -> None:
    rich = joined(model, effort_adjustment=1.0)
    rich.pay = 1e9
    rich.adjust(START, 1.0)
    assert rich.effort == 1.0
    lazy = joined(model, effort_adjustment=1.0, effort_peer_response=0.0)
    lazy.adjust(0.0, 0.0)
    assert lazy.effort == 0.0


def test_a_practice_outside_makes_no_effort_and_is_owed_nothing(model: mesa.Model) -> None:
    physician = practice(model)
    physician.adjust(START, 1.0)
    physician.count(members=100, price=1.0)
    assert (physician.effort, physician.due, physician.pay) == (0, 0, 0)


def test_the_network_owes_a_twelfth_a_member_at_this_years_prices(model: mesa.Model) -> None:
    physician = joined(model)
    for _ in range(3):
        physician.count(members=50, price=1.1)
    assert physician.due == pytest.approx(50 * 24 / 12 * 1.1)
    assert physician.pay == pytest.approx(3 * physician.due)


def test_effort_lowers_avoidable_admissions_and_drug_cost_and_nothing_else(
    model: mesa.Model, factors: Factors
) -> None:
    physician = joined(model)
    physician.effort = 0.5
    line = line_of(physician, factors)
    assert line[factors.rates["avoidable_admission"]] == pytest.approx(0.8)
    assert line[factors.rates["drugs"]] == pytest.approx(0.9)
    assert (line != 1).sum() == 2
    assert (line_of(practice(model), factors) == 1).all()


def test_everybody_has_one_practice_and_panels_differ_as_much_as_said() -> None:
    sizes = {}
    for sd in (0.0, 0.6):
        people = Population.empty(20_000, 2, seed=3)
        panels(people, TERMS.model_copy(update={"panel_sd_log": sd}))
        sizes[sd] = np.bincount(people.physician, minlength=11)
        assert sizes[sd][0] == 0
        assert sizes[sd].sum() == 20_000
    assert_allclose(sizes[0.0][1:], 2_000, rtol=0.1)
    assert sizes[0.6][1:].std() > 5 * sizes[0.0][1:].std()


@pytest.mark.parametrize("feedback", [True, False])
def test_of_a_network_that_exists_its_share_of_practices_joins_at_once(
    model: mesa.Model, feedback: bool
) -> None:
    terms = TERMS.model_copy(update={"physicians": 400, "existing": 0.3, "feedback": feedback})
    practices = [Physician(model, number, terms, seed=1) for number in range(1, 401)]
    joined = sum(practice.consider(0.0, 0.0, START) for practice in practices)
    assert joined == pytest.approx(0.3 * 400 + 0.02 * 280, abs=2 if not feedback else 30)


def test_without_comparison_reports_effort_does_not_answer_to_peers(model: mesa.Model) -> None:
    blind, seeing = (joined(model) for _ in range(2))
    blind.adjust(START, None)
    seeing.adjust(START, 1.0)
    assert blind.effort == TERMS.effort_start < seeing.effort


def test_components_act_on_patients_by_effort_and_on_everybody_in_full(
    model: mesa.Model, factors: Factors
) -> None:
    physician, outside = joined(model), practice(model)
    place = factors.rates["death"]
    assert line_of(physician, factors, network=0.5)[place] == pytest.approx(0.5**START)
    assert line_of(outside, factors, network=0.5)[place] == 1
    for somebody in (physician, outside):
        assert line_of(somebody, factors, everybody=0.9)[place] == pytest.approx(0.9)


def test_a_practice_begins_with_the_effort_that_is_supported_and_moves_towards_it(
    model: mesa.Model,
) -> None:
    physician = practice(model)
    physician.reluctance = 0.0
    assert physician.consider(0.0, 0.0, 0.7)
    assert physician.effort == 0.7
    physician.adjust(0.9, None)
    assert physician.effort == pytest.approx(0.7 + TERMS.effort_adjustment * 0.2)
