"""Endpoints and slices that a test writes itself, for a Service without a selector (KEP-752, KEP-1672)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from gauntlet.ground.family import Family, family_of
from gauntlet.workload.service import IpFamilyPolicy, Port, Service

FQDN = "FQDN"


class Pod(Protocol):
    """What an endpoint can be made of: a pod that runs on a node and has addresses."""

    @property
    def node(self) -> str: ...
    @property
    def addresses(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. `addresses` may be of both families: each family has a slice of its own (slices_of).

    A condition of None is left out, which the API takes for ready, serving and not terminating. `zones` and `nodes` are
    its hints: whom it is meant for. `target_ref` is namespace/name of a pod.
    """

    addresses: tuple[str, ...]
    node: str = ""
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None
    zone: str = ""
    zones: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    target_ref: str = ""


@dataclass(frozen=True)
class Slice:
    """One EndpointSlice of a Service, which is called SERVICE-NAME. `address_type` is a Family or FQDN.

    `ports` are those of the Service if None; each leads to the number of its `target`.
    """

    name: str
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[Port, ...] | None = None
    address_type: str = Family.IPV4
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)


def endpoints(*of: Endpoint | Pod) -> tuple[Endpoint, ...]:
    """These endpoints; a pod stands for itself, ready."""
    return tuple(each if isinstance(each, Endpoint) else ready(each) for each in of)


def ready(pod: Pod) -> Endpoint:
    return Endpoint(pod.addresses, pod.node, ready=True, serving=True, terminating=False)


def unready(pod: Pod) -> Endpoint:
    """Neither ready nor serving, and not on its way out."""
    return Endpoint(pod.addresses, pod.node, ready=False, serving=False, terminating=False)


def terminating(pod: Pod) -> Endpoint:
    """On its way out, and serving still."""
    return Endpoint(pod.addresses, pod.node, ready=False, serving=True, terminating=True)


def ended(pod: Pod) -> Endpoint:
    """On its way out, and serving no more."""
    return Endpoint(pod.addresses, pod.node, ready=False, serving=False, terminating=True)


def hinted(pod: Pod, *, zones: tuple[str, ...] = (), nodes: tuple[str, ...] = ()) -> Endpoint:
    """Ready, and meant for these zones and nodes."""
    return replace(ready(pod), zones=zones, nodes=nodes)


def slices(
    name: str, *of: Endpoint | Pod, ports: tuple[Port, ...] | None = None, labels: Mapping[str, str] | None = None
) -> tuple[Slice, ...]:
    """One slice for each family that one of these has an address of."""
    every = endpoints(*of)
    families = (family for family in Family if any(_in_family(every, family)))
    return tuple(
        Slice(f"{name}-{family.lower()}", tuple(_in_family(every, family)), ports, family, labels or {})
        for family in families
    )


def slices_of(service: Service, of: Iterable[Endpoint]) -> tuple[Slice, ...]:
    """One slice for each family of the Service that an endpoint has an address of, as the controllers write them.

    None at all if there are no endpoints.
    """
    every = tuple(of)
    made = {family: tuple(_in_family(every, family)) for family in _families(service, every)}
    return tuple(Slice(family.lower(), found, address_type=family) for family, found in made.items() if found)


def _families(service: Service, of: Iterable[Endpoint]) -> Iterable[Family]:
    """Those that it asks for. If it asks for none it has the cluster's primary one, as the pods' first address."""
    if service.ip_family_policy not in (None, IpFamilyPolicy.SINGLE_STACK):
        return tuple(Family)
    return service.ip_families or dict.fromkeys(family_of(each.addresses[0]) for each in of)


def _in_family(of: Iterable[Endpoint], family: Family) -> Iterator[Endpoint]:
    for each in of:
        if found := tuple(address for address in each.addresses if family_of(address) is family):
            yield replace(each, addresses=found)
