"""Traffic policies and what comes of a Service without endpoints, by mode and kind of client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.semantics import Reaction
from gauntlet.semantics.frontends import Kind, frontends
from gauntlet.semantics.objects import Ingress, IpMode, Policy, Service, ServiceType
from gauntlet.semantics.places import Place
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.versions import NEWEST
from tests.unit.semantics.world import (
    CLUSTER_IP,
    EXTERNAL,
    LOCAL,
    NODES,
    SHORT_CIRCUIT,
    WEB,
    WITH_RULES,
    at_a,
    endpoint,
    everywhere,
    frontend,
    in_slice,
    nodes_of,
    only,
    outcome,
    outside,
    own,
    pod,
)

CLIENTS = {"pod": pod("a"), "node": own("a"), "outside": outside("a")}
EVERY_KIND = list(Kind)
INNER_LOCAL = replace(WEB, internal_policy=Policy.LOCAL)
INNER_ALONE = replace(CLUSTER_IP, internal_policy=Policy.LOCAL)


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("client", CLIENTS)
def test_with_policy_cluster_everybody_reaches_all(mode: ProxyMode, kind: Kind, client: str) -> None:
    found = outcome(WEB, [everywhere()], at_a(WEB, kind), CLIENTS[client], mode)
    assert (only(found), nodes_of(found), found.balanced) == (Reaction.ANSWERED, "abc", found.backends)


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("state", ["unready", "dying"])
@pytest.mark.parametrize("service", [WEB, LOCAL, INNER_LOCAL])
def test_without_endpoints_everybody_is_refused(
    mode: ProxyMode, kind: Kind, client: str, state: str, service: Service
) -> None:
    """docs, 'Virtual IPs': clients are refused at once; whatever the policy, if there is none anywhere.

    But for a node itself, in iptables mode, at addresses that are not its own: seen on 1.37.2, and iptablesJumpChains.
    """
    slices = [in_slice(*(endpoint(each, state) for each in "abc"))]
    found = outcome(service, slices, at_a(service, kind), CLIENTS[client], mode)
    is_sent_on = (mode, client) == (ProxyMode.IPTABLES, "node") and kind in (Kind.EXTERNAL_IP, Kind.LOAD_BALANCER)
    expected = (Reaction.UNANSWERED, Rule.SENT_ON) if is_sent_on else (Reaction.REFUSED, Rule.REFUSED)
    assert (only(found), found.rules[-1]) == expected


def test_an_external_ip_that_is_the_nodes_own_refuses_the_node() -> None:
    """Its packets come back by the loopback interface, and so through INPUT."""
    service = replace(WEB, external_ips=(NODES[0].addresses[0],))
    at = next(each for each in frontends(service, NEWEST) if each.kind is Kind.EXTERNAL_IP)
    assert only(outcome(service, [], at, own("a"), ProxyMode.IPTABLES)) is Reaction.REFUSED


def test_userspace_mode_accepts_and_closes() -> None:
    found = outcome(WEB, [], frontend(WEB, Kind.CLUSTER_IP), pod(), ProxyMode.USERSPACE)
    assert (only(found), found.rules[-1]) == (Reaction.UNANSWERED, Rule.ACCEPTED_AND_CLOSED)


@pytest.mark.parametrize("mode", SHORT_CIRCUIT)
@pytest.mark.parametrize("kind", EXTERNAL)
@pytest.mark.parametrize(("client", "reached"), [("pod", "abc"), ("node", "abc"), ("outside", "a")])
def test_external_policy_local(mode: ProxyMode, kind: Kind, client: str, reached: str) -> None:
    """Clients inside are led everywhere, also from the node that serves itself (the EXT chains)."""
    found = outcome(LOCAL, [everywhere()], at_a(LOCAL, kind), CLIENTS[client], mode)
    assert (only(found), nodes_of(found)) == (Reaction.ANSWERED, reached)


@pytest.mark.parametrize("mode", SHORT_CIRCUIT)
@pytest.mark.parametrize("kind", EXTERNAL)
def test_external_policy_local_without_own_endpoint(mode: ProxyMode, kind: Kind) -> None:
    slices = [in_slice(endpoint("a", "unready"), endpoint("b"))]
    asked = at_a(LOCAL, kind)
    found = {name: outcome(LOCAL, slices, asked, each, mode) for name, each in CLIENTS.items()}
    assert {name: only(each) for name, each in found.items()} == {
        "pod": Reaction.ANSWERED, "node": Reaction.ANSWERED, "outside": Reaction.SWALLOWED
    }  # fmt: skip
    assert found["outside"].rules[-1] is Rule.DROPPED


@pytest.mark.parametrize("kind", EXTERNAL)
@pytest.mark.parametrize("client", CLIENTS)
def test_ipvs_mode_keeps_all_clients_on_the_node(kind: Kind, client: str) -> None:
    """docs/ipvs.md: policy Local leads to the node's own backends for pods as well."""
    found = outcome(LOCAL, [everywhere()], at_a(LOCAL, kind), CLIENTS[client], ProxyMode.IPVS)
    assert (only(found), nodes_of(found)) == (Reaction.ANSWERED, "a")


