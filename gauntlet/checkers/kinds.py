"""Kinds of flows in an experiment: which attempts which check may look at.

New TCP connections of Services that forget their clients are made often enough for statistics, each of them chooses a
backend anew, and no two of them share a fate. The others are there for what they have to lose: datagrams are never sent
again, a kept flow stays with its backend, and a client of a Service with `sessionAffinity: ClientIP` with its own.
"""

from __future__ import annotations

from collections.abc import Collection

from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, Protocol


def is_new() -> pl.Expr:
    """Whether an attempt chooses by itself where it goes: a connection of its own, or a datagram of a new socket."""
    return pl.col("connection") == str(Connection.NEW)


def is_free(sticky: Collection[str]) -> pl.Expr:
    """Whether an attempt is a new TCP connection to a Service that is not among those that remember their clients."""
    return is_new() & (pl.col("protocol") == str(Protocol.TCP)) & ~pl.col("service").is_in(sorted(sticky))
