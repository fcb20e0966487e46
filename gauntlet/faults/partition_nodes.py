"""partition-nodes: a node is cut from the other nodes and their pods. It still reaches the API server."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.cluster import Node
from gauntlet.errors import Inconclusive
from gauntlet.faults.fault import BlastRadius, NotLanded
from gauntlet.faults.network_fault import NetworkFault, addresses
from gauntlet.faults.proxy_process import HEALTHZ_PORT


class PartitionNodes(NetworkFault):
    """Clients on the node lose the backends elsewhere; clients elsewhere lose the backends on it."""

    name: ClassVar[str] = "partition-nodes"
    blast_radius: ClassVar[BlastRadius] = BlastRadius.BACKENDS_ON_HURT_NODE

    def rules(self) -> str:
        peers = addresses([place for peer in self._peers() for place in (peer.address, peer.pod_cidr)])
        return f"""
            counter from_peers {{ }}
            counter to_peers {{ }}
            chain incoming {{
                type filter hook prerouting priority -350; policy accept;
                ip saddr {peers} counter name from_peers drop
            }}
            chain forwarded {{
                type filter hook forward priority -150; policy accept;
                ip daddr {peers} counter name to_peers drop
            }}
        """

    def evidence(self) -> str:
        peer = self._peers()[0]
        tried = self.connect(peer.address, HEALTHZ_PORT)
        counted = self.counted()
        if tried.ok or not sum(counted.values()):
            raise NotLanded(f"{tried.words} came through; dropped: {counted}")
        return f"{tried.words} came through; packets dropped: {counted['from_peers']} in, {counted['to_peers']} out"

    def _peers(self) -> list[Node]:
        peers = [node for node in self.scene.cluster.nodes if node.name != self.node.name]
        if not peers:
            raise Inconclusive(f"{self.node.name} is the only node: there is nothing to cut it from")
        return peers
