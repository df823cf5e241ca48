"""Terms that cannot be, or cannot stand together, are refused with the clause and the remedy."""

import pytest
from pydantic import ValidationError

from sim.contract.terms import Terms
from tests.contract.contracts import TERMS

BAND = {"above": 0.0, "up_to": 0.05, "sharing_rate": 0.5}
REST = {"above": 0.05, "up_to": None, "sharing_rate": 0.3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sharing_rate": 1.2},
        {"minimum_savings_rate": -0.01},
        {"minimum_savings_rate": 1.0},
        {"investment_fee": -1},
        {"settlement_lag": -1},
        {"settlement_lag": float("nan")},
        {"rule": "guess"},
        {"sectors": ["dental"]},
        {"sectors": []},
        {"sharing": 0.5},
        {"cap": -0.1},
        {"loss_limit": [], "loss_share": 0.3},
        {"loss_limit": [-0.1], "loss_share": 0.3},
        {"averaged_years": 0},
        {"completion_factor": 0.9},
        {"kpi_fees": {"vaccinated": -1}},
        {"levy_from": {2012: 1.0}},
        {"clawback": 1.1},
        {"sharing_from": "the_last_euro"},
        {"regime_factor": 0.0},
        {"truncation": 1.0},
    ],
)
def test_terms_out_of_range_or_unknown_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Terms(**TERMS | wrong)


@pytest.mark.parametrize("missing", ["rule", "sectors", "sharing_rate", "settlement_lag"])
def test_a_missing_term_is_refused(missing):
    with pytest.raises(ValidationError, match=missing):
        Terms(**{name: value for name, value in TERMS.items() if name != missing})


@pytest.mark.parametrize(
    ("together", "said"),
    [
        ({"bands": [BAND, REST]}, "7.3.*Give one of the two"),
        ({"loss_share": 0.3, "loss_share_bounds": [0.4, 0.6]}, "8.2.*Give one of the two"),
        ({"loss_share_bounds": [0.6, 0.4]}, "8.2.*lower and an upper"),
        ({"loss_limit": 0.05}, "8.4.*loss_share"),
        ({"averaged_years": 3, "deficit_carried": 1.0}, "6.6.*averaged_years"),
        ({"run_out": 24}, "3.2.*settlement_lag"),
    ],
)
def test_terms_that_contradict_each_other_are_refused_with_clause_and_remedy(together, said):
    with pytest.raises(ValidationError, match=f"clause {said}"):
        Terms(**TERMS | together)


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ([BAND, {**REST, "above": 0.06}], "a gap or an overlap"),
        ([BAND, {**REST, "above": 0.04}], "a gap or an overlap"),
        ([{**BAND, "above": 0.01}, REST], "a gap or an overlap"),
        ([BAND], "a gap above"),
        ([REST, BAND], "a gap or an overlap"),
        ([{**BAND, "up_to": 0.0}], "not above its beginning"),
    ],
)
def test_bands_that_leave_a_gap_or_overlap_are_refused(bands, said):
    terms = {name: value for name, value in TERMS.items() if name != "sharing_rate"}
    with pytest.raises(ValidationError, match=f"clause 7.5.*{said}"):
        Terms(**terms, bands=bands)


def test_one_loss_limit_is_that_of_all_years():
    terms = Terms(**TERMS | {"loss_share": 0.3, "loss_limit": 0.05})
    assert terms.loss_limit == (0.05,)


def test_terms_cannot_be_changed_once_agreed():
    terms = Terms(**TERMS)
    with pytest.raises(ValidationError, match="frozen"):
        terms.sharing_rate = 0.7
