"""Configurations that kube-proxy refuses: it says so and ends, and nodes go on by the rules that they have."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.undisturbed import undisturbed
from gauntlet.ground.cluster import Cluster, Json, Node
from gauntlet.report.judge import Judge
from gauntlet.traffic import Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.traffic.under_way import under_way
from gauntlet.workload import Clients, Service
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.conntrack_limit import above_the_present
from gauntlet.workload.doubtful_configuration import DoubtfulConfiguration
from gauntlet.workload.shared import Shared
from gauntlet.workload.users import asked_by

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("proxy-configuration"),
    pytest.mark.needs("serves-on"),
    pytest.mark.needs("endpoint-slices"),
]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(lambda _: {"mode": "ebpf"}, id="mode"),
        pytest.param(lambda _: {"clusterCIDR": "10.244.0.0"}, id="clusterCIDR"),
        pytest.param(lambda _: {"nodePortAddresses": ["10.77.0.0"]}, id="nodePortAddresses"),
        # What no kube-proxy may write: setupConntrack in cmd/kube-proxy/app, SetSysctls in pkg/proxy/conntrack.
        pytest.param(above_the_present, id="conntrack", marks=pytest.mark.needs("unwritable-limits")),
    ],
)
def test_a_configuration_that_is_refused_leaves_the_rules_in_effect(
    fields: Callable[[Sequence[Node]], Mapping[str, Json]],
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
    """Every kube-proxy ends with a word on what is wrong, nobody notices, and once corrected it serves again."""
    loads = asked_by(shared.service, clients, clients.nodes[0])
    with under_way(traffic, evidence, loads, shared.backends.nodes) as flows:
        judge(doubtful_configuration.to_be_refused(fields(cluster.nodes)))
        doubtful_configuration.correct()
        another = workload.serve_endpoints(Service("afterwards", app=None), shared.backends.endpoints())
        seen = flows.stop(shared.backends.nodes)
    after = probe(clients.pods, another.cluster_ip())

    judge(undisturbed(seen, flows.declared, evidence.history(), shared.backends.names))
    judge(availability(after), reaches_all(after, shared.backends.names))