@pytest.mark.parametrize(("client", "reaction"), [("pod", Reaction.ANSWERED), ("outside", Reaction.SWALLOWED)])
def test_ipvs_mode_without_own_endpoint_serves_pods_alone(client: str, reaction: Reaction) -> None:
    """kubernetes/kubernetes 97081: packets from outside are led on, but the answer is not the client's."""
    slices = [in_slice(endpoint("b"))]
    found = outcome(LOCAL, slices, frontend(LOCAL, Kind.LOAD_BALANCER), CLIENTS[client], ProxyMode.IPVS)
    assert (only(found), [each.node for each in found.balanced]) == (reaction, ["b"])
    assert Rule.OWN_FIRST in found.rules


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize("place", [pod("a"), own("a")])
def test_internal_policy_local_holds_for_all_clients_of_the_node(mode: ProxyMode, place: Place) -> None:
    found = outcome(INNER_LOCAL, [everywhere()], frontend(INNER_LOCAL, Kind.CLUSTER_IP), place, mode)
    assert (only(found), nodes_of(found)) == (Reaction.ANSWERED, "a")


@pytest.mark.parametrize(
    ("mode", "service", "reaction"),
    [
        (ProxyMode.IPTABLES, INNER_LOCAL, Reaction.SWALLOWED),
        (ProxyMode.NFTABLES, INNER_LOCAL, Reaction.SWALLOWED),
        # ipvs uses those of other nodes if it knows them: it does if the Service has any external address.
        (ProxyMode.IPVS, INNER_LOCAL, Reaction.ANSWERED),
        (ProxyMode.IPVS, INNER_ALONE, Reaction.REFUSED),
        (ProxyMode.IPTABLES, INNER_ALONE, Reaction.SWALLOWED),
    ],
)
def test_internal_policy_local_without_own_endpoint(mode: ProxyMode, service: Service, reaction: Reaction) -> None:
    found = outcome(service, [in_slice(endpoint("b"))], frontend(service, Kind.CLUSTER_IP), pod("a"), mode)
    assert only(found) is reaction


@pytest.mark.parametrize(
    ("external_ips", "ingress", "reaction"),
    [
        (("198.51.100.32",), (), Reaction.ANSWERED),
        ((), (Ingress("203.0.113.7"),), Reaction.ANSWERED),
        # Each family has a kube-proxy of its own, which knows its own addresses; and none knows those of a proxy.
        (("2001:db8::32",), (), Reaction.REFUSED),
        ((), (Ingress("2001:db8::7"),), Reaction.REFUSED),
        ((), (Ingress("203.0.113.7", IpMode.PROXY),), Reaction.REFUSED),
    ],
)
def test_ipvs_mode_looks_at_other_nodes_if_the_family_has_an_external_address(
    external_ips: tuple[str, ...], ingress: tuple[Ingress, ...], reaction: Reaction
) -> None:
    """UsesClusterEndpoints in pkg/proxy/serviceport.go."""
    kind = ServiceType.LOAD_BALANCER if ingress else ServiceType.CLUSTER_IP
    service = replace(INNER_ALONE, type=kind, external_ips=external_ips, ingress=ingress)
    found = outcome(service, [in_slice(endpoint("b"))], frontend(service, Kind.CLUSTER_IP), pod("a"), ProxyMode.IPVS)
    assert only(found) is reaction


@pytest.mark.parametrize("mode", SHORT_CIRCUIT)
def test_the_policies_hold_each_for_its_own_addresses(mode: ProxyMode) -> None:
    """All four combinations, for a pod and a client outside, at node a."""
    slices = [everywhere()]
    for internal in Policy:
        for external in Policy:
            service = replace(WEB, internal_policy=internal, external_policy=external)
            inner = outcome(service, slices, frontend(service, Kind.CLUSTER_IP), pod("a"), mode)
            outer = outcome(service, slices, frontend(service, Kind.LOAD_BALANCER), outside("a"), mode)
            wanted = {Policy.CLUSTER: "abc", Policy.LOCAL: "a"}
            assert (nodes_of(inner), nodes_of(outer)) == (wanted[internal], wanted[external])


@pytest.mark.parametrize("mode", SHORT_CIRCUIT)
def test_each_policy_falls_back_to_what_terminates_by_itself(mode: ProxyMode) -> None:
    """KEP-1669: on node a only a terminating endpoint is left, on node b a ready one."""
    service = replace(WEB, internal_policy=Policy.LOCAL, external_policy=Policy.LOCAL)
    slices = [in_slice(endpoint("a", "ending"), endpoint("b"))]
    inner = outcome(service, slices, frontend(service, Kind.CLUSTER_IP), pod("a"), mode)
    outer = outcome(service, slices, frontend(service, Kind.LOAD_BALANCER), outside("a"), mode)
    short = outcome(service, slices, frontend(service, Kind.LOAD_BALANCER), pod("a"), mode)
    assert (nodes_of(inner), nodes_of(outer), nodes_of(short)) == ("a", "a", "b")


def test_external_policy_means_nothing_for_a_plain_cluster_ip() -> None:
    """ExternallyAccessible in pkg/api/v1/service/util.go."""
    assert not replace(CLUSTER_IP, external_policy=Policy.LOCAL).external_is_local
    assert replace(CLUSTER_IP, external_policy=Policy.LOCAL, external_ips=("198.51.100.32",)).external_is_local
