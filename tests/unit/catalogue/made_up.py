"""A cluster that nobody brought up: nodes, pods, and what an API server would make of what a case declares."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family, family_of, first_of
from gauntlet.kube.objects import EndpointSlice, ServiceObject, modelled
from gauntlet.providers.ingress import is_ours, wanted_modes
from gauntlet.proxy.modes import traits
from gauntlet.semantics import Outcome, expected
from gauntlet.semantics import objects as model
from gauntlet.semantics.endpoints import Copies, copies, hints_of
from gauntlet.semantics.frontends import Frontend, Kind, frontends
from gauntlet.semantics.places import Place, ServingNode, Where, World
from gauntlet.semantics.proxy import DetectLocal, LocalhostNodePorts, Proxy
from gauntlet.semantics.versions import NEWEST
from gauntlet.workload import Endpoint, RunningBackend, Service, Slice, service_manifest, slice_manifest
from gauntlet.workload.backend import HOST_HTTP_PORT, HOST_UDP_PORT, HTTP_PORT, SCTP_PORT, UDP_PORT
from gauntlet.workload.catalogue import Asks, Pods, Step, Steps
from gauntlet.workload.endpoints import slices_of
from gauntlet.workload.service import IpFamilyPolicy

NAMESPACE = "case"
NODES = tuple(
    model.Node(
        f"node-{number}",
        (f"172.18.0.1{number}", f"fd00:18::1{number}"),
        f"zone-{2 - number % 2}",
        (f"10.244.{number}.0/24", f"fd00:244:0:{number}::/64"),
    )
    for number in (1, 2, 3)
)
ZONES = {each.name: each.zone for each in NODES}
OUTSIDE = {Family.IPV4: "192.0.2.99", Family.IPV6: "2001:db8::99"}


def _pod(name: str, number: int, index: int) -> RunningBackend:
    return RunningBackend(
        addresses=(f"10.244.{number}.{index}", f"fd00:244:0:{number}::{index}"),
        namespace=NAMESPACE,
        name=name,
        node=f"node-{number}",
    )


PODS = Pods(
    all=tuple(_pod(f"pod-{index}-{number}", number, index) for index in (2, 3) for number in (1, 2, 3)),
    of_the_host=tuple(
        RunningBackend(addresses=each.addresses, namespace=NAMESPACE, name=f"host-{each.name}", node=each.name)
        for each in NODES
    ),
    zones=ZONES,
)

LISTENING = frozenset(
    (address, port)
    for pods, ports in (
        (PODS.all, (HTTP_PORT, UDP_PORT)),
        (PODS.one_each, (SCTP_PORT,)),
        (PODS.of_the_host, (HOST_HTTP_PORT, HOST_UDP_PORT)),
    )
    for pod in pods
    for address in pod.addresses
    for port in ports
)


@functools.cache
def world(mode: ProxyMode) -> World:
    proxy = Proxy(
        traits(mode).behaviour,
        NEWEST,
        detect_local=DetectLocal.CLUSTER_CIDR,
        cluster_ranges=("10.244.0.0/16", "fd00:244::/48"),
        localhost=LocalhostNodePorts.RULES if mode is ProxyMode.IPTABLES else LocalhostNodePorts.NONE,
    )
    return World(tuple(ServingNode(node, proxy) for node in NODES))


@dataclass(frozen=True)
class Row:
    """A place, what it asks, and what the model expects."""

    place: Place
    service: str
    frontend: Frontend
    outcome: Outcome

    @property
    def key(self) -> tuple[Place, str, Kind, str, int, str]:
        asked = self.frontend
        return self.place, self.service, asked.kind, asked.address, asked.number, asked.protocol


def tables(steps: Steps, mode: ProxyMode) -> list[list[Row]]:
    """What is expected of each step: of its frontends, and of those that were there before."""
    given = Given()
    known: dict[tuple[str, Frontend], None] = {}
    made: list[list[Row]] = []
    for step in steps:
        services = {name: given.service(each) for name, each in _by_name(step).items()}
        found = copies([each for service in step.services for each in slices_in(step, service)])
        for name, service in services.items():
            known |= dict.fromkeys((name, each) for each in _placed(service))
        besides = {(name, each) for name, service in services.items() for each in _besides(service, step.asks)}
        asked = [key for key in known if step.asks.kinds is None or key[1].kind in step.asks.kinds]
        made.append([row for key in (*asked, *besides) for row in _rows(key, services, found, step.asks, mode)])
    return made


def _rows(
    of: tuple[str, Frontend], services: Mapping[str, model.Service], found: Copies, asks: Asks, mode: ProxyMode
) -> Iterator[Row]:
    name, frontend = of
    # A Service that is gone: one that has nothing.
    service = services.get(name) or model.Service(name, (), cluster_ips=())
    for place in _places(frontend):
        if asks.places is None or place.where in asks.places:
            yield Row(place, name, frontend, expected(service, found, frontend, place, world(mode)))


def _places(frontend: Frontend) -> Iterator[Place]:
    family = frontend.family
    for number, node in enumerate(NODES, start=1):
        # The client of a node is its first pod, which backends are as well.
        yield Place(Where.POD, node.name, first_of(family, PODS[number - 1].addresses))
        yield Place(Where.NODE, node.name, node.primary(family) or "")
    if frontend.kind is not Kind.CLUSTER_IP:
        yield Place(Where.OUTSIDE, NODES[0].name, OUTSIDE[family])


def _placed(service: model.Service) -> Iterator[Frontend]:
    """NodePorts at every node's primary address."""
    for each in frontends(service, NEWEST):
        if each.kind is not Kind.NODE_PORT:
            yield each
            continue
        for node in NODES:
            yield replace(each, address=node.primary(each.family) or "")


