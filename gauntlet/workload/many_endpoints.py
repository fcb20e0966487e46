"""Endpoints by the hundred: each an address and port of its own, with a name of its own, served by a few pods.

The pods run agnhost's `porter`, which answers on as many ports as it is told, by HTTP and by datagrams, on each with
the name of the endpoint. An EndpointSlice has one number for a port, so that there are as many slices as numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Self

from gauntlet.ground.family import Family
from gauntlet.ground.history import Protocol
from gauntlet.workload.backend import IMAGE, Backend, Program
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.endpoints import Slice, ready
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.service import Port, Service

FIRST_PORT = 20_000
_TCP, _UDP = "SERVE_PORT_", "SERVE_UDP_PORT_"
_APP = "porter"


def name_of(number: int) -> str:
    """What an endpoint answers."""
    return f"endpoint-{number}"


def names_of(numbers: Iterable[int]) -> frozenset[str]:
    return frozenset(map(name_of, numbers))


class ManyEndpoints:
    """Services of endpoints numbered from 0, in turn on the pods, one of which is on each node."""

    def __init__(self, workload: CaseWorkload, pods: Backends) -> None:
        self._workload = workload
        self._turns = 0
        self._pods = pods

    @classmethod
    def run(cls, workload: CaseWorkload, count: int) -> Self:
        """Start pods for so many endpoints."""
        return cls(workload, workload.run(*porters(count, workload.nodes)))

    def serve(self, *services: tuple[Service, Collection[int]]) -> tuple[Served, ...]:
        """Make these Services, without selectors, each with these endpoints, and wait until every node obeys them."""
        made = tuple(self._workload.make_slices(service, self._slices(numbers)) for service, numbers in services)
        self._await()
        return made

    def give(self, served: Served, numbers: Collection[int]) -> None:
        """Let a Service have just these endpoints from now on, and wait until every node obeys that."""
        self._workload.replace_endpoints(served, self._slices(numbers))
        self._await()

    def _await(self) -> None:
        """kube-proxy hears of changes in their order: whoever obeys a Service made after them obeys them as well."""
        self._turns += 1
        after = Service(f"after-{self._turns}", ports=(Port(80, FIRST_PORT),), app=None)
        self._workload.serve_endpoints(after, [ready(self._pods.all[0])])

    def _slices(self, numbers: Collection[int]) -> tuple[Slice, ...]:
        return slices_of(numbers, self._pods)


def porters(count: int, nodes: tuple[str, ...]) -> tuple[Backend, ...]:
    """One pod on each node, which together answer as so many endpoints."""
    made = []
    for place, node in enumerate(nodes):
        served = {_port(number, len(nodes)): name_of(number) for number in range(place, count, len(nodes))}
        environment = {f"{prefix}{port}": name for port, name in served.items() for prefix in (_TCP, _UDP)}
        # The first port is everybody's, also of a pod that has no endpoint.
        environment.setdefault(f"{_TCP}{FIRST_PORT}", f"{_APP}-{place}")
        run = Program(("/agnhost", "porter"), "/", FIRST_PORT, environment)
        made.append(Backend(f"{_APP}-{place + 1}", node, _APP, image=IMAGE, program=run))
    return tuple(made)


def slices_of(numbers: Collection[int], pods: Backends) -> tuple[Slice, ...]:
    """A slice for each port number, with the pods that serve a wanted endpoint there. Porter listens on IPv4 alone."""
    of_port: dict[int, list[int]] = {}
    for number in sorted(numbers):
        of_port.setdefault(_port(number, len(pods.all)), []).append(number % len(pods.all))
    return tuple(
        Slice(
            str(port),
            tuple(
                replace(ready(pod), addresses=(pod.address_in(Family.IPV4),)) for pod in map(pods.all.__getitem__, on)
            ),
            (Port(80, port), Port(80, port, Protocol.UDP)),
        )
        for port, on in of_port.items()
    )


def _port(number: int, pods: int) -> int:
    return FIRST_PORT + number // pods
