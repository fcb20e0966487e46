"""Some changes are written late, and all others in time."""

from __future__ import annotations

import time

from tests.saboteurs.places import changes_node_ports, deletes, empties, endpoints_by, is_addition, makes, when

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Act, Call
    from tests.saboteurs.targets import Port

# What cases wait for, they wait for longer.
LATE_S = 8


def late(call: Call) -> int:
    time.sleep(LATE_S)
    return call.run(call.text)


def _late_with(matters: Callable[[Port, list[str] | None, list[str]], bool]) -> Act:
    """Late with the endpoints of ports of which this is so, by those that they had, and those that they have now."""
    return lambda call: late(call) if any(matters(*each) for each in endpoints_by(call)) else call.run(call.text)


def is_of_udp(port: Port, before: list[str] | None, now: list[str]) -> bool:
    return port.protocol == "udp" and before != now


SABOTEURS = {
    "deletions": when(deletes, late),
    "new-services": when(makes, late),
    "last-endpoint": when(empties, late),
    "node-ports": when(changes_node_ports, late),
    "additions": _late_with(is_addition),
    "udp": _late_with(is_of_udp),
}
