"""Services that go: nothing answers for them any more, and those beside them are served on."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Policy, Service, ServiceType, endpoints
from gauntlet.workload.catalogue import AT_NODE_PORTS, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@declared(source="docs 'Services'", upstream=("service: up and down services",))
def test_a_deleted_service_answers_no_more(pods: Pods) -> Steps:
    """Once a Service is deleted, nothing answers at its ClusterIP, over TCP or UDP, from pods or nodes."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (Step("there", {service: endpoints(pods[0], pods[1])}), Step("deleted", {}))


@declared(
    source="docs 'Services', type NodePort",
    upstream=(
        "networking: NodePort is gone with its Service, http",
        "networking: NodePort is gone with its Service, udp",
    ),
)
def test_the_node_port_of_a_deleted_service_answers_no_more(pods: Pods) -> Steps:
    """Once a Service is deleted, no node answers at its NodePort, over TCP or UDP, to anybody."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    return (Step("there", {service: endpoints(pods[0])}, asks=AT_NODE_PORTS), Step("deleted", {}, asks=AT_NODE_PORTS))


@declared(
    source="docs 'Services'",
    upstream=("networking: several Services with the same selector; one goes, the other stays",),
)
def test_one_of_two_services_of_the_same_pods_goes(pods: Pods) -> Steps:
    """Two Services lead to the same pods; when one is deleted, the other is served on, also at its NodePort."""
    one = Service("one", type=ServiceType.NODE_PORT, app=None)
    two = Service("two", type=ServiceType.NODE_PORT, app=None)
    both = endpoints(pods[0], pods[1])
    return (Step("two", {one: both, two: both}), Step("one", {two: both}))


@declared(source="docs 'Services'", upstream=("service: work after the service has been recreated",))
def test_a_service_made_again_answers(pods: Pods) -> Steps:
    """A Service deleted and made again under its name leads to its new endpoints, and its old address nowhere."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("there", {service: endpoints(pods[0])}),
        Step("deleted", {}),
        Step("made again", {service: endpoints(pods[1])}),
    )


@declared(source="KEP-2086; pkg/proxy/iptables/proxier.go, partial syncs")
def test_a_service_made_again_has_nothing_of_the_former(pods: Pods) -> Steps:
    """A Service made again under its name without affinity and policy is not held to those of the former one."""
    former = Service(
        "web", type=ServiceType.NODE_PORT, app=None, affinity_timeout_s=10_800, internal_traffic=Policy.LOCAL
    )
    plain = Service("web", app=None)
    return (
        Step("sticky and Local", {former: endpoints(pods[0], pods.beside(0))}),
        Step("deleted", {}),
        Step("plain", {plain: endpoints(pods[0], pods[1])}),
    )


@declared(source="pkg/proxy/iptables/proxier.go, partial syncs; pkg/proxy/nftables/proxier.go, syncs of changes")
def test_services_come_change_and_go_in_one_moment(pods: Pods) -> Steps:
    """One Service goes, one comes and two trade their endpoints at once; one beside them is served as before."""
    red, blue, still = (Service(name, app=None) for name in ("red", "blue", "still"))
    old, new = Service("old", app=None), Service("new", app=None)
    a, b, c = endpoints(pods[0]), endpoints(pods[1]), endpoints(pods.beside(0), pods.beside(1))
    return (
        Step("before", {red: a, blue: b, still: c, old: a}),
        Step("after", {red: b, blue: a, still: c, new: b}),
    )
