"""Luck by address: known answers, nothing but the address decides, and the laws it follows."""

import math
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.randomness import choice, decision, exponential, logarithm, normal, philox, uniform
from tests.oracle import luck as oracle

ROOT = Path(__file__).resolve().parents[1]
ROWS = np.arange(100_000)
ONSET = decision("onset", "diabetes")
DRAWS = [uniform, exponential, normal]
ADDRESSES = [
    (0, 0, 0, 0),
    (1, 2, 3, 4),
    (2**64 - 1, 2**63 - 1, 2**32 - 1, 2**32 - 1),
    (2**32, 2**32, ONSET, 1),
    (2**63 + 12345, 2**40 + 7, ONSET, 1000 * 256 + 3),
]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_its_published_answers(
    counter: list[int], key: list[int], answer: list[int]
) -> None:
    words = [np.uint64(word) for word in (*counter, *key)]
    assert [int(word) for word in philox(*words)] == answer
    assert oracle.philox(counter, key) == answer


@pytest.mark.parametrize(("seed", "person", "what", "times"), ADDRESSES)
def test_luck_is_that_of_the_second_writing_at_any_address(
    seed: int, person: int, what: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracle, "zlib", type("", (), {"crc32": staticmethod(lambda _: what)}))
    here = oracle.uniform(seed, person, ["any"], times)
    assert uniform(seed, [person], what, times)[0] == here
    there = oracle.threshold(seed, person, ["any"], times)
    assert float(exponential(seed, [person], what, times)[0]) == there


def test_a_decision_is_the_hash_of_its_name() -> None:
    assert decision("onset", "diabetes") == zlib.crc32(b"onset/diabetes") == 3406410340
    assert decision("onset", "diabetes") != decision("diabetes", "onset")


def test_a_decision_has_the_same_number_in_every_python() -> None:
    program = "from sim.randomness import decision; print(decision('onset', 'diabetes'))"
    for salt in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(found.stdout) == ONSET


@pytest.mark.parametrize("draw", DRAWS)
def test_order_and_company_do_not_matter(draw: Callable[..., Any]) -> None:
    rows = np.arange(2**32 - 500, 2**32 + 500)
    whole = draw(1, rows, ONSET)
    assert (draw(1, rows[::-1], ONSET)[::-1] == whole).all()
    assert (np.concatenate([draw(1, part, ONSET) for part in np.split(rows, 8)]) == whole).all()
    assert [draw(1, row, ONSET)[0] for row in rows[:20]] == whole[:20].tolist()
    assert draw(1, rows[:0], ONSET).size == 0


@pytest.mark.parametrize("draw", DRAWS)
def test_one_occurrence_for_all_is_that_occurrence_for_each(draw: Callable[..., Any]) -> None:
    rows = np.arange(100)
    assert (draw(1, rows, ONSET, 3) == draw(1, rows, ONSET, np.full(100, 3))).all()
    mixed = draw(1, rows, ONSET, rows % 2)
    assert (mixed[1::2] == draw(1, rows[1::2], ONSET, 1)).all()
    assert (mixed[::2] == draw(1, rows[::2], ONSET, 0)).all()


@pytest.mark.parametrize(
    "other",
    [
        (2, 0, ONSET, 0),
        (1 + 2**32, 0, ONSET, 0),
        (1 + 2**63, 0, ONSET, 0),
        (1, 1, ONSET, 0),
        (1, 2**32, ONSET, 0),
        (1, 2**40, ONSET, 0),
        (1, 0, decision("onset", "stroke"), 0),
        (1, 0, ONSET, 1),
        (1, 0, ONSET, 2**31),
    ],
)
def test_another_seed_person_decision_or_occurrence_is_other_luck(
    other: tuple[int, int, int, int],
) -> None:
    seed, person, what, times = other
    here = uniform(1, ROWS, ONSET)
    there = uniform(seed, ROWS + person, what, times)
    assert (here != there).all()
    assert abs(np.corrcoef(here, there)[0, 1]) < 4 / math.sqrt(ROWS.size)


