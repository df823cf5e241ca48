"""The promises of the whole model, each kept on small worlds that are really lived."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal

from sim import run, tables
from sim.model import Region
from sim.people import processes
from sim.people.factors import DEATH, LEAVING
from sim.people.population import NEVER
from sim.results import Results
from sim.run import compare, live_seed, simulate
from sim.setting import setting
from tests.digest import digest
from tests.worlds import (
    arms_of,
    changed,
    everywhere,
    live_until,
    of_arm,
    regions,
    world,
)

ONE = "programmes=[healthy_weight]"
TINY = ("population.size=200", "population.comparison=1200", "horizon.years=1")
FEES = {
    "contract.investment_fee": 50_000.0,
    "contract.management_fee": 4.0,
    "contract.minimum_savings_rate": 0.0,
    "contract.settlement_lag": 14.0,
    "generation.bonus_share": 0.3,
}
LIVELY = {
    "network.joining": 4.0,
    "network.membership": 3.0,
    "network.drug_cost_ratio": 0.1,
    "region.insurers.aok.share": 0.6,
    "region.insurers.lkk.share": 0.4,
}


def lively(*overrides: str, **more: Any) -> Any:
    """A small world in which practices join at once and patients soon, with fees and bonus."""
    scenario = world(*overrides)
    early = everywhere(scenario, "start_month", 1.0) | everywhere(scenario, "invitation", 1.0)
    return changed(scenario, LIVELY | FEES | early | more)


@pytest.fixture(scope="module")
def a_run() -> Results:
    return simulate(lively("seeds=[1,2]"))


@pytest.fixture(scope="module")
def without() -> Results:
    return simulate(world("programmes=[]", "network=none"))


@pytest.fixture(scope="module")
def region() -> Region:
    """A region whose last contract month is over."""
    return live_until(regions(arms_of(lively()))["intervention"], 36)


def cents(amounts: Any) -> int:
    return round(100 * float(np.sum(amounts)))


def booked(results: Results, arm: str = "intervention", **where: Any) -> pd.DataFrame:
    """The cashbook's entries of an arm that have these values, or one of these values."""
    book = of_arm(results.tables["cashbook"], arm)
    for column, value in where.items():
        book = book[book[column].isin(value if isinstance(value, tuple | range) else (value,))]
    return book


# The same luck.


def test_without_programmes_and_network_both_arms_are_equal_to_the_bit(without: Results) -> None:
    for name in ("population", "insurers"):
        table = without.tables[name]
        found = of_arm(table, "intervention")
        assert len(found) == 6
        assert_frame_equal(found, of_arm(table, "counterfactual"), check_exact=True)
    assert (without.tables["settlements"]["true_savings"] == 0).all()


def test_without_programmes_and_network_everybody_has_the_same_life_in_both_arms() -> None:
    arms = regions(arms_of(world("programmes=[]", "network=none")))
    one, other = (live_until(arm, 35) for arm in arms.values())
    assert lives(one) == lives(other)


def test_swapping_arms_flips_the_sign() -> None:
    full, none = lively(), lively("programmes=[]")
    there, back = compare(full, none), compare(none, full)
    for name in ("population", "cashbook", "settlements", "physicians"):
        for arm, swapped in (
            ("intervention", "counterfactual"),
            ("counterfactual", "intervention"),
        ):
            one, other = of_arm(there.tables[name], arm), of_arm(back.tables[name], swapped)
            one, other = (t.drop(columns="true_savings", errors="ignore") for t in (one, other))
            assert_frame_equal(one, other, check_exact=True)
    savings = [table.tables["settlements"].set_index(["arm", "year"]) for table in (there, back)]
    one, other = (table.loc["intervention", "true_savings"] for table in savings)
    assert (one != 0).all()
    assert_array_equal(one, -other)


def test_a_scenario_compared_with_itself_saves_nothing() -> None:
    found = compare(lively(ONE), lively(ONE))
    for table in found.tables.values():
        if "comparison" not in set(table["arm"]):
            assert_frame_equal(
                of_arm(table, "intervention"), of_arm(table, "counterfactual"), check_exact=True
            )
    assert (found.tables["settlements"]["true_savings"] == 0).all()


def lives(region: Region, rows: Any = slice(None), slots: Any = slice(None)) -> dict[str, bytes]:
    """Everything that has befallen some rows so far, by name: to be compared bit by bit."""
    people = region.people
    found = {name: people.columns[name][rows] for name in people.columns}
    del found["participation"]  # a place in a table, which depends on who else attends
    found |= {
        name: getattr(people, name)[slots][:, rows]
        for name in ("remaining", "hazard", "occurrence")
    }
    found |= {name: getattr(people, name)[:, rows] for name in ("rate", "account")}
    return {name: np.ascontiguousarray(column).tobytes() for name, column in found.items()}


