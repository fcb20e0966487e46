"""Each phase of a whole upgrade, and those that undo a roll, told to end while it does what it is there for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from gauntlet.ground import ending
from gauntlet.ground.cluster import CommandFailed, Completed
from gauntlet.ground.history import EventKind, EventLog
from gauntlet.subject import Subject
from gauntlet.upgrade.gate import Plan
from gauntlet.upgrade.passage import Conductor
from gauntlet.upgrade.phases import Extent, Phase, Selection, Side, Task
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.undoing import stopped, undoing
from tests.unit.stand_in_host import StandInHost
from tests.unit.upgrade.upgrades import SUBJECTS

NODES = ("node-1", "node-2")
WHOLE = Plan.of(NODES, Strategy.parse("node-by-node"), Extent.WHOLE, Selection.GATE).run
ROLL = next(phase for phase in WHOLE if phase.task is Task.ROLL)
EVERY = (*WHOLE, *undoing(stopped(ROLL, dict.fromkeys(NODES, Side.TO)), NODES[:1]))
# What the nodes have when the phase begins.
MIXED = {"node-1": Side.TO, "node-2": Side.FROM}


class SilentNode(StandInHost):
    """A node that no command runs on."""

    def __init__(self, name: str) -> None:
        self.name = self.node = name

    def run(self, argv: Sequence[str], **_: object) -> Completed:
        raise CommandFailed(self.name, Completed(tuple(argv), 1, "", "no such process"))

    def proxy_pid(self) -> int | None:
        return None


class Told:
    """Whatever is asked of it, this process is told to end, as Ctrl-C does it."""

    def __init__(self) -> None:
        self.nodes = tuple(SilentNode(name) for name in NODES)
        self.given = {node: SUBJECTS[side] for node, side in MIXED.items()}

    def subject_of(self, node: str) -> Subject:
        return self.given[node]

    def replace_proxy(self, node: str, subject: Subject) -> None:
        """In a thread of its own; the main thread is told while it waits."""
        self.given[node] = subject
        self.change()

    def change(self) -> Any:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)

    def cases(self, _phase: Phase) -> Any:
        self.change()

    @contextmanager
    def going(self) -> Any:
        yield self


@pytest.fixture(autouse=True)
def as_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case is told to end for the first time; what pytest itself is told later is not the second."""
    monkeypatch.setattr(ending, "_state", ending._State())


@pytest.mark.parametrize("phase", EVERY, ids=lambda phase: phase.name)
def test_what_was_begun_and_what_each_node_has_been_given_is_known(phase: Phase, tmp_path: Path) -> None:
    told, events = Told(), EventLog(tmp_path / "events.jsonl")
    cluster = cast(Any, told)
    conductor = Conductor(cluster, SUBJECTS, events, 0.0, told.cases, lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        conductor.take([phase], told.change, cluster, told.change, cluster)
    (begun,) = conductor.passage.taken
    given = {node: next(side for side in Side if SUBJECTS[side] is told.given[node]) for node in NODES}
    assert (conductor.phase, begun.after) == (phase.name, given)
    # It was told to end at its first node.
    first = dict.fromkeys(phase.batches[0], phase.towards) if phase.batches else {}
    assert given == {**MIXED, **first}
    seen = [(row["kind"], row["subject"]) for row in events.read().iter_rows(named=True)]
    assert seen[0] == (EventKind.PHASE_STARTED, phase.name)
    assert (EventKind.PHASE_ENDED, phase.name) not in seen
    assert conductor.passage.findings == {}
