"""Hints of endpoints: whom they are meant for, by zone and by node, and what happens without (KEP-2433, 3015, 4444)."""

from dataclasses import replace

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Policy, Service, ServiceType, endpoints, hinted, terminating, unready
from gauntlet.workload.catalogue import AT_NODE_PORTS, Pods, Step, Steps

# Since 1.34 a kube-proxy may miss its node's zone when it starts (docs/known-defects.md).
pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("zones")]
HOURS = 10_800


@declared(source="KEP-2433, KEP-4444", upstream=("topology_hints: hints: requests stay in their zone",))
def test_clients_meet_the_endpoints_meant_for_their_zone(pods: Pods) -> Steps:
    """With zone hints at all endpoints, a node uses those for its zone, wherever they are, over TCP and UDP."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    return (
        Step("each for its own zone", {service: endpoints(hinted(pods[0], zones=here), hinted(pods[1], zones=there))}),
        Step("each for the other", {service: endpoints(hinted(pods[0], zones=there), hinted(pods[1], zones=here))}),
    )


@declared(source="KEP-2433: a node without an endpoint for its zone uses all")
def test_a_zone_that_has_no_endpoint_uses_all(pods: Pods) -> Steps:
    """A zone for which no endpoint is meant uses those of the others, until it has one of its own."""
    service = Service("web", app=None)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    one, two = hinted(pods[0], zones=here), hinted(pods.beside(0), zones=here)
    return (
        Step("all for one zone", {service: endpoints(one, two)}),
        Step("one for the other", {service: endpoints(one, two, hinted(pods[1], zones=there))}),
    )


@declared(source="KEP-2433: hints count only if every endpoint has them")
def test_one_endpoint_without_a_hint_makes_all_hints_void(pods: Pods) -> Steps:
    """While one ready endpoint has no zone hint, every node uses all endpoints."""
    service = Service("web", app=None)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    both = (hinted(pods[0], zones=here), hinted(pods[1], zones=there))
    return (
        Step("one without", {service: endpoints(*both, pods.beside(1))}),
        Step("all with hints", {service: endpoints(*both, hinted(pods.beside(1), zones=there))}),
    )


@declared(source="pkg/proxy/topology.go: only ready endpoints are looked at; KEP-2433")
def test_an_unready_endpoint_without_a_hint_makes_none_void(pods: Pods) -> Steps:
    """Hints hold while the endpoint that has none is unready, and do not once it is ready."""
    service = Service("web", app=None)
    both = (hinted(pods[0], zones=(pods.zone(pods[0]),)), hinted(pods[1], zones=(pods.zone(pods[1]),)))
    return (
        Step("unready", {service: endpoints(*both, unready(pods.beside(0)))}),
        Step("ready", {service: endpoints(*both, pods.beside(0))}),
    )


@declared(
    source="KEP-4444; kubernetes/kubernetes 100313",
    upstream=("traffic_distribution: PreferSameZone", "traffic_distribution: PreferClose same zone"),
)
def test_a_zone_whose_endpoints_are_unready_uses_the_others(pods: Pods) -> Steps:
    """When the only endpoint meant for a zone is unready, its clients meet those of other zones."""
    service = Service("web", app=None)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    lost = replace(unready(pods[1]), zones=there)
    return (
        Step("both ready", {service: endpoints(hinted(pods[0], zones=here), hinted(pods[1], zones=there))}),
        Step("one unready", {service: endpoints(hinted(pods[0], zones=here), lost)}),
    )


@declared(source="KEP-2433: an endpoint may be for several zones")
def test_an_endpoint_may_be_meant_for_several_zones(pods: Pods) -> Steps:
    """An endpoint meant for two zones serves both, one meant for a single zone only that."""
    service = Service("web", app=None)
    here, there = pods.zone(pods[0]), pods.zone(pods[1])
    return (
        Step(
            "one for both, one for the second",
            {service: endpoints(hinted(pods[0], zones=(here, there)), hinted(pods[1], zones=(there,)))},
        ),
    )


@declared(
    source="KEP-3015",
    upstream=(
        "traffic_distribution: PreferSameNode, fall back to zone",
        "traffic_distribution: PreferSameNode, fall back when endpoint goes",
    ),
)
def test_node_hints_come_first_then_zones(pods: Pods) -> Steps:
    """A node uses the endpoint that is meant for it; when that is unready, those for its zone; else all."""
    service = Service("web", app=None)
    first, second, third = pods[0], pods.beside(0), pods[1]
    here, there = (pods.zone(first),), (pods.zone(third),)
    own, other = (first.node,), (third.node,)
    far = hinted(third, zones=there, nodes=other)
    lost = replace(unready(first), zones=here, nodes=own)
    return (
        Step("each its own", {service: endpoints(hinted(first, zones=here, nodes=own), far)}),
        Step(
            "the first unready, another for its zone",
            {service: endpoints(lost, hinted(second, zones=here, nodes=("elsewhere",)), far)},
        ),
        Step("nothing for the zone", {service: endpoints(lost, far)}),
    )


@declared(source="pkg/proxy/topology.go: node hints count only if every ready endpoint has them; KEP-3015")
def test_one_endpoint_without_a_node_hint_leaves_zones_to_decide(pods: Pods) -> Steps:
    """If one ready endpoint has only a zone hint, node hints are void and zone hints hold."""
    service = Service("web", app=None)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    by_node = hinted(pods[0], zones=here, nodes=(pods[1].node,))
    return (
        Step("one by zone alone", {service: endpoints(by_node, hinted(pods[1], zones=there))}),
        Step("both by node", {service: endpoints(by_node, hinted(pods[1], zones=there, nodes=(pods[0].node,)))}),
    )


@declared(source="pkg/proxy/topology.go: Local endpoints are chosen without hints; KEP-2086")
def test_policy_local_does_not_look_at_hints(pods: Pods) -> Steps:
    """With internalTrafficPolicy Local, a node uses its own endpoint, though that is meant for another zone."""
    anyone = Service("web", app=None)
    local = Service("web", app=None, internal_traffic=Policy.LOCAL)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    crossed = endpoints(hinted(pods[0], zones=there), hinted(pods[1], zones=here))
    return (Step("Local", {local: crossed}), Step("Cluster", {anyone: crossed}))


@declared(source="KEP-2433; pkg/proxy/topology.go")
def test_node_ports_obey_the_hints_of_the_node_that_was_asked(pods: Pods) -> Steps:
    """At a NodePort, the zone of the node that was asked decides, whoever asks."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    one, two = hinted(pods[0], zones=here), hinted(pods[1], zones=there)
    return (
        Step("one for each zone", {service: endpoints(one, two)}, asks=AT_NODE_PORTS),
        Step("hints are gone", {service: endpoints(pods[0], pods[1])}, asks=AT_NODE_PORTS),
    )


@declared(source="pkg/proxy/topology.go: what terminates is used without hints; KEP-1669")
def test_terminating_endpoints_are_used_without_hints(pods: Pods) -> Steps:
    """When all endpoints terminate, every node uses all of them, whatever zone they are meant for."""
    service = Service("web", app=None)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    last = [replace(terminating(each), zones=(pods.zone(each),)) for each in (pods[0], pods[1])]
    return (
        Step("ready", {service: endpoints(hinted(pods[0], zones=here), hinted(pods[1], zones=there))}),
        Step("terminating", {service: endpoints(*last)}),
    )


@declared(source="KEP-2433; API ServiceSpec.sessionAffinity")
def test_hints_are_stronger_than_affinity(pods: Pods) -> Steps:
    """When endpoints get zone hints, a client leaves the backend it remembers in another zone."""
    service = Service("web", app=None, affinity_timeout_s=HOURS)
    here, there = (pods.zone(pods[0]),), (pods.zone(pods[1]),)
    return (
        Step("no hints", {service: endpoints(pods[0], pods[1])}),
        Step("hints", {service: endpoints(hinted(pods[0], zones=here), hinted(pods[1], zones=there))}),
    )
