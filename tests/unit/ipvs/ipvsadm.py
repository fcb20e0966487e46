"""Reads ipvsadm's own listings, to compare: facts by virtual server, as ipvsadm words them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from gauntlet.ground.family import place
from gauntlet.proxy.ipvs import Connection, Ipvs, VirtualServer

Server: TypeAlias = tuple[str, frozenset[tuple[str, ...]]]

_ALL_CLIENTS = ("255.255.255.255", "128")
# What the kernel's file does not show, and `-6` of a mark that its real servers show.
_HIDDEN = re.compile(r" \((?:[sm]h-(?:fallback|port),?)+\)| IPv6")


def servers(listing: str) -> dict[str, Server]:
    """`ipvsadm -Ln`: scheduler and flags, and the real servers, by protocol and place."""
    found: dict[str, tuple[str, set[tuple[str, ...]]]] = {}
    for line in _body(listing):
        if line.startswith("  ->"):
            last = next(reversed(found))
            found[last][1].add(tuple(line.split()[1:]))
        else:
            kind, place, rest = _HIDDEN.sub("", line).split(maxsplit=2)
            found[f"{kind} {place}"] = (rest.strip(), set())
    return {key: (said, frozenset(real)) for key, (said, real) in found.items()}


def as_ipvsadm_says(server: VirtualServer) -> tuple[str, Server]:
    """Our own reading in the words of `ipvsadm -Ln`."""
    words = [server.scheduler]
    if server.one_packet:
        words.append("ops")
    if server.persistence:
        assert server.persistence.timeout_s is not None
        words.append(f"persistent {server.persistence.timeout_s:.0f}")
        if server.persistence.netmask not in _ALL_CLIENTS:
            words.append(f"mask {server.persistence.netmask}")
    key = f"FWM {server.fwmark}" if server.protocol is None else f"{server.protocol.upper()} {server.place}"
    real = frozenset(
        (
            place(each.address, each.port),
            each.forward.capitalize(),
            *map(str, (each.weight, each.active, each.inactive)),
        )
        for each in server.real_servers
    )
    return key, (" ".join(words), real)


def connections(listing: str) -> set[tuple[str, ...]]:
    """`ipvsadm -Lcn`: protocol, state, source, virtual and destination. Times go by between two listings."""
    return {(protocol, state, *places) for protocol, _, state, *places in map(str.split, _body(listing))}


def connection_as_ipvsadm_says(each: Connection) -> tuple[str, ...]:
    places = ((each.client, each.client_port), (each.virtual, each.virtual_port), (each.real, each.real_port))
    return (each.protocol.upper(), each.state, *(place(*end) for end in places))


def totals(listing: str) -> tuple[int, ...]:
    """`ipvsadm -Ln --stats --exact`: connections, packets and bytes of all virtual servers together."""
    rows = [line.split()[-5:] for line in _body(listing) if not line.startswith("  ->")]
    return tuple(sum(map(int, column)) for column in zip(*rows, strict=True))


def assert_agrees(found: Ipvs, listing: str, connection_listing: str) -> None:
    """Fails where the inspection and ipvsadm's two listings of the same moment differ."""
    assert dict(map(as_ipvsadm_says, found.virtual_servers)) == servers(listing)
    assert set(map(connection_as_ipvsadm_says, found.connections)) == connections(connection_listing)


def _body(listing: str) -> Iterator[str]:
    titles = ("IP Virtual Server", "Prot ", "  -> RemoteAddress", "IPVS connection", "pro expire")
    return (line for line in listing.splitlines() if line.strip() and not line.startswith(titles))
