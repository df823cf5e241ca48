"""A village's setting, composed once for all tests of people."""

import pytest

from sim.setting import Setting, setting
from tests.people.villages import scenario


@pytest.fixture(scope="session")
def ready() -> Setting:
    """Three contract years after two of history."""
    return setting(scenario())
