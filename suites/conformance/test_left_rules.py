"""What is left in nodes' kernels: nothing of Services that are gone, and all that other programs wrote."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.ground.cluster import Cluster
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.growth import Growth
from gauntlet.workload.left_rules import LeftRules
from gauntlet.workload.marks import Marks
from gauntlet.workload.proxy_configuration import restart_on
from gauntlet.workload.strangers import Strangers

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.usefixtures("backends")]


def test_nothing_names_a_service_that_was_deleted(
    workload: CaseWorkload, clients: Clients, left_rules: LeftRules, probe: Probe, judge: Judge
) -> None:
    """Once a Service is deleted and two others have come, no chain, set or rule of a node names it; those serve."""
    gone = Service("gone", ports=(HTTP, UDP), type=ServiceType.NODE_PORT)
    workload.serve(gone)
    workload.delete(gone)
    after = [workload.serve(Service(f"after-{number}", ports=(HTTP, UDP))) for number in range(2)]

    judge(left_rules.of(f"{workload.namespace}/gone"))
    judge(availability(probe(clients.inside, *(each.cluster_ip() for each in after))))


@pytest.mark.needs("endpoint-slices")
@pytest.mark.needs("many-changes")
@pytest.mark.needs("node-faults")
def test_nothing_grows_while_services_come_and_go(
    cluster: Cluster, workload: CaseWorkload, backends: Backends, growth: Growth, judge: Judge
) -> None:
    """Services come and go, and a kube-proxy is started again: then nodes hold no more than before."""
    passing = Service("passing", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    stays = workload.serve_endpoints(Service("stays", ports=(HTTP, UDP), app=None), backends.endpoints()[:1])

    def come_and_go() -> None:
        workload.serve_endpoints(passing, backends.endpoints())
        workload.delete_with_endpoints(passing)
        for endpoints in (backends.endpoints(), backends.endpoints()[:1]):
            workload.replace_endpoints(stays, endpoints)
            workload.wait(stays, len(endpoints))

    come_and_go()
    growth.begin()
    come_and_go()
    restart_on(cluster, cluster.nodes[:1])
    come_and_go()

    judge(growth.since())


@pytest.mark.needs("proxy-configuration")
def test_rules_of_other_programs_stay_as_they_are(
    workload: CaseWorkload, clients: Clients, strangers: Strangers, probe: Probe, judge: Judge
) -> None:
    """Chains, rules and sets of another program are there once, in their order, when Services have come and gone."""
    strangers.settle()
    for number in range(3):
        passing = Service(f"passing-{number}", ports=(HTTP, UDP), type=ServiceType.NODE_PORT)
        served = workload.serve(passing)
        judge(availability(probe(clients.inside, served.cluster_ip(), attempts=5)))
        workload.delete(passing)

    judge(strangers.unchanged())


@pytest.mark.needs("proxy-configuration")
@pytest.mark.needs("many-changes")
def test_marks_of_other_programs_stay_on_their_packets(
    workload: CaseWorkload, clients: Clients, marks: Marks, probe: Probe, judge: Judge
) -> None:
    """What another program has marked still bears its mark, beside kube-proxy's own, when it leaves the node."""
    served = workload.serve(Service("marked", type=ServiceType.NODE_PORT))
    every_node = [served.node_port(node) for node in clients.nodes]
    marks.put_on(every_node[0])

    judge(availability(probe(clients.outside, *every_node)))
    judge(marks.kept())
