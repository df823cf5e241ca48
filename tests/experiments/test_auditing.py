"""What an audit consists of: lives, regions, what befalls them, what is measured and summed up."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.auditing import regions as audited
from experiments.auditing import summary
from experiments.auditing.comparison import Comparisons, dearer, reformed
from experiments.auditing.lives import Lives, live
from experiments.auditing.measuring import Desk
from experiments.auditing.notes import notes
from experiments.auditing.plan import Disturbance, Grid, Plan, read
from experiments.auditing.regions import Region, claims, regions, saving
from sim.contract.history import elsewhere
from sim.contract.ledger import SECTORS
from sim.contract.risk_adjustment import total_allocation
from sim.quantity import Refusal, quantities
from sim.scenario import CONF

IPEP = {"label": "x", "rule": "ipep", "contract": "ipep"}
PEOPLE, ELSEWHERE = 4000, 12000
GRID = Grid(seeds=1, ratio=3, combined=1, regions={2000: 2, 4000: 1})


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read()


@pytest.fixture(scope="module")
def lives(plan: Plan) -> Lives:
    return live(plan, PEOPLE, ELSEWHERE, 1, ["everybody", "members"])


@pytest.fixture(scope="module")
def region(lives: Lives) -> Region:
    return regions(lives, PEOPLE, 1, 11)[0]


@pytest.fixture(scope="module")
def desk(plan: Plan, lives: Lives) -> Desk:
    return Desk.of(plan, GRID, plan.audited(), lives)


def counted(lives: Lives, plan: Plan, region: Region, name: str = "none", **changes: Any) -> Any:
    """Claims of a region under a disturbance of conf, changed."""
    disturbance = plan.disturbances[name].model_copy(update=changes)
    return claims(lives, plan, region, disturbance, SECTORS)


# What is audited.


def test_every_number_of_the_audit_has_unit_range_and_source() -> None:
    raw = yaml.safe_load((CONF / "audit.yaml").read_text("utf-8"))
    assert len(quantities(raw)) > 20


def test_every_disturbance_of_the_question_is_there_and_says_what_it_does(plan: Plan) -> None:
    asked = {
        "volunteers", "documentation", "cheaper", "dearer", "drift_half", "drift_one",
        "small_comparison", "shock_up", "shock_down", "outliers", "switching", "refilled_beds",
        "reform",
    }  # fmt: skip
    assert asked <= set(plan.disturbances)
    told = " ".join(notes(plan, plan.grids["default"]))
    for name in asked:
        label = plan.disturbances[name].label
        assert f"{label[:1].upper()}{label[1:]}: " in told


def test_disturbances_are_combined_where_they_get_along(plan: Plan) -> None:
    both = plan.combined(2).disturbances
    two = both["documentation + reform"]
    assert two.documentation == plan.disturbances["documentation"].documentation
    assert two.reform == plan.disturbances["reform"].reform
    assert "cheaper + dearer" not in both
    assert plan.combined(1).disturbances == plan.disturbances


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"savings": {"none": {}, "two": {"onset": 0.9}}}, "audit.savings.two.onset"),
        ({"savings": {"two": {}}}, "audit.savings has no 'none'"),
        ({"rules": {"x": {**IPEP, "only": ["nonne"]}}}, "Did you mean none"),
        ({"contract_years": 0}, "audit.contract_years is 0"),
        ({"surprise": 1}, "audit.surprise is not known"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused_by_name(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    raw = yaml.safe_load((CONF / "audit.yaml").read_text("utf-8"))
    path = tmp_path / "audit.yaml"
    path.write_text(yaml.safe_dump({**raw, **change}))
    with pytest.raises(Refusal, match=said):
        read(path)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"rule": "matched_pair"}, "Did you mean matched_pairs"),
        ({"contract": "growth_rate"}, "settles growth_rate, not ipep"),
        ({"contract": "ipepp"}, "Did you mean ipep"),
    ],
)
def test_a_rule_and_its_contract_must_be_there_and_agree(
    plan: Plan, entry: dict[str, str], said: str
) -> None:
    changed = plan.rules["ipep"].model_copy(update=entry)
    with pytest.raises(Refusal, match=said):
        plan.model_copy(update={"rules": {"ipep": changed}}).audited()


# Who is lived, and what is saved.


def test_savings_change_what_care_costs_and_nobodys_life_or_diagnoses(
    lives: Lives, plan: Plan
) -> None:
    """The rows are those of the bare arm, so that every difference is one of cost."""
    for year in plan.contract:
        bare = lives.ledgers[year].cost
        for name in ("two", "five", "eight"):
            saved = 1 - lives.cost[name, "everybody"][year].sum() / bare.sum()
            assert 0 < saved < 0.15


def test_the_more_is_dialled_the_more_is_saved(lives: Lives, plan: Plan) -> None:
    year = plan.last_year
    costs = [lives.cost[name, "everybody"][year].sum() for name in plan.savings]
    assert costs == sorted(costs, reverse=True)


def test_savings_among_members_leave_everybody_else_alone(lives: Lives, plan: Plan) -> None:
    for year in plan.contract:
        others = ~lives.ledgers[year].member
        bare, saved = lives.ledgers[year].cost, lives.cost["eight", "members"][year]
        assert np.array_equal(bare[others], saved[others])
        assert saved[~others].sum() < bare[~others].sum()


def test_a_seed_is_a_seed(plan: Plan, lives: Lives) -> None:
    again = live(plan, PEOPLE, ELSEWHERE, 1, ["everybody"])
    year = plan.last_year
    assert np.array_equal(again.ledgers[year].cost, lives.ledgers[year].cost)
    assert np.array_equal(again.elsewhere[year].cost, lives.elsewhere[year].cost)
    for name in plan.savings:
        one, other = (of.cost[name, "everybody"][year] for of in (again, lives))
        assert np.array_equal(one, other)


def test_luck_of_cost_has_a_mean_of_nothing(lives: Lives) -> None:
    luck = np.concatenate(list(lives.luck.values()))
    error = luck.std() / np.sqrt(PEOPLE)  # the lasting part is the same every year
    assert abs(luck.mean()) < 4 * error


def test_regions_of_one_size_share_nobody_and_are_as_large_as_asked(
    lives: Lives, plan: Plan
) -> None:
    two = regions(lives, 2000, 2, 11)
    for year in (plan.first_year, plan.start_year, plan.last_year):
        one, other = (part.rows[year] for part in two)
        assert not set(one) & set(other)
        assert len(one) + len(other) == len(lives.ledgers[year])
    present = lives.ledgers[plan.start_year].where(two[0].rows[plan.start_year])
    assert present.insured_months.sum() / 12 == pytest.approx(2000, rel=0.08)
    assert two[0].place != two[1].place


# What befalls a region.


def test_undisturbed_a_region_is_as_it_was_lived(lives: Lives, plan: Plan, region: Region) -> None:
    found = counted(lives, plan, region)
    for year, rows in found.rows.items():
        assert rows.total_cost == pytest.approx(lives.ledgers[year].cost.sum(dtype=float))
        assert np.array_equal(rows.documented, lives.ledgers[year].documented)


def test_a_level_multiplies_all_cost_and_a_shock_that_from_its_year_on(
    lives: Lives, plan: Plan, region: Region
) -> None:
    calm, cheap = counted(lives, plan, region), counted(lives, plan, region, "cheaper")
    shocked = counted(lives, plan, region, "shock_up")
    for year in calm.rows:
        cost = calm.rows[year].total_cost
        assert cheap.rows[year].total_cost == pytest.approx(0.94 * cost)
        later = year >= plan.start_year + 1
        assert shocked.rows[year].total_cost == pytest.approx(cost * (1.03 if later else 1))


def test_drift_begins_at_nothing_and_takes_every_place_its_own_way(
    lives: Lives, plan: Plan
) -> None:
    steps = audited.level(lives, plan, plan.disturbances["drift_one"], 40)
    assert np.array_equal(steps[:, 0], np.ones(40))
    yearly = np.diff(np.log(steps), axis=1)
    assert yearly.std() == pytest.approx(0.01, rel=0.15)
    assert abs(np.corrcoef(yearly[1], yearly[2])[0, 1]) < 0.9
    assert np.array_equal(
        audited.level(lives, plan, plan.disturbances["none"], 3), np.ones((3, 16))
    )


def test_more_is_documented_from_the_second_contract_year_on_and_nothing_less(
    lives: Lives, plan: Plan, region: Region
) -> None:
    calm, more = counted(lives, plan, region), counted(lives, plan, region, "documentation")
    gained = []
    for year in calm.rows:
        before, after = calm.rows[year].documented, more.rows[year].documented
        assert np.array_equal(before & after, before)
        assert calm.rows[year].total_cost == more.rows[year].total_cost
        gained.append(np.bitwise_count(after).sum() / np.bitwise_count(before).sum() - 1)
        assert not after[calm.rows[year].newcomer].any()
    by_year = dict(zip(calm.rows, gained, strict=True))
    assert all(by_year[year] == 0 for year in range(plan.first_year, plan.start_year + 1))
    later = [by_year[year] for year in plan.contract[1:]]
    assert later == sorted(later)
    assert 0.02 < later[-1] < 0.08


def test_who_has_left_does_not_come_back_and_the_young_leave_alone(
    lives: Lives, plan: Plan, region: Region
) -> None:
    calm, fewer = counted(lives, plan, region), counted(lives, plan, region, "case_mix")
    gone: set[int] = set()
    for year in plan.contract:
        stays, all_rows = set(fewer.rows[year].person), calm.rows[year]
        assert stays <= set(all_rows.person)
        assert not stays & gone
        missing = ~np.isin(all_rows.person, fewer.rows[year].person)
        assert all_rows.age[missing].max() < 40 + plan.contract_years
        gone |= set(all_rows.person[missing])
    assert len(gone) > 50
    for year in range(plan.first_year, plan.start_year):
        assert len(fewer.rows[year]) == len(calm.rows[year])


def test_who_changes_insurer_is_healthier_than_who_stays(
    lives: Lives, plan: Plan, region: Region
) -> None:
    calm, fewer = counted(lives, plan, region), counted(lives, plan, region, "switching")
    year = plan.last_year
    left = ~np.isin(calm.rows[year].person, fewer.rows[year].person)
    assert 0.05 < left.mean() < 0.25
    frailty = lives.frailty[calm.rows[year].person]
    assert frailty[left].mean() < frailty[~left].mean()


def test_where_members_count_alone_the_years_before_count_everybody(
    lives: Lives, plan: Plan, region: Region
) -> None:
    found = counted(lives, plan, region, "volunteers_counted")
    for year, rows in found.rows.items():
        ledger = lives.ledgers[year]
        whole = ledger.member.sum() if year >= plan.start_year else len(ledger)
        assert len(rows) == whole


def test_a_few_cost_very_much_about_as_many_as_said(
    lives: Lives, plan: Plan, region: Region
) -> None:
    calm = counted(lives, plan, region)
    found = counted(lives, plan, region, "outliers", outlier_rate=0.01, outlier_cost=1000.0)
    years = [rows.insured_years for rows in calm.rows.values()]
    more = sum(found.rows[y].total_cost - calm.rows[y].total_cost for y in calm.rows)
    count = 0.01 * sum(years)
    assert more / 1000 == pytest.approx(count, rel=4 / np.sqrt(count) + 0.25)  # prices rise


def test_refilled_beds_bring_back_a_part_of_the_hospital_cost_avoided(
    lives: Lives, plan: Plan, region: Region
) -> None:
    year = plan.last_year
    costs = {}
    for refilled in (0.0, 0.4, 1.0):
        disturbance = Disturbance(label="beds", refilled=refilled)
        seen = claims(lives, plan, region, disturbance, SECTORS)
        costs[refilled] = saving(lives, seen, "five", disturbance, SECTORS, year).sum()
    hospital = SECTORS.index("hospital")
    bare, saved = lives.ledgers[year].cost, lives.cost["five", "everybody"][year]
    avoided = bare[:, hospital].sum(dtype=float) - saved[:, hospital].sum(dtype=float)
    assert costs[0.4] - costs[0.0] == pytest.approx(0.4 * avoided, rel=1e-4)
    assert costs[1.0] - costs[0.0] == pytest.approx(avoided, rel=1e-4)


# The comparison.


def test_a_national_shock_on_what_is_kept_is_one_on_the_claims(lives: Lives, plan: Plan) -> None:
    ledger = lives.elsewhere[plan.start_year]
    for truncation in (None, 0.99):
        kept = dearer(elsewhere(ledger, SECTORS, truncation, rows=True), 1.25)
        read_anew = elsewhere(
            replace(ledger, cost=ledger.cost * np.float32(1.25)), SECTORS, truncation, rows=True
        )
        assert kept.norm.weights == pytest.approx(read_anew.norm.weights, rel=1e-4, abs=1e-2)
        assert kept.norm.limit == pytest.approx(read_anew.norm.limit)
        assert kept.cost == pytest.approx(read_anew.cost, rel=1e-6)
        assert kept.allocation == pytest.approx(read_anew.allocation, rel=1e-6)
        assert kept.rows is not None
        assert read_anew.rows is not None
        assert kept.rows.cost == pytest.approx(read_anew.rows.cost, rel=1e-5)


def test_a_reform_changes_the_regions_allocation_alone(lives: Lives, plan: Plan) -> None:
    kept = elsewhere(lives.elsewhere[plan.start_year], SECTORS)
    after = reformed(kept, 0.98)
    ledger = lives.ledgers[plan.start_year]
    assert total_allocation(after.norm, ledger) == pytest.approx(
        0.98 * total_allocation(kept.norm, ledger)
    )
    assert np.array_equal(after.allocation, kept.allocation)


def test_a_comparison_is_as_large_as_asked_and_the_smaller_lies_within_the_larger(
    lives: Lives, plan: Plan
) -> None:
    found = Comparisons(lives, plan, SECTORS)
    calm, year = plan.disturbances["none"], plan.start_year
    small, large = (found.under(calm, size, None)[year].rows for size in (2000, 6000))
    assert small is not None
    assert large is not None
    assert small.insured_years == pytest.approx(2000, rel=0.1)
    assert large.insured_years == pytest.approx(6000, rel=0.1)
    assert set(small.person) <= set(large.person)


# What is measured.


def test_a_disturbance_that_changes_no_cost_leaves_every_measurement_alone(desk: Desk) -> None:
    """All insured count, whoever joins: where nothing is saved volunteers change nothing."""
    one, other = desk.measured("none"), desk.measured("volunteers")
    both = [part[part["savings"] == "none"] for part in (one, other)]
    main = [part[part["rule"] != "matched_pairs_on_cost"].reset_index(drop=True) for part in both]
    columns = ["measured", "true", "payment", "standard_error"]
    pd.testing.assert_frame_equal(main[0][columns], main[1][columns])


def test_benchmarks_do_not_move_with_what_is_saved(desk: Desk) -> None:
    """Of pairs, those who save and have nobody like them are left out: the dearest."""
    found = desk.measured("none")
    error = (found["measured"] - found["true"]).rename("error")
    keys = ["rule", "insured", "region", "contract_year"]
    spread = found.assign(error=error).groupby(keys)["error"].agg(np.ptp)
    for rule in ("contribution_margin", "growth_rate", "matched_pairs"):
        largest = float(spread[rule].max())
        assert largest == pytest.approx(0, abs=0.03 if rule == "matched_pairs" else 1e-6)


def test_a_reform_that_takes_two_hundredths_is_measured_as_a_loss(desk: Desk) -> None:
    calm, after = (
        part[(part["rule"] == "contribution_margin") & (part["savings"] == "none")].reset_index()
        for part in (desk.measured("none"), desk.measured("reform"))
    )
    moved = after["measured"] - calm["measured"]
    early = calm["contract_year"] < 3
    assert np.allclose(moved[early], 0)
    expected = -0.02 * (
        1 + calm["measured"]
    )  # of the benchmark, which is cost and measured savings
    assert np.allclose(moved[~early], expected[~early])


def test_the_error_a_rule_states_is_of_the_size_of_what_it_measures_by_chance(desk: Desk) -> None:
    found = desk.measured("none")
    ours = found[(found["rule"] == "contribution_margin") & (found["savings"] == "none")]
    assert ours["standard_error"].between(0.01, 0.3).all()
    assert (ours["measured"].abs() < 5 * ours["standard_error"]).all()


def test_a_rule_that_refuses_is_told_as_not_measured_and_the_others_go_on(
    plan: Plan, lives: Lives
) -> None:
    grid = GRID.model_copy(update={"ratio": 0.25, "regions": {2000: 1}})  # 500 elsewhere
    found = Desk.of(plan, grid, plan.audited(), lives).measured("none").groupby("rule")
    refused = found["measured"].apply(lambda rates: rates.isna().all())
    assert refused["contribution_margin"]
    assert refused["matched_pairs"]
    assert not refused["growth_rate"]


def test_contracts_that_count_unlike_sectors_are_refused(plan: Plan, lives: Lives) -> None:
    rules = plan.audited()
    fewer = rules[0].contract.model_copy(update={"sectors": ("hospital",)})
    with pytest.raises(Refusal, match="count different sectors"):
        Desk.of(plan, GRID, [replace(rules[0], contract=fewer), *rules[1:]], lives)


# What it comes to.


def lines(
    plan: Plan,
    error: Callable[[int, int, int], float],
    seeds: int = 4,
    regions_: int = 5,
    **more: Any,
) -> pd.DataFrame:
    """Return measurements of contribution margins with a known error by seed, region and year."""
    rows = []
    for seed in range(seeds):
        for number in range(regions_):
            for year in range(1, plan.contract_years + 1):
                rows.append(
                    {
                        "rule": "contribution_margin", "insured": 1000, "savings": "none",
                        "disturbance": "none", "seed": seed, "region": number,
                        "contract_year": year, "insured_years": 1000.0, "true": 0.0,
                        "measured": error(seed, number, year), "standard_error": 0.1,
                        "payment": 5.0 if error(seed, number, year) > 0 else 0.0,
                        "luck": 0.0, "luck_1_before": 0.0, "luck_2_before": 0.0,
                        "luck_3_before": 0.0, **more,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def test_a_line_is_what_can_be_computed_by_hand(plan: Plan) -> None:
    """Two regions of one seed, errors of 0.02 and -0.01 in every year."""
    found = lines(plan, lambda seed, number, year: (0.02, -0.01)[number], seeds=1, regions_=2)
    done = summary.summarised(plan, plan.audited(), found)
    line = done.audit.iloc[0]
    assert line["measured_mean"] == line["bias"] == pytest.approx(0.005)
    sd = 0.03 / np.sqrt(2)
    assert line["sd"] == pytest.approx(sd)
    assert line["false_payout"] == 0.5
    assert pd.isna(line["missed_payout"])
    assert line["payment_mean"] == 2.5
    z = 1.6448536 + 0.8416212
    assert line["detectable_one_year"] == pytest.approx(z * sd)
    assert line["detectable_cumulative"] == pytest.approx(z * sd)  # nothing averages out
    assert pd.isna(done.errors.iloc[0]["bias"])  # of a single seed
    rates = done.thresholds.set_index("averaged_years")["minimum_savings_rate"]
    assert rates[1] == pytest.approx(0.005 + 1.6448536 * sd)


def test_what_is_missed_is_told_where_something_is_saved(plan: Plan) -> None:
    found = lines(plan, lambda *_: -0.01, savings="two", true=0.02)
    both = pd.concat([found, lines(plan, lambda *_: 0.0)])
    line = summary.summarised(plan, plan.audited(), both).audit
    two = line[line["savings"] == "two"].iloc[0]
    assert two["bias"] == pytest.approx(-0.03)
    assert two["missed_payout"] == 1
    assert pd.isna(two["false_payout"])


def test_years_that_scatter_apart_average_out(plan: Plan) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.05, (50, 10, plan.contract_years + 1))
    found = lines(plan, lambda *place: float(noise[place]), seeds=50, regions_=10)
    line = summary.summarised(plan, plan.audited(), found).audit.iloc[0]
    assert line["sd"] == pytest.approx(0.05, rel=0.1)
    ratio = line["detectable_cumulative"] / line["detectable_one_year"]
    assert ratio == pytest.approx(1 / np.sqrt(plan.contract_years), rel=0.1)


def test_the_error_of_a_mean_is_that_of_seeds_since_regions_share_a_comparison(plan: Plan) -> None:
    found = lines(plan, lambda seed, number, year: 0.01 * (seed - 1.5))
    error = summary.summarised(plan, plan.audited(), found).errors.iloc[0]["bias"]
    assert error == pytest.approx(np.std([-0.015, -0.005, 0.005, 0.015], ddof=1) / 2)


def test_luck_of_known_mean_taken_out_leaves_the_bias_and_narrows_its_error(plan: Plan) -> None:
    rng = np.random.default_rng(2)
    luck = rng.normal(0, 0.2, (20, 5))
    rest = rng.normal(0, 0.01, (20, 5))
    found = lines(plan, lambda s, n, y: 0.004 - 0.3 * luck[s, n] + rest[s, n], seeds=20)
    found["luck"] = [luck[s, n] for s, n in zip(found["seed"], found["region"], strict=True)]
    done = summary.summarised(plan, plan.audited(), found)
    line = done.placebos.iloc[0]
    assert line["bias"] == pytest.approx(0.004, abs=3 * line["error"])
    assert line["error"] < 0.2 * done.errors.iloc[0]["bias"]  # what luck would have left


@pytest.mark.parametrize(
    ("bias", "error", "seeds", "said"),
    [
        (0.001, 0.001, 10, "holds"),
        (0.0025, 0.001, 10, "fails"),
        (0.004, 0.001, 10, "fails"),
        (0.004, 0.003, 10, "cannot be told"),
        (0.004, 0.001, 2, "cannot be told"),
        (0.001, np.nan, 1, "cannot be told"),
    ],
)
def test_a_claim_holds_within_its_error_and_the_bound_fails_beyond_or_cannot_be_told(
    plan: Plan, bias: float, error: float, seeds: int, said: str
) -> None:
    assert summary.verdict(plan, bias, error, seeds) == said


def test_the_minimum_rate_of_a_contract_is_its_own_or_goes_by_number_of_insured(plan: Plan) -> None:
    by_name = {rule.name: rule.contract for rule in plan.audited()}
    assert summary.own_minimum(by_name["contribution_margin"], 5000) == 0
    assert summary.own_minimum(by_name["blended_historical"], 5000) == pytest.approx(0.039)
