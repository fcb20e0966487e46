"""Configurations that kube-proxy lives with, though something is wrong: it serves, and nobody loses an attempt."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.undisturbed import undisturbed
from gauntlet.ground.cluster import Cluster
from gauntlet.report.judge import Judge
from gauntlet.traffic import Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.traffic.under_way import under_way
from gauntlet.workload import Backends, Clients, Policy, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.conntrack_limit import below_the_present
from gauntlet.workload.doubtful_configuration import DoubtfulConfiguration
from gauntlet.workload.shared import Shared
from gauntlet.workload.users import asked_by

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("proxy-configuration"),
    pytest.mark.needs("serves-on"),
]


@pytest.mark.needs("unwritable-limits")
@pytest.mark.needs("endpoint-slices")
def test_a_limit_of_conntrack_that_is_large_enough_need_not_be_written(
    cluster: Cluster,
    doubtful_configuration: DoubtfulConfiguration,
    shared: Shared,
    workload: CaseWorkload,
    clients: Clients,
    traffic: Traffic,
    probe: Probe,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """If nf_conntrack_max is larger than asked for, and may not be written, every kube-proxy leaves it and serves.

    The rule: `min` of KubeProxyConntrackConfiguration is "the minimum value"; kubernetes/kubernetes 141943.
    """
    loads = asked_by(shared.service, clients, clients.nodes[0])
    with under_way(traffic, evidence, loads, shared.backends.nodes) as flows:
        judge(doubtful_configuration.to_be_survived(below_the_present(cluster.nodes)))
        doubtful_configuration.correct()
        another = workload.serve_endpoints(Service("afterwards", app=None), shared.backends.endpoints())
        seen = flows.stop(shared.backends.nodes)
    after = probe(clients.pods, another.cluster_ip())

    judge(undisturbed(seen, flows.declared, evidence.history(), shared.backends.names))
    judge(availability(after), reaches_all(after, shared.backends.names))


@pytest.mark.slow
@pytest.mark.needs("configured-node-names")
def test_a_node_name_that_no_node_has_costs_nobody_an_attempt(
    doubtful_configuration: DoubtfulConfiguration,
    shared: Shared,
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    traffic: Traffic,
    probe: Probe,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """Every kube-proxy waits for its Node in vain, then serves without one; corrected it knows its own node again.

    The rule: NewNodeManager in pkg/proxy/node.go, "we keep going even if we didn't find a node".
    """
    loads = asked_by(shared.service, clients, clients.nodes[0])
    with under_way(traffic, evidence, loads, shared.backends.nodes) as flows:
        judge(doubtful_configuration.to_be_survived({"hostnameOverride": "a-node-that-is-not-there"}))
        meanwhile = workload.serve(Service("meanwhile"))
        during = probe(clients.pods, meanwhile.cluster_ip())
        doubtful_configuration.correct()
        local = workload.serve(Service("afterwards", type=ServiceType.NODE_PORT, external_traffic=Policy.LOCAL))
        seen = flows.stop(shared.backends.nodes)
    node = clients.nodes[0]
    after = probe([clients.outside], local.node_port(node))

    judge(undisturbed(seen, flows.declared, evidence.history(), shared.backends.names))
    judge(availability(during), reaches_all(during, backends.names))
    judge(availability(after), correctness(after, backends.on(node.name).names))
