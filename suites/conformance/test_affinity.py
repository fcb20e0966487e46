"""Session affinity at every frontend: each client keeps its backend for as long as that may be used."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Policy, Service, ServiceType, endpoints, terminating
from gauntlet.workload.catalogue import AT_LOAD_BALANCERS, AT_NODE_PORTS, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

HOURS = 10_800


@declared(
    source="API ServiceSpec.sessionAffinity",
    upstream=(
        "service: session affinity ClusterIP",
        "networking: client IP affinity http",
        "networking: client IP affinity udp",
        "dual_stack: affinity http",
        "dual_stack: affinity udp",
    ),
)
def test_each_client_keeps_its_backend_at_a_cluster_ip(pods: Pods) -> Steps:
    """Pods and nodes keep their backend at a ClusterIP, over TCP and UDP, in both families."""
    service = Service("web", ports=(HTTP, UDP), app=None, affinity_timeout_s=HOURS)
    return (Step("two on each node", {service: endpoints(*pods.all)}),)


@declared(source="API ServiceSpec.sessionAffinity", upstream=("service: session affinity NodePort",))
def test_each_client_keeps_its_backend_at_a_node_port(pods: Pods) -> Steps:
    """Clients inside and outside keep a backend at the NodePort of each node."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None, affinity_timeout_s=HOURS)
    return (Step("two on each node", {service: endpoints(*pods.all)}, asks=AT_NODE_PORTS),)


@declared(source="API ServiceSpec.sessionAffinity; kubernetes/kubernetes 55429")
def test_affinity_keeps_to_the_node_with_policy_local(pods: Pods) -> Steps:
    """With both policies Local, a client keeps one of the two backends of the node that it asks."""
    service = Service(
        "web",
        type=ServiceType.NODE_PORT,
        app=None,
        affinity_timeout_s=HOURS,
        internal_traffic=Policy.LOCAL,
        external_traffic=Policy.LOCAL,
    )
    return (
        Step("two nodes with two", {service: endpoints(pods[0], pods.beside(0), pods[1], pods.beside(1))}),
        Step("one node with one", {service: endpoints(pods.beside(0))}),
    )


@declared(source="API ServiceSpec.sessionAffinity", upstream=("service: switch session affinity ClusterIP",))
def test_affinity_is_switched_live_at_a_cluster_ip(pods: Pods) -> Steps:
    """Without affinity a client meets all backends, with it one, without it all again."""
    plain = Service("web", ports=(HTTP, UDP), app=None)
    sticky = Service("web", ports=(HTTP, UDP), app=None, affinity_timeout_s=HOURS)
    two = endpoints(pods[0], pods[1])
    return (Step("without", {plain: two}), Step("with", {sticky: two}), Step("without again", {plain: two}))


@declared(source="API ServiceSpec.sessionAffinity", upstream=("service: switch session affinity NodePort",))
def test_affinity_is_switched_live_at_a_node_port(pods: Pods) -> Steps:
    """At NodePorts a client keeps one backend while there is affinity, and meets all before and afterwards."""
    plain = Service("web", type=ServiceType.NODE_PORT, app=None)
    sticky = Service("web", type=ServiceType.NODE_PORT, app=None, affinity_timeout_s=HOURS)
    two = endpoints(pods[0], pods[1])
    return (
        Step("with", {sticky: two}, asks=AT_NODE_PORTS),
        Step("without", {plain: two}, asks=AT_NODE_PORTS),
        Step("with again", {sticky: two}, asks=AT_NODE_PORTS),
    )


@declared(source="API ServiceSpec.sessionAffinity; kubernetes/kubernetes 102314")
def test_a_client_leaves_a_backend_that_is_gone(pods: Pods) -> Steps:
    """When the backend that a client remembers is taken away, it meets another at once, and may come back later."""
    service = Service("web", ports=(HTTP, UDP), app=None, affinity_timeout_s=HOURS)
    return (
        Step("two", {service: endpoints(pods[0], pods[1])}),
        Step("the second", {service: endpoints(pods[1])}),
        Step("the first", {service: endpoints(pods[0])}),
        Step("none", {service: endpoints()}),
        Step("the second again", {service: endpoints(pods[1])}),
    )


