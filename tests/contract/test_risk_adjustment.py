"""Norm cost finds what is there, pays the comparison its cost, and is moved by it alone."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.contract.cells import BANDS, CELLS, DIAGNOSES, FACTORS
from sim.contract.ledger import SECTORS, cost
from sim.contract.risk_adjustment import (
    allocation,
    estimate,
    standard_error,
    total_allocation,
)
from sim.quantity import Refusal
from tests.contract.ledgers import BASE, BY_AGE, SURCHARGES, ledger_of, synthetic
from tests.oracle import contract as oracle

ROOT = str(Path(__file__).parents[2])
ROW = st.fixed_dictionaries(
    {
        "age": st.sampled_from([0, 1, 4, 5, 44, 45, 94, 95, 101]),
        "sex": st.integers(0, 1),
        "region": st.integers(0, 3),
        "insured_months": st.integers(1, 12),
        "documented": st.sampled_from([0, 0, 1, 2, 3, 5, 1 << 31, (1 << 31) + 2]),
        "cost": st.lists(st.integers(0, 50_000), min_size=4, max_size=4),
        "newcomer": st.booleans(),
    }
)


def here(ledger):
    return ledger.where(ledger.region == 0)


def elsewhere(ledger):
    return ledger.where(ledger.region > 0)


def joined(ledger, every):
    """Make one in `every` rows of each region a newcomer; none for 0."""
    if not every:
        return ledger
    new = np.arange(len(ledger)) // 10 % every == 0
    documented = np.where(new, 0, ledger.documented).astype(np.uint32)
    return dataclasses.replace(ledger, newcomer=new, documented=documented)


def drawn(rows):
    """Newcomers have no documented year before."""
    return [{**row, "documented": 0} if row["newcomer"] else row for row in rows]


def test_known_weights_are_found_again():
    norm = estimate(synthetic(), SECTORS)
    cells = norm.weights[:CELLS].reshape(2, BANDS)
    expected = BASE + BY_AGE * np.arange(BANDS)
    np.testing.assert_allclose(cells[:, 1:], np.array([expected[1:]] * 2), rtol=1e-5)
    np.testing.assert_allclose(norm.weights[CELLS : CELLS + 4], SURCHARGES, rtol=1e-5)
    assert not norm.weights[CELLS + 4 : CELLS + DIAGNOSES].any()
    assert norm.r_squared == pytest.approx(1.0, abs=1e-9)
    assert norm.scale == pytest.approx(1.0, abs=1e-12)


def test_noise_hides_the_weights_only_a_little():
    coding = {"coding_region": 1 / 0.7, "coding_comparison": 1 / 0.7}
    norm = estimate(synthetic(rows=60_000, noise=1.5, **coding), SECTORS)
    np.testing.assert_allclose(norm.weights[CELLS : CELLS + 4], SURCHARGES, rtol=0.15)
    assert 0.1 < norm.r_squared < 0.9


@given(st.lists(ROW, min_size=1, max_size=40))
@settings(deadline=None, max_examples=60)
def test_the_comparison_is_allocated_what_it_costs(rows):
    ledger = ledger_of([*drawn(rows), {"cost": [100, 0, 0, 0]}])
    norm = estimate(ledger, SECTORS)
    comparison = elsewhere(ledger)
    assert total_allocation(norm, comparison) == pytest.approx(cost(comparison, SECTORS), 1e-9)


def test_at_full_size_the_comparison_is_allocated_what_it_costs():
    ledger = synthetic(rows=100_000, noise=3.0)
    norm = estimate(ledger, ["hospital", "drugs"])
    comparison = elsewhere(ledger)
    paid = cost(comparison, ["hospital", "drugs"])
    assert total_allocation(norm, comparison) == pytest.approx(paid, rel=1e-9)


@given(st.lists(ROW, min_size=1, max_size=30))
@settings(deadline=None, max_examples=60)
def test_the_norm_equals_its_second_writing_row_by_row(rows):
    rows = [*drawn(rows), {"cost": [100, 0, 0, 0], "region": 2}]
    rows = [{"age": 40, "sex": 0, "region": 1, "insured_months": 12, "documented": 0,
             "newcomer": False, **row} for row in rows]  # fmt: skip
    ledger = ledger_of(rows)
    found = allocation(estimate(ledger, ("hospital", "drugs")), ledger)
    weights = oracle.norm_cost(rows, (0, 2))
    expected = [float(oracle.allocation(weights, row)) for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4)


def test_the_allocation_of_a_ledger_is_the_sum_of_its_rows():
    ledger = synthetic(noise=1.0)
    norm = estimate(ledger, SECTORS)
    assert total_allocation(norm, here(ledger)) == pytest.approx(
        allocation(norm, here(ledger)).sum(), rel=1e-12
    )


def test_the_order_of_rows_does_not_matter_beyond_rounding():
    ledger = synthetic(rows=5000, noise=2.0)
    shuffled = ledger.where(np.random.default_rng(3).permutation(len(ledger)))
    one, other = estimate(ledger, SECTORS), estimate(shuffled, SECTORS)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-9, atol=1e-7)
    assert total_allocation(one, shuffled) == total_allocation(one, ledger)


def test_what_the_region_costs_does_not_move_the_norm():
    ledger = synthetic(noise=1.0)
    free = ledger.cost * (ledger.region > 0)[:, None]
    cheaper = dataclasses.replace(ledger, cost=free)
    one, other = estimate(ledger, SECTORS), estimate(cheaper, SECTORS)
    assert one.weights.tobytes() == other.weights.tobytes()


def test_coding_drift_everywhere_cancels_and_in_the_region_alone_lifts_its_allocation():
    def ratio(**coding):
        ledger = synthetic(rows=200_000, noise=0.2, **coding)
        norm = estimate(ledger, SECTORS)
        return total_allocation(norm, here(ledger)) / cost(here(ledger), SECTORS)

    before = ratio()
    assert ratio(coding_region=1.3, coding_comparison=1.3) == pytest.approx(before, abs=0.01)
    assert ratio(coding_region=1.3) > before + 0.05


def test_newcomers_are_paid_by_age_and_sex_alone():
    ledger = joined(synthetic(rows=20_000), 20)
    norm = estimate(ledger, SECTORS)
    newcomers = norm.weights[FACTORS:]
    assert (newcomers[1:BANDS] > norm.weights[1:BANDS]).all()
    same = elsewhere(ledger)
    same = same.where((same.sex == 0) & (same.age >= 40) & (same.age < 45))
    mean = cost(same, SECTORS) / (same.insured_months.sum() / 12) * norm.scale
    assert newcomers[9] == pytest.approx(mean)


def test_a_diagnosis_that_nobody_in_the_comparison_has_is_worth_nothing():
    ledger = ledger_of([{"cost": [100, 0, 0, 0]}, {"region": 0, "documented": 1 << 31}])
    norm = estimate(ledger, SECTORS)
    assert allocation(norm, ledger).tolist() == [100, 100]


def test_an_age_that_nobody_in_the_comparison_has_costs_what_its_neighbours_cost():
    rows = [{"age": 30, "cost": [100, 0, 0, 0]}, {"age": 40, "cost": [300, 0, 0, 0]}]
    ledger = ledger_of([*rows, {"age": 35, "region": 0}, {"age": 97, "sex": 1, "region": 0}])
    assert allocation(estimate(ledger, SECTORS), ledger).tolist() == [100, 300, 200, 300]


def test_columns_that_say_the_same_are_counted_once():
    rows = [{"cost": [100, 0, 0, 0]}, {"documented": 3, "cost": [900, 0, 0, 0]}]
    norm = estimate(ledger_of(rows), SECTORS)
    assert norm.weights[CELLS : CELLS + 2].tolist() == [800, 0]


@pytest.mark.parametrize("newcomers", [0, 4])
def test_the_standard_error_is_the_spread_over_comparisons(newcomers):
    region = here(joined(synthetic(rows=3000, seed=99, noise=1.0), newcomers))
    found, errors = [], []
    for seed in range(80):
        comparison = elsewhere(joined(synthetic(rows=3000, seed=seed, noise=1.0), newcomers))
        norm = estimate(comparison, SECTORS)
        found.append(total_allocation(norm, region))
        errors.append(standard_error(norm, region))
    assert np.mean(errors) == pytest.approx(np.std(found, ddof=1), rel=0.25)


def test_a_region_without_comparison_is_refused_and_nobody_at_all_costs_nothing():
    ledger = synthetic(rows=100)
    with pytest.raises(Refusal, match="none of a comparison"):
        estimate(here(ledger), SECTORS)
    nobody = ledger.where(ledger.region > 99)
    assert total_allocation(estimate(nobody, SECTORS), nobody) == 0


def test_free_care_has_a_norm_of_nothing():
    ledger = ledger_of([{}, {"region": 0}])
    norm = estimate(ledger, SECTORS)
    assert norm.scale == 1
    assert total_allocation(norm, ledger) == 0


def test_the_norm_of_another_year_is_refused():
    ledger = synthetic(rows=100)
    norm = estimate(ledger, SECTORS)
    with pytest.raises(Refusal, match="norm cost of 2010 on the ledger of 2011"):
        total_allocation(norm, dataclasses.replace(ledger, year=2011))


def test_plain_python_has_the_same_bits_as_the_compiled_kernel():
    code = (
        "from sim.contract.ledger import SECTORS\n"
        "from sim.contract.risk_adjustment import allocation, estimate, standard_error\n"
        "from tests.contract.ledgers import synthetic\n"
        "ledger = synthetic(rows=3000, noise=2.0)\n"
        "norm = estimate(ledger, SECTORS)\n"
        "values = (norm.r_squared, norm.scale, standard_error(norm, ledger))\n"
        "print(norm.weights.tobytes().hex(), allocation(norm, ledger).tobytes().hex())\n"
        "print(*(value.hex() for value in values))\n"
    )
    bits = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": ROOT},
            capture_output=True, text=True, check=True,
        ).stdout
        for disabled in ("0", "1")
    ]  # fmt: skip
    assert bits[0] == bits[1]