@pytest.mark.parametrize("seed", [1, 2**64 - 1])
def test_uniform_luck_is_uniform_and_never_0_or_1(seed: int) -> None:
    luck = uniform(seed, ROWS, ONSET)
    assert luck.min() > 0
    assert luck.max() < 1
    assert abs(luck.mean() - 0.5) < 4 * math.sqrt(1 / 12 / ROWS.size)
    assert stats.kstest(luck, "uniform").statistic < 1.95 / math.sqrt(ROWS.size)
    counts = np.bincount((luck * 4096).astype(int), minlength=4096)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_all_53_bits_of_a_uniform_number_are_luck() -> None:
    whole = np.floor(uniform(1, ROWS, ONSET) * 2**53).astype(np.int64)
    for bit in range(1, 53):  # of the last one the half between whole numbers is rounded away
        share = (whole >> bit & 1).mean()
        assert abs(share - 0.5) < 4.5 * math.sqrt(0.25 / ROWS.size), bit


def test_thresholds_are_unit_exponential() -> None:
    borne = exponential(1, ROWS, ONSET)
    assert borne.dtype == np.float32
    assert (borne == (-np.log(uniform(1, ROWS, ONSET))).astype(np.float32)).mean() > 0.999_999
    assert abs(borne.mean(dtype=float) - 1) < 4 / math.sqrt(ROWS.size)
    assert stats.kstest(borne.astype(float), "expon").statistic < 1.95 / math.sqrt(ROWS.size)


def test_normal_luck_is_standard_normal() -> None:
    luck = normal(1, ROWS, ONSET)
    assert abs(luck.mean()) < 4 / math.sqrt(ROWS.size)
    assert abs(luck.std() - 1) < 4 / math.sqrt(2 * ROWS.size)
    assert stats.kstest(luck, "norm").statistic < 1.95 / math.sqrt(ROWS.size)


def test_the_logarithm_is_exact_to_a_part_in_a_thousand_million_million() -> None:
    powers = [2.0**e for e in (-53, -52, -10, -1, 1, 10, 1000)]
    near_one = [math.nextafter(1.0, 0), 1 - 2**-40, 0.999, math.nextafter(1.0, 2), 1.001]
    at_the_seam = [math.nextafter(math.sqrt(0.5), x) for x in (0.0, 1.0)]
    drawn = uniform(1, ROWS[:500], ONSET).tolist()
    for x in (*powers, *near_one, *at_the_seam, *drawn):
        with localcontext() as context:
            context.prec = 50
            exact = Decimal(x).ln()
            error = abs(Decimal(float(logarithm(x))) - exact) / abs(exact)
        assert error < Decimal("1e-15"), x
    assert logarithm(1.0) == 0


def test_the_logarithm_has_the_same_bits_compiled_or_not() -> None:
    plain = getattr(logarithm, "py_func", logarithm)
    assert all(logarithm(x) == plain(x) for x in uniform(1, ROWS[:2000], ONSET).tolist())


def test_the_smaller_the_luck_the_more_can_be_borne() -> None:
    luck = np.sort(uniform(1, ROWS[:1000], ONSET))
    assert all(logarithm(a) < logarithm(b) for a, b in pairwise(luck.tolist()))


def test_numbers_of_occurrences_and_persons_must_fit() -> None:
    with pytest.raises(ValueError, match="3 occurrences for 4 persons"):
        uniform(1, np.arange(4), ONSET, np.arange(3))


def test_a_choice_falls_into_each_share_as_often_as_its_size() -> None:
    found = choice(uniform(1, ROWS, ONSET), [1, 0, 2, 7])
    shares = np.bincount(found, minlength=4) / ROWS.size
    assert shares[1] == 0
    assert np.abs(shares - [0.1, 0, 0.2, 0.7]).max() < 4 * math.sqrt(0.25 / ROWS.size)
    assert choice(np.array([0.0, 1.0]), [0.3, 0.7]).tolist() == [0, 1]


def test_what_was_drawn_before_does_not_matter() -> None:
    before = uniform(5, ROWS[:10], ONSET)
    exponential(6, ROWS, ONSET)
    assert (uniform(5, ROWS[:10], ONSET) == before).all()


def test_each_person_may_have_a_decision_of_her_own() -> None:
    other = decision("onset", "stroke")
    rows, what = np.arange(6), np.where(np.arange(6) % 2, ONSET, other)
    for draw in DRAWS:
        mixed = draw(7, rows, what, rows)
        assert (mixed[1::2] == draw(7, rows[1::2], ONSET, rows[1::2])).all()
        assert (mixed[::2] == draw(7, rows[::2], other, rows[::2])).all()
    with pytest.raises(ValueError, match="2 decisions for 6 persons; one or as many"):
        uniform(7, rows, what[:2])
