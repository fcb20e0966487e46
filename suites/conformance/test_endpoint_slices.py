"""EndpointSlices: what kube-proxy makes of several, of odd ones, and of those that are not for it (KEP-752)."""

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import HTTP, UDP, Endpoint, Family, IpFamilyPolicy, Port, Service, Slice, endpoints, slices
from gauntlet.workload.backend import HOST_HTTP_PORT, HOST_UDP_PORT, HTTP_PORT
from gauntlet.workload.catalogue import Pods, Step, Steps
from gauntlet.workload.endpoints import FQDN

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

HEADLESS = "service.kubernetes.io/headless"


@declared(source="KEP-752", upstream=("endpointslice: Service with multiple IPs in multiple EndpointSlices",))
def test_endpoints_of_several_slices_are_used_together(pods: Pods) -> Steps:
    """Endpoints of three slices share the connections; when a slice goes or changes, only its own go with it."""
    service = Service("web", app=None)
    first, second = slices("a", pods[0], pods.beside(0)), slices("b", pods[1])
    third = slices("c", pods.beside(1))
    return (
        Step("three slices", {service: (*first, *second, *third)}),
        Step("the second goes", {service: (*first, *third)}),
        Step("the first shrinks, the second returns", {service: (*slices("a", pods[0]), *second, *third)}),
    )


@declared(
    source="KEP-752",
    upstream=(
        "endpointslice: Service with multiple ports in multiple EndpointSlices",
        "service: serve multiport endpoints from pods",
    ),
)
def test_each_port_finds_the_slices_that_name_it(pods: Pods) -> Steps:
    """Two ports lead to different pods, each by the slices that name the port; a port that none names is refused."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    tcp, udp = slices("tcp", pods[0], ports=(HTTP,)), slices("udp", pods[1], ports=(UDP,))
    return (
        Step("a slice for each", {service: (*tcp, *udp)}),
        Step("none for UDP", {service: tcp}),
        Step("none for TCP", {service: udp}),
    )


@declared(
    source="docs 'Services', targetPort: a name may mean other numbers in other pods; KEP-752",
    upstream=("service: named targetPorts with different numbers on different endpoints",),
)
@pytest.mark.needs("host-network")
def test_one_port_may_be_other_numbers_in_other_slices(pods: Pods) -> Steps:
    """A port leads to one number at the endpoints of one slice and to another at those of the other."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    of_the_host = (Port(80, HOST_HTTP_PORT), Port(80, HOST_UDP_PORT, Protocol.UDP))
    pod, host = slices("a", pods[0]), slices("b", pods.of_the_host[1], ports=of_the_host)
    return (
        Step("both", {service: (*pod, *host)}),
        Step("the second", {service: host}),
        Step("the first", {service: pod}),
    )


@declared(source="API Endpoints must not be counted twice: pkg/proxy/endpointslicecache.go")
def test_an_address_of_two_slices_stays_while_one_has_it(pods: Pods) -> Steps:
    """An endpoint that is in two slices stays when one of them goes, and goes with the last."""
    service = Service("web", app=None)
    return (
        Step("in both", {service: (*slices("a", pods[0], pods[1]), *slices("b", pods[0]))}),
        Step("in the second only", {service: slices("b", pods[0])}),
        Step("in neither", {service: slices("b", pods[1])}),
    )


@declared(source="API EndpointSlice.addressType: kube-proxy does not read FQDN")
def test_slices_of_names_are_not_read(pods: Pods) -> Steps:
    """A slice of DNS names beside an ordinary one changes nothing; alone, it is as good as none."""
    service = Service("web", app=None)
    names = Slice("names", (Endpoint(("backend.example.com",)),), address_type=FQDN)
    return (
        Step("beside an ordinary slice", {service: (names, *slices("a", pods[0]))}),
        Step("alone", {service: (names,)}),
    )


@declared(source="API EndpointSlice.addressType; docs 'IPv4/IPv6 dual-stack'")
def test_slices_of_another_family_are_not_read(pods: Pods) -> Steps:
    """A Service of IPv4 alone is not served by a slice of IPv6, and an IPv4 slice beside it is enough."""
    service = Service("web", app=None, ip_families=(Family.IPV4,), ip_family_policy=IpFamilyPolicy.SINGLE_STACK)
    every = {each.address_type: each for each in slices("a", pods[0])}
    other = tuple(each for family, each in every.items() if family != Family.IPV4)
    return (
        Step("of the other family alone", {service: other}),
        Step("of both", {service: tuple(every.values())}),
    )


@declared(
    source="docs 'Well-Known Labels': service.kubernetes.io/headless",
    upstream=("service: service.kubernetes.io/headless (label on Service/slice)",),
)
def test_slices_with_the_label_headless_are_not_read(pods: Pods) -> Steps:
    """A slice is left aside while it has the label service.kubernetes.io/headless, set and taken away live."""
    service = Service("web", app=None)
    plain, aside = slices("a", pods[0]), slices("a", pods[0], labels={HEADLESS: ""})
    other = slices("b", pods[1])
    return (
        Step("without", {service: (*plain, *other)}),
        Step("with the label", {service: (*aside, *other)}),
        Step("without again", {service: (*plain, *other)}),
    )