def test_one_programme_more_leaves_the_life_of_all_who_never_attend_it_alone() -> None:
    """Places are ample, so that nobody waits for somebody else."""
    base = lively()
    ample = everywhere(base, "capacity", 1_000_000)
    names = [name for name in base.config["programmes"] if name != "better_mood"]
    arms = {
        "with": setting(changed(base, ample)),
        "without": setting(
            changed(
                lively(f"programmes=[{','.join(names)}]"),
                {key: ample[key] for key in ample if "better_mood" not in key},
            )
        ),
    }
    more, fewer = (live_until(arm, 35) for arm in regions(arms).values())
    programme = next(p for p in more.programmes if p.programme == "better_mood")
    attended = programme.places.started != programme.places.ended
    never = np.flatnonzero(~attended)
    assert 20 < attended.sum() < 1000
    assert lives(more, never) == lives(fewer, never)
    assert lives(more, np.flatnonzero(attended)) != lives(fewer, np.flatnonzero(attended))


@pytest.fixture
def one_disease_more(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A condition `itch` in the tables, commoner with age, that changes nothing else."""
    read = tables.table

    def with_itch(name: str) -> pd.DataFrame:
        frame = read(name)
        if name != "prevalence":
            return frame
        itch = frame[frame["condition"] == "diabetes"].assign(condition="itch")
        itch["prevalence"] = itch["age"] * 0.004
        return pd.concat([frame, itch], ignore_index=True)

    monkeypatch.setattr(tables, "table", with_itch)
    return {"label": "itch", "kind": "condition"}


def test_one_disease_more_leaves_every_other_fate_alone(one_disease_more: dict[str, Any]) -> None:
    few = world("population.reference_size=6400", "population.reference_lives=16")
    both = few.config["diseases"] | {"itch": one_disease_more}
    arms = [
        regions({"counterfactual": setting(scenario).without_intervention()})["counterfactual"]
        for scenario in (few, changed(few, {"diseases": both}))
    ]
    without, within = (live_until(arm, 35) for arm in arms)
    slots = [p.name != "itch" for p in within.life.factors.processes]
    bits = within.life.factors.bits
    assert (within.people.state >> np.uint32(bits["itch"]) & 1).sum() > 50
    here, there = lives(within, slots=slots), lives(without)
    for masked in ("state", "recent", "documented", "documented_before"):
        del here[masked], there[masked]  # their bits are in other places
    for parted in ("billed", "account"):
        del here[parted], there[parted]  # an onset of itch books running cost up to its month
    assert here == there
    for region in (without, within):
        processes.accrue(region.people, region.people.n, 36)
    assert_allclose(within.people.account, without.people.account, rtol=1e-5)
    for name, bit in without.life.factors.bits.items():
        for mask in ("state", "recent", "documented"):
            one = without.people.columns[mask] >> np.uint32(bit) & 1
            other = within.people.columns[mask] >> np.uint32(bits[name]) & 1
            assert_array_equal(one, other, f"{mask} {name}")


def test_the_comparison_lives_once_whatever_the_arms_do(a_run: Results, without: Results) -> None:
    """Scenarios that differ in insurers' shares and programmes alone have the same people."""
    keys = ["seed", "year", "insurer", "resident"]
    one, other = (
        of_arm(results.tables["population"], "comparison").query("seed == 1").drop(columns=keys)
        for results in (a_run, without)
    )
    deaths, years = one["deaths"].sum(), one["person_years"].sum()
    assert (deaths, years) == (other["deaths"].sum(), pytest.approx(other["person_years"].sum()))


# The same bits.


@pytest.fixture(scope="module")
def two_seeds() -> str:
    return digest((*TINY, "seeds=[1,2]"))


def test_two_processes_give_the_bits_of_one(two_seeds: str) -> None:
    assert digest((*TINY, "seeds=[1,2]"), processes=2) == two_seeds


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "2", "NUMBA_NUM_THREADS": "1"},
        {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        {"NUMBA_DISABLE_JIT": "1"},
    ],
    ids=lambda environment: " ".join(environment),
)
def test_hash_seed_threads_and_compilation_leave_every_bit(
    environment: dict[str, str], two_seeds: str
) -> None:
    command = [sys.executable, "-m", "tests.digest", *TINY, "seeds=[1,2]"]
    done = subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == two_seeds


