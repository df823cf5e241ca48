"""Promises of an interrupted run: it ends in words, and neither files nor processes are left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from experiments import command
from experiments.run import SIGNALS, main
from sim.scenario import CONF

LONG = ("population.size=4000", "population.comparison=4000", "horizon.years=12", "seeds=400")
PATIENCE = 300.0  # seconds, for a machine that has to compile first
MESSAGE = "\nInterrupted; nothing of this run was written.\n"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a run in a folder and a group of processes of its own."""
    (tmp_path / "here").mkdir()
    (tmp_path / "temporary").mkdir()
    started: list[subprocess.Popen[str]] = []

    def begin(*overrides: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "experiments.run", *overrides, "out=run"],
            cwd=tmp_path / "here",
            env={
                **os.environ,
                "PYTHONPATH": str(CONF.parent),
                "TMPDIR": str(tmp_path / "temporary"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def wait_for(what: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def alive(group: int) -> list[str]:
    """Processes of a group, those left out that are dead and not yet buried."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = path.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(of_group) == group and state not in "ZX":
            found.append(path.parent.name)
    return found


@pytest.mark.parametrize(
    ("how", "processes"),
    [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2), (signal.SIGKILL, 2)],
)
def test_an_interrupted_run_leaves_no_folder_and_no_process(
    how: signal.Signals, processes: int, start: Start, tmp_path: Path
) -> None:
    process = start(*LONG, f"compute.processes={processes}")
    ticks = (tmp_path / "temporary").glob
    wait_for(lambda: any(path.stat().st_size > 0 for path in ticks("*/ticks")), process)
    assert len(alive(process.pid)) > (processes if processes > 1 else 0)
    process.send_signal(how)
    wait_for(lambda: process.poll() is not None)
    wait_for(lambda: not alive(process.pid))
    out, err = process.communicate()
    assert "Traceback" not in out + err
    if how is not signal.SIGKILL:
        assert (process.returncode, err) == (130, MESSAGE)
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_run_interrupted_before_it_began_ends_in_words_too(
    how: signal.Signals, start: Start, tmp_path: Path
) -> None:
    process = start(*LONG)
    maps = Path(f"/proc/{process.pid}/maps")
    wait_for(lambda: "numpy" in maps.read_text(), process)  # so it is importing
    process.send_signal(how)
    assert process.communicate(timeout=PATIENCE) == ("", MESSAGE)
    assert process.returncode == 130
    assert list((tmp_path / "here").iterdir()) == []


def test_an_interruption_that_compiled_code_turns_into_an_error_ends_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Sequence[str]) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(PATIENCE)
        except KeyboardInterrupt as interruption:
            raise SystemError("returned a result with an exception set") from interruption
        return 0

    def broken(_: Sequence[str]) -> int:
        raise SystemError("broken")

    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        monkeypatch.setattr(command, "answer", interrupted)
        assert main([]) == 130
        assert capsys.readouterr().err == MESSAGE
        monkeypatch.setattr(command, "answer", broken)
        with pytest.raises(SystemError, match="broken"):
            main([])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
