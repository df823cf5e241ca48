"""What insurers see of a year: sound claims whose sums are the sums of the year."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sim.contract.ledger import SECTORS as CONTRACT_SECTORS
from sim.contract.ledger import Ledger
from sim.people import claims
from sim.people.life import Life
from sim.people.population import ACCOUNTS, NEVER, SECTORS
from sim.setting import Setting
from tests.people.villages import bare, history, lived, settled

SIZE = 3000


class Told:
    """A village that has lived five years; of every December claims, sums and the persons."""

    def __init__(self, ready: Setting) -> None:
        self.life = settled(ready, SIZE, regions=(0, 2, 5))
        people = self.life.people
        people.member[::3] = True
        self.years = []
        months = history(ready, 5)
        for january in months[::12]:
            whole = range(january, january + 12)
            before = people.documented_before.copy()
            ((ledger, sums),) = lived(self.life, whole)
            self.years.append((january + 11, ledger, sums, people.copy(), before))


@pytest.fixture(scope="module")
def told(ready: Setting) -> Told:
    return Told(ready)


def empty(life: Life, n: int) -> tuple[Life, np.ndarray]:
    """Let a village of `n` persons without a past take the place of the life's own."""
    life.people = bare(life, n)
    life.people.first_month = life.people.entered[0]
    return life, np.arange(n)


def test_claims_of_every_year_pass_their_own_check(told: Told) -> None:
    for _, ledger, _, _, _ in told.years:
        ledger.check(one_row_a_person=True)
        assert len(ledger) > SIZE


def test_who_was_insured_for_a_month_has_a_row_and_nobody_else(told: Told) -> None:
    for december, ledger, _, people, _ in told.years:
        months = people.months_in(december - 11, december)
        assert ledger.person.tolist() == np.flatnonzero(months).tolist()
        assert (ledger.insured_months == months[ledger.person]).all()
        assert ledger.insured_months.min() >= 1
        assert set(ledger.insured_months.tolist()) == set(range(1, 13))


