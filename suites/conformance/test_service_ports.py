"""Ports of a Service: many, added, removed, renumbered, renamed, moved, and numbers that others have as well."""

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import HTTP, UDP, Port, Service, ServiceType, endpoints, slices
from gauntlet.workload.backend import HTTP_PORT, UDP_PORT
from gauntlet.workload.catalogue import AT_NODE_PORTS, Also, Asks, Kind, Pods, Step, Steps, Where

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

# Fixed NodePorts, of one case each: all cases are on the cluster together. The first 86 numbers are those that the API
# gives out last by itself (docs 'Services', "Avoid NodePort collisions"; KEP-3668).
CHANGED, CHANGED_TO = 30011, 30012
RELEASED, OTHERS_PORT, KEPT = 30013, 30014, 30015
ONLY_AT_NODES = 30017
# The lowest and the highest number, those on either side of the NodePorts and of the highest bit.
ALL_KINDS = (1, 29_999, 32_767, 32_768, 61_000, 65_535)


@declared(source="API ServiceSpec.ports; kubernetes/kubernetes 139515 (long comments), 121362")
def test_a_service_may_have_a_hundred_ports(pods: Pods) -> Steps:
    """Each of a hundred ports is served; when every other one is taken away, the rest are, and those are not."""
    ports = tuple(Port(number, HTTP_PORT) for number in range(1000, 1100))
    from_pods = Asks(places=(Where.POD,))
    return (
        Step("a hundred", {Service("web", ports=ports, app=None): endpoints(pods[0])}, asks=from_pods),
        Step("every other one", {Service("web", ports=ports[::2], app=None): endpoints(pods[1])}, asks=from_pods),
    )


@declared(source="API ServicePort.port: 1 to 65535")
def test_ports_of_low_and_high_numbers_are_served(pods: Pods) -> Steps:
    """Ports from 1 to 65535 are served over TCP and UDP at ClusterIP and external IPs, among them high ones."""
    ports = tuple(
        Port(number, target, protocol)
        for number in ALL_KINDS
        for protocol, target in ((Protocol.TCP, HTTP_PORT), (Protocol.UDP, UDP_PORT))
    )
    service = Service("web", ports=ports, app=None, external_ips=("198.51.100.19", "2001:db8:100::19"))
    return (Step("all of them", {service: endpoints(pods[0])}, asks=Asks(places=(Where.POD,))),)


@declared(source="API ServiceSpec.ports", upstream=("service: be updated after adding or deleting ports",))
def test_ports_are_added_and_removed(pods: Pods) -> Steps:
    """A port that is added is served beside the others; one that is removed is served no more."""
    more = Port(81, HTTP_PORT)
    return (
        Step("one port", {Service("web", ports=(HTTP,), app=None): endpoints(pods[0])}),
        Step("one added", {Service("web", ports=(HTTP, more), app=None): endpoints(pods[0])}),
        Step("the first removed", {Service("web", ports=(more,), app=None): endpoints(pods[0])}),
        Step("none but UDP", {Service("web", ports=(UDP,), app=None): endpoints(pods[0])}),
    )


@declared(source="API ServicePort.port", upstream=("service: be updated after adding or deleting ports",))
def test_a_port_is_renumbered(pods: Pods) -> Steps:
    """A port that keeps its name and changes its number is served at the new number and not at the former."""
    first, second = Port(80, HTTP_PORT, given_name="web"), Port(8888, HTTP_PORT, given_name="web")
    return (
        Step("80", {Service("web", ports=(first,), app=None): endpoints(pods[0])}),
        Step("8888", {Service("web", ports=(second,), app=None): endpoints(pods[0])}),
        Step("80 again", {Service("web", ports=(first,), app=None): endpoints(pods[0])}),
    )


@declared(source="API ServicePort.name; EndpointPort.name")
def test_a_port_is_renamed(pods: Pods) -> Steps:
    """A port whose name changes in the Service is refused until its slice has the new name as well."""
    before, after = (Port(80, HTTP_PORT, given_name="web"),), (Port(80, HTTP_PORT, given_name="www"),)
    return (
        Step("the same name", {Service("web", ports=before, app=None): slices("a", pods[0], ports=before)}),
        Step("renamed in the Service", {Service("web", ports=after, app=None): slices("a", pods[0], ports=before)}),
        Step("and in its slice", {Service("web", ports=after, app=None): slices("a", pods[0], ports=after)}),
    )


@declared(
    source="API ServiceSpec.ports",
    upstream=(
        "service: endpoints on same port and different protocols",
        "service: update type to NodePort, same port for TCP and UDP",
    ),
)
def test_tcp_and_udp_of_one_number_are_two_ports(pods: Pods) -> Steps:
    """TCP and UDP of one number lead to different pods; taking one away leaves the other."""
    tcp, udp = slices("tcp", pods[0], ports=(HTTP,)), slices("udp", pods[1], ports=(UDP,))
    return (
        Step("both", {Service("web", ports=(HTTP, UDP), app=None): (*tcp, *udp)}),
        Step("UDP alone", {Service("web", ports=(UDP,), app=None): udp}),
        Step("TCP alone", {Service("web", ports=(HTTP,), app=None): tcp}),
    )


