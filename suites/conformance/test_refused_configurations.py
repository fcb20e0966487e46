"""Configurations that kube-proxy refuses: it says so and ends, and nodes go on by the rules that they have."""

from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.silence import attendance, span
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.ground.cluster import Json
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic import Flow, Load, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.refused_configuration import RefusedConfiguration
from gauntlet.workload.shared import Shared

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("proxy-configuration"),
    pytest.mark.needs("serves-on"),
]

RATE_PER_S = 10.0


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"mode": "ebpf"}, id="mode"),
        pytest.param({"clusterCIDR": "10.244.0.0"}, id="clusterCIDR"),
        pytest.param({"nodePortAddresses": ["10.77.0.0"]}, id="nodePortAddresses"),
    ],
)
def test_a_configuration_that_is_refused_leaves_the_rules_in_effect(
    fields: Mapping[str, Json],
    refused_configuration: RefusedConfiguration,
    shared: Shared,
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    traffic: Traffic,
    probe: Probe,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """Every kube-proxy ends with a word on what is wrong, nobody notices, and once corrected it serves again."""
    asked = [
        (client, target)
        for protocol in (Protocol.TCP, Protocol.UDP)
        for client, target in (
            *((pod, shared.service.cluster_ip(protocol)) for pod in clients.pods),
            (clients.outside, shared.service.node_port(clients.nodes[0], protocol)),
        )
    ]
    with ExitStack() as stack:
        flows: list[Flow] = []
        stack.enter_context(evidence.unfinished(flows, shared.backends.nodes))
        for client, target in asked:
            for load in (Load(target, rate_per_s=RATE_PER_S), Load.kept(target, RATE_PER_S)):
                flows.append(stack.enter_context(traffic.start(client, load)))
        judge(refused_configuration.give(fields))
        refused_configuration.correct()
        another = workload.serve(Service("afterwards"))
        seen = evidence.add(pl.concat(flow.stop(shared.backends.nodes) for flow in flows))
    after = probe(clients.pods, another.cluster_ip())

    told = evidence.history()
    judge(attendance(seen, [flow.declared for flow in flows], *span(seen)))
    judge(availability(seen), correctness(seen, shared.backends.names))
    judge(connections_cut(told), udp_flows_lost(told), udp_flows_moved(told))
    judge(availability(after), reaches_all(after, backends.names))
