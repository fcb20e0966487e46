"""Where versions of kube-proxy differ by design: the gates of features that change who may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.version import Minor


class ZoneHints(StrEnum):
    """When a kube-proxy looks at zone hints."""

    AUTO = "if the annotation of the Service says Auto"
    ENABLED = "if the annotation of the Service says anything but Disabled"
    ALWAYS = "always"


@dataclass(frozen=True)
class VersionRules:
    """What one version of kube-proxy does, with the gates it was given.

    `reads_headless_label` is whether it serves Services with the label headless, whose slices it never reads.
    """

    zone_hints: ZoneHints = ZoneHints.ALWAYS
    node_hints: bool = True
    terminating_endpoints: bool = True
    ip_mode: bool = True
    external_ips: bool = True
    reads_headless_label: bool = True


NEWEST = VersionRules()


@dataclass(frozen=True)
class _Gate:
    """`on` is the first minor version in which it is on by default, `exists` the first and `locked` the last to ask."""

    name: str
    exists: Minor
    on: Minor
    locked: Minor


# pkg/features/kube_features.go of 1.25 to 1.37: from `locked` on, the gate cannot be turned off any more.
_TERMINATING = _Gate("ProxyTerminatingEndpoints", (1, 22), (1, 26), (1, 28))
_DISTRIBUTION = _Gate("ServiceTrafficDistribution", (1, 30), (1, 31), (1, 33))
_NODE_HINTS = _Gate("PreferSameTrafficDistribution", (1, 33), (1, 34), (1, 35))
_IP_MODE = _Gate("LoadBalancerIPMode", (1, 29), (1, 30), (1, 32))
_EXTERNAL_IPS = _Gate("AllowServiceExternalIPs", (1, 36), (1, 36), (999, 999))
# From 1.27 on any value but Disabled counts (pkg/proxy/topology.go of 1.29; CHANGELOG of 1.27).
_ANY_ANNOTATION: Minor = (1, 27)
# Two informers, each with a label of its own (cmd/kube-proxy/app/server.go of 1.36).
_HEADLESS_SERVICES: Minor = (1, 36)


def version_rules(minor: Minor, gates: Mapping[str, bool] | None = None) -> VersionRules:
    """The rules of a minor version. `gates` are those that its kube-proxy was given, on or off."""
    given = gates or {}
    annotated = ZoneHints.ENABLED if minor >= _ANY_ANNOTATION else ZoneHints.AUTO
    return VersionRules(
        zone_hints=ZoneHints.ALWAYS if _is_on(_DISTRIBUTION, minor, given) else annotated,
        node_hints=_is_on(_NODE_HINTS, minor, given),
        terminating_endpoints=_is_on(_TERMINATING, minor, given),
        ip_mode=_is_on(_IP_MODE, minor, given),
        # Before the gate there was no way to turn them off.
        external_ips=minor < _EXTERNAL_IPS.exists or _is_on(_EXTERNAL_IPS, minor, given),
        reads_headless_label=minor >= _HEADLESS_SERVICES,
    )


def _is_on(gate: _Gate, minor: Minor, given: Mapping[str, bool]) -> bool:
    if minor < gate.exists:
        return False
    return minor >= gate.locked or given.get(gate.name, minor >= gate.on)
