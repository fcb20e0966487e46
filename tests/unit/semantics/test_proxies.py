"""A kube-proxy of a version, in a mode, with a configuration, as the model knows it (gauntlet/proxy/modelled.py)."""

from __future__ import annotations

import pytest

from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.proxy.modelled import proxy, version_rules
from gauntlet.proxy.modes import traits
from gauntlet.semantics.behaviour import LocalPolicy
from gauntlet.semantics.proxy import DetectLocal, LocalhostNodePorts
from gauntlet.semantics.versions import VersionRules, ZoneHints

GATE: Json = {"KubeProxyNFTablesLocalhostNodePorts": True}


@pytest.mark.parametrize(
    ("mode", "version", "fields", "localhost"),
    [
        (ProxyMode.IPTABLES, "1.37.2", {}, LocalhostNodePorts.RULES),
        (ProxyMode.IPTABLES, "1.37.2", {"iptables": {"localhostNodePorts": False}}, LocalhostNodePorts.NONE),
        (ProxyMode.IPVS, "1.37.2", {}, LocalhostNodePorts.NONE),
        (ProxyMode.USERSPACE, "1.25.9", {}, LocalhostNodePorts.EVERY_ADDRESS),
        (ProxyMode.NFTABLES, "1.37.2", {}, LocalhostNodePorts.NONE),
        (ProxyMode.NFTABLES, "1.36.3", {"featureGates": GATE}, LocalhostNodePorts.NONE),
        # useLocalhostNodePortProxy in nftables/proxier.go of 1.37: only if localhost itself is named.
        (ProxyMode.NFTABLES, "1.37.2", {"featureGates": GATE}, LocalhostNodePorts.REFUSED),
        (
            ProxyMode.NFTABLES,
            "1.37.2",
            {"featureGates": GATE, "nodePortAddresses": ["0.0.0.0/0"]},
            LocalhostNodePorts.REFUSED,
        ),
        (
            ProxyMode.NFTABLES,
            "1.37.2",
            {"featureGates": GATE, "nodePortAddresses": ["primary", "localhost"]},
            LocalhostNodePorts.LISTENER,
        ),
        (
            ProxyMode.NFTABLES,
            "1.37.2",
            {"featureGates": GATE, "nodePortAddresses": ["127.0.0.0/8"]},
            LocalhostNodePorts.LISTENER,
        ),
    ],
)
def test_localhost(mode: ProxyMode, version: str, fields: dict[str, Json], localhost: LocalhostNodePorts) -> None:
    assert proxy(mode, version, fields).localhost is localhost


@pytest.mark.parametrize(
    ("mode", "version", "addresses"),
    [
        # platformApplyDefaults in cmd/kube-proxy/app/server_linux.go.
        (ProxyMode.NFTABLES, "1.37.2", ("primary",)),
        (ProxyMode.NFTABLES, "1.29.6", ()),
        (ProxyMode.IPTABLES, "1.37.2", ()),
    ],
)
def test_addresses_of_node_ports_by_default(mode: ProxyMode, version: str, addresses: tuple[str, ...]) -> None:
    assert proxy(mode, version, {}).node_port_addresses == addresses
    assert proxy(mode, version, {"nodePortAddresses": ["10.9.0.0/24"]}).node_port_addresses == ("10.9.0.0/24",)


@pytest.mark.parametrize(
    ("fields", "mode", "hides"),
    [
        ({}, ProxyMode.IPTABLES, False),
        ({"iptables": {"masqueradeAll": True}}, ProxyMode.IPTABLES, True),
        ({"iptables": {"masqueradeAll": True}}, ProxyMode.IPVS, True),
        ({"iptables": {"masqueradeAll": True}}, ProxyMode.NFTABLES, False),
        ({"nftables": {"masqueradeAll": True}}, ProxyMode.NFTABLES, True),
    ],
)
def test_masquerade_all_is_the_modes_own(fields: dict[str, Json], mode: ProxyMode, hides: bool) -> None:  # noqa: FBT001
    assert proxy(mode, "1.37.2", fields).masquerade_all is hides


def test_detection_of_local_pods() -> None:
    found = proxy(ProxyMode.IPTABLES, "1.37.2", {"clusterCIDR": "10.244.0.0/16, fd00:244::/48"})
    assert (found.detect_local, found.cluster_ranges) == (DetectLocal.CLUSTER_CIDR, ("10.244.0.0/16", "fd00:244::/48"))
    by_node = proxy(ProxyMode.IPTABLES, "1.37.2", {"detectLocalMode": "NodeCIDR"})
    assert (by_node.detect_local, by_node.cluster_ranges) == (DetectLocal.NODE_CIDR, ())
    assert proxy(ProxyMode.IPTABLES, "1.37.2", {"detectLocalMode": "New"}).detect_local is DetectLocal.NONE


def test_versions() -> None:
    """pkg/features/kube_features.go of each; what is not said is as in the newest."""
    assert version_rules((1, 25)) == VersionRules(
        ZoneHints.AUTO, node_hints=False, terminating_endpoints=False, ip_mode=False, reads_headless_label=False
    )
    assert version_rules((1, 29)) == VersionRules(
        ZoneHints.ENABLED, node_hints=False, ip_mode=False, reads_headless_label=False
    )
    assert version_rules((1, 33)) == VersionRules(node_hints=False, reads_headless_label=False)
    assert version_rules((1, 35)) == VersionRules(reads_headless_label=False)


def test_a_mode_without_the_feature_does_not_know_policies() -> None:
    """The traits of a mode say one thing to the suites and the model."""
    for mode in ProxyMode:
        found = traits(mode)
        knows = any(str(each.feature) == "local-traffic-policy" for each in found.has)
        assert (found.behaviour.local_policy is not LocalPolicy.IGNORED) is knows
