"""Many endpoints, in many slices: each gets its share of connections, and none that was removed gets one."""

from collections.abc import Collection, Sequence
from itertools import cycle

import pytest

from gauntlet.checkers.shares import ATTEMPTS, all_met, shares
from gauntlet.ground.cluster import Host
from gauntlet.ground.finding import Finding
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.semantics.asked import enough_to_meet
from gauntlet.traffic import Ask, Target
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Clients, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.many_endpoints import ManyEndpoints, names_of

pytestmark = [pytest.mark.conformance, pytest.mark.needs("endpoint-slices"), pytest.mark.needs("many-changes")]

PATIENCE_S = 2.0
COUNTS = tuple(ATTEMPTS)
PROTOCOLS = pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])


def _services(counts: Sequence[int], kind: ServiceType) -> list[tuple[Service, range]]:
    return [(Service(f"of-{each}", ports=(HTTP, UDP), type=kind, app=None), range(each)) for each in counts]


def _shared_fairly(probe: Probe, hosts: Sequence[Host], at: Target, numbers: Collection[int]) -> tuple[Finding, ...]:
    """Whether each of these endpoints gets its share of what each of these hosts asks there."""
    attempts = ATTEMPTS[len(numbers)]
    seen = probe(hosts, at, attempts=attempts, timeout_s=PATIENCE_S, ask=Ask.HOSTNAME)
    return shares(seen, names_of(numbers))


@pytest.mark.gate
@PROTOCOLS
def test_pods_find_all_endpoints_alike_at_a_cluster_ip(
    protocol: Protocol, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Of 1, 2, 3, 4 and 10 endpoints each gets its fair share of what each pod asks at the ClusterIP."""
    counts = COUNTS[:-1]
    served = ManyEndpoints(workload, counts[-1]).serve(*_services(counts, ServiceType.CLUSTER_IP))

    for count, each in zip(counts, served, strict=True):
        judge(_shared_fairly(probe, clients.pods, each.cluster_ip(protocol), range(count)))


@PROTOCOLS
def test_nodes_find_all_endpoints_alike_at_a_cluster_ip(
    protocol: Protocol, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Of 1, 2, 3, 4, 10 and 100 endpoints each gets its fair share of what a node asks at the ClusterIP, in turn."""
    served = ManyEndpoints(workload, COUNTS[-1]).serve(*_services(COUNTS, ServiceType.CLUSTER_IP))

    for count, each, node in zip(COUNTS, served, cycle(clients.nodes), strict=False):
        judge(_shared_fairly(probe, (node,), each.cluster_ip(protocol), range(count)))


@PROTOCOLS
def test_everybody_finds_all_endpoints_alike_at_a_node_port(
    protocol: Protocol, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """At a NodePort, each of 1 to 100 endpoints gets its fair share of what a pod, a node and a host outside ask.

    The nodes are asked in turn: each of them by two of the six Services.
    """
    served = ManyEndpoints(workload, COUNTS[-1]).serve(*_services(COUNTS, ServiceType.NODE_PORT))

    for count, each, node in zip(COUNTS, served, cycle(clients.nodes), strict=False):
        hosts = [*clients.beside(node), clients.outside]
        judge(_shared_fairly(probe, hosts, each.node_port(node, protocol), range(count)))


@pytest.mark.needs("load-balancer")
@PROTOCOLS
def test_everybody_finds_all_endpoints_alike_at_an_ingress_ip(
    protocol: Protocol, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """At an ingress IP, each of 1 to 100 endpoints gets its fair share of what a pod, a node and a host outside ask.

    The pod and the node are another one for each of the six Services, in turn.
    """
    served = ManyEndpoints(workload, COUNTS[-1]).serve(*_services(COUNTS, ServiceType.LOAD_BALANCER))

    for count, each, node in zip(COUNTS, served, cycle(clients.nodes), strict=False):
        hosts = [*clients.beside(node), clients.outside]
        judge(_shared_fairly(probe, hosts, each.load_balancer(protocol), range(count)))


@pytest.mark.gate
@PROTOCOLS
def test_shares_are_fair_right_after_scaling(
    protocol: Protocol, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """When a Service goes from 3 endpoints to 10, and to 4 others, those that it has then share alike at once."""
    many = ManyEndpoints(workload, 14)
    (served,) = many.serve((Service("web", ports=(HTTP, UDP), app=None), range(3)))
    at = served.cluster_ip(protocol)

    for numbers in (range(3), range(10), range(10, 14)):
        many.give(served, numbers)
        judge(_shared_fairly(probe, clients.pods, at, numbers))


@pytest.mark.gate
def test_each_of_a_hundred_endpoints_is_reached_and_none_that_was_removed(
    workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Each pod meets all of 100 endpoints in 34 slices; once every other one is removed, just the 50 that are left."""
    many = ManyEndpoints(workload, 100)
    (served,) = many.serve((Service("web", ports=(HTTP, UDP), app=None), range(100)))

    for numbers in (range(100), range(0, 100, 2)):
        many.give(served, numbers)
        attempts = enough_to_meet(len(numbers))
        seen = probe(clients.pods, served.cluster_ip(), attempts=attempts, timeout_s=PATIENCE_S, ask=Ask.HOSTNAME)
        judge(all_met(seen, names_of(numbers)))


@pytest.mark.slow
@PROTOCOLS
def test_each_of_a_thousand_endpoints_is_reached_and_none_that_was_removed(
    protocol: Protocol, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A pod meets all of 1,000 endpoints in 334 slices; once every other one is removed, just the 500 that are left."""
    many = ManyEndpoints(workload, 1_000)
    (served,) = many.serve((Service("web", ports=(HTTP, UDP), app=None), range(1_000)))

    for numbers in (range(1_000), range(0, 1_000, 2)):
        many.give(served, numbers)
        attempts, at = enough_to_meet(len(numbers)), served.cluster_ip(protocol)
        seen = probe(clients.pods[0], at, attempts=attempts, users=8, timeout_s=PATIENCE_S, ask=Ask.HOSTNAME)
        judge(all_met(seen, names_of(numbers)))