@declared(source="API EndpointPort.name; KEP-752")
def test_a_port_of_another_name_is_another_port(pods: Pods) -> Steps:
    """A slice whose port has another name than the Service's serves nothing until it has the same one."""
    service = Service("web", app=None, ports=(Port(80, HTTP_PORT, given_name="www"),))
    other = (Port(80, HTTP_PORT, given_name="web"),)
    return (
        Step("another name", {service: slices("a", pods[0], ports=other)}),
        Step("the same name", {service: slices("a", pods[0])}),
        Step("both in one slice each", {service: (*slices("a", pods[0], ports=other), *slices("b", pods[1]))}),
    )


@declared(source="API EndpointPort.protocol; pkg/proxy/endpointslicecache.go")
def test_a_port_of_another_protocol_is_another_port(pods: Pods) -> Steps:
    """A slice that has the Service's port by name, but for UDP, does not serve it over TCP."""
    service = Service("web", app=None, ports=(Port(80, HTTP_PORT, given_name="www"),))
    for_udp = (Port(80, HTTP_PORT, Protocol.UDP, given_name="www"),)
    return (
        Step("UDP alone", {service: slices("a", pods[0], ports=for_udp)}),
        Step("TCP beside it", {service: (*slices("a", pods[0], ports=for_udp), *slices("b", pods[1]))}),
    )


@declared(source="API ServicePort.name: optional if there is one port; EndpointPort.name")
def test_a_port_without_a_name_finds_slices_without_one(pods: Pods) -> Steps:
    """The only port of a Service needs no name; a slice whose port has one is not for it."""
    service = Service("web", app=None, ports=(Port(80, HTTP_PORT, given_name=""),))
    named = (Port(80, HTTP_PORT, given_name="web"),)
    return (
        Step("neither has a name", {service: slices("a", pods[0])}),
        Step("the slice has one", {service: slices("a", pods[0], ports=named)}),
    )


@declared(source="API EndpointSlice.ports: empty means no defined ports")
def test_a_slice_without_ports_serves_nothing(pods: Pods) -> Steps:
    """A slice that has endpoints and no ports serves nothing, and does not disturb one that has."""
    service = Service("web", app=None)
    return (
        Step("without ports", {service: slices("a", pods[0], ports=())}),
        Step("another with ports", {service: (*slices("a", pods[0], ports=()), *slices("b", pods[1]))}),
    )


@declared(source="docs 'EndpointSlices'; KEP-752")
def test_an_empty_slice_is_no_endpoint(pods: Pods) -> Steps:
    """A slice without endpoints is like none, and an empty one beside a full one changes nothing."""
    service = Service("web", app=None)
    empty = Slice("empty")
    return (
        Step("empty", {service: (empty,)}),
        Step("beside a full one", {service: (empty, *slices("a", pods[0]))}),
    )


@declared(source="API Endpoint.addresses: consumers use the first")
def test_the_first_address_of_an_endpoint_counts(pods: Pods) -> Steps:
    """Of an endpoint with two addresses of one family, only the first is used."""
    service = Service("web", app=None)

    def both(first: int, second: int) -> Endpoint:
        return Endpoint((*pods[first].addresses, *pods[second].addresses), pods[first].node, ready=True)

    return (
        Step("the first pod's first", {service: endpoints(both(0, 1))}),
        Step("the second pod's first", {service: endpoints(both(1, 0))}),
    )


@declared(source="docs 'EndpointSlices': endpoints may be moved between slices; KEP-752")
def test_endpoints_that_change_slices_stay_endpoints(pods: Pods) -> Steps:
    """Two slices trade their endpoints and then one takes all: each step has just the endpoints that are there."""
    service = Service("web", app=None)
    return (
        Step("one each", {service: (*slices("a", pods[0]), *slices("b", pods[1]))}),
        Step("traded, one new", {service: (*slices("a", pods[1], pods.beside(0)), *slices("b", pods[0]))}),
        Step("all but one in the second", {service: slices("b", pods[1], pods[0])}),
    )


@declared(source="API Endpoint.zone: a fact, not a hint; KEP-4444")
def test_zones_without_hints_mean_nothing(pods: Pods) -> Steps:
    """Endpoints that say their zone, and have no hints, serve clients of every zone."""
    service = Service("web", app=None)
    there = [Endpoint(each.addresses, each.node, ready=True, zone=pods.zone(each)) for each in (pods[0], pods[1])]
    return (
        Step("two zones", {service: endpoints(*there)}),
        Step("one zone", {service: endpoints(there[0])}),
    )
