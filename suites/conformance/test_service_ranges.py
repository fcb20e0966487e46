"""Ranges of ClusterIPs: a cluster may be given another one while it runs (KEP-1880, ServiceCIDR)."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.served import Served
from gauntlet.workload.service_range import ServiceRange

pytestmark = [pytest.mark.conformance, pytest.mark.needs("service-ranges")]

# Nobody's ClusterIPs, pods or nodes: see gauntlet/ground/nobody.py.
ANOTHER, IN_IT = "198.51.100.128/28", "198.51.100.130"
# The API server learns of a range from its own watch.
KNOWN_WITHIN_S = 15.0


def test_services_of_another_range_are_served(
    api: Api, workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Once a cluster has a second range of ClusterIPs, Services of it are served, over TCP and UDP."""
    service = Service("another", ports=(HTTP, UDP), cluster_ips=(IN_IT,))

    def served() -> Served | None:
        try:
            return workload.serve(service)
        except ApiRefused:
            return None

    with ServiceRange(api, workload.namespace, ANOTHER):
        another = until(served, what=f"the API server takes ClusterIPs of {ANOTHER}", deadline_s=KNOWN_WITHIN_S)
        for port in service.ports:
            seen = probe(clients.inside, another.cluster_ip(port.protocol))
            judge(availability(seen), reaches_all(seen, backends.names))
        workload.delete(service)
