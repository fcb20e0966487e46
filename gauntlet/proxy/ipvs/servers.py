"""Reads /proc/net/ip_vs: virtual servers, each followed by its real servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from gauntlet.ground.family import Family, families_of
from gauntlet.proxy.ipvs.model import Persistence, Protocol, RealServer, VirtualServer
from gauntlet.proxy.ipvs.notation import Unreadable, address_and_port

FILE = "/proc/net/ip_vs"
_TITLES = ("IP Virtual Server", "Prot LocalAddress", "  -> RemoteAddress")
_FORWARDS = frozenset({"masq", "local", "tunnel", "route", "bypass"})
_ALL_CLIENTS_V6 = 0x80000000


@dataclass
class _Found:
    """A virtual server while its real servers are still coming in."""

    server: VirtualServer
    netmask: int
    real: list[RealServer]


def parse(text: str, ticks_per_s: int | None = None) -> tuple[VirtualServer, ...]:
    """The virtual servers of this file, in its order (which has no meaning).

    `ticks_per_s` are the kernel's jiffies a second (CONFIG_HZ), if known. Raises Unreadable for a line that is
    neither a title nor a server.
    """
    found: list[_Found] = []
    for line in text.splitlines():
        if line.startswith(_TITLES) or not line.strip():
            continue
        words = line.split()
        try:
            if words[0] != "->":
                found.append(_virtual(words, ticks_per_s))
            elif found:
                found[-1].real.append(_real(words))
            else:
                raise ValueError("no virtual server stands before it")
        except ValueError as error:
            raise Unreadable(FILE, line, str(error)) from None
    return tuple(_finished(each) for each in found)


def _virtual(words: Sequence[str], ticks_per_s: int | None) -> _Found:
    kind, place, scheduler, *flags = words
    if kind == "FWM":
        server = VirtualServer(None, "", 0, int(place, 16), scheduler)
    else:
        address, port = address_and_port(place)
        server = VirtualServer(Protocol(kind.lower()), address, port, None, scheduler)
    if flags[:1] == ["ops"]:
        server = replace(server, one_packet=True)
        flags = flags[1:]
    if not flags:
        return _Found(server, 0, [])
    word, jiffies, netmask = flags
    if word != "persistent":
        raise ValueError(f"unknown flag {word!r}")
    timeout_s = None if ticks_per_s is None else int(jiffies) / ticks_per_s
    return _Found(replace(server, persistence=Persistence(int(jiffies), timeout_s, "")), int(netmask, 16), [])


def _real(words: Sequence[str]) -> RealServer:
    _, place, forward, *numbers = words
    if forward.lower() not in _FORWARDS:
        raise ValueError(f"unknown way of forwarding {forward!r}")
    weight, active, inactive = (int(number) for number in numbers)
    return RealServer(*address_and_port(place), forward.lower(), weight, active, inactive)


def _finished(found: _Found) -> VirtualServer:
    server = replace(found.server, real_servers=tuple(found.real))
    if server.persistence is None:
        return server
    netmask = _netmask(found)
    return replace(server, persistence=replace(server.persistence, netmask=netmask))


def _netmask(found: _Found) -> str:
    """For IPv6 the kernel prints the prefix length as if it were a mask: byte-swapped on little-endian machines.

    The family of a mark is that of its real servers; without any, only IPv6's default can be told.
    """
    addresses = [found.server.address] if found.server.address else [each.address for each in found.real]
    if Family.IPV6 in families_of(addresses) or (not addresses and found.netmask == _ALL_CLIENTS_V6):
        return str(
            found.netmask if found.netmask <= 128 else int.from_bytes(found.netmask.to_bytes(4, "big"), "little")
        )
    return str(IPv4Address(found.netmask))
