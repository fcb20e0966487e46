"""Changes of every kind that a Service can undergo, one after the other, while clients everywhere ask it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from gauntlet.ground.answering import Demand, answered_as
from gauntlet.ground.cluster import Host
from gauntlet.ground.family import Family
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind, Frontend, Protocol
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.semantics.objects import Policy, ServiceType
from gauntlet.traffic import Ask, Flow, Load, Target, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.under_way import under_way
from gauntlet.workload.backend import Backend
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.changes import Declarations
from gauntlet.workload.clients import Clients
from gauntlet.workload.endpoint_change import REST_S
from gauntlet.workload.served import RunningBackend, Served
from gauntlet.workload.service import HTTP, UDP, IpFamilyPolicy, Service
from gauntlet.workload.users import users_of_each_family

RATE_PER_S = 10.0
TIMEOUT_S = 0.5
DEADLINE_S = 20.0
_LOOK_EVERY_S = 0.2
# Nobody's (RFC 5737, RFC 3849).
EXTERNAL_IP: Mapping[Family, str] = MappingProxyType({Family.IPV4: "198.51.100.68", Family.IPV6: "2001:db8::68"})
_NAME = "changing"
_FAR = 2**63 - 1


@dataclass(frozen=True)
class Changed:
    """The attempts of all flows, and what they had to see after each change."""

    attempts: pl.DataFrame
    demands: tuple[Demand, ...]


@dataclass(frozen=True)
class Change:
    """What there is from then on, and which backends answer at which address; at others nobody does."""

    words: str
    declared: Declarations
    answers: Mapping[str, frozenset[str]]


class KindsOfChange:
    """Call it to change a Service of its own, under traffic from the pods of all nodes and from outside."""

    def __init__(self, traffic: Traffic, clients: Clients, workload: CaseWorkload, evidence: Evidence) -> None:
        self._traffic = traffic
        self._clients = clients
        self._workload = workload
        self._evidence = evidence

    def __call__(self) -> Changed:
        """Each change is made when the one before is in effect, or not by the deadline for that."""
        first, second = (Backend(f"{_NAME}-{number}", node) for number, node in enumerate(self._ends(), start=1))
        backends = self._workload.run(first, second)
        plain = Service(
            _NAME, (HTTP, UDP), ServiceType.NODE_PORT, app=None, ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK
        )
        served = self._workload.serve_endpoints(plain, [backends[first.name].endpoint()])
        demands: list[Demand] = []
        with under_way(self._traffic, self._evidence, self._loads(served), backends.nodes) as flows:
            flows.await_attempts(2)
            there: Declarations = {plain: [backends[first.name].endpoint()]}
            nodes = {node.name: node.addresses for node in self._clients.nodes}
            for change in changes(served, nodes, backends[first.name], backends[second.name]):
                demands.append(self._make(change, there, served.name))
                there = change.declared
                self._await(flows.flows, demands[-1])
                time.sleep(REST_S)
                demands[-1] = replace(demands[-1], until_ns=time.time_ns())
            attempts = flows.stop(backends.nodes)
        return Changed(attempts, tuple(demands))

    def _ends(self) -> tuple[str, str]:
        return self._workload.nodes[0], self._workload.nodes[-1]

    def _loads(self, served: Served) -> Iterator[tuple[Host, Load]]:
        for client, target in self._targets(served):
            yield client, Load(target, rate_per_s=RATE_PER_S, timeout_s=TIMEOUT_S, ask=Ask.HOSTNAME)

    def _targets(self, served: Served) -> Iterator[tuple[Host, Target]]:
        """At external IPs over TCP alone: datagrams that were sent there before they were served may be black-holed."""
        for family, pod in itertools.product(served.families, self._clients.pods):
            yield pod, served.at(EXTERNAL_IP[family], Protocol.TCP, Frontend.EXTERNAL_IP)
        yield from users_of_each_family(served, self._clients, self._clients.nodes)

    def _make(self, change: Change, there: Declarations, service: str) -> Demand:
        at_ns = time.time_ns()
        self._evidence.events.write(Event(EventKind.ENDPOINT_CHANGED, service, detail=change.words, at_ns=at_ns))
        self._workload.become(there, change.declared)
        return Demand(change.words, at_ns, _FAR, change.answers)

    def _await(self, flows: Sequence[Flow], demand: Demand) -> None:
        waiting = list(flows)

        def all_see_it() -> bool:
            waiting[:] = [each for each in waiting if not _sees(each, demand)]
            return not waiting

        # What is late is for the checker to say.
        with suppress(NotInTime):
            until(all_see_it, what=demand.words, deadline_s=DEADLINE_S, every_s=_LOOK_EVERY_S)


def _sees(flow: Flow, demand: Demand) -> bool:
    wanted = demand.backends_at(flow.load.target.address)
    return answered_as(flow.so_far(), wanted, demand.at_ns, demand.until_ns) is not None


def changes(
    served: Served, nodes: Mapping[str, Sequence[str]], first: RunningBackend, second: RunningBackend
) -> Iterator[Change]:
    """In this order, so that each is of one kind alone. `nodes` are the addresses of each node, by its name."""
    plain = served.declared
    exposed = replace(plain, external_ips=tuple(EXTERNAL_IP[family] for family in served.families))
    local = replace(exposed, external_traffic=Policy.LOCAL)
    ports = tuple(replace(each, node_port=served.node_ports[each.name]) for each in plain.ports)
    change = partial(_change, served, nodes)
    yield change("an endpoint more", plain, first, second)
    yield change("an endpoint less", plain, second)
    yield change("the last endpoint goes", plain)
    yield change("a first endpoint", plain, first)
    yield change("external IPs", exposed, first)
    yield change("policy Local", local, first)
    yield change("no NodePort any more", replace(local, type=ServiceType.CLUSTER_IP), first)
    yield change("NodePorts", replace(local, ports=ports), first)
    yield Change("deleted", {}, {})
    yield change("made again", replace(plain, ports=ports, cluster_ips=served.addresses), second)


def _change(
    served: Served, nodes: Mapping[str, Sequence[str]], words: str, service: Service, *backends: RunningBackend
) -> Change:
    names = frozenset(each.name for each in backends)
    is_local = service.external_traffic is Policy.LOCAL
    answers = dict.fromkeys((*served.addresses, *service.external_ips), names)
    for node, addresses in nodes.items() if service.has_node_ports else ():
        here = frozenset(each.name for each in backends if each.node == node or not is_local)
        answers |= dict.fromkeys(addresses, here)
    return Change(words, {service: [each.endpoint() for each in backends]}, answers)
