"""Places are laid out from tables; for a longer history the age structure is carried back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sim.people.demography import projection
from sim.places import younger
from sim.setting import setting
from tests.worlds import world


def test_undone_deaths_are_those_that_happen_again() -> None:
    """Ageing the younger structure without moves gives the structure itself, newborn aside."""
    ready = setting(world("contract=growth_rate"))
    home, now = ready.home, setting(world()).home
    extra = ready.region.baseline_years - 2
    nobody = np.zeros_like(home.leaving)
    _, sizes = projection(
        home.structure, home.mortality, nobody, home.fertility, home.arriving, 0.5, extra
    )
    assert_allclose(sizes[extra][:, extra:], now.structure[:, extra:], rtol=1e-9)


def test_a_structure_of_its_own_year_is_left_as_it_is() -> None:
    structure = np.arange(202.0).reshape(2, 101) + 1
    assert_array_equal(younger(structure, np.empty((0, 2, 101))), structure)


def test_a_longer_history_begins_with_younger_people_and_ends_with_as_many() -> None:
    short, long = (setting(world(f"contract={name}")) for name in ("ipep", "growth_rate"))
    ages = np.arange(101)
    means = [np.average(ages, weights=r.home.structure.sum(axis=0)) for r in (short, long)]
    assert 1 < means[0] - means[1] < 6
    assert short.population.size == long.population.size
    assert long.home.structure[:, 100] == pytest.approx(short.home.structure[:, 100], rel=2)
