"""Clients: every kind of place that a Service is used from."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.ground.cluster import Host, Node


@dataclass(frozen=True)
class Clients:
    """A pod on each node, each node itself, and a host outside the cluster."""

    pods: tuple[Host, ...]
    nodes: tuple[Node, ...]
    outside: Host

    @property
    def inside(self) -> tuple[Host, ...]:
        """The pods and the nodes."""
        return (*self.pods, *self.nodes)

    @property
    def everywhere(self) -> tuple[Host, ...]:
        return (*self.inside, self.outside)

    def beside(self, client: Host) -> tuple[Host, ...]:
        """The clients on the node of this one, itself among them: their packets meet the same rules."""
        return tuple(each for each in self.inside if each.node == client.node)

    def pod_on(self, node: str) -> Host:
        """The client pod on this node. Raises LookupError if there is none."""
        for pod in self.pods:
            if pod.node == node:
                return pod
        raise LookupError(f"no client pod on {node}")
