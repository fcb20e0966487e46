"""A kube-proxy that is started again writes what the one before it wrote: nobody is served otherwise."""

from dataclasses import replace

import pytest

from fixtures.between_steps import BetweenSteps
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.nobody import SOURCES
from gauntlet.workload import HTTP, UDP, Policy, Service, ServiceType, endpoints, terminating, unready
from gauntlet.workload.catalogue import Pods, Step, Steps
from gauntlet.workload.proxy_configuration import restart_on

pytestmark = [
    pytest.mark.gate,
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("proxy-configuration"),
    pytest.mark.needs("endpoint-slices"),
    pytest.mark.needs("many-changes"),
    pytest.mark.needs("load-balancer"),
]

PORTS = (HTTP, UDP)
EXTERNAL_IPS = ("198.51.100.22", "2001:db8:100::22")
HOURS = 10_800


def test_everything_is_served_as_before_when_every_kube_proxy_was_started_again(
    between_steps: BetweenSteps, cluster: Cluster
) -> None:
    """Policies, source ranges, affinity, external IPs, states of endpoints, refusals: all hold as they did before.

    What changes afterwards is obeyed as well.
    """

    def steps(pods: Pods) -> Steps:
        plain = Service("plain", PORTS, ServiceType.NODE_PORT, app=None, external_ips=EXTERNAL_IPS)
        sticky = replace(plain, name="sticky", external_ips=(), affinity_timeout_s=HOURS)
        internal = Service("internal", PORTS, app=None, internal_traffic=Policy.LOCAL)
        balanced = Service("balanced", PORTS, ServiceType.LOAD_BALANCER, app=None)
        external = replace(balanced, name="external", external_traffic=Policy.LOCAL)
        ranged = replace(balanced, name="ranged", source_ranges=SOURCES)
        states = Service("states", PORTS, app=None)
        last = replace(states, name="last")
        nobody = replace(plain, name="nobody", external_ips=())
        two = endpoints(pods[0], pods[1])
        there = {
            plain: two,
            sticky: two,
            internal: two,
            balanced: two,
            external: two,
            ranged: two,
            states: endpoints(pods[0], unready(pods[1]), terminating(pods.beside(0))),
            last: endpoints(terminating(pods[0]), unready(pods[1])),
            nobody: endpoints(),
        }
        changed = {
            replace(plain, ports=(HTTP,)): endpoints(pods[1]),
            replace(external, external_traffic=Policy.CLUSTER): two,
            replace(ranged, source_ranges=()): two,
            nobody: endpoints(pods[0]),
        }
        return Step("before", there), Step("started again", there), Step("changed since", changed)

    between_steps.ask(steps, {1: lambda: restart_on(cluster, between_steps.clients.nodes)})
