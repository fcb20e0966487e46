"""Session affinity by client IP: a client keeps its backend until it stays away for the time-out."""

import pytest

from gauntlet.checkers.affinity import affinity
from gauntlet.checkers.affinity_timeout import affinity_timeout
from gauntlet.checkers.availability import availability
from gauntlet.checkers.balance import balance
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.own_choice import own_choice
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic import Target
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

DEFAULT_TIMEOUT_S = 10800
TIMEOUT_S = 5
# Three clients at six Services choose among three backends: all choose as before once in 3^18 times. So do the two
# clients of each of three nodes choose alike.
SERVICES = 6
ATTEMPTS = 25
# So many that six clients make 144 choices, which show a backend with twice its share 99 times in 100.
TO_CHOOSE_AT = 24
# A visit may come half a time-out late, and a time-out that is less than half as long as it should be is seen. The last
# one comes one and a half time-outs after the first.
VISITS_IN_A_TIMEOUT = 2
VISITS = 2 + VISITS_IN_A_TIMEOUT


def test_client_keeps_its_backend(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """From the pod of every node, all connections to a Service with session affinity meet one backend."""
    service = workload.serve(Service("sticky", ports=(HTTP, UDP), affinity_timeout_s=DEFAULT_TIMEOUT_S))

    for protocol in (Protocol.TCP, Protocol.UDP):
        seen = probe(clients.pods, service.cluster_ip(protocol), attempts=ATTEMPTS)
        judge(availability(seen), correctness(seen, backends.names), affinity(seen))


def test_clients_of_one_node_choose_each_for_itself(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """The pod of a node and the node itself keep backends of their own: not everywhere is it the same one."""
    seen = probe(clients.inside, *_sticky(workload, SERVICES), attempts=2)

    judge(availability(seen), correctness(seen, backends.names), own_choice(seen, len(backends.names)))


@pytest.mark.needs("many-changes")
def test_clients_choose_each_backend_alike(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Whom pods and nodes are given first, and keep, is chosen evenly: no backend has more clients than its share."""
    seen = probe(clients.inside, *_sticky(workload, TO_CHOOSE_AT), attempts=1)

    judge(availability(seen), correctness(seen, backends.names), balance(seen, backends.names, each_node=False))


@pytest.mark.needs("affinity-timeout")
def test_client_keeps_its_backend_until_the_time_out(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Visits keep a client's backend for it beyond the time-out; Services left alone for so long choose anew."""
    visited, *left_alone = _sticky(workload, SERVICES + 1, TIMEOUT_S)

    before = probe(clients.pods, visited, *left_alone, attempts=ATTEMPTS)
    # Longer than the time-out, in which nobody comes to the others.
    visits = probe(clients.pods, visited, attempts=VISITS, rate_per_s=VISITS_IN_A_TIMEOUT / TIMEOUT_S)
    after = probe(clients.pods, *left_alone, attempts=ATTEMPTS)

    judge(availability(before), affinity(before))
    judge(availability(visits), affinity(pl.concat([before, visits])))
    judge(availability(after), affinity(after), affinity_timeout(before, after, len(backends.names)))


def _sticky(workload: CaseWorkload, count: int, timeout_s: int = DEFAULT_TIMEOUT_S) -> list[Target]:
    """The ClusterIPs of so many Services that remember their clients."""
    sticky = [Service(f"sticky-{number}", affinity_timeout_s=timeout_s) for number in range(count)]
    return [service.cluster_ip() for service in workload.serve_all(sticky)]
