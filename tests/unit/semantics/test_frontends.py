"""What is served of a Service, and why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.modelled import version_rules
from gauntlet.semantics import Reaction
from gauntlet.semantics.endpoints import HEADLESS_LABEL
from gauntlet.semantics.frontends import PROXY_NAME_LABEL, Kind, frontends
from gauntlet.semantics.objects import Ingress, IpMode, Service, ServiceType
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.versions import NEWEST, VersionRules
from tests.unit.semantics.world import WEB, everywhere, frontend, only, outcome, pod, proxy, world


def names(service: Service, version: VersionRules = NEWEST) -> list[str]:
    return list(map(str, frontends(service, version)))


def test_every_address_and_port_in_both_families() -> None:
    assert names(WEB) == [
        "ClusterIP 10.96.0.10:80/TCP",
        "ClusterIP [fd00:96::10]:80/TCP",
        "external IP 198.51.100.32:80/TCP",
        "load balancer IP 203.0.113.7:80/TCP",
        "load balancer IP [2001:db8::7]:80/TCP",
        "NodePort :30080/TCP",
        "NodePort :30080/TCP",
    ]
    assert [each.family for each in frontends(WEB, NEWEST)][-2:] == [Family.IPV4, Family.IPV6]


def test_a_family_without_cluster_ip_has_nothing() -> None:
    """newServiceInfo in pkg/proxy/servicechangetracker.go leaves out Services without a ClusterIP of the family."""
    four = replace(WEB, cluster_ips=("10.96.0.10",))
    assert {each.family for each in frontends(four, NEWEST)} == {Family.IPV4}
    asked = frontend(WEB, Kind.LOAD_BALANCER, family=Family.IPV6)
    found = outcome(four, [everywhere()], asked, pod(family=Family.IPV6), ProxyMode.IPTABLES)
    assert (only(found), found.rules) == (Reaction.UNANSWERED, (Rule.OTHER_FAMILY,))


@pytest.mark.parametrize(
    ("service", "rule"),
    [
        (replace(WEB, type=ServiceType.EXTERNAL_NAME), Rule.NOT_PROXIED),
        (replace(WEB, cluster_ips=()), Rule.NOT_PROXIED),
        (replace(WEB, labels=frozenset({PROXY_NAME_LABEL})), Rule.OTHER_PROXY),
        (replace(WEB, external_ips=()), Rule.NO_SUCH_FRONTEND),
    ],
)
def test_what_is_not_served_is_not_answered(service: Service, rule: Rule) -> None:
    asked = frontend(WEB, Kind.EXTERNAL_IP)
    found = outcome(service, [everywhere()], asked, pod(), ProxyMode.IPTABLES)
    assert (only(found), found.backends, found.rules) == (Reaction.UNANSWERED, frozenset(), (rule,))


def test_the_headless_label_hides_slices_and_before_1_36_the_service() -> None:
    """cmd/kube-proxy/app/server.go of 1.36 asks for the labels of Services and slices separately."""
    hidden = replace(WEB, labels=frozenset({HEADLESS_LABEL}))
    slices = [replace(everywhere(), labels=frozenset({HEADLESS_LABEL}))]
    asked = frontend(WEB, Kind.CLUSTER_IP)
    old = replace(proxy(), version=version_rules((1, 35)))
    assert only(outcome(hidden, slices, asked, pod(), world(old))) is Reaction.UNANSWERED
    assert only(outcome(hidden, slices, asked, pod(), ProxyMode.IPTABLES)) is Reaction.REFUSED


def test_before_ip_mode_every_ingress_is_served() -> None:
    proxied = replace(WEB, ingress=(Ingress("203.0.113.7", IpMode.PROXY),))
    assert "load balancer IP 203.0.113.7:80/TCP" not in names(proxied)
    assert "load balancer IP 203.0.113.7:80/TCP" in names(proxied, version_rules((1, 29)))
    assert "load balancer IP 203.0.113.7:80/TCP" not in names(
        proxied, version_rules((1, 29), {"LoadBalancerIPMode": True})
    )


def test_external_ips_can_be_turned_off_from_1_36_on() -> None:
    """KEP-5707."""
    off = {"AllowServiceExternalIPs": False}
    asked = "external IP 198.51.100.32:80/TCP"
    assert [asked in names(WEB, version_rules(minor, off)) for minor in ((1, 35), (1, 36), (1, 37))] == [
        True, False, False
    ]  # fmt: skip
    without = replace(proxy(), version=version_rules((1, 37), off))
    found = outcome(WEB, [everywhere()], frontend(WEB, Kind.EXTERNAL_IP), pod(), world(without))
    assert found.rules == (Rule.EXTERNAL_IPS_OFF,)


def test_the_newest_version_is_what_no_gate_changes() -> None:
    assert version_rules((1, 37)) == NEWEST
