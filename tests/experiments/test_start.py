"""A run begins soon: nothing is loaded that its first month does not need, and that is measured."""

import subprocess
import sys
from pathlib import Path

from experiments import start
from sim.scenario import CONF


def test_what_draws_is_not_loaded_before_a_run_is_over() -> None:
    program = (
        "import experiments.command, sys; print(*{'matplotlib', 'scipy.stats'} & {*sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CONF.parent,
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout.split() == []


def test_a_start_is_timed_to_the_end_of_the_first_month(tmp_path: Path) -> None:
    whole, after, processor = start.once(1_100, tmp_path)
    assert 0 < after < whole
    assert processor > 0
    assert not (tmp_path / "never_written").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"user", "compiled"}
