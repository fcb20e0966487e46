"""All backends are replaced under traffic: a rolling update, blue and green (docs 'Pod Lifecycle')."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.silence import attendance, span
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, History
from gauntlet.report.judge import Judge
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Clients, Policy
from gauntlet.workload.replacing import LOST_AFTER_S, Replaced, Replacing

pytestmark = [pytest.mark.conformance, pytest.mark.needs("load-balancer"), pytest.mark.needs("endpoint-slices")]


@pytest.mark.parametrize(
    ("policy", "number"),
    [
        pytest.param(Policy.CLUSTER, 0, id="Cluster"),
        pytest.param(Policy.LOCAL, 1, id="Local-other-family", marks=pytest.mark.needs("dual-stack")),
    ],
)
def test_a_rolling_update_costs_nobody_an_attempt(
    policy: Policy,
    number: int,
    cluster: Cluster,
    replacing: Replacing,
    clients: Clients,
    probe: Probe,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """Each backend is replaced and serves on for some seconds: no attempt is lost, no kept connection cut before.

    UDP flows follow once slices do not have their backend any more, which controllers may see to seconds later.
    `number` is that of one of the cluster's IP families. One at a time: with changes in both, kube-proxy has twice as
    much to do, and writes its rules later.
    """
    replaced = replacing.one_by_one((policy, cluster.families[number]))

    _judge_each(replaced, clients, probe, evidence, judge)


def test_blue_and_green_cost_nobody_an_attempt(
    cluster: Cluster, replacing: Replacing, clients: Clients, probe: Probe, evidence: Evidence, judge: Judge
) -> None:
    """Services select other backends at once: no attempt is lost, and connections stay until their backend ends.

    One is of policy Local in the cluster's primary IP family, one of policy Cluster in the other, if there is one.
    """
    users = zip((Policy.LOCAL, Policy.CLUSTER), cluster.families, strict=False)

    _judge_each(replacing.by_selector(*users), clients, probe, evidence, judge)


def _judge_each(users: Sequence[Replaced], clients: Clients, probe: Probe, evidence: Evidence, judge: Judge) -> None:
    """Each Service by its own findings, which have its policy and family in their names."""
    told = evidence.history()
    after = probe(clients.pods, *(each.service.cluster_ip() for each in users))
    for each in users:
        own = pl.col("service") == each.service.name
        of = f"{each.service.declared.external_traffic}, {each.service.family}"
        for finding in _findings(each, History(told.attempts.filter(own), told.events), after.filter(own)):
            judge(replace(finding, check=f"{finding.check}: {of}"))


def _findings(replaced: Replaced, told: History, after: pl.DataFrame) -> Iterator[Finding]:
    new = replaced.seen.filter(pl.col("connection") == str(Connection.NEW))
    yield attendance(replaced.seen, replaced.flows, *span(replaced.seen))
    yield availability(new)
    yield correctness(replaced.seen, replaced.everyone.names)
    yield connections_cut(told, gone=replaced.ended)
    yield udp_flows_moved(told, gone=replaced.leaving)
    yield udp_flows_lost(told, lost_after_s=replaced.known_too_long_s + LOST_AFTER_S)
    yield availability(after)
    yield correctness(after, replaced.new.names)
    yield reaches_all(after, replaced.new.names)
