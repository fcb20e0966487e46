"""What a watch does while traffic flows: it waits for the change and for rest, and takes down what it sees."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gauntlet.checkers.sample import OUTSIDE, no_data
from gauntlet.ground import ending
from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind
from gauntlet.ground.waiting import until
from gauntlet.kube.api import ApiUnreachable
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.roll_traffic import by_ingress, by_node
from gauntlet.upgrade.standing import look, standing_now
from gauntlet.upgrade.watch import rest
from gauntlet.upgrade.watch.command import Command
from gauntlet.upgrade.watch.course import BEFORE, CHANGE, Order, Passed
from gauntlet.upgrade.watch.sightings import AWAY
from gauntlet.upgrade.watch.stream import Group, Stream
from gauntlet.upgrade.watch.surroundings import ClientSeen
from gauntlet.upgrade.watch.target import Watched
from gauntlet.upgrade.watch.unwatched import Unwatched
from gauntlet.upgrade.watch.versions import Versions, versions_of
from gauntlet.upgrade.watch.workplace import RUN_S, Workplace

# The control: so long nothing is done, and nothing may be lost.
CONTROL_S = 5.0
_ALL_RUN_S = 60.0
_EVERY_S = 0.2
_MEND_EVERY_S = 1.0


class Show(Protocol):
    """Where the watch tells of itself."""

    def say(self, text: str) -> None: ...
    def progress(self, what: str, stream: Stream) -> None: ...


class Watcher:
    def __init__(self, watched: Watched, place: Workplace, evidence: Evidence, show: Show, stream: Stream) -> None:
        self.passed = Passed()
        self._watched = watched
        self._place = place
        self._seen = place.surroundings
        self._evidence = evidence
        self._show = show
        self._stream = stream
        self._clients: dict[str, Group] = {}
        self._ports: list[Group] = []
        self._mended_s = 0.0
        self._unwatched = Unwatched()
        # What keeps flows from a client pod that runs, by its node.
        self._unreached: dict[str, str] = {}

    def go(self, order: Order, folder: Path) -> None:
        """The whole of it, from the first flow to the last look.

        What tells this process to end, ends what is watched, or the last look; what was seen is there to be judged. The
        next one ends this process at once (gauntlet.ground.ending).
        """
        self._begin()
        try:
            self._before()
        except KeyboardInterrupt:
            self._interrupted()
            return
        self._note(EventKind.PHASE_STARTED, CHANGE.name)
        found = self.passed.findings[CHANGE.name]
        try:
            self._change(order, folder)
        except KeyboardInterrupt:
            self._interrupted()
            if order.argv and self.passed.code in (None, 0):
                found.append(no_data("rest", "interrupted before the cluster had come to rest after the command"))
        try:
            self._look_once_more(found)
        except KeyboardInterrupt:
            self._interrupted()
            reason = "interrupted before it was known whether all nodes follow a change, and run a kube-proxy"
            found.append(no_data("last-look", reason))
        # All is seen: a signal that comes now keeps nobody from judging and writing it.
        ending.close()
        self._take_news()
        found += self._unwatched.findings(self._why_unwatched)
        self._note(EventKind.PHASE_ENDED, CHANGE.name)

    def _before(self) -> None:
        """The control."""
        self._note(EventKind.PHASE_STARTED, BEFORE.name)
        found = self.passed.findings[BEFORE.name]
        found += self._place.dns.absence()
        found.append(self._change_of_endpoints(BEFORE.name))
        self._pass(CONTROL_S, "before the change")
        self._note(EventKind.PHASE_ENDED, BEFORE.name)

    def _look_once_more(self, found: list[Finding]) -> None:
        """What is to be known at the end of the change. Adds to `found` as it goes."""
        found.append(self._change_of_endpoints(CHANGE.name))
        found += self._standing()
        try:
            self.passed.ended = self._versions()
        except ApiUnreachable as error:
            self._show.say(f"of which version the kube-proxies are now is not known: {error.what}")

    def _interrupted(self) -> None:
        self.passed.interrupted = True
        self._show.say("interrupted: what was seen until now is judged")

    def _versions(self) -> Versions:
        return versions_of(self._watched, self._seen.nodes.away)

    def _begin(self) -> None:
        """Start all flows, and return when they flow."""
        self.passed.began = self._versions()
        self._seen.start()
        if self._watched.outside is not None:
            self._join_from_outside(self._watched.outside)
        wanted = {node.metadata.name for node in self._seen.at_first if node.ready}

        def flow() -> bool:
            self._take_news()
            return {each.node for each in self._clients.values()} >= wanted and self._stream.all_run

        until(
            flow,
            what=f"a client on each of {', '.join(sorted(wanted))} sends",
            deadline_s=_ALL_RUN_S,
            every_s=_EVERY_S,
            remedy=f"kubectl -n {self._place.namespace} get pods -o wide",
        )

    def _join_from_outside(self, outside: Host) -> None:
        echo = self._place.echo
        for node in self._watched.nodes:
            self._ports.append(
                Group(f"{node.name}, its network and ports", node.name, tuple(by_node(node, outside, echo)))
            )
        if echo.ingress:
            self._ports.append(Group(OUTSIDE, None, tuple(by_ingress(outside, echo))))
        for group in self._ports:
            self._stream.join(group)

    def _change(self, order: Order, folder: Path) -> None:
        if not order.argv:
            self._show.say("watching; Ctrl-C ends it" if order.for_s is None else f"watching for {order.for_s:g} s")
            self._pass(order.for_s, "watching")
            return
        self._note(EventKind.COMMAND_STARTED, order.argv[0])
        command = Command(order.argv, folder)
        try:
            self._attend(command, order)
        except BaseException:
            self._finish(command, "it was interrupted before its end", Verdict.INCONCLUSIVE)
            raise
        self._settle(order)

    def _attend(self, command: Command, order: Order) -> None:
        while command.code is None:
            self._step("the command runs")
            self._pass_on(command)
            if order.timeout_s is not None and time.monotonic() - command.started_s > order.timeout_s:
                self._finish(command, f"it had not ended after {order.timeout_s:g} s, and was ended", Verdict.FAIL)
                return
        code = command.code
        self._finish(command, f"it ended with {code}", Verdict.PASS if code == 0 else Verdict.FAIL)

    def _finish(self, command: Command, how: str, verdict: Verdict) -> None:
        """Take down how a command ended, which is ended if it still runs."""
        left = command.end()
        self._pass_on(command)
        self.passed.code = command.code
        found = Finding("command", verdict, f"`{' '.join(command.argv)}`: {how}{left}")
        if verdict is not Verdict.PASS:
            found = replace(found, remedy=f"read {command.output}")
        self.passed.findings[CHANGE.name].append(found)
        self._note(EventKind.COMMAND_ENDED, command.argv[0], how)
        self._show.say(found.reason)

    def _pass_on(self, command: Command) -> None:
        for line in command.lines():
            self._show.say(f"  {line}")

    def _settle(self, order: Order) -> None:
        """Wait until the cluster is at rest: what a command began may go on after its end."""
        began = time.monotonic()
        away = frozenset(node.metadata.name for node in self._seen.at_first if not node.ready)
        while why := rest.unrest(
            self._watched.api, self._seen.nodes, away, min(self._seen.quiet_s, time.monotonic() - began)
        ):
            if time.monotonic() - began > order.rest_s:
                reason = f"the cluster did not come to rest within {order.rest_s:g} s after the command: {why}"
                found = replace(no_data("rest", reason), remedy="give it more time with --rest")
                self.passed.findings[CHANGE.name].append(found)
                return
            self._pass(1.0, f"waiting for rest: {why}")
        self._await_clients(began + order.rest_s)

    def _await_clients(self, ends_s: float) -> None:
        """A node that came last is at rest before its client is: an image may have to be pulled."""
        ends_s = min(ends_s, time.monotonic() + RUN_S)
        while self._watched.daemon_sets and self._unwatched.there and time.monotonic() < ends_s:
            self._pass(1.0, f"waiting for a client on {', '.join(self._unwatched.there)}")

    def _pass(self, seconds: float | None, what: str) -> None:
        ends = None if seconds is None else time.monotonic() + seconds
        while ends is None or time.monotonic() < ends:
            self._step(what)

    def _step(self, what: str) -> None:
        """A moment of watching."""
        self._take_news()
        if time.monotonic() - self._mended_s > _MEND_EVERY_S:
            self._mended_s = time.monotonic()
            self._stream.mend()
        self._show.progress(what, self._stream)
        time.sleep(_EVERY_S)

    def _take_news(self) -> None:
        while not self._seen.news.empty():
            each = self._seen.news.get()
            if isinstance(each, ClientSeen):
                self._take_client(each)
            else:
                self._take_event(each)

    def _take_client(self, seen: ClientSeen) -> None:
        known = self._clients.pop(seen.uid, None)
        if seen.pod is None:
            if known is not None:
                self._stream.leave(known.key, "its pod ended, or was told to")
            return
        try:
            client = self._watched.client(seen.pod)
        except GauntletError as error:
            self._show.say(f"{seen.pod.metadata.name} does not send: {error.what}")
            self._unreached[seen.pod.spec.node_name] = error.what
            return
        self._clients[seen.uid] = Group(client.name, client.node, self._place.asked_by(client))
        self._stream.join(self._clients[seen.uid])
        self._unwatched.has_client(seen.pod.spec.node_name)

    def _take_event(self, event: Event) -> None:
        self._show.say(" ".join(filter(None, (event.node, str(event.kind).replace("_", " "), event.detail))))
        if event.node is not None:
            self._note_unwatched(event.kind, event.node)
        for group in (*self._clients.values(), *self._ports):
            if group.node != event.node or event.node is None:
                continue
            if event.kind in AWAY:
                self._stream.lose(group.key, str(event.kind).replace("_", " "))
            elif event.kind is EventKind.NODE_READY:
                self._stream.join(group)

    def _note_unwatched(self, kind: EventKind, node: str) -> None:
        if kind in AWAY:
            self._unwatched.away(node)
        elif kind not in (EventKind.NODE_CAME, EventKind.NODE_READY) or node in self._seen.nodes.away:
            return
        elif all(group.node != node for group in self._clients.values()):
            self._unwatched.ready(node)

    def _why_unwatched(self, node: str) -> str:
        return self._unreached.get(node) or self._place.why_no_client(node)

    def _change_of_endpoints(self, phase: str) -> Finding:
        """Whether all nodes follow a change: traffic goes on by the rules of a kube-proxy that is gone."""
        here = self._stream.wanted
        askers = [group.asked[0][0] for group in self._clients.values() if group.key in here]
        return self._place.change_of_endpoints(phase, askers)

    def _standing(self) -> list[Finding]:
        """Whether a healthy kube-proxy runs on each node that commands reach."""
        away = self._seen.nodes.away
        nodes = [node for node in self._watched.nodes if node.name not in away]
        return [standing_now({node.name: look(node) for node in nodes})] if nodes else []

    def _note(self, kind: EventKind, subject: str, detail: str = "") -> None:
        self._evidence.events.write(Event(kind, subject, detail=detail))
