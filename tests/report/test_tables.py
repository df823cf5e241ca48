"""Promises of the summary: its names, its definitions, its named states."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.quantity import Refusal
from sim.report import tables
from sim.report.published import OUTCOMES, answers, figures
from sim.results import Results, to_json, with_table

Build = Callable[..., Results]
NAMES = [
    "experiment",
    "seeds",
    "first_year",
    "last_year",
    "insured",
    "members_by_year",
    "true_savings",
    "contribution_margin",
    "measured_savings",
    "shared_savings",
    "insurer_net_measured",
    "insurer_net_true",
    "payers_net_true",
    "break_even",
    "cash_break_even",
    "payback",
    "peak_funding",
    "irr",
    "deaths_averted",
    "life_years_gained",
    "qalys_gained",
    "admissions_averted",
    "avoidable_admissions_averted",
    "variance_reduction",
]
BY_YEAR = {"insured", "members_by_year"}
PLAIN = {"experiment", "seeds", "first_year", "last_year", "variance_reduction"}


def test_the_summary_has_exactly_the_agreed_names(a_run: Build) -> None:
    assert list(tables.summary(a_run(seeds=2, years=4))) == NAMES


def test_everything_else_is_a_distribution(a_run: Build) -> None:
    summary = tables.summary(a_run(seeds=3, years=4))
    keys = {"mean", "sd", "p10", "p50", "p90", "n", "none"}
    for name in set(NAMES) - PLAIN - BY_YEAR:
        assert set(summary[name]) == keys, name
    for name in BY_YEAR:
        assert list(summary[name]) == ["2006", "2007", "2008", "2009"]
        assert all(set(of) == keys for of in summary[name].values())


@pytest.mark.parametrize("seeds", [1, 12])
@pytest.mark.parametrize("idle", [False, True])
def test_no_summary_holds_nan(a_run: Build, seeds: int, idle: bool) -> None:
    text = to_json(tables.summary(a_run(seeds=seeds, years=4, idle=idle))).decode()
    assert "NaN" not in text
    assert json.loads(text)["seeds"] == list(range(1, seeds + 1))


def test_one_seed_has_no_spread(a_run: Build) -> None:
    of = tables.summary(a_run(seeds=1, years=4))["true_savings"]
    assert of["p50"] == of["mean"]
    assert of["sd"] is of["p10"] is of["p90"] is None


def test_true_savings_are_counterfactual_less_intervention(a_run: Build) -> None:
    results = a_run(seeds=1, years=2)
    people = results.tables["population"]
    cost = people[["cost_hospital", "cost_physician", "cost_drugs", "cost_other"]].sum(axis=1)
    by_arm = cost.groupby(people["arm"]).sum()
    expected = by_arm["counterfactual"] - by_arm["intervention"]
    assert tables.summary(results)["true_savings"]["p50"] == pytest.approx(expected)


def test_who_lives_elsewhere_or_with_another_insurer_does_not_count(a_run: Build) -> None:
    results = a_run(seeds=2, years=3)
    people = results.tables["population"]
    before = tables.summary(results)
    strangers = [people.assign(resident=False), people.assign(insurer="other")]
    more = with_table(results, "population", pd.concat([people, *strangers]))
    assert tables.summary(more) == before


def test_years_of_preparation_and_baseline_do_not_count(a_run: Build) -> None:
    results = a_run(seeds=2, years=3)
    before = tables.summary(results)
    for name in ("population", "settlements", "insurers"):
        rows = results.tables[name]
        early = rows[rows["year"] == 2006].assign(year=2005)
        results = with_table(results, name, pd.concat([rows, early]))
    assert tables.summary(results) == before


def test_swapping_the_arms_flips_the_sign(a_run: Build) -> None:
    results = a_run(seeds=3, years=3)
    people = results.tables["population"]
    other = {"intervention": "counterfactual", "counterfactual": "intervention"}
    swapped = with_table(results, "population", people.assign(arm=people["arm"].map(other)))
    columns = tables.costs(results)
    np.testing.assert_array_equal(
        tables.averted(swapped, columns), -tables.averted(results, columns)
    )


def test_settlements_carry_true_savings_beside_every_year(a_run: Build) -> None:
    results = a_run(seeds=2, years=3)
    rows = results.tables["settlements"]
    grid = tables.averted(results, tables.costs(results))
    assert rows["true_savings"].tolist() == pytest.approx(grid.ravel().tolist())


def test_shared_savings_are_earned_in_december_and_paid_with_the_lag(a_run: Build) -> None:
    results = a_run(seeds=1, years=4)
    month = tables.months(results).tolist()
    shared = tables.settled(results, "shared_savings")[0, 1]
    result = tables.operating_result(results)[0]
    cash = tables.cash_flow(results, financed=False)[0]
    assert shared > 0
    assert result[month.index(24)] - result[month.index(23)] == pytest.approx(shared)
    assert cash[month.index(42)] - cash[month.index(41)] > 0.7 * shared
    assert result.sum() == pytest.approx(cash.sum())


def test_funding_is_cash_and_not_result(a_run: Build) -> None:
    results = a_run(seeds=1, years=3)
    own = tables.cash_flow(results, financed=False).sum()
    held = tables.cash_flow(results, financed=True).sum()
    assert held - own == pytest.approx(4e6 - 36 * 12_000)


def test_the_three_net_figures_subtract_the_same_payments(a_run: Build) -> None:
    results = a_run(seeds=1, years=4)
    summary, paid = tables.summary(results), tables.paid_by_insurers(results)[0]
    book = results.tables["cashbook"]
    assert paid == pytest.approx(book[book["payer"].str.startswith("insurer")]["amount"].sum())
    measured = summary["measured_savings"]["p50"] - paid
    assert summary["insurer_net_measured"]["p50"] == pytest.approx(measured)
    avoided = tables.averted(results, tables.ALL_COSTS).sum()
    assert summary["payers_net_true"]["p50"] == pytest.approx(avoided - paid)


def test_a_reversal_takes_back_what_was_paid(a_run: Build) -> None:
    results = a_run(seeds=1, years=3)
    book = results.tables["cashbook"]
    back = book.assign(payer=book["payee"], payee=book["payer"])
    undone = with_table(results, "cashbook", pd.concat([book, back]))
    assert tables.paid_by_insurers(undone).tolist() == [0.0]
    assert not tables.cash_flow(undone, financed=True).any()


def test_never_is_counted_and_not_dropped(a_run: Build) -> None:
    of = tables.summary(a_run(seeds=4, years=4, effect=-0.1))["break_even"]
    assert (of["n"], of["none"], of["mean"], of["p50"]) == (4, 4, None, None)


def test_variance_reduction_needs_ten_seeds_and_arms_that_differ(a_run: Build) -> None:
    assert tables.variance_reduction(a_run(seeds=9, years=2), ["cost_hospital"]) is None
    assert tables.variance_reduction(a_run(seeds=10, years=2, idle=True), ["deaths"]) is None
    reduction = tables.variance_reduction(a_run(seeds=10, years=2), ["cost_hospital"])
    assert reduction is not None
    assert reduction > 10


def test_variance_reduction_is_of_yearly_figures_summed_over_the_years(a_run: Build) -> None:
    """A death that one arm has a year later cancels over the years, and counts all the same."""
    results = a_run(seeds=10, years=2)
    luck = np.random.default_rng(7)
    without = luck.integers(80, 120, (10, 2))
    delayed = luck.integers(0, 5, 10)
    moved = np.array([-1, 1]) * delayed[:, None]
    deaths = {"counterfactual": without, "intervention": without + moved}
    people = results.tables["population"].copy()
    keys = people[["arm", "seed", "year", "insurer"]].itertuples(index=False)
    people["deaths"] = [
        float(deaths[arm][seed - 1, year - 2006]) * (insurer == "aok")
        for arm, seed, year, insurer in keys
    ]
    found = tables.variance_reduction(with_table(results, "population", people), ["deaths"])
    crossed = sum(deaths[arm][:, year].var(ddof=1) for arm in deaths for year in (0, 1))
    assert found == pytest.approx(crossed / (2 * delayed.var(ddof=1)))


def test_the_summary_says_how_sure_the_mean_is_only_of_seeds_that_were_added(a_run: Build) -> None:
    given = a_run(seeds=12, years=3)
    asked = {"seeds": "auto", "precision": {"target": 0.2, "max_seeds": 12, "batch": 6}}
    added = replace(given, config={**given.config, **asked})
    assert "precision" not in tables.summary(given)
    summary = tables.summary(added)
    found = summary["precision"]
    assert found["mean"] == pytest.approx(summary["true_savings"]["mean"])
    half = 2.200985 * summary["true_savings"]["sd"] / 12**0.5  # Student, 11 degrees of freedom
    assert found["high"] - found["mean"] == pytest.approx(half, rel=1e-6)
    assert (found["seeds"], found["max_seeds"], found["target"]) == (12, 12, 0.2)


def test_without_a_contract_there_are_no_measured_savings(a_run: Build) -> None:
    results = a_run(seeds=2, years=2)
    summary = tables.summary(
        with_table(results, "settlements", results.tables["settlements"].head(0))
    )
    assert summary["measured_savings"]["none"] == 2
    assert summary["true_savings"]["none"] == 0


def test_published_figures_stand_beside_margin_and_measured_savings(a_run: Build) -> None:
    first = answers(a_run(seeds=5))[0]
    assert set(first.simulated) == {"contribution_margin", "measured_savings"}
    assert 0 < (first.simulated["contribution_margin"]["p50"] or 0) < 500  # EUR a head


def test_published_figures_of_later_years_say_so(a_run: Build) -> None:
    for answer in answers(a_run(seeds=2, years=4)):
        assert not answer.within
        assert "outside the horizon" in answer.verdict()


def test_a_disagreement_is_said_in_words(a_run: Build) -> None:
    said = [answer.verdict() for answer in answers(a_run(seeds=5, effect=0.0))]
    assert any("above the range simulated for measured savings" in sentence for sentence in said)


def test_members_are_those_of_the_last_year(a_run: Build) -> None:
    results = a_run(seeds=3)
    (members,) = [one for one in answers(results) if one.figure.name == "members_2016"]
    at_end = tables.lived(results, "intervention", ["members"])[:, 2016 - 2006]
    assert members.simulated["members_by_year"]["p50"] == pytest.approx(np.median(at_end))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"compare_with": ["measured_saving"]}, "Did you mean measured_savings"),
        ({"years": [2017, 2007]}, "first not after last"),
        ({"sauce": "x"}, "sauce is not known"),
    ],
)
def test_a_bad_published_figure_is_refused(change: dict[str, object], said: str) -> None:
    good = {
        "name": "x", "label": "X", "years": [2007, 2017], "value": 1.0, "unit": "EUR",
        "compare_with": ["measured_savings"], "source": "y",
    }  # fmt: skip
    assert figures({"published": [good]})
    with pytest.raises(Refusal, match=said):
        figures({"published": [{**good, **change}]})


def test_every_outcome_can_be_computed(a_run: Build) -> None:
    results = a_run(seeds=2, years=3)
    for outcome in OUTCOMES.values():
        assert outcome.by_year(results).shape == (2, 3)


def test_results_are_not_changed_by_reading_them(a_run: Build) -> None:
    results = a_run(seeds=2, years=3)
    before = {name: table.copy() for name, table in results.tables.items()}
    tables.summary(replace(results))
    for name, table in before.items():
        pd.testing.assert_frame_equal(results.tables[name], table)


def test_a_run_smaller_than_its_region_says_that_totals_differ_by_that(a_run: Build) -> None:
    results = a_run(seeds=2)
    region = {**results.config["region"], "insured": 310_000}
    for answer in answers(replace(results, config={"region": region})):
        total = answer.within and answer.figure.per == "total"
        assert ("31,151 insured, the region 310,000" in answer.verdict()) == total
