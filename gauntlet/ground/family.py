"""The two families of IP addresses, and what has an address of each.

Lists of addresses and of ranges have at most one of a family, as `status.podIPs` of a Pod does, and begin with the
primary one (kubernetes.io/docs/concepts/services-networking/dual-stack).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Family(StrEnum):
    """`spec.ipFamilies` of a Service, and the address types of slices that kube-proxy reads."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


BOTH = (Family.IPV4, Family.IPV6)
# The range that has every address of a family in it.
EVERYTHING: Mapping[Family, str] = {Family.IPV4: "0.0.0.0/0", Family.IPV6: "::/0"}
# The words by which a cluster's families are asked for.
CHOICES: Mapping[str, tuple[Family, ...]] = {"dual": BOTH, "ipv4": (Family.IPV4,), "ipv6": (Family.IPV6,)}


def family_of(address: str) -> Family:
    """The family of an address or of a range of addresses."""
    return Family.IPV6 if ":" in address else Family.IPV4


def families_of(addresses: Iterable[str]) -> tuple[Family, ...]:
    """The families of addresses or ranges, each once, in their order."""
    return tuple(dict.fromkeys(map(family_of, addresses)))


def common_families(hosts: Iterable[Iterable[str]]) -> tuple[Family, ...]:
    """The families that each of these hosts has an address of, in the order of the first host; none without hosts."""
    each = [families_of(addresses) for addresses in hosts]
    return tuple(family for family in next(iter(each), ()) if all(family in found for found in each))


def first_of(family: Family, addresses: Iterable[str]) -> str:
    """The first address or range of a family. Raises LookupError if there is none."""
    found = next((each for each in addresses if family_of(each) is family), None)
    if found is None:
        raise LookupError(f"none of {', '.join(addresses) or 'no addresses'} is {family}")
    return found


def literal(address: str) -> str:
    """An address as it stands before a port, and in a URL: `10.0.0.1`, `[fd00::1]`."""
    return f"[{address}]" if family_of(address) is Family.IPV6 else address


def place(address: str, port: int) -> str:
    """`10.0.0.1:80`, or `[fd00::1]:80`."""
    return f"{literal(address)}:{port}"


def parted(place: str) -> tuple[str, int]:
    """The address and the port of a place."""
    address, _, port = place.rpartition(":")
    return address.removeprefix("[").removesuffix("]"), int(port)


class Addressed:
    """What has `addresses`: one of each family, the primary one first."""

    addresses: tuple[str, ...]

    @property
    def address(self) -> str:
        """The primary one; empty if it has none."""
        return next(iter(self.addresses), "")

    def address_in(self, family: Family) -> str:
        """That of a family. Raises LookupError if it has none."""
        return first_of(family, self.addresses)
