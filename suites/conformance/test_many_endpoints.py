"""Many endpoints, in many slices: each gets its share of connections, and none that was removed gets one."""

from collections.abc import Collection, Mapping, Sequence
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
from gauntlet.workload import HTTP, UDP, Backends, Clients, Policy, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.many_endpoints import ManyEndpoints, names_of
from gauntlet.workload.served import Served

pytestmark = [pytest.mark.conformance, pytest.mark.needs("endpoint-slices"), pytest.mark.needs("many-changes")]

PATIENCE_S = 2.0
# Up to FEW endpoints are asked by all clients of a case, also by those of one kind; MANY, which takes seconds, by one.
FEW, MANY = 4, 100
PROTOCOLS = pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])


def _one_of(hosts: Sequence[Host], protocol: Protocol) -> Sequence[Host]:
    """The first of them if TCP is asked for, and the second if UDP is."""
    return hosts[:1] if protocol is Protocol.TCP else hosts[1:2]


def _shared_fairly(probe: Probe, hosts: Sequence[Host], at: Target, numbers: Collection[int]) -> tuple[Finding, ...]:
    """Whether each of these endpoints gets its share of what each of these hosts asks there."""
    attempts = ATTEMPTS[len(numbers)]
    seen = probe(hosts, at, attempts=attempts, timeout_s=PATIENCE_S, ask=Ask.HOSTNAME)
    return shares(seen, names_of(numbers))


def _all_met(
    probe: Probe, hosts: Sequence[Host], at: Target, numbers: Collection[int], users: int | None = None
) -> tuple[Finding, ...]:
    """Whether each of these hosts meets each of these endpoints there, and nobody else."""
    attempts = enough_to_meet(len(numbers))
    seen = probe(hosts, at, attempts=attempts, users=users, timeout_s=PATIENCE_S, ask=Ask.HOSTNAME)
    return all_met(seen, names_of(numbers))


