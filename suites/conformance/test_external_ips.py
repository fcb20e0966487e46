"""External IPs: addresses that somebody routes to the nodes, who serve them as their own (API ServiceSpec.externalIPs).

Nothing routes them here by itself: pods and nodes ask, whose own node meets the packet.
"""

from dataclasses import replace

import pytest

from fixtures.declared import declared
from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.source_ip import source_ip
from gauntlet.ground.family import family_of
from gauntlet.ground.history import Frontend, Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import (
    HTTP,
    UDP,
    Backends,
    Clients,
    Policy,
    Port,
    Service,
    ServiceType,
    addresses,
    endpoints,
    terminating,
)
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.catalogue import Asks, Kind, Pods, Step, Steps
from gauntlet.workload.paths import routed

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

ROUTED = ("198.51.100.21", "2001:db8:100::21")
AT_EXTERNAL_IPS = Asks(kinds=(Kind.EXTERNAL_IP,))


@declared(
    source="API ServiceSpec.externalIPs; docs 'External IPs'",
    upstream=("service: ExternalIP that is not assigned to a node",),
)
def test_an_external_ip_leads_to_the_endpoints(pods: Pods) -> Steps:
    """Pods and nodes are answered at a Service's external IPs of each family, over TCP and UDP, by each endpoint."""
    service = Service("web", ports=(HTTP, UDP), app=None, external_ips=("198.51.100.10", "2001:db8:100::10"))
    return (Step("two endpoints", {service: endpoints(pods[0], pods[1])}),)


@declared(source="API ServiceSpec.externalIPs")
def test_external_ips_come_and_go(pods: Pods) -> Steps:
    """Of each family, a second external IP comes and the first goes: just those that the Service has are served."""
    service = Service("web", app=None)
    there = endpoints(pods[0], pods[1])
    first, second = ("198.51.100.11", "2001:db8:100::11"), ("198.51.100.12", "2001:db8:100::12")
    return (
        Step("none", {service: there}),
        Step("one", {replace(service, external_ips=first): there}, asks=AT_EXTERNAL_IPS),
        Step("two", {replace(service, external_ips=(*first, *second)): there}, asks=AT_EXTERNAL_IPS),
        Step("the second", {replace(service, external_ips=second): there}, asks=AT_EXTERNAL_IPS),
        Step("none again", {service: there}),
    )


@declared(source="API ServiceSpec.externalTrafficPolicy; ExternallyAccessible in pkg/api/v1/service/util.go")
def test_external_policy_local_holds_at_external_ips(pods: Pods) -> Steps:
    """An external IP makes a policy of a Service of type ClusterIP; with Local, clients inside meet all endpoints."""
    service = Service(
        "web", app=None, external_ips=("198.51.100.13", "2001:db8:100::13"), external_traffic=Policy.LOCAL
    )
    return (
        Step("on two nodes", {service: endpoints(pods[0], pods[1])}),
        Step("on one", {service: endpoints(pods[1])}),
        Step("all nodes, policy Cluster", {replace(service, external_traffic=Policy.CLUSTER): endpoints(pods[1])}),
    )


@declared(source="docs 'Services without selectors'; REJECT in pkg/proxy/iptables, reject in nftables")
def test_an_external_ip_without_endpoints_refuses(pods: Pods) -> Steps:
    """Without endpoints, clients are refused at its external IPs, over TCP and UDP, and served when there is one."""
    service = Service("web", ports=(HTTP, UDP), app=None, external_ips=("198.51.100.14", "2001:db8:100::14"))
    return (
        Step("none", {service: endpoints()}, asks=AT_EXTERNAL_IPS),
        Step("one", {service: endpoints(pods[0])}, asks=AT_EXTERNAL_IPS),
        Step("none again", {service: endpoints()}, asks=AT_EXTERNAL_IPS),
    )


@declared(source="KEP-1669")
def test_an_external_ip_falls_back_to_terminating_endpoints(pods: Pods) -> Steps:
    """At an external IP, endpoints that terminate and still serve are used if nothing is ready, and not before."""
    service = Service("web", app=None, external_ips=("198.51.100.15", "2001:db8:100::15"))
    return (
        Step("one is ready", {service: endpoints(pods[0], terminating(pods[1]))}, asks=AT_EXTERNAL_IPS),
        Step("all terminate", {service: endpoints(terminating(pods[0]), terminating(pods[1]))}, asks=AT_EXTERNAL_IPS),
    )


@declared(source="API ServiceSpec.externalIPs")
def test_two_services_share_an_external_ip(pods: Pods) -> Steps:
    """Two Services have the same external IPs with different ports; when one goes, the other is served on."""
    shared = ("198.51.100.16", "2001:db8:100::16")
    one = Service("one", app=None, external_ips=shared)
    two = Service("two", (Port(81, HTTP_PORT),), app=None, external_ips=shared)
    there, elsewhere = endpoints(pods[0]), endpoints(pods[1])
    return (
        Step("both", {one: there, two: elsewhere}, asks=AT_EXTERNAL_IPS),
        Step("the second", {two: elsewhere}, asks=AT_EXTERNAL_IPS),
    )


@declared(source="API ServiceSpec.externalIPs")
def test_every_type_has_external_ips(pods: Pods) -> Steps:
    """External IPs of a Service are served on while its type changes from ClusterIP to NodePort and back."""
    service = Service("web", app=None, external_ips=("198.51.100.17", "2001:db8:100::17"))
    there = endpoints(pods[0], pods[1])
    return (
        Step("ClusterIP", {service: there}),
        Step("NodePort", {replace(service, type=ServiceType.NODE_PORT): there}),
        Step("ClusterIP again", {service: there}),
    )


@pytest.mark.needs("routes-outside")
@pytest.mark.needs("source-ip")
def test_outside_who_has_a_route_to_an_external_ip_is_answered(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A host outside that is routed to a node meets each endpoint, over TCP and UDP, and is seen as the node."""
    served = workload.serve(Service("web", ports=(HTTP, UDP), external_ips=ROUTED))
    address = next(each for each in ROUTED if family_of(each) is served.family)
    at = [served.at(address, each, Frontend.EXTERNAL_IP) for each in (Protocol.TCP, Protocol.UDP)]
    for node in clients.nodes:
        with routed(clients.outside, address, node):
            seen = probe(clients.outside, *at)
        judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))
        judge(source_ip(seen, addresses.of(node)))
