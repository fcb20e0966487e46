"""partition-nodes: a node is cut from the other nodes and their pods. It still reaches the API server."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import Needs, NotLanded, in_every_mode
from gauntlet.faults.network_fault import NetworkFault, Rules, comment, spare_control_plane
from gauntlet.faults.scenario import Heal, Scenario
from gauntlet.ground.cluster import Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.promises.promise import BlastRadius
from gauntlet.proxy import ports


class PartitionNodes(NetworkFault):
    """Clients on the node lose the backends elsewhere; clients elsewhere lose the backends on it."""

    name: ClassVar[str] = "partition-nodes"
    needs: ClassVar[Needs] = Needs(pod_ranges=True)
    # A dial that gets no answer holds up all clients of the Service port, on every node (ProxyLoop in
    # pkg/proxy/userspace/proxysocket.go of Kubernetes 1.25 dials before it accepts the next).
    radius = in_every_mode(BlastRadius.BACKENDS_ON_HURT_NODE, carried=BlastRadius.CLUSTER)
    scenarios = (
        Scenario(
            name="partition-nodes",
            title="a node is cut from the other nodes and their pods, and joins again",
            description="It still reaches the API server; endpoints stay as they are.",
            tags=("network",),
            injected="the node is cut off",
            landed="a connection to another node fails and its packets are counted",
            remedy=Heal(held="the node is still cut off", heal="the node joins again", hold_s=4),
            healed="the rules that cut it off are gone",
            rolled_back="the node joins again for certain",
        ),
    )

    def rules(self) -> Rules:
        peers = ",".join(place for peer in self._peers() for place in (peer.address, peer.pod_cidrs[0]))
        spared = spare_control_plane(self.scene.cluster)
        return Rules(
            incoming=(
                *spared.incoming,
                f"-s {peers} {comment('from-peers')} -j DROP",
            ),
            forwarded=(
                *spared.forwarded,
                f"-d {peers} {comment('to-peers')} -j DROP",
            ),
        )

    def evidence(self) -> str:
        peer = self._peers()[0]
        tried = self.connect(peer.address, ports.HEALTHZ)
        counted = self.counted()
        if tried.ok or not counted.total():
            raise NotLanded(f"{tried.words} came through; dropped: {dict(counted)}")
        return f"{tried.words} came through; packets dropped: {counted['from-peers']} in, {counted['to-peers']} out"

    def _peers(self) -> list[Node]:
        peers = [node for node in self.scene.cluster.nodes if node.name != self.node.name]
        if not peers:
            raise Inconclusive(f"{self.node.name} is the only node: there is nothing to cut it from")
        return peers