@pytest.mark.gate
@PROTOCOLS
def test_pods_find_all_endpoints_alike_at_a_cluster_ip(
    protocol: Protocol, counted: Mapping[int, Served], clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Of 1 to 4 endpoints each gets its fair share of what each pod asks at the ClusterIP; of 10, of what one asks."""
    for count, each in counted.items():
        if count < MANY:
            hosts = clients.pods if count <= FEW else _one_of(clients.pods, protocol)
            judge(_shared_fairly(probe, hosts, each.cluster_ip(protocol), range(count)))


@pytest.mark.gate
@PROTOCOLS
def test_nodes_find_all_endpoints_alike_at_a_cluster_ip(
    protocol: Protocol, counted: Mapping[int, Served], clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Of 1, 2, 3, 4, 10 and 100 endpoints each gets its fair share of what a node asks at the ClusterIP, in turn."""
    for (count, each), node in zip(counted.items(), cycle(clients.nodes), strict=False):
        judge(_shared_fairly(probe, (node,), each.cluster_ip(protocol), range(count)))


@PROTOCOLS
def test_everybody_finds_all_endpoints_alike_at_a_node_port(
    protocol: Protocol, counted: Mapping[int, Served], clients: Clients, probe: Probe, judge: Judge
) -> None:
    """At a NodePort, each of 1 to 10 endpoints gets its fair share of what a pod, a node and a host outside ask.

    The nodes are asked in turn: each of them by two of the six Services. 100 endpoints are asked from outside over TCP,
    and by a pod over UDP.
    """
    for (count, each), node in zip(counted.items(), cycle(clients.nodes), strict=False):
        hosts = (clients.outside, *clients.beside(node))
        asking = hosts if count < MANY else _one_of(hosts, protocol)
        judge(_shared_fairly(probe, asking, each.node_port(node, protocol), range(count)))


@pytest.mark.needs("load-balancer")
@PROTOCOLS
def test_everybody_finds_all_endpoints_alike_at_an_ingress_ip(
    protocol: Protocol, counted: Mapping[int, Served], clients: Clients, probe: Probe, judge: Judge
) -> None:
    """At an ingress IP, each of 1 to 10 endpoints gets its fair share of what a pod, a node and a host outside ask.

    The pod and the node are another one for each of the six Services, in turn. 100 endpoints are asked by a pod over
    TCP, and from outside over UDP.
    """
    for (count, each), node in zip(counted.items(), cycle(clients.nodes), strict=False):
        hosts = (clients.pod_on(node.name), clients.outside, node)
        asking = hosts if count < MANY else _one_of(hosts, protocol)
        judge(_shared_fairly(probe, asking, each.load_balancer(protocol), range(count)))


@pytest.mark.gate
@pytest.mark.needs("local-traffic-policy")
@PROTOCOLS
def test_the_two_endpoints_of_a_node_share_alike_with_policy_local(
    protocol: Protocol, workload: CaseWorkload, porters: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """With both policies Local, each of a node's two endpoints gets its fair share, at ClusterIP and NodePort.

    The pod of the node asks at the ClusterIP, the host outside at the NodePort.
    """
    local = Service(
        "local",
        ports=(HTTP, UDP),
        type=ServiceType.NODE_PORT,
        app=None,
        internal_traffic=Policy.LOCAL,
        external_traffic=Policy.LOCAL,
    )
    (served,) = ManyEndpoints(workload, porters).serve((local, range(2 * len(clients.nodes))))

    for number, porter in enumerate(porters.all):
        own = (number, number + len(porters.all))
        node = next(each for each in clients.nodes if each.name == porter.node)
        judge(_shared_fairly(probe, (clients.pod_on(node.name),), served.cluster_ip(protocol), own))
        judge(_shared_fairly(probe, (clients.outside,), served.node_port(node, protocol), own))


@pytest.mark.gate
@PROTOCOLS
def test_shares_are_fair_right_after_scaling(
    protocol: Protocol, workload: CaseWorkload, porters: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """When a Service goes from 3 endpoints to 10, and to 4 others, those that it has then share alike at once."""
    many = ManyEndpoints(workload, porters)
    (served,) = many.serve((Service("web", ports=(HTTP, UDP), app=None), range(3)))
    at = served.cluster_ip(protocol)

    judge(_shared_fairly(probe, clients.pods, at, range(3)))
    many.give(served, range(10))
    judge(_shared_fairly(probe, _one_of(clients.pods, protocol), at, range(10)))
    many.give(served, range(10, 14))
    judge(_shared_fairly(probe, clients.pods, at, range(10, 14)))


@pytest.mark.gate
def test_each_of_a_hundred_endpoints_is_reached_and_none_that_was_removed(
    workload: CaseWorkload, porters: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A pod meets all of 100 endpoints in 34 slices; once nine in ten are removed, each pod just the 10 that are left.

    Most slices go then, and others lose two of their three endpoints.
    """
    many = ManyEndpoints(workload, porters)
    (served,) = many.serve((Service("web", ports=(HTTP, UDP), app=None), range(100)))

    judge(_all_met(probe, clients.pods[:1], served.cluster_ip(), range(100)))
    many.give(served, range(0, 100, 10))
    judge(_all_met(probe, clients.pods, served.cluster_ip(), range(0, 100, 10)))


@pytest.mark.slow
@PROTOCOLS
def test_each_of_a_thousand_endpoints_is_reached_and_none_that_was_removed(
    protocol: Protocol, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A pod meets all of 1,000 endpoints in 334 slices; once every other one is removed, just the 500 that are left."""
    many = ManyEndpoints.run(workload, 1_000)
    (served,) = many.serve((Service("web", ports=(HTTP, UDP), app=None), range(1_000)))

    at = served.cluster_ip(protocol)

    judge(_all_met(probe, clients.pods[:1], at, range(1_000), users=8))
    many.give(served, range(0, 1_000, 2))
    judge(_all_met(probe, clients.pods[:1], at, range(0, 1_000, 2), users=8))
