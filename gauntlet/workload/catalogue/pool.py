"""The pool: makes the pods that all declared cases share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gauntlet.workload.backend import HOST_HTTP_PORT, HOST_UDP_PORT, Backend
from gauntlet.workload.catalogue.pods import Pods
from gauntlet.workload.catalogue.surroundings import Surroundings
from gauntlet.workload.served import Backends, RunningBackend
from gauntlet.workload.workload import Workload

OF_THE_HOST = "host"


@dataclass(frozen=True)
class Pool:
    """`addresses` are those of each pod, by what it calls itself in its replies; `nodes` the node of each, likewise."""

    pods: Pods
    addresses: Mapping[str, tuple[str, ...]]
    nodes: Mapping[str, str]


def make(workload: Workload, clients: Backends, around: Surroundings, *, host_network: Sequence[str]) -> Pool:
    """Run the second pods, and those of the host's network on these nodes, and wait until they serve."""
    order = [each.name for each in around.nodes]
    wanted = [Backend(f"second-{number}", node) for number, node in enumerate(order, start=1)]
    own = {each.name: each.addresses for each in around.nodes}
    of_the_host = [
        Backend(
            f"host-{number}",
            node,
            OF_THE_HOST,
            http_port=HOST_HTTP_PORT,
            udp_port=HOST_UDP_PORT,
            in_host_network=True,
            # At any address, the kernel would answer a datagram from the one that is nearest to the client.
            udp_addresses=own[node],
        )
        for number, node in enumerate(host_network, start=1)
    ]
    running = workload.run(*wanted, *of_the_host)
    first = {each.node: each for each in clients.all}
    pods = Pods(
        (*(first[node] for node in order), *(running[each.name] for each in wanted)),
        tuple(running[each.name] for each in of_the_host),
        {each.name: each.zone for each in around.nodes if each.zone},
    )
    named = {each.name: each for each in pods.all} | {_host_name(each): each for each in pods.of_the_host}
    return Pool(
        pods,
        {name: each.addresses for name, each in named.items()},
        {name: each.node for name, each in named.items()},
    )


def _host_name(pod: RunningBackend) -> str:
    """A pod of the host's network has its node's host name."""
    return pod.node
