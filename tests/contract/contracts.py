"""Terms and accounts for tests: what hypothesis draws, and what a case does not say."""

import itertools
from fractions import Fraction

from hypothesis import strategies as st

from sim.contract.account import Account
from sim.contract.ledger import SECTORS
from sim.contract.settlement import settle
from sim.contract.terms import Terms

TERMS = {
    "rule": "contribution_margin",
    "sectors": SECTORS,
    "sharing_rate": 0.5,
    "minimum_savings_rate": 0.0,
    "settlement_lag": 18,
}
ACCOUNT = {
    "year": 2006,
    "contract_year": 1,
    "insured_years": 1000.0,
    "benchmark": 1000.0,
    "cost": 1000.0,
}


def settled(terms=(), account=(), carried=None):
    """Settle what these terms and this account differ from the usual ones."""
    return settle(
        Terms(**{**TERMS, **dict(terms)}), Account(**{**ACCOUNT, **dict(account)}), carried
    )


def fractions(low=0.0, high=1.0):
    return st.floats(low, high).map(lambda x: round(x, 4))


def maybe(strategy):
    return st.none() | strategy


@st.composite
def terms_drawn(draw, *, two_sided=None):
    """Terms of every kind that can stand together, as a dict."""
    terms = {
        "rule": "contribution_margin",
        "sectors": SECTORS,
        "completion_factor": draw(st.sampled_from([1.0, 1.013])),
        "regime_year": draw(maybe(st.integers(2004, 2010))),
        "regime_factor": draw(st.sampled_from([0.97, 1.0, 1.02])),
        "minimum_savings_rate": draw(maybe(fractions(0, 0.1))),
        "minimum_loss_rate": draw(maybe(fractions(0, 0.1))),
        "sharing_from": draw(st.sampled_from(["first_euro", "above_minimum"])),
        "quality_gate": draw(fractions()),
        "quality": draw(st.sampled_from(["none", "factor"])),
        "levy": draw(fractions(0, 0.5)),
        "levy_from": draw(st.sampled_from([{}, {2005: 0.02, 2008: 0.0}])),
        "cap": draw(maybe(fractions(0, 0.3))),
        "investment_fee": draw(fractions(0, 1e6)),
        "investment_fee_years": draw(st.integers(0, 3)),
        "management_fee": draw(fractions(0, 100)),
        "kpi_fees": draw(st.dictionaries(st.sampled_from("abc"), fractions(0, 1e5))),
        "advance": draw(st.sampled_from([0.0, 12.5])),
        "clawback": draw(fractions()),
        "settlement_lag": draw(st.integers(0, 36)),
        "termination_year": draw(maybe(st.integers(2005, 2012))),
        "rebasing_years": draw(maybe(st.integers(1, 3))),
        "prior_savings_share": draw(fractions()),
        "prior_savings_limit": draw(maybe(fractions(0, 0.05))),
    }
    if draw(st.booleans()):
        terms["sharing_rate"] = draw(fractions())
    else:
        ends = [0.0, *sorted(draw(st.sets(fractions(0.001, 0.3), max_size=3))), None]
        terms["bands"] = [
            {"above": low, "up_to": high, "sharing_rate": draw(fractions())}
            for low, high in itertools.pairwise(ends)
        ]
    if draw(st.booleans()):
        terms["averaged_years"] = draw(st.integers(1, 3))
    else:
        terms["deficit_carried"] = draw(fractions())
    if two_sided if two_sided is not None else draw(st.booleans()):
        if draw(st.booleans()):
            terms["loss_share"] = draw(fractions())
        else:
            terms["loss_share_bounds"] = tuple(sorted([draw(fractions()), draw(fractions())]))
        terms["loss_limit"] = draw(maybe(st.lists(fractions(0, 0.2), min_size=1, max_size=3)))
        terms["loss_limit_of_revenue"] = draw(maybe(fractions(0, 0.1)))
    return terms


@st.composite
def account_drawn(draw, year=2006, contract_year=1):
    """An account of a year, as a dict: cost near the benchmark, so that something happens."""
    benchmark = draw(st.sampled_from([0.0, 1.0, 999.99]) | st.floats(0, 1e9))
    return {
        "year": year,
        "contract_year": contract_year,
        "insured_years": draw(st.sampled_from([0.0, 500.0, 4999.5]) | st.floats(0, 1e5)),
        "benchmark": benchmark,
        "cost": benchmark * draw(st.floats(0.6, 1.4)),
        "quality_score": draw(fractions()),
        "kpis": draw(st.dictionaries(st.sampled_from("abc"), fractions())),
        "disaster_adjustment": draw(st.sampled_from([0.0, 100.0, -1e6])),
        "revenue": draw(maybe(st.floats(0, 1e8))),
        "components": draw(
            st.just({}) | st.fixed_dictionaries({"level": st.floats(-1e6, 1e6),
                                                 "change": st.floats(-1e6, 1e6)})
        ),
    }  # fmt: skip


def accounts_drawn(years=3):
    """Consecutive contract years."""
    return st.tuples(*(account_drawn(2005 + i, 1 + i) for i in range(years)))


def exactly(value):
    """A figure of a settlement as a fraction, to compare without error."""
    return None if value is None else Fraction(repr(float(value)))