def test_persons_are_in_their_claims_what_they_are(told: Told) -> None:
    for december, ledger, _, people, _ in told.years:
        rows = ledger.person
        for column in ("sex", "region", "insurer", "physician", "member"):
            assert (getattr(ledger, column) == people.columns[column][rows]).all()
        assert (ledger.age == (december - people.born[rows].astype(int)) // 12).all()
        assert ledger.year == told.life.year_of(december)


def test_diagnoses_are_those_of_the_year_before(told: Told) -> None:
    new = over = 0
    for _, ledger, _, people, before in told.years:
        known = ~ledger.newcomer
        assert (ledger.documented[known] == before[ledger.person[known]]).all()
        assert (ledger.documented[ledger.newcomer] == 0).all()
        new += int((people.documented_before & ~before > 0).sum())
        over += int((before & ~people.documented_before > 0).sum())
    assert new > 100
    assert over > 10


def test_newcomers_are_those_who_came_within_the_year(told: Told) -> None:
    first = told.life.people.first_month
    for december, ledger, _, people, _ in told.years:
        entered = people.entered[ledger.person]
        expected = (entered > december - 12) & (entered > first)
        assert (ledger.newcomer == expected).all()
        assert ledger.newcomer.any()
    _, ledger, _, people, _ = told.years[0]
    residents = people.entered[ledger.person] == first
    assert not ledger.newcomer[residents].any()  # their diagnoses are drawn with them


def test_sums_of_claims_are_the_sums_of_the_year_to_the_euro(told: Told) -> None:
    for _, ledger, sums, _, _ in told.years:
        for i, sector in enumerate(CONTRACT_SECTORS):
            of_insurer = np.bincount(ledger.insurer, ledger.cost[:, i].astype(float))
            assert_allclose(of_insurer, sums[f"cost_{sector}"], rtol=0, atol=1)
            assert sums[f"cost_{sector}"].sum() > 100_000
        years = np.bincount(ledger.insurer, ledger.insured_months.astype(float)) / 12
        assert_allclose(years, sums["person_years"])


def test_members_and_the_ill_are_counted_among_those_still_there(told: Told) -> None:
    for december, _, sums, people, _ in told.years:
        there = people.present(december + 1)
        there &= people.entered <= december
        assert sums["members"].sum() == (people.member & there).sum()
        for name, bit in told.life.factors.bits.items():
            if f"prevalence_{name}" in sums:
                ill = people.state >> np.uint32(bit) & 1 == 1
                expected = np.bincount(people.insurer[ill & there], minlength=2)
                assert sums[f"prevalence_{name}"].tolist() == expected.tolist(), name


def test_the_ill_of_a_year_are_those_before_and_onsets_less_remissions_and_exits(
    told: Told,
) -> None:
    for (_, _, _, before, _), (december, _, sums, after, _) in pairwise(told.years):
        for name in ("diabetes", "depression", "smoking"):
            bit = np.uint32(told.life.factors.bits[name])
            came = (after.entered > december - 12) & (after.entered <= december)
            there = before.present(december - 11) & ~came
            brought = (before.state[there | came] >> bit & 1).sum()
            gone = (there | came) & (after.left <= december + 1)
            ended = (after.state[gone] >> bit & 1).sum()
            turned = sums[f"onset_{name}"].sum() - sums.get(f"remission_{name}", np.zeros(1)).sum()
            assert sums[f"prevalence_{name}"].sum() == brought + turned - ended


def test_deaths_of_a_year_are_those_who_died_in_it(told: Told) -> None:
    for december, _, sums, people, _ in told.years:
        gone = (people.left > december - 11) & (people.left <= december + 1)
        assert sums["deaths"].sum() == (gone & people.died).sum()
        assert sums["leavings"].sum() == (gone & ~people.died).sum()
    assert sum(sums["deaths"].sum() for _, _, sums, _, _ in told.years) > 50


def test_accounts_begin_anew_and_diagnoses_become_last_years(told: Told) -> None:
    for _, _, _, people, _ in told.years:
        assert (people.account == 0).all()
    there = [people.entered <= december for december, _, _, people, _ in told.years]
    for rows, (_, _, _, people, _) in zip(there, told.years, strict=True):
        still = people.documented_before & people.state  # what is over will not be coded again
        assert (people.documented[rows] == still[rows]).all()
        assert (people.documented_before[rows] != still[rows]).any()


def test_money_is_counted_in_prices_of_the_year_and_place(ready: Setting) -> None:
    life, rows = empty(settled(ready, 10), 3)
    people = life.people
    people.region[:] = [0, 1, 1]
    people.account[:] = np.arange(len(ACCOUNTS))[:, None] + 1
    prices = np.array([[2.0] * len(SECTORS), [3.0] * len(SECTORS)])
    ledger = claims.ledger(people, rows, 2010, 12, prices)
    expected = [[2, 4, 6, 8], [3, 6, 9, 12], [3, 6, 9, 12]]
    assert ledger.cost.tolist() == expected
    sums = claims.sums(people, life.factors, rows, 12, prices)
    for i, account in enumerate(ACCOUNTS):
        name = f"cost_{account}" if account in SECTORS else account
        price = 8 if account in SECTORS else 3  # health has no price
        assert sums[name].tolist() == [(i + 1) * price]


def test_a_year_in_which_nothing_happens_has_every_column_at_zero(ready: Setting) -> None:
    life, rows = empty(settled(ready, 10), 4)
    prices = np.ones((1, len(SECTORS)))
    sums = claims.sums(life.people, life.factors, rows, 12, prices)
    assert sums.pop("person_years").tolist() == [4]
    assert {float(value.sum()) for value in sums.values()} == {0.0}
    assert life.people.left.tolist() == [NEVER] * 4


def test_nobody_insured_is_an_empty_ledger(ready: Setting) -> None:
    life, _ = empty(settled(ready, 10), 4)
    nobody = np.empty(0, np.int64)
    ledger = claims.ledger(life.people, nobody, 2010, 12, np.ones((1, len(SECTORS))))
    assert isinstance(ledger, Ledger)
    assert len(ledger) == 0
