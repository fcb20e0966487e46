"""The phases of an upgrade, and the history of each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gauntlet.ground import history
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.upgrade.phases import Extent, Leg, Phase, Side, Task, by_phase, phases
from gauntlet.upgrade.strategy import Strategy
from tests.unit.checkers.histories import frame, ns, steady

NODES = ("a", "b", "c")
ROLL = Strategy.parse("node-by-node").roll(NODES)
WHOLE = phases(ROLL)


def names(found: Sequence[Phase]) -> list[str]:
    return [phase.name for phase in found]


def named(name: str) -> Phase:
    return next(phase for phase in WHOLE if phase.name == name)


def test_the_whole_way_there_back_and_there_again() -> None:
    assert names(WHOLE) == [
        "hold-from",
        "conformance-from",
        "faults-from",
        "roll-forward",
        "mixed",
        "conformance-mixed",
        "roll-forward-rest",
        "hold-to",
        "conformance-to",
        "faults-to",
        "roll-back",
        "hold-back",
        "conformance-back",
        "roll-again",
    ]


def test_quick_is_the_way_there_alone_without_faults() -> None:
    quick = phases(ROLL, Extent.QUICK)
    assert names(quick) == [
        *("hold-from", "conformance-from"),
        *("roll-forward", "mixed", "conformance-mixed", "roll-forward-rest"),
        *("hold-to", "conformance-to"),
    ]
    assert {phase.leg for phase in quick} == {Leg.START, Leg.THERE}


def test_without_a_mixed_state_the_roll_is_one_phase() -> None:
    found = names(phases(Strategy.parse("all-at-once").roll(NODES)))
    assert "mixed" not in found
    assert "roll-forward-rest" not in found
    assert found.count("roll-forward") == 1


def test_each_phase_says_what_every_node_has_after_it() -> None:
    assert [phase.side for phase in WHOLE] == [
        *(Side.FROM, Side.FROM, Side.FROM, None, None, None),
        *(Side.TO, Side.TO, Side.TO, Side.TO),
        *(Side.FROM, Side.FROM, Side.FROM, Side.TO),
    ]
    assert named("mixed").after == {"a": Side.TO, "b": Side.TO, "c": Side.FROM}


def test_what_rolls_change_is_what_differs_after_them() -> None:
    state = WHOLE[0].after
    for phase in WHOLE:
        changed = {node for batch in phase.batches for node in batch}
        assert changed == {node for node in NODES if phase.after[node] is not state[node]}
        assert all(phase.after[node] is phase.towards for node in changed)
        assert bool(phase.batches) == (phase.task is Task.ROLL)
        state = phase.after


def seen(marks: Sequence[tuple[float, EventKind, str]], until_s: float = 10) -> History:
    events = history.events(Event(kind, name, at_ns=ns(at_s)).row() for at_s, kind, name in marks)
    return History(frame(steady(0, until_s, 0.5)), events)


BEGUN, ENDED = EventKind.PHASE_STARTED, EventKind.PHASE_ENDED
PLANNED = tuple(phase for phase in WHOLE if phase.task in (Task.CONFORMANCE, Task.FAULTS))
TWO = [(1.0, BEGUN, "conformance-from"), (4.0, ENDED, "conformance-from"), (5.0, BEGUN, "faults-from")]


def test_each_attempt_belongs_to_the_phase_in_which_it_began_or_that_was_over_last() -> None:
    found = by_phase(seen([*TWO, (8.0, ENDED, "faults-from")]), PLANNED)
    assert list(found) == ["conformance-from", "faults-from"]
    first, second = found.values()
    assert (first.attempts["at_ns"].min(), first.attempts["at_ns"].max()) == (ns(1), ns(4.5))
    assert (second.attempts["at_ns"].min(), second.attempts["at_ns"].max()) == (ns(5), ns(9.5))
    assert second.events.height == 2


def test_a_phase_that_did_not_end_has_no_history() -> None:
    assert list(by_phase(seen(TWO), PLANNED)) == ["conformance-from"]
    assert by_phase(seen([]), PLANNED) == {}


@pytest.mark.parametrize(
    "marks",
    [
        [(1.0, BEGUN, "faults-from"), (2.0, ENDED, "faults-from")],
        [(1.0, BEGUN, "conformance-from"), (2.0, BEGUN, "faults-from"), (3.0, ENDED, "conformance-from")],
        [(1.0, BEGUN, "conformance-from"), (2.0, BEGUN, "faults-from")],
        [*TWO, (6.0, BEGUN, "faults-from")],
        [(1.0, ENDED, "conformance-from"), (2.0, BEGUN, "conformance-from")],
    ],
)
def test_phases_that_did_not_follow_one_another_are_inconclusive(marks: list[tuple[float, EventKind, str]]) -> None:
    with pytest.raises(Inconclusive):
        by_phase(seen(marks), PLANNED)