def test_chunks_leave_every_bit(two_seeds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_CHUNK", 37)
    assert digest((*TINY, "seeds=[1,2]")) == two_seeds


def test_seeds_in_another_order_are_the_same_seeds() -> None:
    one, other = (simulate(world(*TINY, f"seeds={seeds}")) for seeds in ("[1,2]", "[2,1]"))
    for name, table in one.tables.items():
        swapped = other.tables[name].sort_values("seed", kind="stable").reset_index(drop=True)
        assert_frame_equal(table, swapped, check_exact=True)


def test_another_seed_is_another_world() -> None:
    few = (*TINY, "population.comparison=1000")  # that the few of the small insurer have a norm
    assert digest((*few, "seeds=[3]")) != digest((*few, "seeds=[4]"))


# What a counterfactual is.


def test_the_counterfactual_has_no_company_no_members_and_no_programmes(a_run: Results) -> None:
    for name in ("integrators", "lenders", "programmes", "settlements"):
        assert set(a_run.tables[name]["arm"]) == {"intervention"}
    people = of_arm(a_run.tables["population"], "counterfactual")
    assert (people["members"] == 0).all()
    assert (of_arm(a_run.tables["population"], "intervention")["members"] > 0).all()
    book = booked(a_run, "counterfactual")
    assert set(book["account"]) == {"care", "allocation"}
    assert "integrator" not in {*book["payer"], *book["payee"]}


def test_the_contract_never_sees_the_counterfactual() -> None:
    full = lively()
    against = [lively("programmes=[]", "network=none"), lively(ONE), full]
    runs = [compare(full, other) for other in against]
    settled = [of_arm(found.tables["settlements"], "intervention") for found in runs]
    true = [list(table.pop("true_savings")) for table in settled]
    assert true[0] != true[1] != true[2]
    for table, found in zip(settled[1:], runs[1:], strict=True):
        assert_frame_equal(table, settled[0], check_exact=True)
        assert_frame_equal(booked(found), booked(runs[0]), check_exact=True)


# Sizes.


def test_doubling_the_population_doubles_the_cost_within_its_noise() -> None:
    seeds = range(1, 7)
    single, double = (_cost(size, seeds) for size in (3_000, 6_000))
    noise = np.sqrt(single.var(ddof=1) * 4 / len(seeds) + double.var(ddof=1) / len(seeds))
    assert abs(double.mean() - 2 * single.mean()) < 3 * noise
    assert noise < 0.04 * double.mean()  # so that the promise says something


def _cost(size: int, seeds: range) -> np.ndarray:
    """Cost of the contract's sectors in the first year, by seed, EUR."""
    scenario = changed(
        world("horizon.years=1"), {"population.size": size, "population.comparison": 1500}
    )
    arms = {"counterfactual": setting(scenario).without_intervention()}
    found = [pd.DataFrame(live_seed(arms, seed)["insurers"])["cost"].sum() for seed in seeds]
    return np.array(found)


# Everybody dies.


def test_mortality_of_100_percent_stops_costs() -> None:
    region = regions(arms_of(lively()))["counterfactual"]
    factors = region.life.factors
    factors.by_region[0, factors.rates["death"]] = 1e9
    people = region.people
    region.life.touch(np.arange(people.n))
    there = people.present(1) & (people.entered < 1)
    live_until(region, 12)
    assert there.sum() > 1_900
    assert (people.left[there] == 2).all()
    arrived = (people.entered >= 1) & (people.entered <= 12)
    assert arrived.sum() > 50
    assert_array_equal(people.left[arrived], people.entered[arrived] + 1)
    live_until(region, 24)
    table = pd.DataFrame(region.yearbook.lines["population"]).groupby("year").sum(True)
    newcomers = ((people.entered >= 13) & (people.entered <= 24)).sum()
    assert table["person_years"].iloc[1] == pytest.approx(newcomers / 12)
    assert table["deaths"].tolist() == [there.sum() + arrived.sum(), newcomers]
    first, second = (table.filter(like="cost_").iloc[year].sum() for year in (0, 1))
    assert second < 0.1 * first


def test_who_is_dead_or_away_costs_nothing_and_meets_nothing() -> None:
    region = live_until(regions(arms_of(lively()))["intervention"], 24)
    gone = np.flatnonzero(region.people.left <= 25)
    assert gone.size > 200
    assert (region.people.account[:, gone] == 0).all()
    before = lives(region, gone)
    after = lives(live_until(region, 35), gone)
    del before["recent"], after["recent"]  # the first months after an event end for the dead too
    assert after == before


# Persons and euros are conserved.


@pytest.fixture(scope="module")
def census() -> tuple[Region, pd.DataFrame]:
    """A region and, by year and insurer, who was there, came and was there at the end."""
    region = regions(arms_of(lively()))["intervention"]
    people, lines = region.people, []
    for year in range(3):
        live_until(region, 12 * year)
        start = people.present(12 * year + 1) & (people.entered <= 12 * year)
        live_until(region, 12 * year + 12)
        came = (people.entered > 12 * year) & (people.entered <= 12 * year + 12)
        came &= people.left > people.entered
        end = people.present(12 * year + 13) & (people.entered <= 12 * year + 12)
        for number, insurer in enumerate(region.setting.region.insurers):
            own = people.insurer == number
            counts = [int((kind & own).sum()) for kind in (start, came, end)]
            lines.append((2006 + year, insurer, *counts))
    return region, pd.DataFrame(lines, columns=["year", "insurer", "start", "came", "end"])


def test_persons_are_conserved_year_by_year_and_insurer_by_insurer(
    census: tuple[Region, pd.DataFrame],
) -> None:
    region, counted = census
    told = pd.DataFrame(region.yearbook.lines["population"])
    both = counted.merge(told, on=["year", "insurer"], validate="one_to_one")
    assert len(both) == 6
    assert (both[["start", "came", "deaths", "leavings"]] > 0).all(axis=None)
    assert_array_equal(
        both["start"] + both["came"] - both["deaths"] - both["leavings"], both["end"]
    )


def test_person_years_are_the_months_that_persons_were_there(
    census: tuple[Region, pd.DataFrame],
) -> None:
    region = census[0]
    told = pd.DataFrame(region.yearbook.lines["population"]).groupby("year")["person_years"].sum()
    for year in range(3):
        months = range(12 * year + 1, 12 * year + 13)
        present = sum(int(region.people.present(month).sum()) for month in months)
        assert told[2006 + year] == pytest.approx(present / 12)


def test_everybody_leaves_once_and_for_one_reason(region: Region) -> None:
    people = region.people
    gone = people.left != NEVER
    told = pd.DataFrame(region.yearbook.lines["population"])
    within = gone & (people.left > 1)
    assert told["deaths"].sum() == (within & people.died).sum()
    assert told["leavings"].sum() == (within & ~people.died).sum()
    assert (people.hazard[:, gone] == 0).all()
    assert (people.hazard[[DEATH, LEAVING]][:, people.present(36) & ~gone] > 0).all()


def test_onsets_and_remissions_add_up_to_prevalence(region: Region) -> None:
    """Of those who stay: who has a condition at the end had it before or fell ill."""
    told = pd.DataFrame(region.yearbook.lines["population"])
    people, bits = region.people, region.life.factors.bits
    end = people.present(37) & (people.entered <= 36)
    for name, bit in bits.items():
        if f"prevalence_{name}" in told:
            ill = (people.state >> np.uint32(bit) & 1).astype(bool)
            expected = told[told["year"] == 2008][f"prevalence_{name}"].sum()
            assert (ill & end).sum() == expected, name


def test_all_balances_sum_to_zero_and_nobody_pays_himself(a_run: Results) -> None:
    book = a_run.tables["cashbook"]
    assert (book["amount"] > 0).all()
    assert (book["payer"] != book["payee"]).all()
    for (_, _), entries in book.groupby(["arm", "seed"]):
        received = entries.groupby("payee")["amount"].sum()
        paid = entries.groupby("payer")["amount"].sum()
        balance = received.subtract(paid, fill_value=0)
        assert cents(balance) == 0
        assert (balance != 0).all()


def test_care_in_the_cashbook_is_the_cost_of_the_people(a_run: Results) -> None:
    sectors = [f"cost_{sector}" for sector in a_run.sectors]
    for arm in ("intervention", "counterfactual"):
        people = of_arm(a_run.tables["population"], arm)
        for _, line in people.iterrows():
            december = 12 * (line["year"] - 2005)
            care = booked(
                a_run, arm, account="care", seed=line["seed"], month=december,
                payer=f"insurer:{line['insurer']}", payee="providers",
            )  # fmt: skip
            assert len(care) == 1
            assert care["amount"].sum() == pytest.approx(line[sectors].sum(), rel=1e-6)


def test_insurers_books_and_settlements_are_the_cashbook(a_run: Results) -> None:
    book = booked(a_run)
    insurers = a_run.tables["insurers"].query("arm == 'intervention'")
    settled = a_run.tables["settlements"].set_index(["seed", "year"])
    by_year = insurers.groupby(["seed", "year"])[["insured_years", "cost", "allocation"]].sum()
    for (seed, year), line in by_year.iterrows():
        account = settled.loc[(seed, year)]
        for column in ("insured_years", "cost", "allocation"):
            assert line[column] == pytest.approx(account[column], rel=1e-9, abs=0.01), column
        own = book[(book["seed"] == seed)]
        december, paid = 12 * (year - 2005), account["paid_month"]
        for column, month in (
            ("cost", december), ("allocation", december), ("investment_fee", december),
            ("management_fee", december), ("shared_savings", paid),
        ):  # fmt: skip
            name = "care" if column == "cost" else column
            entries = own[(own["account"] == name) & (own["month"] == month)]
            assert entries["amount"].sum() == pytest.approx(account[column], abs=0.02), column
    assert settled["shared_savings"].sum() > 0
    assert settled["investment_fee"].min() > 0


def test_every_euro_of_an_insurer_is_cost_or_fee_or_share_of_savings(a_run: Results) -> None:
    book = booked(a_run)
    paid = book[book["payer"].str.startswith("insurer:")]
    destinations = set(zip(paid["payee"], paid["account"], strict=True))
    assert destinations == {
        ("providers", "care"),
        ("integrator", "investment_fee"),
        ("integrator", "management_fee"),
        ("integrator", "shared_savings"),
    }
    received = book[book["payee"].str.startswith("insurer:")]
    assert set(zip(received["payer"], received["account"], strict=True)) == {
        ("risk_pool", "allocation")
    }
    settled = a_run.tables["settlements"]
    due = settled[["cost", "investment_fee", "management_fee", "shared_savings"]].to_numpy().sum()
    assert paid["amount"].sum() == pytest.approx(due, abs=1.0)


def test_transfers_within_the_company_cancel(a_run: Results) -> None:
    """What physicians, programmes and lenders say they got is what the company paid."""
    within = {"month": range(1, 37), "payer": "integrator"}
    physicians = a_run.tables["physicians"].query("arm == 'intervention'")
    assert physicians["bonus"].sum() > 0
    bonus = booked(a_run, account="bonus", **within)["amount"].sum()
    assert physicians["bonus"].sum() == pytest.approx(bonus)
    programmes = a_run.tables["programmes"]["cost"].sum()
    assert programmes == pytest.approx(
        booked(a_run, account="programme", **within)["amount"].sum(), abs=1.0
    )
    lenders = a_run.tables["lenders"]
    drawn = booked(a_run, account="drawdown", payee="integrator")
    assert cents(lenders["drawn"]) == cents(drawn["amount"])
    for kind, column in (("interest", "interest"), ("repayment", "repaid")):
        assert cents(lenders[column]) == cents(booked(a_run, account=kind)["amount"])
    last = lenders.sort_values("year").groupby("seed").last()
    left = lenders.groupby("seed")["drawn"].sum() - lenders.groupby("seed")["repaid"].sum()
    assert_array_equal(np.round(last["outstanding"], 2), np.round(left, 2))


def test_cash_of_the_company_is_all_it_received_less_all_it_paid(a_run: Results) -> None:
    for seed, lines in a_run.tables["integrators"].groupby("seed"):
        book = booked(a_run, seed=seed)
        for _, line in lines.iterrows():
            until = book[book["month"] <= 12 * (line["year"] - 2005)]
            got = until[until["payee"] == "integrator"]["amount"]
            gave = until[until["payer"] == "integrator"]["amount"]
            assert cents(line["cash"]) == cents(got) - cents(gave)


def test_books_run_off_until_the_last_settlement_and_instalment(a_run: Results) -> None:
    last = a_run.tables["cashbook"]["month"].max()
    assert a_run.tables["settlements"]["paid_month"].max() == 36 + 14
    assert last <= a_run.tables["integrators"]["year"].max() * 12 - 12 * 2005
    assert a_run.tables["integrators"]["year"].max() == 2005 + (-11 + 120 + 11) // 12


def test_python_and_private_helpers_agree(a_run: Results) -> None:
    """The worlds of these tests are those of `simulate`: the helper repeats it faithfully."""
    region = regions(arms_of(lively()))["intervention"]
    region.run()
    found = pd.DataFrame(region.tables()["cashbook"])
    told = a_run.tables["cashbook"].query("seed == 1 and arm == 'intervention'")
    assert_frame_equal(found[told.columns], told.reset_index(drop=True), check_exact=True)
    assert run.years_to_live(setting(lively()), seeds=1) == 5 + 2 + 2 * 3