@declared(source="KEP-1669; API ServiceSpec.sessionAffinity")
def test_a_client_leaves_a_backend_that_terminates(pods: Pods) -> Steps:
    """A client that remembers a backend meets another once that terminates, and keeps to it while nothing is ready."""
    service = Service("web", app=None, affinity_timeout_s=HOURS)
    return (
        Step("both ready", {service: endpoints(pods[0], pods[1])}),
        Step("the first terminates", {service: endpoints(terminating(pods[0]), pods[1])}),
        Step("the second instead", {service: endpoints(pods[0], terminating(pods[1]))}),
        Step("both", {service: endpoints(terminating(pods[0]), terminating(pods[1]))}),
    )


@declared(source="kubernetes/kubernetes 55429, 110302; KEP-2086")
def test_policy_local_is_stronger_than_affinity(pods: Pods) -> Steps:
    """When internalTrafficPolicy becomes Local, a client leaves the backend it remembers on another node."""
    anyone = Service("web", app=None, affinity_timeout_s=HOURS)
    local = Service("web", app=None, affinity_timeout_s=HOURS, internal_traffic=Policy.LOCAL)
    two = endpoints(pods[0], pods[1])
    return (Step("Cluster", {anyone: two}), Step("Local", {local: two}))


@declared(source="kubernetes/kubernetes 110302; API ServiceSpec.externalTrafficPolicy")
def test_external_policy_local_is_stronger_than_affinity(pods: Pods) -> Steps:
    """When externalTrafficPolicy becomes Local, a client outside leaves the backend it remembers on another node."""
    anyone = Service("web", type=ServiceType.NODE_PORT, app=None, affinity_timeout_s=HOURS)
    local = Service(
        "web", type=ServiceType.NODE_PORT, app=None, affinity_timeout_s=HOURS, external_traffic=Policy.LOCAL
    )
    two = endpoints(pods[0], pods[1])
    return (Step("Cluster", {anyone: two}, asks=AT_NODE_PORTS), Step("Local", {local: two}, asks=AT_NODE_PORTS))


@declared(source="API ClientIPConfig.timeoutSeconds; kubernetes/kubernetes 110302")
def test_the_time_out_of_affinity_is_changed_live(pods: Pods) -> Steps:
    """When only the time-out changes, a client is served on and keeps one backend."""
    long = Service("web", app=None, affinity_timeout_s=HOURS)
    short = Service("web", app=None, affinity_timeout_s=600)
    two = endpoints(pods[0], pods[1])
    return (Step("three hours", {long: two}), Step("ten minutes", {short: two}))


@declared(
    source="API ServiceSpec.sessionAffinity",
    upstream=("loadbalancer: affinity, Cluster policy", "loadbalancer: switch affinity, Cluster policy"),
)
@pytest.mark.needs("load-balancer")
def test_affinity_at_an_ingress_ip(pods: Pods) -> Steps:
    """At an ingress IP, clients inside keep their backend while there is affinity, and meet all before."""
    plain = Service("web", type=ServiceType.LOAD_BALANCER, app=None)
    sticky = Service("web", type=ServiceType.LOAD_BALANCER, app=None, affinity_timeout_s=HOURS)
    two = endpoints(pods[0], pods[1])
    return (
        Step("without", {plain: two}, asks=AT_LOAD_BALANCERS),
        Step("with", {sticky: two}, asks=AT_LOAD_BALANCERS),
    )


@declared(
    source="API ServiceSpec.sessionAffinity, .externalTrafficPolicy",
    upstream=("loadbalancer: affinity, Local policy", "loadbalancer: switch affinity, Local policy"),
)
@pytest.mark.needs("load-balancer")
def test_affinity_at_an_ingress_ip_of_policy_local(pods: Pods) -> Steps:
    """At an ingress IP of policy Local, clients inside keep their backend while there is affinity, and no longer."""
    plain = Service("web", type=ServiceType.LOAD_BALANCER, app=None, external_traffic=Policy.LOCAL)
    sticky = Service(
        "web", type=ServiceType.LOAD_BALANCER, app=None, external_traffic=Policy.LOCAL, affinity_timeout_s=HOURS
    )
    everywhere = endpoints(*pods.all)
    return (
        Step("with", {sticky: everywhere}, asks=AT_LOAD_BALANCERS),
        Step("without", {plain: everywhere}, asks=AT_LOAD_BALANCERS),
    )
