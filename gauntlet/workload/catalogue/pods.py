"""The pods that all declared cases share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gauntlet.workload.served import RunningBackend


@dataclass(frozen=True)
class Pods:
    """Probe pods that are never hurt, changed or deleted while cases run: endpoints of slices that cases write.

    `pods[0]` to `pods[n-1]` are one on each of the n nodes, in the order of the nodes: they are the client pods as
    well, so that a Service that leads to one of them is asked by its own backend. `pods[n]` to `pods[2n-1]` are the
    second ones, which ask nothing; a Service with the selector `app="backend"` has these. Each answers HTTP on TCP
    8080 and datagrams on UDP 8081, where the Ports `HTTP` and `UDP` lead; those of `one_each` answer SCTP, too, where
    `SCTP` leads, in cases that need "sctp". `of_the_host` are pods of the host's network, one on each node, which
    answer on HOST_HTTP_PORT and HOST_UDP_PORT.

    `zones` is the zone of each node that has one.
    """

    all: tuple[RunningBackend, ...]
    of_the_host: tuple[RunningBackend, ...] = ()
    zones: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes' names, in their order."""
        return tuple(dict.fromkeys(each.node for each in self.all))

    @property
    def one_each(self) -> tuple[RunningBackend, ...]:
        """One on each node."""
        return self.all[: len(self.nodes)]

    def on(self, node: str) -> tuple[RunningBackend, ...]:
        """Those on one node."""
        return tuple(each for each in self.all if each.node == node)

    def beside(self, number: int) -> RunningBackend:
        """The second one on the node of `pods[number]`."""
        return self.all[len(self.nodes) + number]

    def zone(self, pod: RunningBackend) -> str:
        """The zone of its node; empty if that has none."""
        return self.zones.get(pod.node, "")

    def __getitem__(self, number: int) -> RunningBackend:
        """Raises IndexError: a cluster of one node has two of them."""
        return self.all[number]

    def __len__(self) -> int:
        return len(self.all)
