"""A kube-proxy as the model knows it: its mode's traits, its version with its gates, and its configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.version import Minor, minor_of
from gauntlet.proxy import changes
from gauntlet.proxy.changes import is_in_effect
from gauntlet.proxy.configuration import section
from gauntlet.proxy.features import Feature
from gauntlet.proxy.modes import Traits, traits
from gauntlet.semantics.proxy import LOCALHOST, PRIMARY, DetectLocal, LocalhostNodePorts, Proxy
from gauntlet.semantics.versions import VersionRules, ZoneHints

# Any value of the annotation but Disabled counts (pkg/proxy/topology.go of 1.29, not yet of 1.25; KEP-2433).
_ANY_ANNOTATION: Minor = (1, 27)
# Services and slices are asked for with a label of their own each (cmd/kube-proxy/app/server.go of 1.36).
_HEADLESS_SERVICES: Minor = (1, 36)


def proxy(mode: ProxyMode, version: str, fields: Mapping[str, Json]) -> Proxy:
    """A kube-proxy of a version in a mode. `fields` are those of its KubeProxyConfiguration that are set."""
    found, minor = traits(mode), minor_of(version)
    gates = {name: bool(value) for name, value in section(fields, "featureGates").items()}
    addresses = _strings(fields.get("nodePortAddresses"))
    if not addresses and found.primary_since is not None and minor >= found.primary_since:
        addresses = (PRIMARY,)
    return Proxy(
        found.behaviour,
        version_rules(minor, gates),
        node_port_addresses=addresses,
        localhost=_localhost(found, minor, gates, fields, addresses),
        masquerade_all=any(bool(section(fields, each).get("masqueradeAll")) for each in found.sections),
        detect_local=_detection(str(fields.get("detectLocalMode") or DetectLocal.CLUSTER_CIDR)),
        cluster_ranges=tuple(each.strip() for each in str(fields.get("clusterCIDR") or "").split(",") if each.strip()),
    )


def version_rules(minor: Minor, gates: Mapping[str, bool] | None = None) -> VersionRules:
    """The rules of a minor version. `gates` are those that its kube-proxy was given, on or off."""
    given = gates or {}
    annotated = ZoneHints.ENABLED if minor >= _ANY_ANNOTATION else ZoneHints.AUTO
    return VersionRules(
        zone_hints=ZoneHints.ALWAYS if is_in_effect("ServiceTrafficDistribution", minor, given) else annotated,
        node_hints=is_in_effect("PreferSameTrafficDistribution", minor, given),
        terminating_endpoints=is_in_effect("ProxyTerminatingEndpoints", minor, given),
        ip_mode=is_in_effect("LoadBalancerIPMode", minor, given),
        # Before the gate there was no way to turn them off.
        external_ips=minor < changes.EXTERNAL_IPS_DEPRECATED or is_in_effect(changes.EXTERNAL_IPS_GATE, minor, given),
        reads_headless_label=minor >= _HEADLESS_SERVICES,
    )


def _localhost(
    found: Traits, minor: Minor, gates: Mapping[str, bool], fields: Mapping[str, Json], addresses: Sequence[str]
) -> LocalhostNodePorts:
    row = next(
        (each for each in found.has if each.feature is Feature.LOCALHOST_NODE_PORT and each.since <= minor), None
    )
    if row is None:
        return LocalhostNodePorts.NONE
    if found.carries_connections:
        return LocalhostNodePorts.EVERY_ADDRESS
    if row.gate:
        if not is_in_effect(row.gate, minor, gates):
            return LocalhostNodePorts.NONE
        listens = any(map(_is_loopback, addresses))
        return LocalhostNodePorts.LISTENER if listens else LocalhostNodePorts.REFUSED
    switch = found.localhost_switch
    is_off = switch is not None and section(fields, switch[0]).get(switch[1]) is False
    return LocalhostNodePorts.NONE if is_off else LocalhostNodePorts.RULES


def _detection(value: str) -> DetectLocal:
    """A mode that is not known is none (platformApplyDefaults, getLocalDetectors in cmd/kube-proxy/app)."""
    return DetectLocal(value) if value in tuple(DetectLocal) else DetectLocal.NONE


def _is_loopback(entry: str) -> bool:
    """Whether it names localhost itself, and does not only contain it (ContainsExplicitLoopback)."""
    if entry == LOCALHOST:
        return True
    try:
        return ip_network(entry, strict=False).network_address.is_loopback
    except ValueError:
        return False


def _strings(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else ()
