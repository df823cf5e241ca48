"""Promises of the validation: every target is read, hand-made people give known answers."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import validate
from experiments.validation import cost, course, disease, evidence, mortality, noise, populations
from experiments.validation.populations import Place
from experiments.validation.survey import Homes
from experiments.validation.target import Lived, Target, figure, read
from sim import tables
from sim.observation import Cases, Hazards, Observation, Panel

COLUMNS = ["target", "layer", "population", "unit", "published", "low", "high", "simulated",
           "standard_error", "passed", "source", "used_for_calibration"]  # fmt: skip
BITS = {"diabetes": 0, "stroke": 1, "dementia": 2}
ILL = np.uint32(1)


def target(**changes: Any) -> Target:
    one = Target("one", "prevalence", "true", "germany", "diabetes", "both", 0, 100, 2020, "1",
                 0.5, 0.4, 0.6, "somebody", "no", "")  # fmt: skip
    return replace(one, **changes)


def panel(**columns: Any) -> Panel:
    """Ten persons of 2020: five men of 40, five women of 80, who cost 100 to 1,000 EUR."""
    n = 10
    cost_by_sector = np.zeros((n, 4), np.float32)
    cost_by_sector[:, 0] = np.arange(1, n + 1) * 100
    made: dict[str, Any] = {
        "year": 2020,
        "last_month": 24,
        "row": np.arange(n),
        "sex": np.repeat(np.array([0, 1], np.uint8), 5),
        "age": np.repeat(np.array([40, 80], np.int16), 5),
        "months": np.full(n, 12, np.int8),
        "died": np.zeros(n, np.bool_),
        "here": np.ones(n, np.bool_),
        "state_before": np.zeros(n, np.uint32),
        "state": np.zeros(n, np.uint32),
        "documented": np.zeros(n, np.uint32),
        "cost": cost_by_sector,
        "cost_before": cost_by_sector.sum(axis=1),
        "norm": np.full(n, 550.0, np.float32),
        "expected": np.ones(n, np.bool_),
        "stays": np.zeros(n, np.uint8),
        "avoidable": np.zeros(n, np.uint8),
    }
    return Panel(**{**made, **columns})


@pytest.fixture(scope="module")
def germany() -> Place:
    return populations.place(populations.plan(), "germany", ["population.size=400"])


@pytest.fixture
def village(germany: Place) -> Lived:
    seen = Observation(2019, 1, BITS, np.ones((2, 101)), last_month=24)
    seen.panels[2020] = panel()
    seen.born = np.array([-12 * 40] * 5 + [-12 * 80] * 5, np.int16)
    seen.sex = np.repeat(np.array([0, 1], np.uint8), 5)
    seen.left = np.full(10, 32_000, np.int16)
    seen.died = np.zeros(10, np.bool_)
    homes = Homes(np.zeros((2, 101)), {})
    return Lived(seen, germany.setting, homes, np.full((2, 101), 0.02), 0.5)


def read_off(lived: Lived, one: Target) -> float:
    estimator = evidence.ESTIMATORS[one.quantity]
    return figure(estimator, [estimator.gather(lived, one)] * 2)[0]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("validation") / "out"
    small = ["population.size=2000", "compute.processes=1", f"out={folder}"]
    assert validate.main(small) == 0
    return folder


def test_every_target_is_a_line_with_the_published_figure_as_it_stands(written: Path) -> None:
    with (written / "validation.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0])[: len(COLUMNS)] == COLUMNS
    fixed = tables.table("validation_targets")
    assert [line["target"] for line in lines] == list(fixed["target"])
    for name in ("published", "low", "high"):
        assert [float(line[name]) for line in lines] == fixed[name].tolist()
    assert [line["used_for_calibration"] for line in lines] == list(fixed["used_for_calibration"])


def test_passed_means_within_the_interval_and_a_failure_has_a_reason(written: Path) -> None:
    frame = pd.read_csv(written / "validation.csv")
    inside = (frame["low"] <= frame["simulated"]) & (frame["simulated"] <= frame["high"])
    assert frame["passed"].tolist() == inside.tolist()
    assert frame.loc[~inside, "reason"].notna().all()
    assert frame.loc[inside, "reason"].isna().all()


def test_the_page_loads_nothing_and_shows_failures_in_red(written: Path) -> None:
    page = (written / "validation.html").read_text("utf-8")
    assert 'src="data:image' in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert '<tr class="failed">' in page
    assert page.count("<figure>") == 6


def test_the_same_command_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    other = tmp_path / "again"
    small = ["population.size=2000", "compute.processes=2", f"out={other}"]
    assert validate.main(small) == 0
    for name in ("validation.csv", "curves.csv"):
        assert (other / name).read_bytes() == (written / name).read_bytes()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("region=kinzigtal", "fixed populations"),
        ("population=france", "fixed populations"),
        ("population.sise=3", "size"),
        ("population.frailty_variance.value=90", "range"),
        ("diseases.strok.label=x", "stroke"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    typed: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate.main([typed, f"out={tmp_path / 'none'}"]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_folder_of_somebody_else_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    assert validate.main([f"out={tmp_path}", "population.size=2000"]) == 2
    assert "letters.txt" in capsys.readouterr().err


def test_every_target_finds_a_run_and_an_estimator() -> None:
    runs = populations.plan().runs
    for one in read():
        assert one.quantity in evidence.ESTIMATORS
        name = populations.run_of(runs, one.population, one.quantity, one.year)
        assert runs[name].population == one.population


def test_prevalence_counts_by_layer(village: Lived) -> None:
    state = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0], np.uint32)
    known = np.array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0], np.uint32)
    village.seen.panels[2020] = panel(state=state, documented=known)
    assert read_off(village, target()) == pytest.approx(0.3)
    assert read_off(village, target(layer="documented")) == pytest.approx(0.2)
    assert read_off(village, target(sex="male")) == pytest.approx(0.4)
    assert read_off(village, target(age_low=65)) == pytest.approx(0.2)


def test_surveys_leave_out_residents_of_homes(village: Lived) -> None:
    state = np.array([0] * 5 + [4, 4, 1, 1, 0], np.uint32)
    share = np.zeros((2, 101))
    share[1, 80] = 0.4
    homes = Homes(share, {"dementia": 1e9})
    village.seen.panels[2020] = panel(state=state)
    lived = replace(village, homes=homes)
    one = target(layer="self_reported", age_low=65)
    assert read_off(lived, one) == pytest.approx(2 / 3, rel=1e-6)


def test_incidence_is_onsets_over_years_without(village: Lived) -> None:
    cases = Cases(
        row=np.array([0, 5]),
        month=np.array([14, 20], np.int16),
        time=np.ones(2, np.uint8),
        documented=np.array([True, False]),
        stays=np.zeros(2, np.int32),
        stays_after=np.full(2, -1, np.int32),
    )
    village.seen.cases["dementia"] = cases
    free = np.zeros((2, 101))
    free[0, 40], free[1, 80] = 4.0, 6.0
    village.seen.person_years[2020] = free
    village.seen.free[2020] = {("true", "dementia"): free, ("documented", "dementia"): free}
    one = target(quantity="incidence", condition="dementia")
    assert read_off(village, one) == pytest.approx(0.2)
    assert read_off(village, replace(one, layer="documented")) == pytest.approx(0.1)


def test_life_expectancy_under_a_constant_hazard_is_its_inverse(village: Lived) -> None:
    exposure = np.full((1, 2, 101), 10.0)
    village.seen.hazards[2020] = Hazards(exposure * 0.02, exposure, {}, {})
    assert read_off(village, target(quantity="life_expectancy", sex="male")) == pytest.approx(50)
    assert read_off(village, target(quantity="e65", sex="male")) == pytest.approx(50)
    assert read_off(village, target(quantity="hazard_of_death", age_low=65, age_high=65)) == (
        pytest.approx(0.02)
    )


def test_the_age_furthest_from_the_table_is_shown(village: Lived) -> None:
    exposure = np.full((1, 2, 101), 10.0)
    death = exposure * 0.02
    death[0, :, 30] *= 0.9
    village.seen.hazards[2019] = Hazards(death, exposure, {}, {})
    name = "hazard_ratio_to_table_after_20_years"
    assert read_off(village, target(quantity=name, age_high=49)) == pytest.approx(0.9)
    assert read_off(village, target(quantity=name, age_low=50)) == pytest.approx(1.0)


def test_counts_are_compared_with_hazards_in_standard_errors() -> None:
    settle = mortality.ESTIMATORS["event_count_z"].settle
    assert settle(np.array([110.0, 100.0])) == pytest.approx(1.0)


def test_death_after_an_event_counts_its_own_month_as_none(village: Lived) -> None:
    village.seen.left[:3] = [13, 14, 20]  # dead in months 12, 13 and 19
    village.seen.died[:3] = True
    n = 4
    cases = Cases(
        row=np.arange(n),
        month=np.full(n, 12, np.int16),
        time=np.ones(n, np.uint8),
        documented=np.ones(n, np.bool_),
        stays=np.zeros(n, np.int32),
        stays_after=np.full(n, -1, np.int32),
    )
    village.seen.cases["stroke"] = cases
    for name, share in (("30_days", 0.5), ("90_days", 0.5), ("1_year", 0.75)):
        one = target(quantity=f"death_after_{name}", condition="stroke", layer="documented")
        assert read_off(village, one) == pytest.approx(share)


def test_recurrence_leaves_the_dead_out_of_those_at_risk() -> None:
    risk, struck = np.array([4.0, 2.0]), np.array([1.0, 1.0])
    assert course.product_limit(np.concatenate([risk, struck])) == pytest.approx(1 - 0.75 * 0.5)


def test_cost_is_per_person_year_at_prices_of_the_year(village: Lived) -> None:
    terms = village.setting.population
    one = target(quantity="cost_per_insured", year=terms.price_year)
    village.seen.panels[2019] = panel(year=2019, months=np.full(10, 6, np.int8))
    assert read_off(village, one) == pytest.approx(1100)
    later = read_off(village, replace(one, year=2020))
    grown = np.exp(terms.trends.cost * (2020 - terms.price_year))
    assert later == pytest.approx(550 * grown)


def test_the_dearest_have_their_share(village: Lived) -> None:
    one = target(quantity="top_share", condition="top_10")
    assert read_off(village, one) == pytest.approx(1000 / 5500)
    assert read_off(village, replace(one, quantity="top_age_difference")) == pytest.approx(
        80 - (5 * 40 + 4 * 80) / 9
    )


def test_cost_with_over_without_is_standardised() -> None:
    with_it, years = np.array([30.0, 10.0]), np.array([10.0, 1.0])
    without, years_without = np.array([10.0, 90.0]), np.array([10.0, 90.0])
    sums = np.concatenate([with_it, years, without, years_without])
    assert cost.standardised_ratio(sums) == pytest.approx(40 / 11)


def test_mortality_ratio_is_adjusted_for_age() -> None:
    deaths, years = np.array([2.0, 20.0]), np.array([10.0, 10.0])
    deaths_without, years_without = np.array([5.0, 50.0]), np.array([50.0, 50.0])
    sums = np.concatenate([deaths, years, deaths_without, years_without])
    assert mortality.adjusted_ratio(sums) == pytest.approx(2.0)


def test_persistence_of_unchanging_cost_is_one(village: Lived) -> None:
    for name in ("persistence_pearson", "persistence_rank"):
        assert read_off(village, target(quantity=name)) == pytest.approx(1.0)


def test_a_norm_that_is_the_mean_explains_nothing_and_the_cost_itself_all(village: Lived) -> None:
    assert read_off(village, target(quantity="r_squared")) == pytest.approx(0.0, abs=1e-6)
    perfect = panel().cost.sum(axis=1)
    village.seen.panels[2020] = panel(norm=perfect)
    for name in ("r_squared", "cpm"):
        assert read_off(village, target(quantity=name)) == pytest.approx(1.0)


def test_noise_of_a_group_falls_with_the_root_of_its_size(village: Lived) -> None:
    small, large = (
        read_off(village, target(quantity=f"cost_noise_raw_{size}")) for size in noise.SIZES
    )
    spread = np.std(np.arange(1, 11)) / 5.5
    assert small == pytest.approx(spread / np.sqrt(1000))
    assert small / large == pytest.approx(np.sqrt(60))


def test_avoidable_admissions_are_the_preventable_part_of_sensitive_ones(village: Lived) -> None:
    stays = np.full(10, 2, np.uint8)
    village.seen.panels[2020] = panel(stays=stays, avoidable=np.repeat(np.uint8([1, 0]), 5))
    assert read_off(village, target(quantity="avoidable_share")) == pytest.approx(5 / 0.5 / 20)
    assert read_off(village, target(quantity="inpatient_share")) == 1.0


def test_two_conditions_make_multimorbidity_and_habits_do_not(village: Lived) -> None:
    state = np.array([3, 1, 0, 0, 0, 6, 7, 0, 0, 0], np.uint32)
    village.seen.panels[2020] = panel(state=state)
    assert read_off(village, target(quantity="multimorbidity")) == pytest.approx(0.3)
    assert not set(disease.RISK_FACTORS_THAT_COUNT) & {"smoking", "inactivity"}


def test_the_standard_error_of_a_mean_is_that_of_its_parts() -> None:
    parts = [np.array([value, 1.0]) for value in (1.0, 2.0, 4.0, 5.0)]
    value, error = figure(evidence.ESTIMATORS["prevalence"], parts)
    assert value == pytest.approx(3.0)
    assert error == pytest.approx(np.std([1, 2, 4, 5], ddof=1) / 2)


def test_one_level_of_mortality_is_fitted_to_a_place(germany: Place) -> None:
    published = (79.88, 84.25)
    level = populations.fitted(germany.setting, published)
    found = populations.life_expectancies(germany.setting, level)
    assert sum(found) == pytest.approx(sum(published), abs=1e-3)
    assert level < 1
    assert germany.level == 1


def test_nobody_moves_in_a_population_that_is_compared(germany: Place) -> None:
    assert not germany.home.leaving.any()
    assert not germany.home.arriving.any()


def test_watching_changes_nothing(germany: Place) -> None:
    short = replace(germany, run=germany.run.model_copy(update={"years": 2, "hazards": ()}))
    watched = replace(germany, run=germany.run.model_copy(update={"years": 2}))
    one = populations.observe(short, 0, [2020], [])
    other = populations.observe(watched, 0, [2019, 2020], [2020])
    for name in ("row", "state", "documented", "died", "stays"):
        assert (getattr(one.panels[2020], name) == getattr(other.panels[2020], name)).all()
    assert np.allclose(one.panels[2020].cost, other.panels[2020].cost, rtol=1e-4)


def test_a_last_year_of_life_costs_what_was_booked_in_it(germany: Place) -> None:
    run = germany.run.model_copy(update={"years": 2})
    seen = populations.observe(replace(germany, run=run, persons=3000), 0, [2019, 2020], [2020])
    dying, people = seen.dying[2020], seen.panels[2020]
    assert len(dying.course) <= people.died.sum()
    assert (dying.course >= -0.01).all()
    december = people.died & (seen.left[people.row] == people.last_month + 1)
    if december.any():
        whole_years = people.cost[december].sum(axis=1)
        assert np.isin(whole_years.round(0), dying.course.sum(axis=1).round(0)).all()


def test_a_miss_is_explained_by_the_first_reason_that_fits() -> None:
    known = pd.DataFrame({"pattern": ["one*", "*"], "reason": ["Because.", "No."]})
    said = evidence.reason(target(), 0.9, 0.01, known)
    assert said.startswith("Because.")
    assert "50.0% above" in said
    lucky = evidence.reason(target(target="x"), 0.61, 0.01, known)
    assert "two standard errors" in lucky
