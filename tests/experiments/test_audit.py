"""The audit as a user asks for it: a small one from command to page, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from experiments import audit
from experiments.auditing import parts
from experiments.auditing.lives import live
from experiments.auditing.summary import AUDIT

SMALL = ("seeds=2", "regions=1500:2,3000:1", "disturbances=cheaper,shock_down", "processes=1")
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a small audit has been done."""
    here = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        assert audit.main([*SMALL, "out=done"]) == 0
    return here


@pytest.fixture
def ask(place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Give the command in the folder of the small audit."""
    monkeypatch.chdir(place)

    def answer(*arguments: str) -> tuple[int, str, str]:
        status = audit.main(arguments)
        said = capfd.readouterr()
        return status, said.out, said.err

    return answer


def test_the_table_has_the_columns_agreed_and_a_line_for_everything(place: Path) -> None:
    frame = pd.read_csv(place / "done" / "audit.csv")
    assert tuple(frame.columns) == AUDIT == (
        "rule", "insured", "true_rate", "disturbance", "measured_mean", "bias", "sd",
        "false_payout", "missed_payout", "payment_mean", "detectable_one_year",
        "detectable_cumulative",
    )  # fmt: skip
    main = frame[frame["rule"] != "matched_pairs_on_cost"]
    assert len(main) == 5 * 2 * 4 * 3  # rules, sizes, savings, disturbances
    assert not frame.duplicated(["rule", "insured", "true_rate", "disturbance"]).any()


def test_what_is_told_agrees_with_itself(place: Path) -> None:
    frame = pd.read_csv(place / "done" / "audit.csv")
    for line in frame.itertuples():
        assert line.bias == pytest.approx(line.measured_mean - line.true_rate, abs=1e-6)
        assert line.payment_mean >= 0  # one-sided contracts, all of them
        nothing = line.true_rate == 0
        assert pd.isna(line.missed_payout) == nothing
        assert pd.isna(line.false_payout) != nothing


def test_true_savings_are_near_those_that_were_dialled(place: Path) -> None:
    frame = pd.read_csv(place / "done" / "audit.csv")
    calm = frame[(frame["disturbance"] == "none") & (frame["rule"] == "growth_rate")]
    for near, rate in zip((0, 0.02, 0.05, 0.08), sorted(calm["true_rate"][:4]), strict=True):
        assert rate == pytest.approx(near, abs=0.012)


def test_level_and_national_shock_leave_a_contribution_margin_where_it_was(place: Path) -> None:
    moved = pd.read_csv(place / "done" / "placebos.csv").set_index(["rule", "disturbance"])["moved"]
    assert moved["contribution_margin", "cheaper"] == pytest.approx(0, abs=1e-6)
    assert moved["contribution_margin", "shock_down"] == pytest.approx(0, abs=1e-6)
    assert moved["matched_pairs", "shock_down"] == pytest.approx(0, abs=1e-6)


def test_a_fixed_growth_rate_is_paid_for_a_shock_that_lets_care_grow_cheaper(place: Path) -> None:
    moved = pd.read_csv(place / "done" / "placebos.csv").set_index(["rule", "disturbance"])["moved"]
    assert moved["growth_rate", "shock_down"] == pytest.approx(0.03 * 4 / 5, rel=0.15)


def test_the_page_says_what_the_tables_say_and_loads_nothing(place: Path) -> None:
    page = (place / "done" / "audit.html").read_text("utf-8")
    assert "Does the contract measure what is there?" in page
    assert page.count("<figure>") == 6
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    placebos = pd.read_csv(place / "done" / "placebos.csv")
    claimed = int((placebos["claimed"]).sum())
    assert f"Of {claimed} claims to be unbiased" in page
    for rule in ("Contribution margin", "Fixed growth rate", "Level and evolution"):
        assert f"<h3>{rule}</h3>" in page
    assert "nan" not in page.split('<h2 id="figures">')[0]


def test_asked_again_nothing_is_lived_again_and_the_tables_are_the_same(
    place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "live", _must_not_live)
    assert ask(*SMALL, "out=again")[0] == 0
    for name in ("audit.csv", "errors.csv", "placebos.csv", "thresholds.csv"):
        assert (place / "again" / name).read_bytes() == (place / "done" / name).read_bytes()


def test_an_interrupted_audit_goes_on_with_what_is_missing(
    place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sorted((place / "outputs" / ".audit").rglob("*.parquet"))
    assert len(whole) == 6
    lost = whole[-1]
    before = pd.read_parquet(lost)
    lost.unlink()
    lived = []
    monkeypatch.setattr(parts, "live", lambda *a, **k: lived.append(a[3]) or live(*a, **k))
    assert ask(*SMALL, "out=again")[0] == 0
    assert lived == [int(lost.parent.name.removeprefix("seed_"))]
    pd.testing.assert_frame_equal(pd.read_parquet(lost), before)


def test_interrupted_it_says_that_finished_parts_are_kept(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(audit, "_live", stopped)
    status, _, err = ask(*SMALL)
    assert status == 130
    assert "finished parts are kept" in err


REFUSED = {
    "a grid that is not there": (["grid=defaul"], ["grid=defaul", "Did you mean default"]),
    "no seed": (["seeds=0"], ["seeds=0", "1 or more"]),
    "regions that are none": (["regions=5000"], ["regions=5000", "INSURED:COUNT"]),
    "a region of nobody": (["regions=0:3"], ["regions=0:3", "1 or more"]),
    "an unknown disturbance": (["disturbances=drift"], ["'drift'", "Did you mean drift_"]),
    "an unknown key": (["populaton.size=5"], ["populaton"]),
    "a number out of range": (["population.switching_out.value=2"], ["outside its range"]),
    "a folder of something else": (["out=."], ["out=."]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_audited_is_refused_before_anybody_lives(
    case: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, said = REFUSED[case]
    monkeypatch.setattr(parts, "live", _must_not_live)
    status, _, err = ask(*arguments)
    assert status == 2
    for words in said:
        assert words in err


def test_the_help_says_how_and_exits_well(ask: Ask) -> None:
    status, out, _ = ask("--help")
    assert status == 0
    assert "python -m experiments.audit quick" in out


def test_quick_is_the_smaller_grid() -> None:
    plan, grid = audit.asked(audit.read(), {"grid": "quick"})
    assert grid.seeds < plan.grids["default"].seeds
    assert max(grid.regions) < max(plan.grids["default"].regions)


def _must_not_live(*_: object, **__: object) -> None:
    raise AssertionError("somebody was lived")
