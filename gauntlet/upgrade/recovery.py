"""Whether traffic has got over faults: what still hurts it would count against the kube-proxy that is given next."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gauntlet.checkers.sample import NANO, declared_name, failed
from gauntlet.ground.cluster import Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow
from gauntlet.ground.waiting import NotInTime, until

CHECK = "recovered"
BY_ITSELF_S = 10.0
DEADLINE_S = 20.0
_EVERY_S = 1.0
# An entry that was made while the rules were gone leads nowhere, and whoever goes on sending keeps it alive.
_FORGET_UDP = ("sh", "-c", "conntrack -D -p udp >/dev/null 2>&1; exit 0")
# Waits for the traffic to be good, and says whether it is.
Recover = Callable[[], Finding]


class Attempting(Protocol):
    """What is needed of a Flow to see how it is."""

    @property
    def declared(self) -> DeclaredFlow: ...
    def so_far(self) -> pl.DataFrame: ...


class Recovery:
    """Waits until all attempts of all flows have been good for `hold_s`.

    Of what does not recover by itself, the nodes are made to forget the UDP flows: that was the faults' doing.
    """

    def __init__(self, flows: Sequence[Attempting], nodes: Sequence[Node], hold_s: float) -> None:
        self._flows = flows
        self._nodes = nodes
        self._hold_s = hold_s

    def wait(self) -> Finding:
        """Whether traffic is good again. If it is not, nothing that comes after it can be told from the faults."""
        if self._good_within(BY_ITSELF_S):
            return Finding(CHECK, Verdict.PASS, "all flows are good again")
        for node in self._nodes:
            node.run(_FORGET_UDP)
        if self._good_within(DEADLINE_S):
            return Finding(CHECK, Verdict.PASS, "all flows are good again, once the nodes forgot their UDP flows")
        return recovered({declared_name(flow.declared): flow.so_far() for flow in self._flows}, self._since())

    def _good_within(self, deadline_s: float) -> bool:
        try:
            until(self._is_good, what="all flows are good", deadline_s=deadline_s, every_s=_EVERY_S)
        except NotInTime:
            return False
        return True

    def _is_good(self) -> bool:
        since_ns = self._since()
        return all(is_good(flow.so_far(), since_ns) for flow in self._flows)

    def _since(self) -> int:
        return time.time_ns() - int(self._hold_s * NANO)


def is_good(attempts: pl.DataFrame, since_ns: int) -> bool:
    """Whether there are attempts since then, and none of them failed."""
    late = attempts.filter(pl.col("at_ns") >= since_ns)
    return not late.is_empty() and late.filter(failed()).is_empty()


def recovered(flows: Mapping[str, pl.DataFrame], since_ns: int) -> Finding:
    """Which flows, by name, were not good since then. Never a failure: what faults cost is for experiments to judge."""
    hurt = sorted(name for name, attempts in flows.items() if not is_good(attempts, since_ns))
    if not hurt:
        return Finding(CHECK, Verdict.PASS, "all flows are good again", 0.0, "flows", 0.0)
    reason = f"{len(hurt)} flows had not got over the faults, and what comes after cannot be told from them: {hurt[0]}"
    return Finding(CHECK, Verdict.INCONCLUSIVE, reason, float(len(hurt)), "flows", 0.0, details=tuple(hurt))
