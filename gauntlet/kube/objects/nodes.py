"""Nodes (core/v1)."""

from __future__ import annotations

from pydantic import Field

from gauntlet.ground.family import families_of, first_of
from gauntlet.kube.objects.parts import ApiObject, Condition, Part, status_of

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_SYSTEM = "kubernetes.io/os"
# The label of the zone that a node is in (docs 'Well-Known Labels').
ZONE = "topology.kubernetes.io/zone"


class NodeSpec(Part):
    pod_cidr: str = Field(default="", alias="podCIDR")
    pod_cidrs: tuple[str, ...] = Field(default=(), alias="podCIDRs")
    unschedulable: bool = False

    @property
    def pod_ranges(self) -> tuple[str, ...]:
        """One of each IP family, the primary one first; empty if nobody gave it any."""
        return tuple(each for each in (self.pod_cidrs or (self.pod_cidr,)) if each)


class NodeAddress(Part):
    type: str
    address: str


class NodeInfo(Part):
    kernel_version: str = ""
    kubelet_version: str = ""
    operating_system: str = ""


class NodeStatus(Part):
    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    node_info: NodeInfo = NodeInfo()


class NodeObject(ApiObject):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The first InternalIP of each family, in the order of its status."""
        found = [each.address for each in self.status.addresses if each.type == "InternalIP"]
        return tuple(first_of(family, found) for family in families_of(found))

    @property
    def address(self) -> str:
        """Its primary InternalIP; empty if it has none."""
        return next(iter(self.addresses), "")

    @property
    def kubelet_version(self) -> str:
        return self.status.node_info.kubelet_version or "unknown"

    @property
    def ready(self) -> bool:
        return status_of(self.status.conditions, "Ready") == "True"

    @property
    def is_linux(self) -> bool:
        """By its label, which a kubelet writes as well as its status; Linux if neither says so."""
        return (self.metadata.labels.get(_SYSTEM) or self.status.node_info.operating_system or "linux") == "linux"

    @property
    def is_control_plane(self) -> bool:
        return _CONTROL_PLANE in self.metadata.labels
