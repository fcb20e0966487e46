"""NodePorts: at which addresses, on localhost, and by another node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.semantics import Reaction
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.objects import Node, Protocol
from gauntlet.semantics.outcomes import Source, SourceKind
from gauntlet.semantics.places import Place, ServingNode, World
from gauntlet.semantics.proxy import ALL, LOCALHOST, PRIMARY, DetectLocal, LocalhostNodePorts, Proxy
from gauntlet.semantics.rules import Rule
from tests.unit.semantics.world import (
    LOCAL,
    NODES,
    WEB,
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
    protocol_of,
    proxy,
    world,
)

TWO_CARDS = Node("a", ("172.18.0.11", "10.9.0.1", "fd00:18::11"), "west")


@pytest.mark.parametrize(
    ("named", "served"),
    [
        # pkg/proxy/util/nodeport_addresses.go; expandNodePortAddressKeywords in cmd/kube-proxy/app/server.go.
        ((), {"172.18.0.11", "10.9.0.1", "fd00:18::11"}),
        ((PRIMARY,), {"172.18.0.11", "fd00:18::11"}),
        ((ALL,), {"172.18.0.11", "10.9.0.1", "fd00:18::11"}),
        (("10.9.0.0/24",), {"10.9.0.1", "fd00:18::11"}),
        (("10.9.0.0/24", "fd00:99::/64"), {"10.9.0.1"}),
        ((PRIMARY, LOCALHOST), {"172.18.0.11", "fd00:18::11"}),
        ((LOCALHOST,), set()),
        (("0.0.0.0/0", "10.9.0.0/24"), {"172.18.0.11", "10.9.0.1", "fd00:18::11"}),
    ],
)
def test_addresses_of_node_ports(named: tuple[str, ...], served: set[str]) -> None:
    """A family of which none is named has all of its addresses."""
    found = replace(proxy(), node_port_addresses=named)
    assert {each for each in TWO_CARDS.addresses if found.serves_node_ports_at(TWO_CARDS, each)} == served


def test_a_node_port_at_another_address_is_not_served() -> None:
    serving = replace(proxy(), node_port_addresses=(PRIMARY,))
    there = World((ServingNode(TWO_CARDS, serving),))
    found = outcome(WEB, [everywhere()], frontend(WEB, Kind.NODE_PORT, at="10.9.0.1"), outside(), there)
    assert (only(found), found.rules) == (Reaction.UNANSWERED, (Rule.NODE_PORT_ADDRESSES,))


def test_an_address_of_no_node_is_a_mistake_of_the_question() -> None:
    with pytest.raises(LookupError, match="no node has the address"):
        outcome(WEB, [], frontend(WEB, Kind.NODE_PORT, at="192.0.2.1"), outside(), ProxyMode.IPTABLES)


@pytest.mark.parametrize("family", list(Family))
def test_a_node_port_has_both_families_of_the_service(family: Family) -> None:
    asked = frontend(WEB, Kind.NODE_PORT, family=family, at=NODES[1].primary(family) or "")
    found = outcome(WEB, [everywhere(), everywhere(Family.IPV6)], asked, own("a", family), ProxyMode.NFTABLES)
    assert (nodes_of(found), found.decided_by) == ("abc", "b")
    assert all((":" in each.address) is (family is Family.IPV6) for each in found.backends)


def at_localhost(mode: LocalhostNodePorts, *, named: tuple[str, ...] = ()) -> Proxy:
    return replace(proxy(), localhost=mode, node_port_addresses=named)


@pytest.mark.parametrize(
    ("serving", "address", "protocol", "reaction"),
    [
        # KEP-3866, 'NodePorts on localhost'; iptables/proxier.go: IPv4 alone, if nodePortAddresses has it.
        (at_localhost(LocalhostNodePorts.NONE), "127.0.0.1", Protocol.TCP, Reaction.UNANSWERED),
        (at_localhost(LocalhostNodePorts.RULES), "127.0.0.1", Protocol.TCP, Reaction.ANSWERED),
        (at_localhost(LocalhostNodePorts.RULES), "127.0.0.1", Protocol.UDP, Reaction.ANSWERED),
        (at_localhost(LocalhostNodePorts.RULES), "::1", Protocol.TCP, Reaction.UNANSWERED),
        (at_localhost(LocalhostNodePorts.RULES, named=(PRIMARY,)), "127.0.0.1", Protocol.TCP, Reaction.UNANSWERED),
        (at_localhost(LocalhostNodePorts.RULES, named=("127.0.0.0/8",)), "127.0.0.1", Protocol.TCP, Reaction.ANSWERED),
        # KEP-6032: a process listens for TCP, the rest is refused; nothing listens if localhost is not named.
        (at_localhost(LocalhostNodePorts.LISTENER), "127.0.0.1", Protocol.TCP, Reaction.ANSWERED),
        (at_localhost(LocalhostNodePorts.LISTENER), "::1", Protocol.TCP, Reaction.ANSWERED),
        (at_localhost(LocalhostNodePorts.LISTENER), "127.0.0.1", Protocol.UDP, Reaction.REFUSED),
        (at_localhost(LocalhostNodePorts.REFUSED), "127.0.0.1", Protocol.TCP, Reaction.REFUSED),
        (at_localhost(LocalhostNodePorts.EVERY_ADDRESS), "127.0.0.1", Protocol.TCP, Reaction.ANSWERED),
    ],
)
def test_localhost(serving: Proxy, address: str, protocol: Protocol, reaction: Reaction) -> None:
    service = protocol_of(WEB, protocol)
    family = Family.IPV6 if ":" in address else Family.IPV4
    slices = [replace(each, ports=(replace(each.ports[0], protocol=protocol),))
              for each in (everywhere(), everywhere(Family.IPV6))]  # fmt: skip
    asked = frontend(service, Kind.NODE_PORT, family=family, at=address)
    assert only(outcome(service, slices, asked, own("a", family), world(serving))) is reaction


def test_a_pods_localhost_is_not_the_nodes() -> None:
    asked = frontend(WEB, Kind.NODE_PORT, at="127.0.0.1")
    found = outcome(WEB, [everywhere()], asked, pod(), world(at_localhost(LocalhostNodePorts.LISTENER)))
    assert only(found) is Reaction.UNANSWERED


@pytest.mark.parametrize(("mode", "reached"), [(LocalhostNodePorts.RULES, "abc"), (LocalhostNodePorts.LISTENER, "a")])
def test_policy_local_on_localhost(mode: LocalhostNodePorts, reached: str) -> None:
    """Rules let the node itself reach all; the listener keeps to the policy (nftables/proxier.go of 1.37)."""
    asked = frontend(LOCAL, Kind.NODE_PORT, at="127.0.0.1")
    found = outcome(LOCAL, [everywhere()], asked, own("a"), world(at_localhost(mode)))
    assert nodes_of(found) == reached
    assert all(each.sources == {Source(SourceKind.NODE, "a")} for each in found.answers)


def test_nothing_listens_without_an_endpoint() -> None:
    """SyncNodePorts in pkg/proxy/localnodeportproxy/proxy.go."""
    asked = frontend(LOCAL, Kind.NODE_PORT, at="127.0.0.1")
    slices = [in_slice(endpoint("b"))]
    assert only(outcome(LOCAL, slices, asked, own("a"), world(at_localhost(LocalhostNodePorts.LISTENER)))) is (
        Reaction.REFUSED
    )


@pytest.mark.parametrize(
    ("place", "detection", "balanced", "reached", "reactions"),
    [
        # By ClusterCIDR node b takes the pod of node a for its own, and its answer from another node is nobody's.
        (pod("a"), DetectLocal.CLUSTER_CIDR, "abc", "b", {Reaction.ANSWERED, Reaction.SWALLOWED}),
        (pod("a"), DetectLocal.NODE_CIDR, "b", "b", {Reaction.ANSWERED}),
        (pod("a"), DetectLocal.BRIDGE_INTERFACE, "b", "b", {Reaction.ANSWERED}),
        (pod("a"), DetectLocal.NONE, "b", "b", {Reaction.ANSWERED}),
        (pod("b"), DetectLocal.NODE_CIDR, "abc", "abc", {Reaction.ANSWERED}),
        (pod("b"), DetectLocal.INTERFACE_NAME_PREFIX, "abc", "abc", {Reaction.ANSWERED}),
        (pod("b"), DetectLocal.NONE, "b", "b", {Reaction.ANSWERED}),
        (own("a"), DetectLocal.CLUSTER_CIDR, "b", "b", {Reaction.ANSWERED}),
    ],
)
def test_policy_local_at_another_nodes_port(
    place: Place, detection: DetectLocal, balanced: str, reached: str, reactions: set[Reaction]
) -> None:
    there = world(replace(proxy(), detect_local=detection))
    found = outcome(LOCAL, [everywhere()], frontend(LOCAL, Kind.NODE_PORT, at="b"), place, there)
    assert (found.decided_by, "".join(sorted(each.node for each in found.balanced))) == ("b", balanced)
    assert (nodes_of(found), set(found.reactions)) == (reached, reactions)


def test_a_pod_that_meets_itself_by_another_node_may_be_lost() -> None:
    there = frontend(LOCAL, Kind.NODE_PORT, at="b")
    found = outcome(LOCAL, [in_slice(endpoint("a"))], there, pod("a", number=2), ProxyMode.NFTABLES)
    assert found.reactions == {Reaction.ANSWERED, Reaction.SWALLOWED}
    assert found.sources(*found.backends) == {Source(SourceKind.CLIENT), Source(SourceKind.NODE, "b")}
