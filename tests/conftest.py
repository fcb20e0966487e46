"""Settings of all own tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("own tests", deadline=None)
settings.load_profile("own tests")