def _besides(service: model.Service, asks: Asks) -> Iterator[Frontend]:
    for also in asks.also:
        for each in _placed(service):
            if each.kind is not also.kind or (also.address and each.family is not family_of(also.address)):
                continue
            port = (
                model.ServicePort(also.port, protocol=model.Protocol(also.protocol.upper())) if also.port else each.port
            )
            yield replace(each, address=also.address or each.address, number=also.port or each.number, port=port)


def _by_name(step: Step) -> dict[str, Service]:
    return {each.name: dual(each) for each in step.services}


def dual(service: Service) -> Service:
    """As the engine makes it: of both families, if it says nothing of them."""
    if service.ip_families or service.ip_family_policy is not None:
        return service
    return replace(service, ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK)


class Given:
    """Addresses and node ports, which a Service keeps by its name as long as somebody asks."""

    def __init__(self) -> None:
        self._addresses: dict[tuple[str, Family, str], str] = {}
        self._ports: dict[tuple[str, str], int] = {}
        self._numbers = itertools.count(1)

    def service(self, declared: Service) -> model.Service:
        manifest = service_manifest.service(declared)
        read = ServiceObject.model_validate({**manifest, "metadata": {**_metadata(manifest), "namespace": NAMESPACE}})
        plain = modelled.service(read)
        families = declared.ip_families or tuple(Family)
        if declared.headless or plain.type is model.ServiceType.EXTERNAL_NAME:
            return replace(plain, name=f"{NAMESPACE}/{declared.name}")
        return replace(
            plain,
            name=f"{NAMESPACE}/{declared.name}",
            cluster_ips=declared.cluster_ips or tuple(self._address(declared.name, each, "vip") for each in families),
            ports=tuple(
                replace(each, node_port=each.node_port or self._port(declared.name, each.name))
                if declared.has_node_ports
                else each
                for each in plain.ports
            ),
            ingress=tuple(
                model.Ingress(self._address(declared.name, each, f"lb-{number}"), mode)
                for number, mode in enumerate(wanted_modes(read) if is_ours(read) else ())
                for each in families
            ),
        )

    def _address(self, name: str, family: Family, what: str) -> str:
        number = next(self._numbers)
        prefixes = ("10.96.0.", "fd00:96::") if what == "vip" else ("203.0.113.", "2001:db8:113::")
        made = f"{prefixes[0]}{number % 250 + 1}" if family is Family.IPV4 else f"{prefixes[1]}{number:x}"
        return self._addresses.setdefault((name, family, what), made)

    def _port(self, name: str, port: str) -> int:
        return self._ports.setdefault((name, port), 30_000 + next(self._numbers))


def _metadata(manifest: Mapping[str, object]) -> Mapping[str, object]:
    found = manifest["metadata"]
    assert isinstance(found, Mapping)
    return found


def slices_in(step: Step, service: Service) -> Iterator[model.EndpointSlice]:
    """As the API has them; those of a Service with a selector as the controllers write them."""
    wanted = step.services[service]
    declared = dual(service)
    if wanted is None:
        yield from _by_controllers(declared)
        return
    of = [each for each in wanted if isinstance(each, Slice)]
    plain = [each for each in wanted if isinstance(each, Endpoint)]
    for each in of or slices_of(declared, plain):
        manifest = slice_manifest.endpoint_slice(declared, each)
        metadata = {**_metadata(manifest), "namespace": NAMESPACE}
        yield modelled.endpoint_slice(EndpointSlice.model_validate({**manifest, "metadata": metadata}))


def _by_controllers(service: Service) -> Iterator[model.EndpointSlice]:
    for family in Family:
        there = [
            model.Endpoint((address,), pod.node, ZONES[pod.node])
            for pod in (PODS.beside(number) for number in range(len(NODES)))
            for address in pod.addresses
            if family_of(address) is family
        ]
        for_whom = model.Service(f"{NAMESPACE}/{service.name}", (), distribution=service.traffic_distribution)
        yield model.EndpointSlice(
            f"{NAMESPACE}/{service.name}",
            tuple(replace(each, hints=hints_of(each, for_whom)) for each in there),
            tuple(
                model.SlicePort(each.target, each.name, model.Protocol(each.protocol.upper()))
                for each in service.ports
                if isinstance(each.target, int)
            ),
            family,
        )
