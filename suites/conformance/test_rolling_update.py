"""All backends are replaced under traffic: a rolling update, blue and green (docs 'Pod Lifecycle')."""

from collections.abc import Iterator

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.silence import attendance, span
from gauntlet.checkers.udp_flows import LOST_AFTER_S, udp_flows_lost, udp_flows_moved
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection
from gauntlet.report.judge import Judge
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Clients, Policy
from gauntlet.workload.replacing import Replaced, Replacing

pytestmark = [pytest.mark.conformance, pytest.mark.needs("load-balancer"), pytest.mark.needs("endpoint-slices")]


def by_policy_and_family(first: Policy, second: Policy) -> pytest.MarkDecorator:
    """`first` in the cluster's primary IP family, number 0, `second` in the other."""
    other = pytest.param(second, 1, id=f"{second}-other-family", marks=pytest.mark.needs("dual-stack"))
    return pytest.mark.parametrize(("policy", "number"), [pytest.param(first, 0, id=str(first)), other])


@by_policy_and_family(Policy.CLUSTER, Policy.LOCAL)
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
    """
    replaced = replacing.one_by_one(policy, cluster.families[number])

    judge(*_findings(replaced, evidence, probe(clients.pods, replaced.service.cluster_ip())))


@by_policy_and_family(Policy.LOCAL, Policy.CLUSTER)
def test_blue_and_green_cost_nobody_an_attempt(
    policy: Policy,
    number: int,
    cluster: Cluster,
    replacing: Replacing,
    clients: Clients,
    probe: Probe,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """A Service selects other backends at once: no attempt is lost, and connections stay until their backend ends."""
    replaced = replacing.by_selector(policy, cluster.families[number])

    judge(*_findings(replaced, evidence, probe(clients.pods, replaced.service.cluster_ip())))


def _findings(replaced: Replaced, evidence: Evidence, after: pl.DataFrame) -> Iterator[Finding]:
    told = evidence.history()
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
