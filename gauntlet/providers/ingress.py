"""What a Service asks of the stand-in for a load balancer, and what it has of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family, families_of, family_of
from gauntlet.kube.objects import ServiceObject
from gauntlet.semantics.objects import Ingress, IpMode

# As a Service names it that wants no other load balancer (spec.loadBalancerClass).
CLASS = "gauntlet.dev/stand-in"
# The ipMode of each address that it wants: "VIP,Proxy". Without it, one of VIP.
ANNOTATION = "gauntlet.dev/ingress"


def ingress(*modes: IpMode) -> Mapping[str, str]:
    """The annotation of a Service that wants one address a mode, of each of its families; none at all without any."""
    return {ANNOTATION: ",".join(modes)}


def is_ours(service: ServiceObject) -> bool:
    """Whether the stand-in is to serve it. Another class names another load balancer."""
    return service.spec.type == "LoadBalancer" and service.spec.load_balancer_class in ("", CLASS)


def wanted_modes(service: ServiceObject) -> tuple[IpMode, ...]:
    """Raises GauntletError if the annotation does not make sense."""
    value = service.metadata.annotations.get(ANNOTATION, IpMode.VIP)
    try:
        return tuple(IpMode(each.strip()) for each in value.split(",") if each.strip())
    except ValueError:
        raise GauntletError(
            f"annotation {ANNOTATION} of Service {service.metadata.full_name} is {value!r}",
            f"give a list of {' and '.join(IpMode)}, one for each address; empty for none",
        ) from None


def wanted(service: ServiceObject, take: Callable[[Family], str | None]) -> tuple[Ingress, ...]:
    """The ingress it is to have: as much of its present one as it wants, and what `take` gives of new addresses.

    The first address of a family is of the first mode, and so on: if an annotation changes, addresses stay as long as
    there are no fewer, and only their modes change. `take` returns None if a family has no more.
    """
    if not is_ours(service):
        return present(service)
    return tuple(_made(service, take))


def is_settled(service: ServiceObject) -> bool:
    """Whether it has the addresses that it wants of a load balancer, be it the stand-in or, without annotation, any."""
    if not is_ours(service):
        return True
    if ANNOTATION not in service.metadata.annotations:
        return bool(service.ingress)
    return wanted(service, lambda _: None) == present(service) and len(service.ingress) == _count(service)


def _count(service: ServiceObject) -> int:
    return len(wanted_modes(service)) * len(_families(service))


def _families(service: ServiceObject) -> tuple[Family, ...]:
    return families_of(service.spec.all_cluster_ips)


def present(service: ServiceObject) -> tuple[Ingress, ...]:
    found = service.status.load_balancer.ingress
    return tuple(Ingress(each.ip, IpMode(each.ip_mode)) for each in found if each.ip)


def _made(service: ServiceObject, take: Callable[[Family], str | None]) -> Iterator[Ingress]:
    present = {family: [each for each in service.ingress if family_of(each) is family] for family in _families(service)}
    for number, mode in enumerate(wanted_modes(service)):
        for family, addresses in present.items():
            address = addresses[number] if number < len(addresses) else take(family)
            if address is not None:
                yield Ingress(address, mode)
