"""Histories for tests: from groups of alike persons, or synthetic with known growth and levels."""

from pathlib import Path

import numpy as np
import yaml

from sim.contract.benchmarks import RULES, terms_of
from sim.contract.history import History, elsewhere
from sim.contract.ledger import SECTORS, Ledger
from sim.quantity import values
from sim.scenario import CONF
from tests.contract.ledgers import PREVALENCES, ledger_of, true_norm

SHARES = np.array([0.4, 0.3, 0.2, 0.1])
CONFIG = values(yaml.safe_load((Path(CONF) / "benchmarks.yaml").read_text("utf-8")))
RULE_NAMES = tuple(RULES)
START = 2006


def terms(rule, **changes):
    """Terms of a rule as conf has them, with changes; any comparison is large enough."""
    small = {"smallest_comparison": 0.0} if "smallest_comparison" in CONFIG[rule] else {}
    return terms_of(rule, {**CONFIG[rule], **small, **changes})


def expect(rule, history, year, **changes):
    """Let a rule answer."""
    return RULES[rule].expect(terms(rule, **changes), history, year)


def history_of(region, comparison, start=START, truncation=None):
    """Make a history of groups by year: dicts with `persons`, `cost` a head and any column.

    Persons of a group are numbered on; a group of the comparison lives in region 1 unless it says
    otherwise.
    """
    kept, here = {}, {}
    for year in sorted(comparison):
        there = [{"region": 1, **group} for group in comparison[year]]
        ledger = ledger_of(_rows(there, 1_000_000), year)
        kept[year] = elsewhere(ledger, SECTORS, truncation, rows=True)
        here[year] = ledger_of(_rows([{**g, "region": 0} for g in region[year]], 0), year)
    history = History(start, SECTORS, kept, truncation=truncation)
    for ledger in here.values():
        history = history.plus(ledger)
    return history


def _rows(groups, first):
    rows = []
    for group in groups:
        given = {name: value for name, value in group.items() if name not in ("persons", "cost")}
        months = group.get("insured_months", 12)
        cost = [group["cost"] * months / 12, 0.0, 0.0, 0.0]
        for _ in range(group["persons"]):
            rows.append({**given, "person": first + len(rows), "cost": cost})
    return rows


def ledgers(
    years,
    seed=1,
    region=400,
    comparison=4000,
    places=10,
    noise=1.0,
    growth=0.03,
    shock=None,
    level=1.0,
    illness=0.0,
    coding=0.0,
    saving=0.0,
    seen=0.7,
    start=START,
):
    """Draw ledgers by year of the same persons, who age and are ill or not for good.

    Cost follows age, disease, `growth` a year, a national `shock` (year, factor), the region's
    `level`, and a lasting and a yearly deviation of relative spread `noise` in all. From the start
    on the region's disease spreads by `illness` and its coding, `seen` of all cases, by `coding` a
    year, and care is cheaper by `saving`.
    """
    rng = np.random.default_rng(seed)
    n = region + comparison
    place = np.concatenate([np.zeros(region), 1 + np.arange(comparison) % places]).astype(np.int16)
    age, sex = rng.integers(20, 70, n), rng.integers(0, 2, n)
    frail, luck = rng.random((n, 4)), rng.random((n, 4))
    lasting = rng.gamma(2 / noise**2, noise**2 / 2, n) if noise else np.ones(n)
    found = {}
    for year in years:
        since = max(year - start + 1, 0) * (place == 0)
        ill = frail < PREVALENCES * (1 + illness * since)[:, None]
        coded = luck < seen * (1 + coding * since)[:, None]
        bits = 1 << np.arange(4)
        now = age + year - min(years)
        annual = true_norm(now, (ill * bits).sum(axis=1)) * (1 + growth) ** (year - start)
        annual = annual * np.where(place == 0, level * (1 - saving * (since > 0)), 1.0)
        if shock and year >= shock[0]:
            annual = annual * shock[1]
        if noise:
            annual = annual * lasting * rng.gamma(2 / noise**2, noise**2 / 2, n)
        found[year] = Ledger(
            year=year,
            person=np.arange(n, dtype=np.int64),
            age=now.astype(np.int16),
            sex=sex.astype(np.int8),
            region=place,
            insurer=np.zeros(n, np.int8),
            insured_months=np.full(n, 12, np.int8),
            documented=(ill * coded * bits).sum(axis=1).astype(np.uint32),
            cost=(annual[:, None] * SHARES).astype(np.float32),
            physician=(place == 0).astype(np.uint16),
            member=np.zeros(n, np.bool_),
            newcomer=np.zeros(n, np.bool_),
        )
    return found


def history_from(by_year, start=START, truncation=None, sectors=SECTORS):
    """Make a history of whole ledgers by year, region and comparison together."""
    kept = {
        year: elsewhere(ledger, sectors, truncation, rows=True) for year, ledger in by_year.items()
    }
    history = History(start, sectors, kept, truncation=truncation)
    for ledger in by_year.values():
        history = history.plus(ledger)
    return history
