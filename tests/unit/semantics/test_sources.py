"""The address that a backend sees, and whether its answer is the client's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.semantics import Outcome, Reaction
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.objects import Service
from gauntlet.semantics.outcomes import Source, SourceKind
from gauntlet.semantics.places import Place
from gauntlet.semantics.proxy import DetectLocal, Proxy
from gauntlet.semantics.rules import Rule
from tests.unit.semantics.world import (
    EXTERNAL,
    LOCAL,
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
    proxy,
    world,
)

CLIENT = Source(SourceKind.CLIENT)
NODE_A = Source(SourceKind.NODE, "a")
ASKED = Source(SourceKind.FRONTEND)


def ask(service: Service, kind: Kind, place: Place, of: Proxy | ProxyMode) -> Outcome:
    return outcome(service, [everywhere()], at_a(service, kind), place, world(of))


def seen(found: Outcome) -> set[Source]:
    return {source for each in found.answers for source in each.sources}


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize(("place", "source"), [(pod("a"), CLIENT), (own("a"), NODE_A), (outside("a"), NODE_A)])
def test_at_a_cluster_ip(mode: ProxyMode, place: Place, source: Source) -> None:
    assert seen(ask(WEB, Kind.CLUSTER_IP, place, mode)) == {source}


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize("kind", EXTERNAL)
@pytest.mark.parametrize("place", [pod("a"), own("a"), outside("a")])
def test_at_external_addresses_with_policy_cluster(mode: ProxyMode, kind: Kind, place: Place) -> None:
    assert seen(ask(WEB, kind, place, mode)) == {NODE_A}


@pytest.mark.parametrize("mode", SHORT_CIRCUIT)
@pytest.mark.parametrize("kind", EXTERNAL)
@pytest.mark.parametrize(("place", "source"), [(pod("a"), CLIENT), (own("a"), NODE_A), (outside("a"), CLIENT)])
def test_at_external_addresses_with_policy_local(mode: ProxyMode, kind: Kind, place: Place, source: Source) -> None:
    assert seen(ask(LOCAL, kind, place, mode)) == {source}


@pytest.mark.parametrize(
    ("kind", "place", "source"),
    [
        (Kind.LOAD_BALANCER, pod("a"), CLIENT),
        (Kind.LOAD_BALANCER, outside("a"), CLIENT),
        (Kind.NODE_PORT, own("a"), NODE_A),
        # The address is the node's own, on kube-ipvs0: Linux takes it as the source as well.
        (Kind.LOAD_BALANCER, own("a"), ASKED),
        (Kind.EXTERNAL_IP, own("a"), ASKED),
    ],
)
def test_ipvs_mode_with_policy_local(kind: Kind, place: Place, source: Source) -> None:
    assert seen(ask(LOCAL, kind, place, ProxyMode.IPVS)) == {source}


def test_ipvs_mode_loses_a_nodes_own_connection_to_another_node() -> None:
    """Every node has the load balancer's address, so that the answer never leaves the other node."""
    found = outcome(LOCAL, [in_slice(endpoint("b"))], frontend(LOCAL, Kind.LOAD_BALANCER), own("a"), ProxyMode.IPVS)
    assert (only(found), found.rules[-1]) == (Reaction.SWALLOWED, Rule.NO_WAY_BACK)


@pytest.mark.parametrize("kind", list(Kind))
def test_userspace_mode_connects_by_itself(kind: Kind) -> None:
    assert seen(ask(LOCAL, kind, pod("a"), ProxyMode.USERSPACE)) == {NODE_A}


