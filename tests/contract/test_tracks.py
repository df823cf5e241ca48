"""The US tracks come from one table, each with the terms of the law."""

import pytest

from sim.contract.tracks import terms_of, with_track
from sim.overrides import groups
from sim.quantity import Refusal
from sim.scenario import compose
from tests.contract.contracts import TERMS

ONE_SIDED = {"mssp_track1": 0.5, "mssp_basic_a": 0.4, "mssp_basic_b": 0.4}
LOSSES = {
    "mssp_track2": ((0.4, 0.6), (0.05, 0.075, 0.1), None),
    "mssp_track3": ((0.4, 0.75), (0.15,), None),
    "mssp_track1_plus": (0.3, (0.04,), 0.08),
    "mssp_basic_c": (0.3, (0.01,), 0.02),
    "mssp_basic_d": (0.3, (0.02,), 0.04),
    "mssp_basic_e": (0.3, (0.04,), 0.08),
    "mssp_enhanced": ((0.4, 0.75), (0.15,), None),
}


def agreed(name):
    return terms_of(compose([f"contract={name}"]).values["contract"])


def test_every_contract_of_conf_is_a_contract():
    names = groups()["contract"]
    assert {*ONE_SIDED, *LOSSES} <= {name for name in names if name.startswith("mssp_")}
    assert {"contribution_margin", "growth_rate", "matched_pairs", "two_sided", "ipep"} <= {*names}
    for name in names:
        assert agreed(name).settlement_lag > 0


@pytest.mark.parametrize(("name", "rate"), ONE_SIDED.items())
def test_tracks_without_losses_share_savings_up_to_a_tenth_of_the_benchmark(name, rate):
    terms = agreed(name)
    assert (terms.track, terms.sharing_rate, terms.cap) == (name, rate, 0.1)
    assert not terms.two_sided
    assert terms.minimum_savings_rate is None
    assert terms.quality == "factor"


@pytest.mark.parametrize(("name", "losses"), LOSSES.items())
def test_tracks_with_losses_share_and_limit_them_as_the_law_says(name, losses):
    terms = agreed(name)
    share, limits, of_revenue = losses
    assert (terms.loss_share_bounds if isinstance(share, tuple) else terms.loss_share) == share
    assert terms.loss_limit == limits
    assert terms.loss_limit_of_revenue == of_revenue


def test_what_conf_says_goes_before_the_table():
    given = {**TERMS, "track": "mssp_track2", "sharing_rate": 0.55}
    assert terms_of(given).sharing_rate == 0.55
    assert terms_of(given).cap == 0.15


def test_a_contract_without_a_track_is_as_it_stands():
    assert with_track(TERMS) == TERMS


def test_an_unknown_track_is_refused_with_its_neighbours():
    with pytest.raises(Refusal, match="Did you mean mssp_track3"):
        terms_of({**TERMS, "track": "mssp_track33"})
