"""Settings of all own tests, and their tiers: unit, programs (starts some), cluster (brings some up)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

CLUSTER = Path(__file__).parent / "cluster"

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("own tests", deadline=None)
settings.load_profile("own tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder, before -m chooses. A test elsewhere that makes a namespace says so itself."""
    for item in items:
        if item.path.is_relative_to(CLUSTER):
            item.add_marker("cluster")
