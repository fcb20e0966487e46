"""A shared Service that nobody obeys is waited for once; each case judges it by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.history import EventLog
from gauntlet.workload.effect import DEADLINE_S, Effect
from gauntlet.workload.served import Backends
from gauntlet.workload.shared import ECHO, NOBODY, Shared, SharedServices


class Obeying:
    """Stands for Effect: what each wait comes to, and the deadlines that were given."""

    missing = ("node-1 -> 10.96.0.1:80/tcp",)

    def __init__(self, obeyed: Sequence[bool]) -> None:
        self._obeyed = list(obeyed)
        self.deadlines_s: list[float] = []

    def questions(self, served: object, backends: int) -> tuple[()]:
        return ()

    def obeyed(self, asked: object, *, deadline_s: float) -> bool:
        self.deadlines_s.append(deadline_s)
        return self._obeyed.pop(0)


class Made(SharedServices):
    """Makes them of nothing."""

    def _make(self, events: EventLog) -> None:
        self.delete()
        for each in (ECHO, NOBODY):
            self._made[each] = Shared(cast(Any, SimpleNamespace(name=each.name)), Backends(()))


@pytest.fixture
def events(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events.jsonl")


def services(effect: Obeying) -> Made:
    return Made(cast(Any, None), cast(Effect, effect), ())


def test_what_nobody_obeys_is_waited_for_once(events: EventLog) -> None:
    effect = Obeying([False, False, True, True])
    shared = services(effect)
    for case in ("first", "second", "third", "fourth"):
        shared.use(case, events)
    # The first one's was waited for when it was made; once obeyed, it is waited for like any other.
    assert effect.deadlines_s == [0.0, 0.0, 0.0, DEADLINE_S]


def test_each_is_waited_for_by_itself(events: EventLog) -> None:
    effect = Obeying([False, False, False])
    shared = services(effect)
    shared.use("first", events)
    shared.use("second", events, NOBODY)
    shared.use("third", events, NOBODY)
    assert effect.deadlines_s == [0.0, DEADLINE_S, 0.0]


def test_what_was_obeyed_and_is_no_more_is_blamed_after_a_wait(events: EventLog) -> None:
    effect = Obeying([True, False])
    shared = services(effect)
    shared.use("first", events)
    with pytest.raises(Inconclusive, match="it was before first"):
        shared.use("second", events)
    assert effect.deadlines_s == [0.0, DEADLINE_S]
