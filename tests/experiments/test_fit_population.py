"""Numbers are fitted where they stand, to what they may be fitted to, or not at all."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiments import fit_population
from experiments.validation import fitting
from experiments.validation.fitting import Fit, Fits, Number, fit
from sim.quantity import Refusal
from sim.scenario import CONF


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of conf that may be written to."""
    folder = tmp_path / "conf"
    shutil.copytree(CONF, folder, ignore=shutil.ignore_patterns("*.npz"))
    monkeypatch.setattr(fitting, "CONF", folder)
    return folder


def fits(*ones: Fit, rounds: int = 8) -> Fits:
    return Fits(persons=1, rounds=rounds, close=0.01, run="germany", fits=ones)


def one(number: str = "diseases.stroke.case_fatality", power: float = 1.0) -> Fit:
    return Fit(numbers=(number,), targets=("stroke_death_30_days",), power=power)


def test_every_number_of_the_list_stands_in_conf() -> None:
    for number in (Number(path) for one in Fits.read().fits for path in one.numbers):
        assert number.value > 0


def test_a_number_is_written_in_its_place_and_nowhere_else(conf: Path) -> None:
    file = conf / "diseases" / "heart_failure.yaml"
    before = file.read_text("utf-8").splitlines()
    Number("diseases.heart_failure.hazard_ratio_of.avoidable_admission").write(3.25)
    after = file.read_text("utf-8").splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert changed[0].startswith("    avoidable_admission: {value: 3.25, ")


def test_a_quantity_never_leaves_its_range(conf: Path) -> None:
    number = Number("diseases.stroke.case_fatality")
    number.write(0.9)
    assert number.value == 0.1


def test_a_factor_of_a_course_by_age_is_written_too(conf: Path) -> None:
    number = Number("age_shapes.diabetes_death.30")
    number.write(5.5)
    assert number.value == 5.5


def test_a_number_that_conf_does_not_hold_is_refused(conf: Path) -> None:
    with pytest.raises(Refusal, match="does not hold"):
        _ = Number("diseases.stroke.nothing").value


def test_what_is_held_out_may_not_be_fitted_to(conf: Path) -> None:
    file = conf / "fit.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("[stroke_death_30_days]", "[stroke_recurrence_1_year]"))
    with pytest.raises(Refusal, match="no target with used_for_calibration yes"):
        Fits.read()


def test_fitting_finds_the_number_whose_target_comes_out(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, seen = Number("diseases.stroke.case_fatality"), []
    monkeypatch.setattr(fitting, "misses", lambda _: [0.7 * math.log(0.045 / number.value)])
    fit(fits(one()), lambda *line: seen.append(line))
    assert number.value == pytest.approx(0.045, rel=0.02)
    assert abs(seen[-1][2][0]) < 0.01


def test_an_interruption_leaves_conf_as_it_was(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = conf / "diseases" / "stroke.yaml"
    before, rounds = file.read_bytes(), iter([0.3, 0.3])

    def misses(_: Fits) -> list[float]:
        miss = next(rounds, None)
        if miss is None:
            raise KeyboardInterrupt
        return [miss]

    monkeypatch.setattr(fitting, "misses", misses)
    with pytest.raises(KeyboardInterrupt):
        fit(fits(one()), lambda *_: None)
    assert file.read_bytes() == before


@pytest.mark.parametrize("power", [(0.05, 0.15), (9.0, 4.0)])
def test_targets_are_never_taken_to_answer_too_little_or_too_much(
    power: tuple[float, float],
) -> None:
    given, taken = power
    seen = given * 0.1
    found = fitting._answer(given, (1.0, seen), (1.1051709, 0.0))
    assert found == pytest.approx(taken)


def test_overrides_are_for_solving_alone(capsys: pytest.CaptureFixture[str]) -> None:
    arguments: Sequence[str] = ["population=france"]
    assert fit_population.main(arguments) == 2
    assert "fit=false" in capsys.readouterr().err
