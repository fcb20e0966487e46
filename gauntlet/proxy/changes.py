"""What changes from version to version of kube-proxy beside its modes: flags, fields and feature gates, as one table.

Read in the sources of Kubernetes 1.25.9, 1.29.6, 1.31.14, 1.32.13, 1.33.13, 1.34.4, 1.35.4, 1.36.3 and 1.37.2; what
came or went between two of these is taken from the change that is named, or from where a source says "remove in".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.ground.cluster import Json
from gauntlet.ground.version import Minor

# Nothing is known of later versions but what these announce.
NEWEST_READ: Minor = (1, 37)
_FEATURES = "pkg/features/kube_features.go"
_REMOVES_USERSPACE = "kubernetes/kubernetes 112133"


@dataclass(frozen=True)
class Removed:
    """A flag, or a field of the KubeProxyConfiguration (`a.b` is b in a), and the last version that has it."""

    name: str
    last: Minor
    instead: str
    source: str


FLAGS = (
    Removed("udp-timeout", (1, 25), "leave it out: only userspace mode had a use for it", _REMOVES_USERSPACE),
    Removed(
        "proxy-port-range", (1, 30), "leave it out: it has had no effect since 1.26", "kubernetes/kubernetes 126293"
    ),
)
FIELDS = (Removed("udpIdleTimeout", (1, 25), "leave it out: only userspace mode had a use for it", _REMOVES_USERSPACE),)
# Fields that are still read and do nothing.
IDLE_FIELDS = (
    Removed("portRange", (1, 25), "leave it out: only userspace mode had a use for it", "k8s.io/kube-proxy v1alpha1"),
)


@dataclass(frozen=True)
class Spell:
    """From one version on, a feature gate is on or off unless it is set, and whether it can be set at all."""

    since: Minor
    on: bool
    locked: bool = False


@dataclass(frozen=True)
class Gate:
    """A feature gate that kube-proxy asks for, and its spells, the oldest first; `last` is the last version with it."""

    name: str
    spells: tuple[Spell, ...]
    last: Minor = (999, 999)
    source: str = _FEATURES

    def is_on(self, version: Minor) -> bool:
        """Whether what it guards is in effect unless it is set; in versions without the gate, as in the last one."""
        began = [each for each in self.spells if each.since <= min(version, self.last)]
        return began[-1].on if began else False

    def at(self, version: Minor) -> Spell | None:
        """None if the version does not know the gate; it then refuses to start with it."""
        began = [each for each in self.spells if each.since <= version]
        return began[-1] if began and version <= self.last else None


def is_in_effect(name: str, version: Minor, given: Mapping[str, Json]) -> bool:
    """Whether what a gate guards is in effect in this version, if these gates are set, to true or false.

    One that is locked, or that the version does not have, cannot be set; one that is not in the table has to be.
    """
    known = gate(name)
    if known is None:
        return bool(given.get(name, False))
    spell, by_default = known.at(version), known.is_on(version)
    return by_default if spell is None or spell.locked else bool(given.get(name, by_default))


def gate(name: str) -> Gate | None:
    """None for one that is not in the table, which says nothing of whether kube-proxy knows it."""
    return next((each for each in GATES if each.name == name), None)


def _gate(
    name: str,
    alpha: Minor | None,
    on: Minor | None,
    locked: Minor | None = None,
    last: Minor = (999, 999),
    source: str = _FEATURES,
) -> Gate:
    spells = (
        *((Spell(alpha, on=False),) if alpha else ()),
        *((Spell(on, on=True),) if on else ()),
        *((Spell(locked, on=True, locked=True),) if locked else ()),
    )
    return Gate(name, spells, last, source)


GATES = (
    _gate("AllowServiceExternalIPs", None, (1, 36), source="KEP-5707"),
    _gate("ComponentFlagz", (1, 32), (1, 36)),
    _gate("ComponentStatusz", (1, 32), (1, 36)),
    _gate("IPTablesOwnershipCleanup", (1, 25), (1, 27), (1, 28), last=(1, 29), source="KEP-3178"),
    _gate("KubeProxyDrainingTerminatingNodes", (1, 28), (1, 30), (1, 31), last=(1, 32), source="KEP-3836"),
    # KEP-5495 turns it off from 1.40 on, and removes it with the mode.
    Gate("KubeProxyIPVS", (Spell((1, 37), on=True), Spell((1, 40), on=False)), last=(1, 42), source="KEP-5495"),
    _gate("KubeProxyNFTablesLocalhostNodePorts", (1, 37), None, source="KEP-6032"),
    _gate("LoadBalancerIPMode", (1, 29), (1, 30), (1, 32), last=(1, 34), source="KEP-1860"),
    _gate("MinimizeIPTablesRestore", (1, 26), (1, 27), (1, 28), last=(1, 29), source="KEP-3453"),
    _gate("MultiCIDRServiceAllocator", (1, 27), (1, 33), (1, 34), source="KEP-1880"),
    _gate("NFTablesNetlink", None, (1, 37), source="kubernetes/kubernetes 137536"),
    _gate("NFTablesProxyMode", (1, 29), (1, 31), (1, 33), source="KEP-3866"),
    _gate("PreferSameTrafficDistribution", (1, 33), (1, 34), (1, 35), source="KEP-3015"),
    _gate("ProxyTerminatingEndpoints", (1, 22), (1, 26), (1, 28), last=(1, 29), source="KEP-1669"),
    _gate("ServiceTrafficDistribution", (1, 30), (1, 31), (1, 33), last=(1, 35), source="KEP-4444"),
    _gate("TopologyAwareHints", (1, 21), (1, 24), (1, 33), last=(1, 35), source="KEP-2433"),
)


@dataclass(frozen=True)
class Use:
    """A field of a Service with such a value that kube-proxy serves only with a gate on, or once that is always so."""

    value: str
    gate: str
    without: str


# What `spec.trafficDistribution` may say. kube-proxy honours it by the hints of EndpointSlices.
TRAFFIC_DISTRIBUTION = (
    Use("PreferClose", "ServiceTrafficDistribution", "traffic goes to the endpoints of all zones"),
    # To kube-proxy this is the same: it looks at the hints for zones.
    Use("PreferSameZone", "ServiceTrafficDistribution", "traffic goes to the endpoints of all zones"),
    Use("PreferSameNode", "PreferSameTrafficDistribution", "traffic goes to the endpoints of the client's whole zone"),
)
IP_MODE_PROXY = Use(
    "Proxy", "LoadBalancerIPMode", "nodes capture traffic to the load balancer's address instead of letting it through"
)
EXTERNAL_IPS_DEPRECATED: Minor = (1, 36)
EXTERNAL_IPS_GATE = "AllowServiceExternalIPs"
