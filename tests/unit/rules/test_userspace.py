"""The reader of userspace mode, on what kube-proxy 1.25.9 wrote in a kernel of its own."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.residue import mode_of
from gauntlet.proxy.rules import Action, Forwarding, Route, Share, explain, iptables, read, size, userspace
from gauntlet.proxy.rules.explanation import describe
from tests.unit.rules.node import SAVED, USERSPACE_SAVED, Captured

MODEL = userspace.forwarding(USERSPACE_SAVED)
THREE = "10.103.40.62"
NONE = "10.96.19.239"


def only(model: Forwarding, address: str, port: int) -> Route:
    (route,) = model.find(address, port)
    return route


def without(*endings: str) -> Forwarding:
    return userspace.forwarding("\n".join(line for line in USERSPACE_SAVED.splitlines() if not line.endswith(endings)))


def test_a_route_leads_to_a_port_of_the_proxy() -> None:
    route = only(MODEL, THREE, 80)
    assert (route.action, route.service) == (Action.FORWARD, "default/three:http")
    assert route.inside == route.outside == (Share("10.77.0.11", 40185, 1.0),)
    assert route.chains == ("KUBE-PORTALS-CONTAINER", "KUBE-PORTALS-HOST")
    assert "picks the endpoint" in route.note


def test_a_service_without_endpoints_looks_like_any_other() -> None:
    assert only(MODEL, NONE, 80).action is Action.FORWARD


def test_the_same_places_as_in_iptables_mode() -> None:
    places = {(each.address, each.port, each.protocol, each.service) for each in MODEL.routes}
    assert places == {
        (each.address, each.port, each.protocol, each.service) for each in iptables.forwarding(SAVED).routes
    }
    assert len(places) == len(MODEL.routes)


def test_node_ports_have_no_address() -> None:
    route = only(MODEL, "10.77.0.11", 32766)
    assert (route.address, route.service, route.inside[0].port) == (None, "default/three:http", 40185)


def test_packets_reach_the_portals() -> None:
    assert MODEL.hooked
    assert not without("-j KUBE-PORTALS-HOST").hooked
    assert not without("-j KUBE-PORTALS-CONTAINER").hooked


def test_without_the_rule_for_packets_that_come_in_only_the_node_itself_is_served() -> None:
    route = only(without("--dport 80 -j REDIRECT --to-ports 40185"), THREE, 80)
    assert (route.outside, route.chains) == ((), ("KUBE-PORTALS-HOST",))
    assert route.inside == (Share("10.77.0.11", 40185, 1.0),)


def test_without_the_rule_of_the_node_itself_the_address_is_any() -> None:
    route = only(without("-m tcp --dport 80 -j DNAT --to-destination 10.77.0.11:40185"), THREE, 80)
    assert route.inside == (Share("0.0.0.0", 40185, 1.0),)


def test_flushed_rules_forward_nothing() -> None:
    flushed = "\n".join(line for line in USERSPACE_SAVED.splitlines() if not line.startswith("-A "))
    model = userspace.forwarding(flushed)
    assert (model.hooked, model.routes, model.size.rules) == (False, (), 0)


def test_a_node_is_read_and_explained_through_its_own_tools() -> None:
    node = Captured(ProxyMode.USERSPACE)
    assert mode_of(node) is ProxyMode.USERSPACE
    assert read(node, ProxyMode.USERSPACE) == MODEL
    assert size(node, ProxyMode.USERSPACE) == MODEL.size
    text = "\n".join(explain(node, THREE, 80))
    assert "10.77.0.11:40185 100.0%" in text
    assert "picks the endpoint" in text
    assert "not every packet meets" in "\n".join(describe("node-1", without("-j KUBE-PORTALS-HOST"), THREE, 80))


LOG = """\
I1126 13:56:19.503487     713 roundrobin.go:236] "LoadBalancerRR: Setting endpoints service" \
servicePortName="default/three:http" endpoints=[10.244.1.5:8080 10.244.2.5:8080]
I1126 13:56:20.000000     713 roundrobin.go:268] "LoadBalancerRR: Setting endpoints for service" \
servicePortName="default/three:http" endpoints=[10.244.1.6:8080 10.244.2.5:8080]
I1126 13:56:20.500000     713 roundrobin.go:236] "LoadBalancerRR: Setting endpoints service" \
servicePortName="default/none:http" endpoints=[10.244.1.7:8080]
I1126 13:56:21.000000     713 roundrobin.go:296] "LoadBalancerRR: Removing endpoints service" \
servicePortName="default/none:http"
"""


def test_the_log_tells_what_the_rules_do_not() -> None:
    assert userspace.endpoints(LOG) == {
        "default/three:http": frozenset({"10.244.1.6", "10.244.2.5"}),
        "default/none:http": frozenset(),
    }
    assert userspace.endpoints("Using userspace Proxier") == {}
