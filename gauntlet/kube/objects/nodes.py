"""Nodes (core/v1)."""

from __future__ import annotations

from pydantic import Field

from gauntlet.kube.objects.parts import ApiObject, Condition, Part, status_of

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_SYSTEM = "kubernetes.io/os"


class NodeSpec(Part):
    pod_cidr: str = Field(default="", alias="podCIDR")
    pod_cidrs: tuple[str, ...] = Field(default=(), alias="podCIDRs")
    unschedulable: bool = False


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
    def address(self) -> str:
        """Its InternalIP; empty if it has none."""
        return next((each.address for each in self.status.addresses if each.type == "InternalIP"), "")

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
