"""The insured elsewhere: lived once, their prices, and the norms the contract sees of them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sim.comparison import Comparison, kept, live_elsewhere, prices
from sim.people.population import SECTORS
from sim.setting import Setting, setting
from tests.worlds import arms_of, changed, regions, world

CALM = {
    "population.price_shock_sd": 0.0,
    "population.regional_drift_sd": 0.0,
    "population.regional_level_sd": 0.0,
}
LONG_TERM = SECTORS.index("long_term_care")
CARE = [place for place in range(len(SECTORS)) if place != LONG_TERM]


@pytest.fixture(scope="module")
def ready() -> Setting:
    return setting(world())


@pytest.fixture(scope="module")
def elsewhere(ready: Setting) -> Comparison:
    return live_elsewhere(ready, 1, 10_000, prices(ready, 1))


def test_without_luck_prices_follow_the_trend_from_the_price_year_everywhere() -> None:
    calm = setting(changed(world(), {**CALM, "region.cost_level": 1.05}))
    growth, long_term = (
        calm.population.trends.cost,
        calm.population.trends.long_term_care_cost,
    )
    for year, table in prices(calm, 1).items():
        assert table.shape == (11, len(SECTORS))
        assert_allclose(table[1:, CARE], np.exp(growth * (year - 2017)))
        assert_allclose(table[0, CARE], 1.05 * np.exp(growth * (year - 2017)))
        assert_allclose(table[:, LONG_TERM], np.exp(long_term * (year - 2017)))


def test_shocks_are_common_to_all_places_and_levels_drift_apart(ready: Setting) -> None:
    tables = np.stack(list(prices(ready, 1).values()))[:, :, 0]
    relative = np.log(tables / tables[:, :1])
    assert relative[0, 1:].std() == pytest.approx(ready.population.regional_level_sd, rel=0.7)
    steps = np.diff(relative, axis=0)
    assert (np.abs(steps[:, 1:]) > 0).all()
    assert np.abs(steps).max() < 8 * ready.population.regional_drift_sd


def test_prices_are_luck_of_the_seed_and_the_same_for_every_arm(ready: Setting) -> None:
    one, other = prices(ready, 1), prices(ready, 2)
    assert (one[2006] != other[2006]).any()
    again = prices(ready.without_intervention(), 1)
    for year, table in one.items():
        assert_array_equal(table, again[year])


def test_there_is_a_norm_for_every_year_lived(ready: Setting, elsewhere: Comparison) -> None:
    assert {view.truncation for view in elsewhere.seen} == {None}
    for view, seen in elsewhere.seen.items():
        assert list(seen) == list(ready.calendar)
        for year in seen:
            norm = elsewhere.norm(view, year)
            assert norm.year == year
            assert 0.02 < norm.r_squared < 0.6


def test_rows_are_kept_of_the_years_alone_in_which_pairs_are_drawn(
    ready: Setting, elsewhere: Comparison
) -> None:
    rows = [year for year, one in elsewhere.seen[ready.agreement.plain].items() if one.rows]
    assert rows == [2005, 2006, 2007, 2008]
    alone = setting(world("contract.compare=null")).agreement
    assert kept([alone], 2006) == {alone.plain: None}


def test_the_insured_elsewhere_are_never_members_and_never_residents(
    elsewhere: Comparison, ready: Setting
) -> None:
    table = pd.DataFrame(elsewhere.yearbook.lines["population"])
    assert set(elsewhere.yearbook.lines) == {"population"}
    assert (table["members"] == 0).all()
    assert not table["resident"].any()
    assert set(table["arm"]) == {"comparison"}
    years = table.groupby("year")["person_years"].sum()
    assert elsewhere.person_months == pytest.approx(12 * years.sum())
    assert years.loc[2006] == pytest.approx(ready.comparison, rel=0.03)


def test_persons_elsewhere_have_luck_of_their_own(ready: Setting, elsewhere: Comparison) -> None:
    """Another first address is another set of persons; the same address the same."""
    price = prices(ready, 1)
    again, others = (live_elsewhere(ready, 1, first, price) for first in (10_000, 20_000))
    lines = elsewhere.yearbook.lines["population"]
    assert again.yearbook.lines["population"] == lines
    assert others.yearbook.lines["population"] != lines


def test_all_arms_meet_the_same_comparison_and_the_same_baseline() -> None:
    arms = regions(arms_of(world())).values()
    one, other = arms
    assert one.comparison is other.comparison
    view = one.setting.agreement.plain
    seen = one.course.histories[view]
    assert seen is other.course.histories[view]
    assert list(seen.region) == [2004, 2005]
