"""Made-up upgrades with a known truth, of two nodes: what their phases left in the history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from gauntlet.ground import history
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.ground.paths import project_root
from gauntlet.promises import upgrade
from gauntlet.subject import parse_all
from gauntlet.upgrade.leftovers import Remains
from gauntlet.upgrade.passage import Passage
from gauntlet.upgrade.phases import CASES, Phase, Side, Task, phases
from gauntlet.upgrade.roll_cost import Setting
from gauntlet.upgrade.strategy import Strategy
from tests.unit.checkers.histories import BACKENDS, Row, declared, frame, ns

TERMS = upgrade.load(project_root() / "slos")
EVERY = phases(Strategy.parse("node-by-node").roll(("node-1", "node-2")))
PLANNED = tuple(phase for phase in EVERY if phase.task not in CASES)
NOT_RUN = tuple(phase for phase in EVERY if phase.task in CASES)
SUBJECTS = dict(zip(Side, parse_all("iptables,nftables", "1.37"), strict=True))
SETTING = Setting((declared(Row(0)),), BACKENDS)
# Of each phase.
LENGTH_S = 10.0
CLEAN = {
    Side.FROM: Remains(ProxyMode.IPTABLES, frozenset({"iptables: :KUBE-SERVICES - [0:0]"})),
    Side.TO: Remains(ProxyMode.NFTABLES, frozenset({"nft: table ip kube-proxy"})),
}


def start_s(phase: str) -> float:
    return LENGTH_S * [each.name for each in PLANNED].index(phase)


def seen(*bad: str, ended: Collection[str] | None = None) -> History:
    """Attempts each 50 ms; five of them time out in the middle of the phases `bad`. All of `ended` came to an end."""
    events: list[Event] = []
    rows: list[Row] = []
    for phase in PLANNED:
        if ended is not None and phase.name not in ended:
            break
        begins = start_s(phase.name)
        events += _events(phase, begins)
        for number in range(200):
            row = Row(begins + number * 0.05)
            rows.append(replace(row, outcome="timeout") if phase.name in bad and 100 <= number < 105 else row)
    return History(frame(rows), history.events(event.row() for event in events))


def passage(left: Sequence[str] = ()) -> Passage:
    """Nothing is left behind but in the phases `left`."""
    return Passage(
        {
            phase.name: {
                node: replace(CLEAN[side], lines=CLEAN[side].lines | {"link: kube-ipvs0"})
                if phase.name in left
                else CLEAN[side]
                for node, side in phase.after.items()
            }
            for phase in PLANNED
        }
    )


def _events(phase: Phase, begins: float) -> list[Event]:
    rolled = [node for batch in phase.batches for node in batch] if phase.task is Task.ROLL else []
    return [
        Event(EventKind.PHASE_STARTED, phase.name, at_ns=ns(begins)),
        *(Event(EventKind.PROXY_STOPPED, "any", node, at_ns=ns(begins + 1)) for node in rolled),
        *(Event(EventKind.PROXY_REPLACED, "any", node, at_ns=ns(begins + 3)) for node in rolled),
        Event(EventKind.PHASE_ENDED, phase.name, at_ns=ns(begins + LENGTH_S - 0.1)),
    ]
