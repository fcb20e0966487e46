"""How many nodes an upgrade may have on this machine: with more, its own load would be what clients notice."""

from __future__ import annotations

import os

from gauntlet.ground.errors import UsageError
from gauntlet.ground.memory import available_bytes

# With API server, etcd, controllers and the gauntlet itself; and for each node, with its kube-proxy, backend, client
# and two agents of traffic.
BASE_MIB, NODE_MIB = 1024, 320
# Each node adds a dozen flows, twenty attempts a second each: five of its client, four of its own network and of its
# NodePorts, one of the Service that changes, two of resolvers.
NODES_A_CORE = 4
_MIB = 1 << 20


def most_nodes(cores: int, free_mib: int | None) -> int:
    """How many nodes so many processors and so much free memory carry; at least one, which is always tried."""
    by_memory = cores * NODES_A_CORE if free_mib is None else (free_mib - BASE_MIB) // NODE_MIB
    return max(1, min(cores * NODES_A_CORE, by_memory))


def require_carried(nodes: int) -> None:
    """Raises UsageError if this machine does not carry an upgrade of so many nodes."""
    cores, free = len(os.sched_getaffinity(0)), available_bytes()
    free_mib = None if free is None else free // _MIB
    most = most_nodes(cores, free_mib)
    if nodes > most:
        raise UsageError(
            f"an upgrade of a cluster of {nodes} nodes is too much for this machine: {NODES_A_CORE} nodes take a "
            f"processor, and each of them {NODE_MIB} MiB; there are {cores} processors and {free_mib} MiB free",
            f"ask for at most {most} nodes here",
        )
