"""How the tests run: the same examples every time, and as long as a first compilation takes."""

from hypothesis import settings

settings.register_profile("sharedgain", deadline=None, derandomize=True)
settings.load_profile("sharedgain")
