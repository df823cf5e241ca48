"""Promises of the record: a line a person, by address, what she cost and what became of her."""

import numpy as np
import pytest

from sim.people.population import NEVER
from sim.people.record import Record
from sim.setting import Setting
from tests.people.villages import settled


def test_the_record_adds_up_to_the_ledgers_and_says_who_is_gone(ready: Setting) -> None:
    life = settled(ready, 800)
    people = life.people
    record = Record(people, ("hospital", "drugs"))
    total, persons = 0.0, set()
    for month in range(ready.first_month, 25):
        life.step(month)
        if month % 12 == 0:
            ledger, _ = life.close_year(month)
            if month > 0:
                record.add(people, ledger)
                total += float(ledger.cost[:, [0, 2]].sum(dtype=np.float64))
                persons |= set(ledger.person.tolist())
    found = record.table(people, life.factors, 24)
    assert set(found["person"].tolist()) == persons
    assert found["cost"].sum() == pytest.approx(total)
    rows = found["person"] - people.first
    gone = ~np.isnan(found["left"])
    assert (gone == (people.left[rows] != NEVER)).all()
    assert gone.any()
    assert found["died"].sum() < gone.sum()
    assert (found["died"] <= gone).all()
    for name, bit in life.factors.bits.items():
        column = found.get(f"has_{name}")
        if column is not None:
            assert (column == (people.state[rows] >> np.uint32(bit) & 1).astype(bool)).all()
    assert "has_infarction" not in found
    assert "has_diabetes" in found
