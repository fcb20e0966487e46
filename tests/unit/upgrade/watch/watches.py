"""Made-up watches with a known truth, of one client or two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.ground import history
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.ground.paths import project_root
from gauntlet.upgrade.roll_cost import Setting
from gauntlet.upgrade.terms import Terms
from gauntlet.upgrade.watch.course import BEFORE, CHANGE, Passed, Watch
from gauntlet.upgrade.watch.judging import Judged, judged
from gauntlet.upgrade.watch.stream import Parting
from tests.unit.checkers.histories import BACKENDS, Row, declared, frame, ns, steady

TERMS = Terms.read(project_root() / "slos")
TODAY = date(2026, 11, 29)
OTHER = "client-2"
PHASES = [
    Event(EventKind.PHASE_STARTED, BEFORE.name, at_ns=ns(0)),
    Event(EventKind.PHASE_ENDED, BEFORE.name, at_ns=ns(5)),
    Event(EventKind.PHASE_STARTED, CHANGE.name, at_ns=ns(5)),
    Event(EventKind.PHASE_ENDED, CHANGE.name, at_ns=ns(30)),
]
FINE = Finding("endpoint-change", Verdict.PASS, "all nodes followed")


def rows(
    bad: Sequence[tuple[float, float]] = (), *, start_s: float = 0, end_s: float = 30.2, client: str = "client-1"
) -> list[Row]:
    return steady(start_s, end_s, 0.05, client=client, node=client.replace("client", "node"), bad=bad)


def passed(*found: Finding, partings: tuple[Parting, ...] = ()) -> Passed:
    return Passed(findings={BEFORE.name: [FINE], CHANGE.name: [FINE, *found]}, partings=partings)


def watch(
    seen: Sequence[Row],
    *found: Finding,
    events: Sequence[Event] = PHASES,
    present: dict[str, Stretch] | None = None,
    partings: tuple[Parting, ...] = (),
) -> Watch:
    """A watch that saw these rows and events. `present` says when clients were there that were not all the time."""
    whole = History(frame(seen), history.events(event.row() for event in events))
    flows = {row.client: declared(row) for row in seen}
    there = {flows[client]: (stretch,) for client, stretch in (present or {}).items()}
    setting = Setting(tuple(flows.values()), BACKENDS, present=there)
    return Watch(whole, setting, passed(*found, partings=partings))


def judge(made: Watch) -> Judged:
    return judged(made.history, made.setting, made.passed, TERMS, "iptables", TODAY)


def answer(
    seen: Sequence[Row],
    *found: Finding,
    events: Sequence[Event] = PHASES,
    present: dict[str, Stretch] | None = None,
    partings: tuple[Parting, ...] = (),
) -> Judged:
    """What comes of such a watch."""
    return judge(watch(seen, *found, events=events, present=present, partings=partings))
