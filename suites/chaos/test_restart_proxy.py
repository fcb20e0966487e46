"""Restarted: kube-proxy ends while Services change, and is started again without having heard of that."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.faults.hurting import Hurting
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.proxy import restart
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backend, Clients, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.chaos]

ATTEMPTS = 10
# At what had one endpoint alone: rules that are left answer the first one.
FEW = 2


@pytest.mark.needs("endpoint-slices")
@pytest.mark.needs("many-changes")
def test_what_went_while_kube_proxy_was_away_is_gone_when_it_is_back(
    hurting: Hurting, workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A Service goes, and an endpoint of another: on the node, whose kube-proxy was away, nobody meets them any more.

    It is stopped, so that it hears of nothing, and told to end, which it does as soon as it continues.
    """
    hurt, far = clients.nodes[0], clients.nodes[-1]
    backends = workload.run(Backend("goes", far.name), Backend("stays", far.name))
    left = backends.without("goes")
    passing = Service("passing", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    gone = workload.serve_endpoints(passing, backends.without("stays").endpoints())
    shrinking = workload.serve_endpoints(Service("shrinking", ports=(HTTP, UDP), app=None), backends.endpoints())

    hurting.begin("stop-proxy")
    workload.delete_with_endpoints(passing)
    workload.replace_endpoints(shrinking, left.endpoints())
    hurt.run(("sh", "-c", restart.END))
    hurting.end()
    # Once that is obeyed, so is what went before.
    workload.serve_endpoints(Service("afterwards", app=None), left.endpoints())

    protocols = (Protocol.TCP, Protocol.UDP)
    inside = clients.beside(hurt)
    served = probe(inside, *map(shrinking.cluster_ip, protocols), attempts=ATTEMPTS)
    refused = probe(inside, *map(gone.cluster_ip, protocols), attempts=FEW)
    outside = probe([clients.outside], *(gone.node_port(hurt, each) for each in protocols), attempts=FEW)
    judge(availability(served), correctness(pl.concat([served, refused, outside]), left.names))
