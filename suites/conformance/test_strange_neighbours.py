"""Strange neighbours: an ordinary Service beside odd ones is served like any other."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import Endpoint, Port, Service, ServiceType, Slice, endpoints, slices
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.catalogue import Pods, Step, Steps
from gauntlet.workload.endpoints import FQDN

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@declared(source="pkg/proxy/iptables/proxier.go, servicePortChainName: the hash of namespace/name:port and protocol")
def test_names_that_join_to_the_same_words_are_two_services(pods: Pods) -> Steps:
    """Service web with port a-b and Service web-a with port b, whose names join alike, lead to their own endpoints."""
    one = Service("web", ports=(Port(80, HTTP_PORT, given_name="a-b"),), type=ServiceType.NODE_PORT, app=None)
    two = Service("web-a", ports=(Port(80, HTTP_PORT, given_name="b"),), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("both", {one: endpoints(pods[0]), two: endpoints(pods[1])}),
        Step("traded", {one: endpoints(pods[1]), two: endpoints(pods[0])}),
    )


@declared(source="API ServicePort.name: at most 15 characters; kubernetes/kubernetes 139515")
def test_the_longest_names_of_a_service_and_its_port(pods: Pods) -> Steps:
    """A Service with a name of 63 characters and ports with names of 15 is served like the short one beside it."""
    ports = tuple(Port(80 + number, HTTP_PORT, given_name=f"port-{number:02}-longest") for number in range(3))
    long, short = Service("l" + "o" * 61 + "g", ports=ports, app=None), Service("s", app=None)
    return (
        Step("both", {long: endpoints(pods[0]), short: endpoints(pods[1])}),
        Step("traded", {long: endpoints(pods[1]), short: endpoints(pods[0])}),
    )


@declared(source="API EndpointSlice; kubernetes/kubernetes 139515, 121362")
def test_odd_slices_disturb_nobody(pods: Pods) -> Steps:
    """A Service with slices of names, without ports, empty and of a strange node is served, as is its neighbour."""
    odd, plain = Service("odd", app=None), Service("plain", app=None)
    lost = Endpoint(pods[0].addresses, "there-is-no-such-node", ready=True, target_ref="nowhere/nobody")
    strange = (
        Slice("names", (Endpoint(("backend.example.com",)),), address_type=FQDN),
        *slices("portless", pods[1], ports=()),
        Slice("empty"),
        *slices("lost", lost),
    )
    return (
        Step("beside", {odd: strange, plain: endpoints(pods[1])}),
        Step("the plain one changes", {odd: strange, plain: endpoints(pods.beside(0))}),
    )
