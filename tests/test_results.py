"""Promises of the run folder: whole or not there, declared columns, the same bytes, no NaN."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sim import folder as run_folder
from sim import results as outcomes
from sim.quantity import Refusal
from sim.results import TABLES, Results, column, read, to_json, to_parquet, write

CELLS = {"text": "a", "flag": True, "count": 2006}
DOCUMENTS = {"summary.json": b"{}\n", "figures/savings.svg": b"<svg/>"}


def frame(table: str) -> pd.DataFrame:
    """Two rows with every declared column of a table; patterns are filled with diabetes."""
    cells = {
        name.replace("<condition>", "diabetes").replace("<event>", "infarction"): CELLS.get(
            declared.unit, 1.5
        )
        for name, declared in TABLES[table].items()
    }
    return pd.DataFrame([cells, cells])


@pytest.fixture
def a_run() -> Results:
    return Results(
        experiment="kinzigtal",
        seeds=(1, 2),
        first_year=2006,
        last_year=2017,
        sectors=("hospital", "drugs"),
        insurers=("aok",),
        tables={name: frame(name) for name in TABLES},
        config={"region": {"label": "Kinzigtal"}, "seeds": [1, 2]},
        manifest={"run": "abc", "command": "python -m experiments.run"},
    )


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir() if path.name != folder.name)


def test_what_is_written_is_read_again(a_run: Results, tmp_path: Path) -> None:
    write(a_run, tmp_path / "run", DOCUMENTS)
    again = read(tmp_path / "run")
    assert (again.experiment, again.seeds, again.sectors) == ("kinzigtal", (1, 2), a_run.sectors)
    assert again.config == a_run.config
    assert again.manifest == a_run.manifest
    for name, table in a_run.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table, check_dtype=False, check_like=True)
    assert (tmp_path / "run" / "figures" / "savings.svg").read_bytes() == b"<svg/>"


def test_every_column_has_a_unit_and_a_label() -> None:
    for table, columns in TABLES.items():
        for name, declared in columns.items():
            assert declared.unit, (table, name)
            assert declared.label, (table, name)


def test_a_pattern_declares_a_column_for_every_condition() -> None:
    assert column("population", "prevalence_heart_failure").label == (
        "persons with heart failure, year end"
    )
    assert column("population", "event_hip_fracture").unit == "case"


def test_an_undeclared_column_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"insurers\.mood is not an outcome"):
        to_parquet("insurers", frame("insurers").assign(mood=1.0))


def test_a_declared_column_that_is_missing_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"insurers\.cost .*was not computed"):
        to_parquet("insurers", frame("insurers").drop(columns="cost"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_table_holds_nan_or_infinity(value: float) -> None:
    with pytest.raises(ValueError, match=r"insurers\.cost has"):
        to_parquet("insurers", frame("insurers").assign(cost=value))


def test_only_cells_that_may_be_empty_may_be_empty() -> None:
    assert to_parquet("settlements", frame("settlements").assign(paid_month=None, r_squared=None))


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_no_json_holds_nan_or_infinity(value: float) -> None:
    with pytest.raises(ValueError, match="name the state"):
        to_json({"irr": {"p50": value}})


def test_tables_have_the_same_bytes_whatever_the_order_of_seeds() -> None:
    rows = frame("insurers").assign(seed=[1, 2])
    assert to_parquet("insurers", rows) == to_parquet("insurers", rows.iloc[::-1])


def test_tables_hold_no_time_stamp_and_no_path(a_run: Results, tmp_path: Path) -> None:
    write(a_run, tmp_path / "one", {})
    write(a_run, tmp_path / "two", {})
    for name in TABLES:
        one, two = ((tmp_path / run / f"{name}.parquet").read_bytes() for run in ("one", "two"))
        assert one == two
        assert str(tmp_path).encode() not in one
        assert b"pandas" not in one


def test_a_finished_run_leaves_nothing_beside_it(a_run: Results, tmp_path: Path) -> None:
    write(a_run, tmp_path / "run", DOCUMENTS)
    assert leftovers(tmp_path / "run") == []
    assert run_folder.is_whole(tmp_path / "run")


def test_a_folder_that_lacks_a_file_or_differs_by_a_byte_is_not_whole(
    a_run: Results, tmp_path: Path
) -> None:
    write(a_run, tmp_path / "run", DOCUMENTS)
    (tmp_path / "run" / "summary.json").write_bytes(b"{ }\n")
    assert not run_folder.is_whole(tmp_path / "run")
    (tmp_path / "run" / "summary.json").unlink()
    assert not run_folder.is_whole(tmp_path / "run")
    with pytest.raises(Refusal, match="holds no whole run"):
        read(tmp_path / "run")


def test_an_exception_while_writing_leaves_nothing_behind(
    a_run: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_folder, "_put_in_place", fail)
    with pytest.raises(KeyboardInterrupt):
        write(a_run, tmp_path / "run", DOCUMENTS)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_no_folder_that_looks_whole_and_the_next_run_tidies_up(
    a_run: Results, tmp_path: Path
) -> None:
    killed = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from sim import folder\n"
        "folder._put_in_place = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "folder.write(Path(sys.argv[1]), {'a.txt': b'a'}, {})\n"
    )
    root = Path(outcomes.__file__).parent.parent
    subprocess.run([sys.executable, "-c", killed, str(tmp_path / "run")], cwd=root, check=False)
    assert not (tmp_path / "run").exists()
    (abandoned,) = tmp_path.iterdir()
    assert abandoned.name.startswith(".run.partial-")
    write(a_run, tmp_path / "run", DOCUMENTS)
    assert leftovers(tmp_path / "run") == []


def test_a_folder_that_is_being_written_is_left_alone(a_run: Results, tmp_path: Path) -> None:
    with run_folder._partial(tmp_path / "run") as other:
        write(a_run, tmp_path / "run", DOCUMENTS)
        assert other.exists()


def test_an_earlier_run_is_replaced_as_a_whole(a_run: Results, tmp_path: Path) -> None:
    write(a_run, tmp_path / "run", {"old.txt": b"old"})
    write(a_run, tmp_path / "run", DOCUMENTS)
    assert not (tmp_path / "run" / "old.txt").exists()
    assert leftovers(tmp_path / "run") == []


def test_an_empty_folder_is_as_good_as_none(a_run: Results, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write(a_run, tmp_path / "run", DOCUMENTS)
    assert run_folder.is_whole(tmp_path / "run")


@pytest.mark.parametrize("name", ["thesis.txt", "manifest.json"])
def test_a_folder_with_somebody_elses_files_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(Refusal, match=rf"{name}.*which no run has put there.*name another"):
        run_folder.admit(tmp_path)
    assert (tmp_path / name).exists()


def test_notes_laid_into_a_run_are_not_destroyed(a_run: Results, tmp_path: Path) -> None:
    write(a_run, tmp_path / "run", DOCUMENTS)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(Refusal, match=r"notes\.txt"):
        write(a_run, tmp_path / "run", DOCUMENTS)
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(Refusal, match="is a file"):
        run_folder.admit(tmp_path / "run")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match=r"out=.*cannot be written.*name another"):
        run_folder.admit(tmp_path / "file" / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Refusal, match="cannot be written"):
        run_folder.admit(tmp_path / "run")


def test_the_manifest_names_every_file_with_its_checksum(a_run: Results, tmp_path: Path) -> None:
    write(a_run, tmp_path / "run", DOCUMENTS)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    there = {
        str(path.relative_to(tmp_path / "run"))
        for path in (tmp_path / "run").rglob("*")
        if path.is_file()
    }
    assert set(manifest["files"]) == there - {"manifest.json"}
    assert manifest["seeds"] == [1, 2]
