"""Ledgers for tests: from a list of rows, or synthetic with known norm cost."""

import numpy as np

from sim.contract.ledger import COLUMNS, SECTORS, Ledger

BASE = 800.0  # EUR/person-year at birth
BY_AGE = 30.0  # EUR/person-year a band
SURCHARGES = np.array([2600.0, 4100.0, 900.0, 7300.0])  # EUR/person-year, diagnoses 0 to 3
PREVALENCES = np.array([0.1, 0.06, 0.2, 0.02])


def ledger_of(rows, year=2010):
    """Make a ledger of dicts; what a row does not say has a harmless value."""
    harmless = {
        "person": 0, "age": 40, "sex": 0, "region": 1, "insurer": 0, "insured_months": 12,
        "documented": 0, "cost": [0.0] * len(SECTORS), "physician": 0, "member": False,
        "newcomer": False,
    }  # fmt: skip
    columns = {}
    for name, column in COLUMNS.items():
        values = np.array([{**harmless, **row}[name] for row in rows], dtype=column.dtype)
        columns[name] = values.reshape(len(rows), len(SECTORS)) if name == "cost" else values
    return Ledger(year=year, **columns)


def true_norm(age, documented):
    """Cost that the synthetic persons have on average, EUR/person-year [row]."""
    band = np.where(age == 0, 0, np.where(age < 5, 1, 1 + np.minimum(age, 95) // 5))
    norm = BASE + BY_AGE * band
    for bit, surcharge in enumerate(SURCHARGES):
        norm = norm + surcharge * ((documented >> bit) & 1)
    return norm


def synthetic(rows=20_000, seed=1, noise=0.0, coding_region=1.0, coding_comparison=1.0):
    """Draw a ledger, a tenth of it the region; true disease alike everywhere, coding as asked.

    `coding_*` is the share of true cases that are documented, relative to 0.7; `noise` the
    relative spread of cost. Cost follows true disease, never coding.
    """
    rng = np.random.default_rng(seed)
    region = np.where(np.arange(rows) % 10 == 0, 0, 1 + np.arange(rows) % 9)
    age = rng.integers(1, 100, rows)
    true = rng.random((rows, len(PREVALENCES))) < PREVALENCES
    seen = 0.7 * np.where(region == 0, coding_region, coding_comparison)
    if coding_region == coding_comparison == 1.0 and not noise:
        seen = np.ones(rows)
    coded = true & (rng.random(true.shape) < seen[:, None])
    bits = 1 << np.arange(len(PREVALENCES))
    months = rng.integers(1, 13, rows)
    annual = true_norm(age, (true * bits).sum(axis=1))
    if noise:
        annual = annual * rng.gamma(1 / noise**2, noise**2, rows)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    return Ledger(
        year=2010,
        person=np.arange(rows, dtype=np.int64),
        age=age.astype(np.int16),
        sex=rng.integers(0, 2, rows).astype(np.int8),
        region=region.astype(np.int16),
        insurer=np.zeros(rows, np.int8),
        insured_months=months.astype(np.int8),
        documented=(coded * bits).sum(axis=1).astype(np.uint32),
        cost=(annual[:, None] * months[:, None] / 12 * shares).astype(np.float32),
        physician=np.zeros(rows, np.uint16),
        member=np.zeros(rows, np.bool_),
        newcomer=np.zeros(rows, np.bool_),
    )
