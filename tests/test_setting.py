"""A scenario made ready: what is compiled, and what is refused by name."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sim.quantity import Refusal
from sim.setting import Setting, setting
from tests.worlds import changed, world


@pytest.fixture(scope="module")
def ready() -> Setting:
    return setting(world())


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(Refusal) as refused:
        setting(changed(world(), changes))
    return str(refused.value)


def test_the_calendar_is_baseline_and_contract(ready: Setting) -> None:
    assert list(ready.calendar) == [2004, 2005, 2006, 2007, 2008]
    assert (ready.first_month, ready.last_month) == (-23, 36)


def test_the_comparison_is_ten_times_the_region_unless_it_is_set(ready: Setting) -> None:
    assert ready.comparison == 2_000
    unset = setting(changed(world(), {"population.comparison": None}))
    assert unset.comparison == 20_000


def test_rates_are_carried_from_the_year_of_the_tables_by_declared_trends(ready: Setting) -> None:
    rates, course = ready.country.factors.rates, ready.trend()
    trends = ready.population.trends
    for name, yearly in (
        ("death", trends.mortality),
        ("diabetes", trends.incidence),
        ("infarction", trends.incidence),
        ("other_admission", trends.admissions),
        ("smoking", 0.0),
        ("drugs", 0.0),
        ("leaving", 0.0),
    ):
        assert course[2006][rates[name]] == pytest.approx(np.exp(yearly * (2006 - 2019))), name
    assert course[2006][rates["death"]] > 1.1


def test_mortality_of_the_region_is_its_level_of_the_country_and_of_its_year(
    ready: Setting,
) -> None:
    country = ready.country.mortality
    carried = np.exp(ready.population.trends.mortality * (2004 - 2019))
    assert_allclose(ready.home.mortality[0], country * carried * ready.region.mortality_level)
    assert_allclose(ready.elsewhere.mortality[0], country * carried)
    rates = ready.country.factors.rates
    factors = ready.factors()
    assert factors.by_region[0, rates["death"]] == np.float32(ready.region.mortality_level)
    assert (factors.by_region[1:] == 1).all()
    assert (np.delete(factors.by_region[0], rates["death"]) == 1).all()


def test_who_leaves_moves_or_changes_insurer_and_as_many_arrive(ready: Setting) -> None:
    terms, home = ready.population, ready.home
    assert (home.leaving >= terms.switching_out).all()
    by_age = home.structure / home.structure.sum()
    mean = (by_age * home.leaving).sum()
    assert mean == pytest.approx(terms.migration_out + terms.switching_out, rel=1e-6)
    assert home.arriving.sum() == pytest.approx(1.0)


def test_tables_of_factors_are_ones_own_where_an_arm_writes_into_them(ready: Setting) -> None:
    one, other = ready.factors(), ready.factors()
    one.base[:] = 7
    one.by_region[:] = 7
    assert not (other.base == 7).any()
    assert not (other.by_region == 7).any()
    assert one.by_state is other.by_state


def test_without_intervention_nobody_joins_and_no_company_exists(ready: Setting) -> None:
    nobody = ready.without_intervention()
    assert (nobody.network.joining, nobody.network.membership) == (0, 0)
    assert (nobody.programmes, nobody.companies, nobody.loans) == ({}, (), ())
    assert nobody.home is ready.home
    assert nobody.country is ready.country
    assert ready.network.joining > 0


def test_a_setting_is_compiled_once(ready: Setting) -> None:
    assert setting(world()) is ready


def test_a_term_is_what_the_scenario_says(ready: Setting) -> None:
    eager = setting(changed(world(), {"programmes.agil.uptake": 0.6, "network.joining": 0.15}))
    assert (eager.programmes["agil"].uptake, eager.network.joining) == (0.6, 0.15)
    assert_array_equal(eager.country.reference.base, ready.country.reference.base)


# Refusals.


def test_shares_of_insurers_that_do_not_add_up_are_refused() -> None:
    said = refusal({"region.insurers.aok.share": 0.9})
    assert "region.insurers" in said
    assert "0.96" in said
    assert "add up to 1" in said


def test_shares_of_deprivation_that_do_not_add_up_are_refused() -> None:
    said = refusal({"region.deprivation": [0.2, 0.2, 0.2, 0.2, 0.3]})
    assert "region.deprivation" in said
    assert "1.1" in said


@pytest.mark.parametrize("key", ["region.population_table", "population.comparison_table"])
def test_an_unknown_table_is_refused_with_those_that_there_are(key: str) -> None:
    said = refusal({key: "atlantis"})
    assert key in said
    assert "'atlantis'" in said
    assert "ortenaukreis_2004" in said


@pytest.mark.parametrize("year", [1994, 2010, 2022])
def test_an_age_structure_too_far_from_the_start_is_refused(year: int) -> None:
    said = refusal({"region.population_table_year": year})
    assert "region.start_year is 2006" in said
    assert str(year) in said
    assert "population.structure_years (5)" in said


@pytest.mark.parametrize("year", [1999, 2009])
def test_an_age_structure_as_far_as_allowed_is_taken(year: int) -> None:
    assert setting(changed(world(), {"region.population_table_year": year}))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("network.effort_start", 1.5, "less than or equal to 1"),
        ("contract.sharing_rate", -0.1, "greater than or equal to 0"),
        ("contract.rule", "luck", "contribution_margin"),
        ("contract.sectors", ["hospital", "spa"], "spa"),
        ("population.size", 0, "greater than 0"),
        ("population.source", "hearsay", "tables"),
        ("programmes.agil.capacity", -1.0, "greater than or equal to 0"),
        ("programmes.agil.duration", 0.0, "greater than 0"),
        ("diseases.stroke.case_fatality", 1.2, "less than or equal to 1"),
        ("diseases.stroke.kind", "fate", "risk_factor"),
        ("diseases.stroke.case_fatality_by_age", "fallin", "Did you mean falling"),
        ("generation.bonus_share", 2.0, "less than or equal to 1"),
        ("funding.instruments.0.grace", 120, "leaves no month to repay"),
        ("region.baseline_years", 1, "greater than or equal to 2"),
    ],
)
def test_what_a_rule_cannot_use_is_refused_with_key_value_and_what_is_allowed(
    path: str, value: Any, said: str
) -> None:
    message = refusal({path: value})
    assert said in message
    last = path.split(".")[-1]
    assert last in message or str(value) in message


def test_a_country_without_rows_is_refused() -> None:
    assert "conf/tables has no rows" in refusal({"population.country": "atlantis"})


def test_a_place_whose_people_move_more_has_more_moves_and_as_many_changes_of_insurer() -> None:
    busy = setting(changed(world(), {"region.turnover": 1.5}))
    terms, home = busy.population, busy.home
    mean = (home.structure / home.structure.sum() * home.leaving).sum()
    assert mean == pytest.approx(1.5 * terms.migration_out + terms.switching_out, rel=1e-6)
