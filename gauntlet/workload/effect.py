"""Effect: has the data plane taken up a Service? Asked of the Service itself, from each node."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from gauntlet.ground.cluster import CommandFailed, Host, Node
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy.sync_progress import SyncProgress
from gauntlet.semantics.objects import Policy
from gauntlet.traffic import Ask, Load, Target, Traffic, refusal_limit
from gauntlet.workload.disobeyed import Disobeyed, kind
from gauntlet.workload.served import Served

DEADLINE_S = 15.0
TIMEOUT_S = 0.5
THREADS = 16
SYNC_EVERY_S = 0.4
# 17 attempts for each backend miss one of them by chance once in 10^7 times: k * (1 - 1/k)^(17 k) < 2e-7 for k <= 10.
ATTEMPTS_A_BACKEND = 17
MOST_COUNTED = 10
# Which backends serve is learnt by the ClusterIP; here only that the port leads to them.
NODE_PORT_ATTEMPTS = 3

Condition = Callable[[pl.DataFrame], bool]
T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """`attempts` at a target, and what they must show. Each watcher asks, unless only `asker` is to."""

    target: Target
    attempts: int
    condition: Condition
    asker: Host | None = None


class Effect:
    """Watches Services from one client a node: rules are programmed node by node. `outside` asks their NodePorts.

    The nodes themselves ask: to them the kernel does not limit its refusals (icmp_ratelimit). If they are slow,
    their `pods` ask whatever is not to be refused.

    On `early_nodes`, whose kube-proxy is in a mode that answers early, an answer is not enough: the Service may be
    refused once more before the sync is over (see gauntlet/proxy/modes/ipvs.py). There the sync has to be over as well.

    `missing` is what the last wait that was not met still waited for at its end, in words. What was not obeyed at a
    deadline is waited for only shortly from then on (Disobeyed).
    """

    def __init__(
        self,
        traffic: Traffic,
        nodes: Sequence[Host],
        outside: Host,
        pods: Sequence[Host] = (),
        early_nodes: Sequence[Node] = (),
        disobeyed: Disobeyed | None = None,
    ) -> None:
        self._traffic = traffic
        self._disobeyed = disobeyed or Disobeyed()
        self._nodes = nodes
        self._pods = pods or nodes
        self._outside = outside
        self._early_nodes = early_nodes
        self.missing: tuple[str, ...] = ()

    def questions(self, served: Served, backends: int) -> list[Question]:
        """What to ask to learn whether every node sends this Service to exactly so many backends, or refuses it.

        All ports of the Service are asked by their ClusterIP, by the NodePort of each node, whose sets ipvs mode fills
        at the end of a sync, and by the ingress IP, which the API server learns later.
        """
        addresses = [node.address_in(served.family) for node in self._nodes] if served.node_ports else []
        return questions(served, backends) + node_port_questions(served, backends, addresses, self._outside)

    def until(self, asked: Sequence[Question], *, deadline_s: float = DEADLINE_S) -> bool:
        """Ask these questions, again and again, until each is answered as it must be, and was not before the change.

        Returns whether that came true in time. It raises nothing when it did not: what is wrong is for the checkers to
        say, by the attempts that the case makes next.

        Those that one host asks alone come last, when the nodes have the Service: a NodePort that is not there yet is
        refused by the kernel, whose refusals to one host are limited, to the cost of the case (icmp_ratelimit).
        """
        ends = time.monotonic() + deadline_s
        answered, behind = with_syncs(self._early_nodes, ends, lambda: self.obeyed(asked, deadline_s=deadline_s))
        self.missing += behind
        return answered and not behind

    def obeyed(self, asked: Sequence[Question], *, deadline_s: float = DEADLINE_S) -> bool:
        """`until` without looking at syncs: for Services that were in effect before."""
        ends = time.monotonic() + deadline_s
        self.missing = ()
        everyones = [question for question in asked if question.asker is None]
        lonely = [question for question in asked if question.asker is not None]
        return all(self._answered(questions, ends) for questions in (everyones, lonely) if questions)

    def _answered(self, asked: Sequence[Question], ends: float) -> bool:
        pending = [(asker, question) for question in asked for asker in self._askers(question)]

        def ask() -> frozenset[Hashable]:
            nonlocal pending
            with ThreadPoolExecutor(min(THREADS, len(pending))) as pool:
                answered = list(pool.map(lambda pair: self._ask(*pair), pending))
            pending = [pair for pair, good in zip(pending, answered, strict=True) if not good]
            return _kinds(pending)

        left_s = max(0.0, ends - time.monotonic())
        self._disobeyed.wait(ask, _kinds(pending), what="every node obeys", deadline_s=left_s)
        self.missing += tuple(f"{asker.name} -> {question.target}" for asker, question in pending)
        return not pending

    def _askers(self, question: Question) -> Sequence[Host]:
        if question.asker is not None:
            return (question.asker,)
        return self._nodes if question.condition is refused else self._pods

    def _ask(self, watcher: Host, question: Question) -> bool:
        is_late = question.condition is refused and refusal_limit.comes_late(question.target)
        timeout_s = refusal_limit.LATE_S if is_late else TIMEOUT_S
        load = Load(
            question.target,
            users=2,
            attempts=question.attempts,
            timeout_s=timeout_s,
            ask=Ask.HOSTNAME,
            gives_up_after=None if question.condition is refused else 2,
        )
        return question.condition(self._traffic.send(watcher, load))


def _kinds(asked: Iterable[tuple[Host, Question]]) -> frozenset[Hashable]:
    return frozenset(
        kind(asker.name, question.target, "refused" if question.condition is refused else "answered")
        for asker, question in asked
    )


def with_syncs(nodes: Sequence[Node], ends: float, ask: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
    """What `ask` returns, and, in words, on which of these nodes kube-proxy was not in sync after that, by `ends`."""
    asked_all = threading.Event()
    with ThreadPoolExecutor(max(1, len(nodes))) as pool:
        # From the start: of a sync that nobody saw end it cannot be told what it knew of.
        followed = [pool.submit(_synced, node, ends, asked_all) for node in nodes]
        try:
            answer = ask()
        finally:
            asked_all.set()
        behind = [node.name for node, each in zip(nodes, followed, strict=True) if not each.result()]
    return answer, tuple(f"kube-proxy on {name} is not in sync" for name in behind)


def _synced(node: Node, ends: float, asked_all: threading.Event) -> bool:
    """Follow the syncs of this node's kube-proxy until all is asked, and then until the one that counts is over."""
    progress = SyncProgress()

    def over() -> bool:
        is_last = asked_all.is_set()
        progress.see(proxy_metrics.read(node), time.monotonic())
        if is_last:
            progress.shown()
        return is_last and progress.is_over

    try:
        until(
            over,
            what=f"kube-proxy on {node.name} is in sync",
            deadline_s=max(0.0, ends - time.monotonic()),
            # To ask takes the node's processor from what is waited for.
            every_s=SYNC_EVERY_S,
            retry_on=(CommandFailed,),
        )
    except NotInTime:
        return False
    return True


