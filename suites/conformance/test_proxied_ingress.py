"""ipMode Proxy with a load balancer that does proxy: clients inside reach it, and not around it (KEP-1860)."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.source_ip import source_ip
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, IpMode, Service, ServiceType, addresses, ingress
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.outside_proxy import OutsideProxy

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.needs("load-balancer"),
    pytest.mark.needs("asked-ingress"),
    pytest.mark.needs("many-changes"),
]


def test_clients_inside_reach_a_proxy_at_its_own_address(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Pods and nodes that ask an address of ipMode Proxy are answered through the proxy, which asks its own node.

    So every backend sees an address of that node. Around the proxy, it would see one of the client's own.
    """
    annotations = dict(ingress(IpMode.PROXY))
    served = workload.make(Service("proxied", type=ServiceType.LOAD_BALANCER, annotations=annotations))
    node = clients.nodes[-1]

    with OutsideProxy(clients.outside, clients.nodes, served.load_balancer(), served.node_port(node)):
        workload.wait(served, len(backends.all))
        seen = probe(clients.inside, served.load_balancer())

    judge(availability(seen), reaches_all(seen, backends.names), source_ip(seen, addresses.of(node)))
