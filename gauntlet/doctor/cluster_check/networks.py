"""Ranges of addresses, as rules and Services write them, compared by what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network, summarize_address_range
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


def networks(ranges: Iterable[str]) -> tuple[Network, ...]:
    """The fewest networks that hold what these ranges of one family do: `10.0.0.0/8`, `10.1.2.3`, or `FIRST-LAST`."""
    return tuple(collapse_addresses([each for text in ranges for each in _of(text)]))  # type: ignore[type-var]


def is_within(network: Network, others: Iterable[Network]) -> bool:
    """Whether one of the others, all of its family, holds all of it."""
    return any(network.subnet_of(each) for each in others)  # type: ignore[arg-type]


def _of(text: str) -> Iterable[Network]:
    first, dash, last = text.partition("-")
    if dash:
        return summarize_address_range(ip_address(first), ip_address(last))
    return (ip_network(text, strict=False),)
