"""A real API server takes every declaration and every change of one, and keeps what it allocated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from gauntlet.ground.history import Protocol
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.kube.objects import EndpointSlice, NodeObject, ServiceObject
from gauntlet.kube.objects.nodes import ZONE
from gauntlet.providers.ingress import CLASS, ingress, is_settled
from gauntlet.semantics.objects import Distribution, IpMode, Policy, ServiceType
from gauntlet.workload.changes import Endpoints
from gauntlet.workload.endpoints import FQDN, Endpoint, Slice
from gauntlet.workload.service import HTTP, UDP, IpFamilyPolicy, Port, Service
from gauntlet.workload.workload import Workload
from gauntlet.workload.writer import ManifestRefused
from tests.cluster.sandbox.conftest import Namespace

WEB = Service("web", (HTTP, UDP), app=None)
POD = Endpoint(("10.244.1.9",), "node-1", ready=True)
NODE_PORT, BALANCED, BY_NAME = (
    replace(WEB, type=ServiceType.NODE_PORT),
    replace(WEB, type=ServiceType.LOAD_BALANCER, external_traffic=Policy.LOCAL),
    replace(WEB, type=ServiceType.EXTERNAL_NAME, external_name="web.example"),
)


@dataclass
class Declared:
    """One Service that is declared again and again."""

    api: Api
    namespace: str
    service: Service | None = None
    endpoints: Endpoints = ()

    def __call__(self, service: Service, endpoints: Endpoints = ()) -> ServiceObject:
        """Declare it, and return what the API has of it when its load balancer is done."""
        previous = {} if self.service is None else {self.service: self.endpoints}
        refused = Workload(self.api, self.namespace).apply(previous, {service: endpoints})
        for refusal in refused.values():
            raise refusal
        self.service, self.endpoints = service, endpoints
        return self.when(is_settled)

    def when(self, condition: Callable[[ServiceObject], bool]) -> ServiceObject:
        return until(lambda: found if condition(found := self.found()) else None, what="it is so", deadline_s=10.0)

    def found(self) -> ServiceObject:
        assert self.service is not None
        return self.api.one(ServiceObject, f"/api/v1/namespaces/{self.namespace}/services/{self.service.name}")

    def slices(self) -> Sequence[EndpointSlice]:
        return self.api.list(EndpointSlice, f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices")


@pytest.fixture
def declared(namespace: Namespace) -> Declared:
    return Declared(Api(namespace.cluster.api), namespace.name)


def test_every_change_of_type_there_and_back(declared: Declared) -> None:
    before = declared(WEB)
    # Each type to each other one.
    types = (NODE_PORT, WEB, BALANCED, NODE_PORT, BALANCED, WEB, BY_NAME, NODE_PORT, BY_NAME, BALANCED, BY_NAME, WEB)
    for was, wanted in pairwise((WEB, *types)):
        found = declared(wanted)
        assert found.spec.type == wanted.type
        assert found.spec.has_cluster_ip is (wanted is not BY_NAME)
        if BY_NAME not in (was, wanted):
            assert found.spec.cluster_ip == before.spec.cluster_ip, f"{was.type} to {wanted.type}"
        numbers = [each.node_port for each in found.spec.ports]
        assert all(numbers) is wanted.has_node_ports, f"{was.type} to {wanted.type}"
        if was.has_node_ports and wanted.has_node_ports:
            assert numbers == [each.node_port for each in before.spec.ports]
        assert bool(found.ingress) is (wanted is BALANCED)
        assert bool(found.spec.health_check_node_port) is (wanted is BALANCED)
        before = found


def test_what_was_allocated_stays_as_everything_else_changes(declared: Declared) -> None:
    named = Port(80, 8080, given_name="web")
    first = declared(replace(NODE_PORT, ports=(named,)))
    changed = replace(
        NODE_PORT, ports=(replace(named, number=81, target=8082), UDP), affinity_timeout_s=9, publish_not_ready=True,
        internal_traffic=Policy.LOCAL, external_traffic=Policy.LOCAL, external_ips=("198.51.100.7",),
        traffic_distribution=Distribution.PREFER_SAME_NODE, labels={"example.com/a": ""}, annotations={"b": "c"},
    )  # fmt: skip
    second = declared(changed)
    assert (second.spec.cluster_ip, second.metadata.uid) == (first.spec.cluster_ip, first.metadata.uid)
    assert second.spec.ports[0].node_port == first.spec.ports[0].node_port
    assert (second.spec.ports[0].port, second.spec.ports[0].target_port) == (81, 8082)
    assert second.spec.session_affinity_config.client_ip.timeout_seconds == 9
    assert second.spec.traffic_distribution == "PreferSameNode"
    assert "example.com/a" in second.metadata.labels
    third = declared(replace(NODE_PORT, ports=(named,)))
    assert third.spec == first.spec
    assert (third.metadata.labels, third.metadata.annotations) == (first.metadata.labels, first.metadata.annotations)


def test_addresses_of_the_load_balancer_come_change_and_go(declared: Declared) -> None:
    balanced = replace(BALANCED, source_ranges=("192.0.2.0/24",))
    (first,) = declared(balanced).ingress
    two = declared(replace(balanced, annotations=ingress(IpMode.VIP, IpMode.PROXY)))
    assert [each.ip_mode for each in two.status.load_balancer.ingress] == ["VIP", "Proxy"]
    assert two.ingress[0] == first
    assert len(set(two.ingress)) == 2
    one = declared(replace(balanced, annotations=ingress(IpMode.PROXY)))
    assert [(each.ip, each.ip_mode) for each in one.status.load_balancer.ingress] == [(first, "Proxy")]
    assert declared(replace(balanced, annotations=ingress())).ingress == ()
    assert declared(balanced).ingress
    assert declared(WEB).ingress == ()


def test_another_class_is_left_alone(declared: Declared) -> None:
    ours = replace(BALANCED, name="ours", load_balancer_class=CLASS)
    other = declared(replace(BALANCED, load_balancer_class="example.com/other"))
    assert len(Declared(declared.api, declared.namespace)(ours).ingress) == 1
    # The one that came later has its address by now.
    assert declared.found().ingress == other.ingress == ()


def test_without_node_ports(declared: Declared) -> None:
    found = declared(replace(BALANCED, allocate_node_ports=False))
    assert not any(each.node_port for each in found.spec.ports)
    assert found.ingress


def test_strange_slices(declared: Declared) -> None:
    odd = (
        Slice("twice", (POD, replace(POD, ready=False, serving=True, terminating=True))),
        Slice("hinted", (replace(POD, zone="zone-1", zones=("zone-1",), nodes=("node-1",), target_ref="shop/pod"),)),
        Slice("unsaid", (Endpoint(("10.244.1.9",)),)),
        Slice("without-ports", (POD,), ports=()),
        Slice("other-number", (POD,), ports=(replace(HTTP, target=8090),)),
        Slice("names", (Endpoint(("web.example",)),), address_type=FQDN),
        Slice("other-family", (Endpoint(("fd10:244:0:1::9",), "node-1"),), address_type="IPv6"),
        Slice("empty"),
    )
    declared(WEB, odd)
    assert {each.metadata.name for each in declared.slices()} == {f"web-{each.name}" for each in odd}
    declared(WEB, odd[:1])
    assert [each.metadata.name for each in declared.slices()] == ["web-twice"]


def test_a_hundred_ports_and_sctp(declared: Declared) -> None:
    ports = tuple(Port(1000 + number, 8080) for number in range(100))
    assert len(declared(replace(NODE_PORT, ports=ports), [POD]).spec.ports) == 100
    (found,) = declared(replace(WEB, ports=(Port(80, 8082, Protocol.SCTP),)), [POD]).spec.ports
    assert found.protocol == "SCTP"


def test_families(declared: Declared) -> None:
    """On a cluster of one family too."""
    found = declared(replace(WEB, ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK), [POD])
    assert len(found.spec.cluster_ips) in (1, 2)
    single = declared(replace(WEB, ip_family_policy=IpFamilyPolicy.SINGLE_STACK), [POD])
    assert single.spec.cluster_ips == found.spec.cluster_ips[:1]


def test_a_refused_field_is_named_with_the_words_of_the_api(declared: Declared) -> None:
    port = declared(NODE_PORT).spec.ports[0].node_port
    assert port is not None
    greedy = replace(NODE_PORT, name="greedy", ports=(replace(HTTP, node_port=port),))
    with pytest.raises(ManifestRefused, match=r"greedy for spec.ports\[0\].nodePort: .*provided port is already alloc"):
        Declared(declared.api, declared.namespace)(greedy)
    with pytest.raises(ManifestRefused, match=r"spec.clusterIPs\[0\]"):
        declared(replace(WEB, headless=True))


def test_nodes_have_zones(namespace: Namespace) -> None:
    nodes = Api(namespace.cluster.api).list(NodeObject, "/api/v1/nodes")
    zones = {each.metadata.name: each.metadata.labels[ZONE] for each in nodes}
    assert zones == {"node-1": "zone-1", "node-2": "zone-2", "node-3": "zone-1"}
