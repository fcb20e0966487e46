"""In ipvs mode a NodePort is a virtual server at each address of its node: one that lacks, or leads astray, is seen.

The virtual servers are those that kube-proxy 1.37.2 made in a kernel of its own (tests/unit/rules/captured/ipvs), once
more at a second address of the node.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.mismatches import Kind, mismatches
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.family import Family
from gauntlet.kube.objects import ServiceObject
from gauntlet.proxy.modelled import proxy
from gauntlet.proxy.rules import Forwarding, ipvs
from gauntlet.semantics.objects import Node
from gauntlet.semantics.places import ServingNode
from tests.unit.cluster_check.facts import READY, SERVED, forwarding, route
from tests.unit.rules.node import IPVS_PARTS, ipvs_text

FIRST, SECOND = "10.77.0.11", "10.78.0.11"
OWN = frozenset({FIRST, SECOND, "127.0.0.1"})
ETH1 = f"4: eth1    inet {SECOND}/24 scope global eth1\\       valid_lft forever preferred_lft forever\n"
HEX = {FIRST: "0A4D000B", SECOND: "0A4E000B"}


def blocks() -> list[str]:
    """Each virtual server as the kernel lists it, with its real servers."""
    return re.findall(r"^(?:TCP|UDP) .*\n(?:  ->.*\n)*", IPVS_PARTS["ip_vs"], flags=re.MULTILINE)


AT_FIRST = [each for each in blocks() if f" {HEX[FIRST]}:" in each]
AT_SECOND = [each.replace(HEX[FIRST], HEX[SECOND]) for each in AT_FIRST]
OTHERS = [each for each in blocks() if each not in AT_FIRST]


def rules(*virtual_servers: str) -> Forwarding:
    text = ipvs_text(addresses=IPVS_PARTS["addresses"] + ETH1, ip_vs="".join((*OTHERS, *virtual_servers)))
    return ipvs.forwarding(text)


def served() -> Services:
    """A Service for each NodePort of the capture. Of its other addresses nothing is said here."""
    whole = rules(*AT_FIRST)
    node_ports = sorted({(each.port, str(each.protocol)) for each in whole.routes if each.address == FIRST})
    ports: list[Json] = [
        {"name": f"p{number}", "port": number, "nodePort": number, "protocol": protocol.upper()}
        for number, protocol in node_ports
    ]
    return Services(
        tuple(
            ServiceObject.model_validate(
                {
                    "metadata": {"name": f"s{index}", "namespace": "shop"},
                    "spec": {"type": "NodePort", "clusterIP": f"10.111.0.{index}", "ports": [port]},
                }
            )
            for index, port in enumerate(ports, start=1)
        ),
        (),
    )


def node(**configuration: Json) -> ServingNode:
    return ServingNode(Node("node-1", (FIRST, SECOND)), proxy(ProxyMode.IPVS, "1.37.2", configuration))


def missing_there(found: Forwarding, here: ServingNode | None = None) -> set[tuple[str | None, int]]:
    differences = mismatches(served(), found, OWN, here)
    return {(each.place.address, each.place.port) for each in differences if each.kind is Kind.MISSING_THERE}


def test_the_capture_has_node_ports() -> None:
    assert len(AT_FIRST) == len(served().modelled) > 5


def test_at_both_addresses_nothing_is_missing() -> None:
    assert missing_there(rules(*AT_FIRST, *AT_SECOND)) == set()
    assert missing_there(rules(*AT_FIRST, *AT_SECOND), node()) == set()


def test_one_that_is_missing_at_one_address_is_seen() -> None:
    gone, *rest = AT_SECOND
    number = int(gone.split()[1].partition(":")[2], 16)
    for here in (None, node()):
        assert missing_there(rules(*AT_FIRST, *rest), here) == {(SECOND, number)}
        assert missing_there(rules(*AT_FIRST[1:], *AT_SECOND), here) == {(FIRST, number)}


def test_all_that_are_missing_at_an_address_of_the_node_are_seen() -> None:
    """The Node object has both addresses. Without it one that no NodePort is at may have come since the last sync."""
    numbers = {each.port for service in served().modelled for each in service.ports}
    assert missing_there(rules(*AT_FIRST), node()) == {(SECOND, number) for number in numbers}
    assert missing_there(rules(*AT_FIRST)) == set()


def test_an_address_that_node_port_addresses_leaves_out_is_not_asked_for() -> None:
    assert missing_there(rules(*AT_FIRST), node(nodePortAddresses=["10.77.0.0/16"])) == set()
    assert missing_there(rules(*AT_FIRST), node(nodePortAddresses=["primary"])) == set()


def test_a_node_port_that_is_nowhere_is_told_once() -> None:
    found = mismatches(SERVED, forwarding(route(), mode=ProxyMode.IPVS), OWN, node())
    assert [(each.kind, each.place.address) for each in found] == [(Kind.MISSING, None)]


def test_it_is_told_with_the_address() -> None:
    found = mismatches(SERVED, forwarding(route(), route(FIRST, 30080), mode=ProxyMode.IPVS), OWN, node())
    (there,) = (each for each in found if each.kind is Kind.MISSING_THERE)
    assert str(there) == f"shop/web:http ({SECOND}:30080/tcp)"


def test_what_leads_astray_at_one_address_is_seen_beside_what_is_sound() -> None:
    sound = (route(), route(FIRST, 30080))
    for to, kind in (((), Kind.REFUSES), (READY[:1], Kind.PASSED_OVER), ((*READY, "10.244.9.9"), Kind.STALE)):
        for routes in ((*sound, route(SECOND, 30080, to=to)), (route(SECOND, 30080, to=to), *sound)):
            found = mismatches(SERVED, forwarding(*routes, mode=ProxyMode.IPVS), OWN, node())
            assert {each.kind for each in found} == {kind}


def test_addresses_of_the_other_family_are_not_asked_for() -> None:
    both = ServingNode(Node("node-1", (FIRST, "fd10:77::11")), proxy(ProxyMode.IPVS, "1.37.2", {}))
    addresses = OWN | {"fd10:77::11"}
    rules_of_ipv4 = forwarding(route(), route(FIRST, 30080), mode=ProxyMode.IPVS)
    assert mismatches(SERVED, rules_of_ipv4, addresses, both) == frozenset()
    of_ipv6 = replace(rules_of_ipv4, family=Family.IPV6, routes=())
    assert {each.kind for each in mismatches(SERVED, of_ipv6, addresses, both)} == {Kind.MISSING}
