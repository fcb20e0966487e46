"""Effect: has the data plane taken up a Service? Asked of the Service itself, from each node."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from gauntlet.cluster import Host
from gauntlet.history import Outcome
from gauntlet.traffic import Ask, Load, Target, Traffic
from gauntlet.waiting import NotInTime, until
from gauntlet.workload.served import Served

DEADLINE_S = 15.0
TIMEOUT_S = 0.5
THREADS = 16
# 17 attempts for each backend miss one of them by chance once in 10^7 times: k * (1 - 1/k)^(17 k) < 2e-7 for k <= 10.
ATTEMPTS_A_BACKEND = 17
MOST_COUNTED = 10

Condition = Callable[[pl.DataFrame], bool]


@dataclass(frozen=True)
class Question:
    """`attempts` at a target, and what they must show."""

    target: Target
    attempts: int
    condition: Condition


class Effect:
    """Watches Services from one client a node: rules are programmed node by node."""

    def __init__(self, traffic: Traffic, watchers: Sequence[Host]) -> None:
        self._traffic = traffic
        self._watchers = watchers

    def wait(self, served: Served, backends: int, *, deadline_s: float = DEADLINE_S) -> bool:
        """Wait until every node sends the Service to exactly so many backends, or refuses it where there are none.

        All ports of the Service are asked by their ClusterIP, which one sync of kube-proxy programs along with the
        NodePorts, and by the ingress IP, which the API server learns later. Returns whether that came true in time.
        It raises nothing when it did not: what is wrong is for the checkers to say, by the attempts that the case
        makes next.
        """
        return self.until(questions(served, backends), deadline_s=deadline_s)

    def until(self, asked: Sequence[Question], *, deadline_s: float = DEADLINE_S) -> bool:
        """Ask these questions from each node, again and again, until each is answered as it must be."""
        pending = [(watcher, question) for watcher in self._watchers for question in asked]

        def all_answered() -> bool:
            nonlocal pending
            with ThreadPoolExecutor(min(THREADS, len(pending))) as pool:
                answered = list(pool.map(lambda pair: self._ask(*pair), pending))
            pending = [pair for pair, good in zip(pending, answered, strict=True) if not good]
            return not pending

        try:
            until(all_answered, what="every node obeys", deadline_s=deadline_s)
        except NotInTime:
            return False
        return True

    def _ask(self, watcher: Host, question: Question) -> bool:
        load = Load(question.target, users=2, attempts=question.attempts, timeout_s=TIMEOUT_S, ask=Ask.HOSTNAME)
        return question.condition(self._traffic.send(watcher, load))


def questions(served: Served, backends: int) -> list[Question]:
    """What to ask of each port of a Service to learn whether it has exactly so many backends."""
    targets = [
        target
        for port in served.declared.ports
        for target in (
            served.cluster_ip(port.protocol, number=port.number),
            *([served.load_balancer(port.protocol)] if served.ingress else []),
        )
    ]
    if backends == 0:
        return [Question(target, 1, refused) for target in targets]
    if served.declared.affinity_timeout_s is not None:
        return [Question(target, 2, answered_by(1)) for target in targets]
    counted = min(backends, MOST_COUNTED)
    # One more than expected must show as well, lest a backend that should be gone goes unseen.
    return [Question(target, ATTEMPTS_A_BACKEND * (counted + 1), answered_by(backends)) for target in targets]


def refused(seen: pl.DataFrame) -> bool:
    """Every attempt was refused. To a node's own datagram the kernel says so by EPERM, before it is a packet."""
    return bool(((seen["outcome"] == str(Outcome.REFUSED)) | (seen["error"] == os.strerror(errno.EPERM))).all())


def answered_by(backends: int) -> Condition:
    """Every attempt was answered, by so many different backends (of more than MOST_COUNTED: at least that many)."""

    def condition(seen: pl.DataFrame) -> bool:
        if not (seen["outcome"] == str(Outcome.OK)).all():
            return False
        met = seen["backend"].n_unique()
        return met == backends if backends < MOST_COUNTED else met >= MOST_COUNTED

    return condition
