"""packet-loss: a share of the packets that reach or leave a node is lost, at random."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gauntlet.faults.fault import Needs, NoParameters, NotLanded, in_every_mode
from gauntlet.faults.network_fault import NetworkFault, Rules, comment, spare_control_plane
from gauntlet.faults.scenario import Heal, Scenario
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import Family, first_of
from gauntlet.promises.promise import BlastRadius
from gauntlet.proxy import ports

# With 30 % loss, 20 connections that all come through without one lost packet happen once in 10^6 runs.
_TRIES = 20
# To see a packet of another family at all: one is enough, even if it is lost then.
_FEW = 2
_IMPROBABLE = 1e-6


class LossParameters(NoParameters):
    """`percent` of the packets are lost, each by a throw of its own."""

    percent: int = Field(default=30, ge=1, le=99)


class PacketLoss(NetworkFault):
    """Hurts what crosses the node's network; packets between pods of the node itself are spared.

    So are those of the control plane: endpoints must stay as they are while only packets get lost.
    """

    name: ClassVar[str] = "packet-loss"
    needs: ClassVar[Needs] = Needs(pod_ranges=True)
    # A dial that gets no answer holds up all clients of the Service port, on every node (ProxyLoop in
    # pkg/proxy/userspace/proxysocket.go of Kubernetes 1.25 dials before it accepts the next).
    radius = in_every_mode(BlastRadius.BACKENDS_ON_HURT_NODE, carried=BlastRadius.CLUSTER)
    parameters = LossParameters
    scenarios = (
        Scenario(
            name="packet-loss",
            title="a node loses 30 % of its packets for a while",
            description="Packets of both IP families, as far as the cluster has them, that reach or leave the node "
            "are lost at random; those between its own pods are spared.",
            tags=("network",),
            injected="packets are lost",
            landed="the counters of seen and lost packets move",
            remedy=Heal(held="packets are still lost", heal="no packet is lost any more", hold_s=4),
            healed="the rules that lose packets are gone",
            rolled_back="no packet is lost any more, for certain",
            parameters={"percent": "GAUNTLET_LOSS_PERCENT"},
        ),
    )

    def rules(self, family: Family) -> Rules:
        assert isinstance(self.given, LossParameters)
        own = first_of(family, self.node.pod_cidrs)
        api = spare_control_plane(self.scene.cluster, family)
        lose = (
            comment("seen"),
            f"-m statistic --mode random --probability {self.given.percent / 100:.2f} {comment('lost')} -j DROP",
        )
        return Rules(
            incoming=("-i lo -j RETURN", f"-s {own} -j RETURN", *api.incoming, *lose),
            forwarded=(f"! -s {own} -j RETURN", f"-d {own} -j RETURN", *api.forwarded, *lose),
        )

    def evidence(self) -> str:
        assert isinstance(self.given, LossParameters)
        peer = next((node for node in self.scene.cluster.nodes if node.name != self.node.name), None)
        if peer is None:
            raise Inconclusive(f"{self.node.name} is the only node: no packet crosses its network")
        first, *others = self.families
        tried = self.connect(peer.address_in(first), ports.HEALTHZ, times=_TRIES, timeout_s=0.1)
        for family in others:
            # No traffic of its own goes this way, and kube-proxy may listen at one address alone: it is the refusals of
            # these that are seen, or lost.
            self.connect(peer.address_in(family), ports.HEALTHZ, times=_FEW, timeout_s=1.0)
        counted = self.counted()
        unseen = [str(family) for family, each in counted.items() if not each["seen"]]
        if unseen:
            raise NotLanded(f"no packet of {' and '.join(unseen)} came by the rules of {self.node.name}")
        seen, lost = (sum(each[name] for each in counted.values()) for name in ("seen", "lost"))
        # All of many packets lost is a cut, unless chance would do that at the share that was asked for.
        if not lost or (lost == seen and (self.given.percent / 100) ** seen < _IMPROBABLE):
            raise NotLanded(f"{lost} of {seen} packets were lost on {self.node.name}; {tried.words} came through")
        return f"{lost} of {seen} packets lost ({lost / seen:.0%}, wanted {self.given.percent} %)"