@declared(source="API ServicePort.name: what joins a port to its endpoints")
def test_two_ports_trade_their_endpoints(pods: Pods) -> Steps:
    """Two ports whose names are exchanged lead to each other's endpoints from then on."""

    def ports(first: str, second: str) -> tuple[Port, ...]:
        return Port(80, HTTP_PORT, given_name=first), Port(81, HTTP_PORT, given_name=second)

    red = slices("red", pods[0], ports=(Port(80, HTTP_PORT, given_name="red"),))
    blue = slices("blue", pods[1], ports=(Port(80, HTTP_PORT, given_name="blue"),))
    return (
        Step("red is 80", {Service("web", ports=ports("red", "blue"), app=None): (*red, *blue)}),
        Step("red is 81", {Service("web", ports=ports("blue", "red"), app=None): (*red, *blue)}),
    )


@declared(source="API ServicePort.nodePort")
def test_a_node_port_is_changed(pods: Pods) -> Steps:
    """A Service whose NodePort is changed is served at the new number of every node and not at the former."""
    return (
        Step("the first", {_at(CHANGED): endpoints(pods[0])}, asks=AT_NODE_PORTS),
        Step("the second", {_at(CHANGED_TO): endpoints(pods[0])}, asks=AT_NODE_PORTS),
    )


@declared(
    source="API ServicePort.nodePort",
    upstream=("service: release NodePorts on delete (no listener, port reusable)",),
)
def test_a_node_port_that_is_released_can_be_another_services(pods: Pods) -> Steps:
    """The NodePort of a deleted Service is not served, and is served by the Service that takes it next."""
    return (
        Step("the first Service's", {_at(RELEASED, "one"): endpoints(pods[0])}, asks=AT_NODE_PORTS),
        Step("nobody's", {}, asks=AT_NODE_PORTS),
        Step("the second Service's", {_at(RELEASED, "two"): endpoints(pods[1])}, asks=AT_NODE_PORTS),
    )


@declared(source="kubernetes/kubernetes 49881")
def test_a_services_port_may_be_anothers_node_port(pods: Pods) -> Steps:
    """A Service whose port has the number of another's NodePort is served beside it, before and after that one goes."""
    plain = Service("plain", ports=(Port(OTHERS_PORT, HTTP_PORT), Port(OTHERS_PORT, UDP_PORT, Protocol.UDP)), app=None)
    other = _at(OTHERS_PORT, "other")
    return (
        Step("both", {plain: endpoints(pods[0]), other: endpoints(pods[1])}),
        Step("one alone", {plain: endpoints(pods[0])}),
    )


@declared(source="API ServicePort.nodePort: kept by the name of its port")
def test_a_node_port_stays_when_its_port_is_renumbered(pods: Pods) -> Steps:
    """A port that is renumbered keeps its NodePort, which is served on; its ClusterIP has the new number alone."""

    def numbered(number: int) -> Service:
        port = Port(number, HTTP_PORT, given_name="web", node_port=KEPT)
        return Service("web", ports=(port,), type=ServiceType.NODE_PORT, app=None)

    return (Step("80", {numbered(80): endpoints(pods[0])}), Step("81", {numbered(81): endpoints(pods[0])}))


@declared(source="docs 'Services': a ClusterIP has the ports of its Service alone")
def test_unserved_ports_of_a_cluster_ip_are_not_answered(pods: Pods) -> Steps:
    """Ports that a Service does not have are not answered at its ClusterIP, also those that its backend listens on."""
    service = Service("web", app=None)
    asks = Asks(
        also=(
            Also(Kind.CLUSTER_IP, port=81),
            Also(Kind.CLUSTER_IP, port=HTTP_PORT),
            Also(Kind.CLUSTER_IP, port=80, protocol=Protocol.UDP),
        )
    )
    return (Step("one port", {service: endpoints(pods[0])}, asks=asks),)


@declared(source="API LoadBalancerStatus.ingress, ServiceSpec.externalIPs: they have the ports of the Service")
@pytest.mark.needs("load-balancer")
def test_unserved_ports_of_external_addresses_are_not_answered(pods: Pods) -> Steps:
    """At ingress IPs and external IPs nobody answers at ports that the Service does not have, or by another protocol.

    Its NodePort is one of the nodes' own addresses: it is not answered at any other address either.
    """
    external_ips = ("198.51.100.20", "2001:db8:100::20")
    port = Port(80, HTTP_PORT, node_port=ONLY_AT_NODES)
    service = Service("web", ports=(port,), type=ServiceType.LOAD_BALANCER, app=None, external_ips=external_ips)
    asks = Asks(
        also=tuple(
            also
            for kind in (Kind.LOAD_BALANCER, Kind.EXTERNAL_IP, Kind.CLUSTER_IP)
            for also in (
                Also(kind, port=81),
                Also(kind, port=HTTP_PORT),
                Also(kind, port=ONLY_AT_NODES),
                Also(kind, port=80, protocol=Protocol.UDP),
            )
        )
    )
    return (Step("one port", {service: endpoints(pods[0])}, asks=asks),)


def _at(node_port: int, name: str = "web") -> Service:
    return Service(name, ports=(Port(80, HTTP_PORT, node_port=node_port),), type=ServiceType.NODE_PORT, app=None)