def questions(served: Served, backends: int) -> list[Question]:
    """What to ask of each port of a Service to learn whether it has exactly so many backends."""
    ports = served.declared.ports
    inner = [
        served.cluster_ip(port.protocol, number=port.number, family=family)
        for port in ports
        for family in served.families
    ]
    ingress = [served.load_balancer(port.protocol) for port in ports] if served.ingress else []
    if backends == 0:
        return [Question(target, 1, refused) for target in (*inner, *ingress)]
    if served.declared.affinity_timeout_s is not None:
        return [Question(target, 2, answered_by(1)) for target in (*inner, *ingress)]
    counted = min(backends, MOST_COUNTED)
    # One more than expected must show as well, lest a backend that should be gone goes unseen.
    attempts = ATTEMPTS_A_BACKEND * (counted + 1)
    # Which backends a node sends its pods to is not the same in all modes there: ipvs mode keeps to the node's own.
    by_ingress = answered if served.declared.external_traffic is Policy.LOCAL else answered_by(backends)
    return [
        *(Question(target, attempts, answered_by(backends)) for target in inner),
        *(Question(target, attempts, by_ingress) for target in ingress),
    ]


def node_port_questions(served: Served, backends: int, nodes: Sequence[str], asker: Host) -> list[Question]:
    """What to ask the nodes at these addresses by their NodePorts, from outside.

    Nothing if some of them may refuse: the kernel limits its refusals to one host.
    """
    limited = backends == 0 or served.declared.external_traffic is Policy.LOCAL
    if limited or not served.node_ports:
        return []
    return [
        Question(served.node_port_at(address, protocol), NODE_PORT_ATTEMPTS, answered, asker)
        for protocol in dict.fromkeys(port.protocol for port in served.declared.ports)
        for address in nodes
    ]


def refused(seen: pl.DataFrame) -> bool:
    """Every attempt was refused. To a node's own datagram the kernel says so by EPERM, before it is a packet."""
    by_the_kernel = seen["error"].eq_missing(os.strerror(errno.EPERM))
    return bool(((seen["outcome"] == str(Outcome.REFUSED)) | by_the_kernel).all())


def answered(seen: pl.DataFrame) -> bool:
    """Every attempt was answered, by whomever."""
    return bool((seen["outcome"] == str(Outcome.OK)).all())


def answered_by(backends: int) -> Condition:
    """Every attempt was answered, by so many different backends (of more than MOST_COUNTED: at least that many)."""

    def condition(seen: pl.DataFrame) -> bool:
        if not answered(seen):
            return False
        met = seen["backend"].n_unique()
        return met == backends if backends < MOST_COUNTED else met >= MOST_COUNTED

    return condition
