"""Lookups: what a DNS server is asked, and what it said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """The kinds of records that are asked for (RFC 1035, 2782, 3596)."""

    A = 1
    CNAME = 5
    AAAA = 28
    SRV = 33


@dataclass(frozen=True)
class Name:
    """What is asked for: the records of a kind of a name."""

    name: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.kind.name} {self.name}"


@dataclass(frozen=True)
class Lookup:
    """One question to the server at `target`, and the records of its answer; or what went wrong."""

    client: str
    target: str
    name: Name
    at_ns: int
    records: frozenset[str]
    trouble: str
