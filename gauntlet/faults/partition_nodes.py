"""partition-nodes: a node is cut from the other nodes and their pods. It still reaches the API server."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import Needs, NotLanded, in_every_mode
from gauntlet.faults.network_fault import NetworkFault, Rules, comment, spare_control_plane
from gauntlet.faults.scenario import Heal, Scenario
from gauntlet.ground.cluster import Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import Family, first_of
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
            description="By both IP families, as far as the cluster has them. It still reaches the API server; "
            "endpoints stay as they are.",
            tags=("network",),
            injected="the node is cut off",
            landed="a connection to another node fails and its packets are counted",
            remedy=Heal(held="the node is still cut off", heal="the node joins again", hold_s=4),
            healed="the rules that cut it off are gone",
            rolled_back="the node joins again for certain",
        ),
    )

    def rules(self, family: Family) -> Rules:
        of_peers = (first_of(family, each) for peer in self._peers() for each in (peer.addresses, peer.pod_cidrs))
        peers = ",".join(of_peers)
        spared = spare_control_plane(self.scene.cluster, family)
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
        # kube-proxy may listen at one address alone: the refusal of the other is a packet that has to be dropped, too.
        tried = [self.connect(peer.address_in(family), ports.HEALTHZ, timeout_s=1.0) for family in self.families]
        words = ", ".join(each.words for each in tried)
        counted = self.counted()
        if any(each.ok for each in tried) or not all(each.total() for each in counted.values()):
            shown = {str(family): dict(each) for family, each in counted.items()}
            raise NotLanded(f"{words} came through; dropped: {shown}")
        dropped = ", ".join(
            f"{each['from-peers']} in and {each['to-peers']} out of {family}" for family, each in counted.items()
        )
        return f"{words} came through; packets dropped: {dropped}"

    def _peers(self) -> list[Node]:
        peers = [node for node in self.scene.cluster.nodes if node.name != self.node.name]
        if not peers:
            raise Inconclusive(f"{self.node.name} is the only node: there is nothing to cut it from")
        return peers
