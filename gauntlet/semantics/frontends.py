"""What of a Service kube-proxy serves: its addresses and ports."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.family import Family, family_of, place
from gauntlet.semantics.endpoints import HEADLESS_LABEL
from gauntlet.semantics.objects import IpMode, Protocol, Service, ServicePort, ServiceType
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.versions import VersionRules

PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name"


class Kind(StrEnum):
    CLUSTER_IP = "ClusterIP"
    EXTERNAL_IP = "external IP"
    LOAD_BALANCER = "load balancer IP"
    NODE_PORT = "NodePort"

    @property
    def is_external(self) -> bool:
        """Whether externalTrafficPolicy, not internalTrafficPolicy, holds there."""
        return self is not Kind.CLUSTER_IP


@dataclass(frozen=True)
class Frontend:
    """An address and port that clients connect to. `address` is empty for the NodePort of whatever node."""

    kind: Kind
    address: str
    number: int
    port: ServicePort
    family: Family

    @property
    def protocol(self) -> Protocol:
        return self.port.protocol

    def __str__(self) -> str:
        return f"{self.kind} {place(self.address, self.number)}/{self.protocol}"


def aside(service: Service, version: VersionRules) -> Rule | None:
    """Why kube-proxy leaves a Service aside, whatever its endpoints; None if it serves it."""
    if service.type is ServiceType.EXTERNAL_NAME or not service.cluster_ips:
        return Rule.NOT_PROXIED
    if PROXY_NAME_LABEL in service.labels:
        return Rule.OTHER_PROXY
    if HEADLESS_LABEL in service.labels and not version.reads_headless_label:
        return Rule.HEADLESS_LABEL
    return None


def frontends(service: Service, version: VersionRules) -> tuple[Frontend, ...]:
    """All that a node serves of a Service, port by port. A NodePort is one frontend a family, at no address yet."""
    if aside(service, version) is not None:
        return ()
    return tuple(each for port in service.ports for each in _of_port(service, port, version))


def why_none(service: Service, frontend: Frontend, version: VersionRules) -> Rule | None:
    """Why a node has nothing at this frontend; None if it has."""
    left_aside = aside(service, version)
    if left_aside is not None:
        return left_aside
    if _without_place(frontend) in _served(service, version):
        return None
    if frontend.family not in {family_of(each) for each in service.cluster_ips}:
        return Rule.OTHER_FAMILY
    if any(each.address == frontend.address and each.ip_mode is IpMode.PROXY for each in service.ingress):
        return Rule.PROXY_MODE_INGRESS
    is_off = frontend.kind is Kind.EXTERNAL_IP and frontend.address in service.external_ips and not version.external_ips
    return Rule.EXTERNAL_IPS_OFF if is_off else Rule.NO_SUCH_FRONTEND


@functools.lru_cache(maxsize=1024)
def _served(service: Service, version: VersionRules) -> frozenset[tuple[Kind, str, int, Protocol, Family]]:
    """Each Service is asked for by all clients at all of its frontends, one after the other."""
    return frozenset(_without_place(each) for each in frontends(service, version))


def _without_place(frontend: Frontend) -> tuple[Kind, str, int, Protocol, Family]:
    address = "" if frontend.kind is Kind.NODE_PORT else frontend.address
    return frontend.kind, address, frontend.number, frontend.protocol, frontend.family


def _of_port(service: Service, port: ServicePort, version: VersionRules) -> Iterator[Frontend]:
    families = tuple(dict.fromkeys(family_of(each) for each in service.cluster_ips))
    balanced = (each.address for each in service.ingress if each.ip_mode is IpMode.VIP or not version.ip_mode)
    addresses = (
        *((Kind.CLUSTER_IP, each) for each in service.cluster_ips),
        *((Kind.EXTERNAL_IP, each) for each in service.external_ips if version.external_ips),
        *((Kind.LOAD_BALANCER, each) for each in balanced),
    )
    for kind, address in dict.fromkeys(addresses):
        if address and family_of(address) in families:
            yield Frontend(kind, address, port.port, port, family_of(address))
    if port.node_port:
        for family in families:
            yield Frontend(Kind.NODE_PORT, "", port.node_port, port, family)
