"""A village's life as one hash, for a process of its own: python -m tests.people.lived."""

import hashlib

from sim.people.life import Life
from sim.setting import setting
from tests.people.villages import history, lived, scenario, settled


def digest(life: Life) -> str:
    """Hash everything that a village is."""
    people = life.people
    whole = hashlib.sha256()
    for name in ("remaining", "hazard", "occurrence", "rate", "account"):
        whole.update(getattr(people, name).tobytes())
    for name in sorted(people.columns):
        whole.update(people.columns[name].tobytes())
    return whole.hexdigest()


def village() -> Life:
    """A hundred persons after thirteen months: a birthday each, two Januaries, one December."""
    ready = setting(scenario())
    life = settled(ready, 100, seed=3)
    lived(life, history(ready, 2)[:13])
    return life


if __name__ == "__main__":
    print(digest(village()))
