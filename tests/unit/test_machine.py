"""How busy this machine is, in words."""

from __future__ import annotations

import os

import pytest

from gauntlet.ground.machine import overload


@pytest.mark.parametrize(("waiting", "processors"), [(19.6, 2), (40.0, 8)])
def test_far_more_to_do_than_processors_is_told(
    waiting: float, processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (waiting, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert overload() == f"this machine had {waiting:.0f} processes to run at once on {processors} processors"


@pytest.mark.parametrize(("waiting", "processors"), [(0.0, 2), (9.9, 2), (12.0, 4)])
def test_what_a_run_itself_makes_is_no_overload(
    waiting: float, processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (waiting, 30.0, 30.0))
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert overload() == ""
