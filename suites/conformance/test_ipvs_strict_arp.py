"""strictARP: does a node answer for Service addresses that are bound to its kube-ipvs0?"""

import pytest

from gauntlet.report.judge import Judge
from gauntlet.workload import Clients, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.ipvs_nodes import Arp
from gauntlet.workload.proxy_configuration import ProxyConfiguration

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("strict-arp"),
    pytest.mark.needs("proxy-configuration"),
    pytest.mark.needs("load-balancer"),
    pytest.mark.usefixtures("backends"),
]


def test_strict_arp_keeps_nodes_silent(
    workload: CaseWorkload,
    clients: Clients,
    arp: Arp,
    proxy_configuration: ProxyConfiguration,
    judge: Judge,
) -> None:
    """Asked on their network for a load balancer's address, nodes answer without strictARP and are silent with it."""
    address = workload.serve(Service("echo", type=ServiceType.LOAD_BALANCER)).load_balancer().address

    judge(arp.answers(address))
    proxy_configuration.change({"ipvs": {"strictARP": True}}, clients.nodes)
    judge(arp.is_silent(address))