@pytest.mark.parametrize("mode", WITH_RULES)
def test_masquerade_all_hides_pods_at_a_cluster_ip(mode: ProxyMode) -> None:
    hiding = replace(proxy(mode), masquerade_all=True)
    found = ask(WEB, Kind.CLUSTER_IP, pod("a"), hiding)
    assert (seen(found), found.rules[-1]) == ({NODE_A}, Rule.MASQUERADE_ALL)
    assert seen(ask(LOCAL, Kind.LOAD_BALANCER, pod("a"), hiding)) == {CLIENT}


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize("place", [pod("a"), own("a")])
def test_without_detection_nothing_is_masqueraded_at_a_cluster_ip(mode: ProxyMode, place: Place) -> None:
    """getLocalDetectors in cmd/kube-proxy/app/server_linux.go. The node's own address is an address of the node."""
    blind = replace(proxy(mode), detect_local=DetectLocal.NONE)
    source = CLIENT if place == pod("a") else NODE_A
    assert seen(ask(WEB, Kind.CLUSTER_IP, place, blind)) == {source}


def test_without_detection_only_backends_of_the_node_answer_a_client_outside() -> None:
    blind = replace(proxy(), detect_local=DetectLocal.NONE)
    found = ask(WEB, Kind.CLUSTER_IP, outside("a"), blind)
    assert (nodes_of(found), len(found.balanced)) == ("a", 3)
    assert found.reactions == {Reaction.ANSWERED, Reaction.SWALLOWED}


def test_a_family_without_a_range_has_no_detection() -> None:
    four = replace(proxy(), cluster_ranges=("10.244.0.0/16",))
    asked = frontend(WEB, Kind.CLUSTER_IP, family=Family.IPV6)
    found = outcome(WEB, [everywhere(Family.IPV6)], asked, outside("a", "2001:db8::99"), world(four))
    assert found.reactions == {Reaction.ANSWERED, Reaction.SWALLOWED}
    both = outcome(WEB, [everywhere(Family.IPV6)], asked, outside("a", "2001:db8::99"), world(proxy()))
    assert seen(both) == {NODE_A}


@pytest.mark.parametrize("mode", WITH_RULES)
def test_a_pod_that_meets_itself_sees_its_node(mode: ProxyMode) -> None:
    found = outcome(WEB, [everywhere()], frontend(WEB, Kind.CLUSTER_IP), pod("a", number=2), mode)
    by_node = {each.backend.node: each.sources for each in found.answers}
    assert by_node == {"a": {NODE_A}, "b": {CLIENT}, "c": {CLIENT}}
    assert Rule.HAIRPIN in found.rules


@pytest.mark.parametrize("mode", WITH_RULES)
def test_backends_on_the_nodes_own_network(mode: ProxyMode) -> None:
    """A pod of the host's network is at its node's address, as a backend and as a client."""
    slices = [in_slice(endpoint("b", address="172.18.0.12"))]
    asked = frontend(WEB, Kind.CLUSTER_IP)
    for place, source in ((pod("a"), CLIENT), (own("b"), Source(SourceKind.NODE, "b"))):
        found = outcome(WEB, slices, asked, place, mode)
        assert (only(found), seen(found)) == (Reaction.ANSWERED, {source})


@pytest.mark.parametrize("mode", WITH_RULES)
@pytest.mark.parametrize("kind", EXTERNAL)
@pytest.mark.parametrize(
    ("backend", "place", "source", "rule"),
    [
        # Packets to the node's own processes pass no hook of postrouting.
        ("172.18.0.11", outside("a"), CLIENT, Rule.NOT_FORWARDED),
        ("172.18.0.11", pod("a"), CLIENT, Rule.NOT_FORWARDED),
        ("172.18.0.11", own("a"), NODE_A, Rule.NOT_FORWARDED),
        ("172.18.0.12", outside("a"), NODE_A, Rule.MASQUERADE_EXTERNAL),
    ],
)
def test_a_backend_in_the_network_of_the_node_that_was_asked_sees_the_client(
    mode: ProxyMode, kind: Kind, backend: str, place: Place, source: Source, rule: Rule
) -> None:
    there = in_slice(endpoint("a" if backend.endswith("1") else "b", address=backend))
    found = outcome(WEB, [there], at_a(WEB, kind), place, mode)
    assert (seen(found), only(found)) == ({source}, Reaction.ANSWERED)
    assert rule in found.rules
