"""How the tests run: the same examples every time; what is inert and what was left out is told."""

import pytest
from hypothesis import settings

from tests.keys import inert

settings.register_profile("sharedgain", deadline=None, derandomize=True)
settings.load_profile("sharedgain")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the keys of conf that do nothing and the tests that were skipped, with number."""
    declared = inert()
    skipped = terminalreporter.stats.get("skipped", [])
    terminalreporter.section("inert keys and skipped tests")
    terminalreporter.line(f"{len(declared)} inert keys")
    for key, reason in declared.items():
        terminalreporter.line(f"  {key}: {reason}")
    terminalreporter.line(f"{len(skipped)} skipped tests")
    for report in skipped:
        why = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"  {report.nodeid}: {why}")
