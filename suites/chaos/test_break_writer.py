"""Failing: the program by which kube-proxy writes its rules, for the kube-proxy of one node."""

from functools import partial

import pytest

from fixtures.between_steps import BetweenSteps
from gauntlet.checkers.health_port import health_port
from gauntlet.faults.chaos.runner import Experiment
from gauntlet.faults.hurting import Hurting
from gauntlet.report.judge import Judge
from gauntlet.semantics.places import Where
from gauntlet.workload import UDP, Backends, Clients, Service, endpoints, node_health
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.catalogue import Asks, Flow, Kind, Pods, Step, Steps
from gauntlet.workload.health_ports import CHECKED, HealthPorts, counted_at
from gauntlet.workload.shared import ECHO

pytestmark = pytest.mark.chaos

# kube-proxy takes up what changes within a second of the sync before (minSyncPeriod), each IP family for itself.
HELD_S = 3.0


def test_a_node_follows_its_endpoints_when_rules_can_be_written_again(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """An endpoint is replaced meanwhile; only the node concerned misses it, until kube-proxy has tried again."""
    service = workload.serve(ECHO)

    experiment.run_replacing_an_endpoint("break-writer", service, backends)


@pytest.mark.disruptive
@pytest.mark.needs("proxy-configuration")
@pytest.mark.needs("many-changes")
@pytest.mark.usefixtures("soon_again")
def test_udp_flows_leave_a_backend_that_went_while_rules_could_not_be_written(
    between_steps: BetweenSteps, hurting: Hurting
) -> None:
    """Senders in a pod of the node and on the node go on with the next backend once its rules are written.

    The rule: pkg/proxy/conntrack; kubernetes/kubernetes 112604.
    """

    def steps(pods: Pods) -> Steps:
        service = Service("web", ports=(UDP,), app=None)
        asks = Asks(kinds=(Kind.CLUSTER_IP,), places=(Where.POD,))
        flows = (Flow("web", Where.POD), Flow("web", Where.NODE), Flow("web", Where.POD, node=1))
        one_after_the_other = {
            "the first": pods[0],
            "another, once rules are written": pods[1],
            "the first again": pods[0],
        }
        return tuple(
            Step(words, {service: endpoints(pod)}, asks=asks, flows=flows) for words, pod in one_after_the_other.items()
        )

    between_steps.ask(steps, {1: partial(hurting.for_a_while, "break-writer", HELD_S), 2: hurting.wait_over})


@pytest.mark.disruptive
@pytest.mark.needs("proxy-configuration")
@pytest.mark.usefixtures("soon_again")
def test_load_balancers_hear_of_a_node_whose_rules_cannot_be_written(
    health_ports: HealthPorts, clients: Clients, hurting: Hurting, judge: Judge
) -> None:
    """Once its kube-proxy is late with a change, it says 503 at /healthz and health check node ports, and later 200.

    The rule: healthTimeout in pkg/proxy/healthcheck, twice syncPeriod; kubernetes/kubernetes 115825.
    """
    hurt, other = clients.nodes[:2]
    before = [counted_at(hurt.name, 1), counted_at(other.name, 2)]
    unwritten = [*before, counted_at(other.name, 3)]

    heard = health_ports.declare(CHECKED, before)
    judge(health_port(heard.expected, heard.heard))

    hurting.begin("break-writer")
    heard = health_ports.declare(CHECKED, unwritten, unwell=[hurt])
    late = node_health.heard(clients.nodes, {node_health.HEALTHZ: {hurt.name: node_health.SERVES_NOT}})
    judge(health_port(heard.expected, heard.heard), health_port(late.expected, late.heard, check="healthz"))
    hurting.end()

    heard = health_ports.declare(CHECKED, unwritten)
    again = node_health.heard(clients.nodes, {node_health.HEALTHZ: {}})
    judge(health_port(heard.expected, heard.heard), health_port(again.expected, again.heard, check="healthz"))
