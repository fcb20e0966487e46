"""What upgrades need beside the binaries of the set-up."""

from __future__ import annotations

import pytest

from gauntlet.build.binaries import ensure_modules


@pytest.fixture(scope="session", autouse=True)
def coredns() -> None:
    """Built before the first upgrade: the deadlines of the tests are not for that."""
    ensure_modules(("coredns",))
