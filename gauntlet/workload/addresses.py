"""The addresses of a node: those by which it may appear as the source of a packet."""

from __future__ import annotations

from pydantic import BaseModel, TypeAdapter

from gauntlet.ground.cluster import Host


class _Address(BaseModel):
    local: str


class _Link(BaseModel):
    addr_info: tuple[_Address, ...] = ()


_LINKS = TypeAdapter(tuple[_Link, ...])


def of(host: Host) -> frozenset[str]:
    """All addresses of a host's interfaces. A masqueraded packet bears one of the interface that it leaves by.

    Raises CommandFailed if the host has no ip(8) that prints JSON.
    """
    links = _LINKS.validate_json(host.run(["ip", "-json", "address", "show"]).stdout)
    return frozenset(address.local for link in links for address in link.addr_info)
