"""An experiment that was recorded: its events, its traffic, and the judgement of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gauntlet.checkers.experiment import judge
from gauntlet.checkers.losses import Sticky
from gauntlet.checkers.windows import WINDOWS
from gauntlet.faults import FAULTS
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import DeclaredFlow, Event, EventKind
from gauntlet.ground.paths import project_root
from gauntlet.promises.slo import BlastRadius, Slo, load
from tests.unit.checkers.histories import BACKENDS, Row, declared, event, record, steady

BOOK = load(project_root() / "slos")
NODES = ("node-1", "node-2", "node-3")

# The control window is 0-5 s, the fault acts from 5 s, is healed at 12 s; the window after is 15-25 s.
EVENTS = (
    event(0, EventKind.WINDOW_STARTED, "control"),
    event(4.9, EventKind.WINDOW_ENDED, "control"),
    event(5, EventKind.WINDOW_STARTED, "hurt"),
    event(5, EventKind.FAULT_INTENDED),
    event(5.02, EventKind.FAULT_INJECTED),
    event(5.1, EventKind.FAULT_LANDED, detail="the proxy is gone"),
    event(11.9, EventKind.WINDOW_ENDED, "hurt"),
    event(11.95, EventKind.FAULT_HELD, detail="the proxy is still gone"),
    event(12, EventKind.REMEDY_APPLIED),
    event(12, EventKind.FAULT_HEALED),
    event(12.1, EventKind.FAULT_HEAL_CONFIRMED),
    event(15, EventKind.WINDOW_STARTED, "after"),
    event(25, EventKind.WINDOW_ENDED, "after"),
)


def promise(name: str) -> Slo:
    return BOOK.slo(name, ProxyMode.IPTABLES, "1.37.2")


def reach(name: str) -> BlastRadius:
    """What the fault of this experiment declares; experiments without a fault hurt nobody."""
    fault = FAULTS.get(name)
    return fault.blast_radius(ProxyMode.IPTABLES) if fault else BlastRadius.NONE


def traffic(bad: Sequence[tuple[float, float]] = (), hurt: Sequence[str] = ("node-1",)) -> list[Row]:
    return [
        row
        for node in NODES
        for row in steady(0, 26, 0.02, client=f"client-{node}", node=node, bad=bad if node in hurt else ())
    ]


def kept(**changes: str) -> list[Row]:
    """What the clients of each node send that have something to keep, ten times a second, and lose nothing of it."""
    return [
        replace(row, **changes)  # type: ignore[arg-type]
        for node in NODES
        for row in steady(
            0, 26, 0.1, client=f"keeper-{node}", node=node, backends=[f"backend-{node[-1]}"], homes=[node]
        )
    ]


STICKY = Sticky("test/sticky", 10_800.0)
TCP, UDP = {"connection": "kept"}, {"connection": "kept", "protocol": "udp"}
KEPT = [*kept(**TCP), *kept(**UDP), *kept(protocol="udp"), *kept(service=STICKY.service)]

DECLARED = {
    **{declared(Row(0, client=f"client-{node}", node=node)): WINDOWS for node in NODES},
    **{declared(row): WINDOWS for row in KEPT if row.at_s == 0},
}


def judged(
    name: str,
    rows: Iterable[Row],
    events: Iterable[Event] = EVENTS,
    flows: Mapping[DeclaredFlow, Sequence[str]] = DECLARED,
    keepers: Iterable[Row] = KEPT,
    **changes: frozenset[str],
) -> dict[str, Finding]:
    """The findings about these rows, and about flows with something to keep, which by default lose nothing."""
    history = record([*rows, *keepers], events)
    found = judge(history, promise(name), "node-1", BACKENDS, flows, reach=reach(name), sticky=STICKY, **changes)
    return {finding.check: finding for finding in found}


def wrong(found: dict[str, Finding]) -> dict[str, Verdict]:
    return {check: finding.verdict for check, finding in found.items() if finding.verdict.blocks}
