"""The same done to several nodes at the same time."""

from __future__ import annotations

import threading

import pytest

from gauntlet.ground.errors import GauntletError
from gauntlet.upgrade.side_by_side import side_by_side


def test_all_are_done_at_the_same_time_and_come_in_order() -> None:
    meet = threading.Barrier(3, timeout=30)

    def deed(name: str) -> str:
        meet.wait()
        return name.upper()

    assert side_by_side(deed, ["a", "b", "c"]) == ["A", "B", "C"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_is_not_lost() -> None:
    def deed(name: str) -> str:
        return {"a": "A"}[name]

    with pytest.raises(GauntletError, match="b: an error"):
        side_by_side(deed, ["a", "b"])
