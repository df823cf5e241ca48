"""The base case gives the numbers that were last looked at: base_case.csv, see renew.py."""

import pandas as pd
import pytest

from tests.golden.renew import COLUMNS, base_case, read

KEYS = COLUMNS[:-1]
ROUNDING = 2e-6  # of the last digit that is kept; unlike processors round differently


@pytest.fixture(scope="module")
def both() -> pd.DataFrame:
    """What was kept beside what comes out now."""
    return read().merge(base_case(), how="outer", on=KEYS, suffixes=("_kept", "_now"))


def test_the_base_case_has_the_outcomes_that_were_kept(both: pd.DataFrame) -> None:
    missing = both[both[["value_kept", "value_now"]].isna().any(axis=1)]
    assert missing.empty, (
        f"{len(missing)} outcomes are new or gone:\n{missing.to_string()}\n"
        "If that is meant: python -m tests.golden.renew, and a line in CHANGELOG.md"
    )


def test_the_base_case_has_the_numbers_that_were_kept(both: pd.DataFrame) -> None:
    away = (both["value_now"] - both["value_kept"]).abs()
    moved = both[away > ROUNDING * both["value_kept"].abs()]
    assert moved.empty, (
        f"{len(moved)} of {len(both)} numbers moved:\n{moved.head(30).to_string()}\n"
        "If that is meant: python -m tests.golden.renew, and a line in CHANGELOG.md"
    )


def test_the_kept_file_is_in_the_order_and_digits_in_which_it_is_written() -> None:
    kept = read()
    assert list(kept) == COLUMNS
    assert len(kept) > 500
    assert not kept.duplicated(KEYS).any()
    assert kept.equals(kept.sort_values(KEYS, ignore_index=True))
    assert all(value == float(f"{value:.6g}") for value in kept["value"])
