"""Strange neighbours: an ordinary Service beside odd ones is served like any other."""

from collections.abc import Collection, Iterator

import pytest

from fixtures.declared import declared
from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.ground.frames import pl
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Endpoint, Port, Served, Service, ServiceType, Slice, endpoints, slices
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.case_namespaces import CaseNamespaces
from gauntlet.workload.case_workload import CaseWorkload
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


@pytest.fixture
def elsewhere(case_namespaces: CaseNamespaces, workload: CaseWorkload) -> Iterator[CaseWorkload]:
    """The same in another namespace."""
    name = case_namespaces.create("elsewhere")
    yield workload.in_namespace(name)
    case_namespaces.finish(name)


@pytest.mark.needs("endpoint-slices")
def test_one_name_in_two_namespaces_is_two_services(
    workload: CaseWorkload,
    elsewhere: CaseWorkload,
    client_pods: Backends,
    clients: Clients,
    probe: Probe,
    judge: Judge,
) -> None:
    """Services of one name and port in two namespaces lead to their own endpoints, also if one changes or goes."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None)
    first, second = client_pods.all[:2]
    here = workload.serve_endpoints(service, endpoints(first))
    there = elsewhere.serve_endpoints(service, endpoints(second))
    _meet(probe, clients, judge, (here, {first.name}), (there, {second.name}))

    workload.replace_endpoints(here, endpoints(first, second))
    workload.wait(here, 2)
    _meet(probe, clients, judge, (here, {first.name, second.name}), (there, {second.name}))

    elsewhere.delete_with_endpoints(service)
    # kube-proxy hears of changes in their order: who obeys this one has let go of the other.
    workload.serve_endpoints(Service("after", app=None), endpoints(first))
    _meet(probe, clients, judge, (here, {first.name, second.name}))


def _meet(probe: Probe, clients: Clients, judge: Judge, *wanted: tuple[Served, Collection[str]]) -> None:
    """Whether everybody meets just these backends at each of these Services."""
    for served, names in wanted:
        seen = pl.concat(
            [
                probe(clients.inside, served.cluster_ip()),
                probe(clients.outside, *(served.node_port(node) for node in clients.nodes)),
            ]
        )
        judge(availability(seen), correctness(seen, frozenset(names)), reaches_all(seen, frozenset(names)))
