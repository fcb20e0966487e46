"""Reads /proc/net/ip_vs_conn: the connections that IPVS forwards, and the clients it remembers."""

from __future__ import annotations

from gauntlet.proxy.ipvs.model import Connection
from gauntlet.proxy.ipvs.notation import Unreadable, address, port

FILE = "/proc/net/ip_vs_conn"
_TITLE = "Pro FromIP"


def parse(text: str) -> tuple[Connection, ...]:
    """The entries of this file, in its order (which has no meaning).

    Raises Unreadable for a line that is neither the title nor an entry.
    """
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith(_TITLE))
    return tuple(_connection(line) for line in lines)


def _connection(line: str) -> Connection:
    try:
        protocol, client, client_port, virtual, virtual_port, real, real_port, state, expires, *helper = line.split()
        return Connection(
            protocol.lower(),
            address(client),
            port(client_port),
            address(virtual),
            port(virtual_port),
            address(real),
            port(real_port),
            state,
            int(expires),
            " ".join(helper),
        )
    except ValueError as error:
        raise Unreadable(FILE, line, str(error)) from None
