"""The traffic of one experiment: who asks what of its Services in which way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from gauntlet.checkers.windows import WINDOWS
from gauntlet.ground.cluster import Host
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, Protocol
from gauntlet.traffic import Ask, Flow, Load, Target, Traffic
from gauntlet.workload.clients import Clients
from gauntlet.workload.served import Served

# Of flows that are there for what they have to lose. Five times what the strictest resolution asks for, and a third of
# what new TCP connections cost two processors or the kernel of a guest.
KEEPERS_RATE_PER_S = 10.0
# With 126 connections a backend with twice its share is found with 99 % (gauntlet.checkers.balance).
RATE_PER_S = 50.0
# In the five seconds after a fault it still makes more than 126 connections. A guest forwards more than this, but
# userspace mode, which carries every connection in a process, does not: at 50 a second its control windows were slow.
SPARING_RATE_PER_S = 30.0
# At 50 a second clients and backends of one cluster take all of one (two together made attempts up to 540 ms late).
_PROCESSORS = 2.0
_KEPT_OVER = (Protocol.TCP, Protocol.UDP)


@dataclass
class Flows:
    """The flows of one experiment; more may join while it runs.

    `declared` are all that are to attempt, whether or not they ever start, with the windows in which they are to.
    """

    traffic: Traffic
    stack: ExitStack
    declared: dict[DeclaredFlow, tuple[str, ...]]
    all: list[Flow] = field(default_factory=list)

    def declare(self, client: Host, load: Load, windows: tuple[str, ...] = WINDOWS) -> None:
        self.declared[load.declared(client)] = windows

    def start(self, client: Host, load: Load) -> None:
        self.all.append(self.stack.enter_context(self.traffic.start(client, load)))

    def stop(self, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
        for flow in self.all:
            flow.ask_to_stop()
        return pl.concat([flow.stop(backend_nodes) for flow in self.all]).sort("at_ns", maintain_order=True)


Join = Callable[[Flows, threading.Event], None]


def rate_per_s(*, own_kernels: bool, processors: float) -> float:
    """How often each client makes a new TCP connection where each cluster has so many processors for itself."""
    return SPARING_RATE_PER_S if own_kernels or processors < _PROCESSORS else RATE_PER_S


def wanted(
    clients: Clients, inside: Sequence[Host], echo: Served, sticky: Served, new_per_s: float
) -> Iterator[tuple[Host, Load]]:
    """The flows of an experiment from its beginning to its end.

    Those `inside` make new connections to the cluster IP, the host outside to two NodePorts, so often a second. The
    client pods and the host outside have something to keep as well: connections, UDP flows of a fixed port, and, at the
    `sticky` Service, the backend that they met first.
    """
    node_ports = clients.nodes[:2]
    for client in inside:
        yield client, Load(echo.cluster_ip(), rate_per_s=new_per_s)
    for node in node_ports:
        yield clients.outside, Load(echo.node_port(node), rate_per_s=new_per_s)
    for pod in clients.pods:
        yield pod, _seldom(echo.cluster_ip(Protocol.UDP))
        yield pod, _seldom(sticky.cluster_ip())
        for protocol in _KEPT_OVER:
            yield pod, _kept(echo.cluster_ip(protocol))
    for node in node_ports:
        for protocol in _KEPT_OVER:
            yield clients.outside, _kept(echo.node_port(node, protocol))


def _seldom(target: Target) -> Load:
    return Load(target, rate_per_s=KEEPERS_RATE_PER_S, ask=Ask.HOSTNAME)


def _kept(target: Target) -> Load:
    return Load.kept(target, KEEPERS_RATE_PER_S, Ask.HOSTNAME)
