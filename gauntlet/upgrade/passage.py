"""An upgrade while it takes place: the phases one after the other, under traffic, with an audit after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gauntlet.ground.cluster import CommandFailed
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.providers.protocol import ProxyDoesNotServe, RollingCluster
from gauntlet.proxy import consumption, residue
from gauntlet.proxy.consumption import Consumption
from gauntlet.subject import Subject
from gauntlet.upgrade.api_watch import ApiWatch
from gauntlet.upgrade.case_run import CaseRun, RunCases
from gauntlet.upgrade.churn import CHURNING, PASSING, Churn
from gauntlet.upgrade.endpoint_change import effect_of, programming_of
from gauntlet.upgrade.leftovers import Remains, lasting_lines
from gauntlet.upgrade.phases import CASES, Phase, Side, Task
from gauntlet.upgrade.programming import Programming
from gauntlet.upgrade.recovery import Recover
from gauntlet.upgrade.side_by_side import side_by_side
from gauntlet.upgrade.standing import Standing, lasting, look, remembered
from gauntlet.upgrade.strategy import Batch
from gauntlet.upgrade.undoing import OnFailure, failed_nodes, stopped, undoing
from gauntlet.workload.endpoint_change import CHANGING, Changes

# So long, at least, no kube-proxy is touched in a phase that holds the cluster.
HOLD_S = 5.0
# So long endpoints change on after the last replacement. What its predecessor left, a kube-proxy may delete only with a
# sync more than 1 s after its first one (staleChains in pkg/proxy/nftables/proxier.go), and a change makes it sync.
LATER_SYNC_S = 2.5
# Services whose rules are not those of a moment ago.
_CHANGE = (CHANGING, CHURNING, PASSING)
Say = Callable[[str], None]
# Changes something, several times, and says when each change took effect on each node.
Change = Callable[[], Changes]


@dataclass(frozen=True)
class Passage:
    """What was seen beside the traffic. `remains` has what is on each node after a phase, by the phase's name.

    `findings` are those about the kube-proxies themselves, by the phase's name: what stopped the roll is among them.
    `taken` are the phases that were begun, in order: those that were planned, as far as no roll stopped, and then what
    undid it. `cases` is what came of pytest's cases in the phases that have some, `programming` how soon changes of
    endpoints were in effect in those that hold the cluster, `consumed` what the kube-proxy of each node consumed there.
    """

    remains: Mapping[str, Mapping[str, Remains]]
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    taken: tuple[Phase, ...] = ()
    cases: Mapping[str, CaseRun] = field(default_factory=dict)
    programming: Mapping[str, Programming] = field(default_factory=dict)
    consumed: Mapping[str, Mapping[str, Consumption]] = field(default_factory=dict)


def not_replaced(error: GauntletError, node: str) -> Finding:
    """Why a node did not get its next kube-proxy. Only one that was started and does not serve says something of it."""
    verdict = Verdict.FAIL if isinstance(error, ProxyDoesNotServe) else Verdict.INCONCLUSIVE
    return Finding("replacement", verdict, error.what, remedy=error.remedy, node=node)


def not_audited(failed: CommandFailed) -> Finding:
    """What was left behind is not known: a node did not say what is on it."""
    return Finding("residue", Verdict.INCONCLUSIVE, failed.what, remedy=failed.remedy)


class Conductor:
    """Takes a cluster through phases. `settle_s` is how long traffic goes on in a phase after its last replacement.

    An outage that begins at the end of a roll has to be seen to end.
    """

    def __init__(
        self,
        cluster: RollingCluster,
        subjects: Mapping[Side, Subject],
        events: EventLog,
        settle_s: float,
        run_cases: RunCases,
        say: Say,
        on_failure: OnFailure = OnFailure.ROLL_BACK,
    ) -> None:
        self._cluster = cluster
        self._subjects = subjects
        self._events = events
        self._settle_s = settle_s
        self._run_cases = run_cases
        self._say = say
        self._on_failure = on_failure
        self._known: dict[tuple[str, Side], frozenset[str]] = {}
        self._standing: dict[str, Standing] = {}
        # What was seen so far, whatever it ends by.
        self._remains: dict[str, Mapping[str, Remains]] = {}
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._cases: dict[str, CaseRun] = {}
        self._consumed: dict[str, Mapping[str, Consumption]] = {}
        self._taken: list[Phase] = []
        self._programming: dict[str, Programming] = {}

    @property
    def phase(self) -> str:
        """The name of the phase that is under way, or was the last one."""
        return self._taken[-1].name if self._taken else ""

    @property
    def passage(self) -> Passage:
        """What was seen so far."""
        taken = tuple(self._taken)
        return Passage(self._remains, self._findings, taken, self._cases, self._programming, self._consumed)

    def take(self, phases: Sequence[Phase], change: Change, churn: Churn, recover: Recover, api: ApiWatch) -> None:
        """Go through these phases in order. A node whose next kube-proxy does not serve stops the roll.

        What the other nodes run then is what they ran before. The nodes that were given the next one get today's again,
        unless it was said to leave them; no other phase follows. `churn` goes on while nodes are rolled. `change` is
        made in each phase that holds the cluster: it takes effect only if all kube-proxies work. `recover` ends each
        phase of faults. `passage` has what was seen.
        """
        self._standing = {node.name: look(node) for node in self._cluster.nodes}
        ahead = list(phases)
        while ahead:
            phase = ahead.pop(0)
            self._taken.append(phase)
            try:
                follow = self._go_through(phase, change, churn, recover, api)
            except BaseException:
                # What nodes have then is what they were given, not what was planned.
                self._taken[-1] = stopped(phase, self._given())
                raise
            ahead = ahead if follow is None else list(follow)

    def _go_through(
        self, phase: Phase, change: Change, churn: Churn, recover: Recover, api: ApiWatch
    ) -> tuple[Phase, ...] | None:
        """One phase. Returns what follows if its roll stopped; None if it did not."""
        self._say(f"{phase.name}: {self._words(phase)}")
        began_ns = time.time_ns()
        self._note(EventKind.PHASE_STARTED, phase.name)
        troubles: tuple[Finding, ...] = ()
        found: tuple[Finding, ...] = ()
        if phase.task is Task.ROLL:
            with churn.going() as stir:
                troubles = self._roll(phase)
                time.sleep(LATER_SYNC_S)
            found = (stir.finding(),)
            time.sleep(self._settle_s)
        elif phase.task in CASES:
            run = self._cases[phase.name] = self._run_cases(phase)
            self._say(f"{phase.name}: {run.words()}")
            found = (run.finding(), *self._after_faults(recover)) if phase.task is Task.FAULTS else (run.finding(),)
        else:
            found = (self._hold(phase, change),)
        # Cases make and delete Services of their own, and replace nothing.
        if not troubles and phase.task not in CASES:
            try:
                self._remains[phase.name] = self._audit(phase)
            except CommandFailed as failed:
                found = (*found, not_audited(failed))
        self._findings[phase.name] = (*troubles, self._lasting([str(each.node) for each in troubles]), *found)
        self._note(EventKind.PHASE_ENDED, phase.name)
        if not troubles:
            return None
        # Without an API server no kube-proxy gets into sync: see gauntlet/upgrade/api_watch.py.
        ill = frozenset[str]() if api.was_away(began_ns) else failed_nodes(troubles)
        return self._after_stop(phase, troubles, ill)

    def _after_stop(self, phase: Phase, troubles: Sequence[Finding], ill: frozenset[str]) -> tuple[Phase, ...]:
        """What follows a roll that stopped: it is undone if a kube-proxy does not serve, and not for anything else."""
        self._taken[-1] = phase = stopped(phase, self._given())
        follow = undoing(phase, ill) if ill and self._on_failure is OnFailure.ROLL_BACK else ()
        then = "what was rolled is rolled back" if follow else "all is left as it is"
        self._say(f"{phase.name}: the roll stops, {then}: {troubles[0].reason.splitlines()[0]}")
        return follow

    def _given(self) -> dict[str, Side]:
        """Which kube-proxy each node was given last."""
        sides = {subject.name: side for side, subject in self._subjects.items()}
        return {node.name: sides[self._cluster.subject_of(node.name).name] for node in self._cluster.nodes}

    def _hold(self, phase: Phase, change: Change) -> Finding:
        ends = time.monotonic() + HOLD_S
        before = consumption.read(self._cluster.nodes)
        changes = change()
        self._programming[phase.name] = programming_of(changes)
        time.sleep(max(0.0, ends - time.monotonic()))
        self._consumed[phase.name] = consumption.between(before, consumption.read(self._cluster.nodes))
        return effect_of(changes)

    def _after_faults(self, recover: Recover) -> tuple[Finding, ...]:
        """Faults were to hurt: the phase lasts until that is over, and kube-proxies may be other processes now."""
        time.sleep(self._settle_s)
        recovered = recover()
        self._standing = {node.name: look(node) for node in self._cluster.nodes}
        return (recovered,)

    def _lasting(self, left_out: Sequence[str]) -> Finding:
        """Whether the kube-proxies of all other nodes are those that they were given."""
        now = {node.name: look(node) for node in self._cluster.nodes if node.name not in left_out}
        found = lasting(self._standing, now)
        self._standing = remembered(self._standing, now)
        return found

    def _roll(self, phase: Phase) -> tuple[Finding, ...]:
        assert phase.towards is not None
        subject = self._subjects[phase.towards]
        for batch in phase.batches:
            troubles = self._replace(batch, subject)
            if troubles:
                return troubles
        return ()

    def _replace(self, batch: Batch, subject: Subject) -> tuple[Finding, ...]:
        """Replace the kube-proxies of these nodes at the same time. Returns why some of them do not serve."""
        nodes = {node.name: node for node in self._cluster.nodes}

        def give(name: str) -> Finding | None:
            self._note(EventKind.PROXY_STOPPED, self._cluster.subject_of(name).name, name)
            try:
                self._cluster.replace_proxy(name, subject)
            except GauntletError as error:
                return not_replaced(error, name)
            self._note(EventKind.PROXY_REPLACED, subject.name, name)
            self._standing[name] = look(nodes[name])
            return None

        return tuple(each for each in side_by_side(give, batch) if each is not None)

    def _audit(self, phase: Phase) -> Mapping[str, Remains]:
        """What is on each node. What a hold shows of a subject that all nodes have is known of it from then on."""
        lines = {node.name: lasting_lines(residue.remains(node), _CHANGE) for node in self._cluster.nodes}
        found = {
            name: Remains(
                self._subjects[side].mode,
                lines[name],
                self._known.get((name, side)),
                # Today's was known before the next one ran anywhere.
                earlier=self._subjects[Side.FROM].mode if side is Side.TO and not self._change_tools else None,
            )
            for name, side in phase.after.items()
        }
        if phase.task is Task.HOLD and phase.side is not None:
            for name in phase.after:
                self._known.setdefault((name, phase.side), lines[name])
        return found

    @property
    def _change_tools(self) -> bool:
        """Whether the next one writes by other iptables than today's, so that nothing of one can be the other's."""
        return self._subjects[Side.FROM].tools != self._subjects[Side.TO].tools

    def _words(self, phase: Phase) -> str:
        if phase.task in CASES:
            return f"cases of {phase.task}"
        if phase.towards is None:
            return f"no kube-proxy is touched for {HOLD_S:g} s, while endpoints change"
        order = ", then ".join(" and ".join(batch) for batch in phase.batches)
        return f"{order} get {self._subjects[phase.towards].name}"

    def _note(self, kind: EventKind, subject: str, node: str | None = None) -> None:
        self._events.write(Event(kind, subject, node))
