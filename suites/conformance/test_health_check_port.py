"""Health check node port: by it a load balancer learns which nodes have endpoints (API ServiceSpec).

Nobody sends anything to the endpoints, which are counted alone.
"""

from dataclasses import replace

import pytest

from gauntlet.checkers.health_port import health_port
from gauntlet.ground.finding import Finding
from gauntlet.report.judge import Judge
from gauntlet.workload import Clients, Policy, ServiceType, ended, terminating, unready
from gauntlet.workload.health_ports import CHECKED, HealthPorts, Heard, counted_at

pytestmark = [
    pytest.mark.gate,
    pytest.mark.conformance,
    pytest.mark.needs("endpoint-slices"),
]


def test_it_counts_the_ready_endpoints_of_its_node(health_ports: HealthPorts, clients: Clients, judge: Judge) -> None:
    """The port says 200 and how many where the node has ready endpoints, and 503 where it has none."""
    here, there = clients.nodes[0].name, clients.nodes[1].name

    judge(_told(health_ports.declare(CHECKED, [counted_at(here, 1), counted_at(here, 2), counted_at(there, 3)])))
    judge(_told(health_ports.declare(CHECKED, [counted_at(there, 3)])))
    judge(_told(health_ports.declare(CHECKED, [counted_at(here, 1), counted_at(there, 3)])))


def test_endpoints_on_their_way_out_do_not_count(health_ports: HealthPorts, clients: Clients, judge: Judge) -> None:
    """A node whose endpoints all terminate says 503, though it serves them still, so that no new clients come."""
    here, there = clients.nodes[0].name, clients.nodes[1].name

    judge(_told(health_ports.declare(CHECKED, [counted_at(here, 1), counted_at(there, 2)])))
    judge(_told(health_ports.declare(CHECKED, [terminating(counted_at(here, 1)), counted_at(there, 2)])))
    judge(
        _told(
            health_ports.declare(
                CHECKED, [terminating(counted_at(here, 1)), counted_at(here, 3), unready(counted_at(there, 2))]
            )
        )
    )
    judge(_told(health_ports.declare(CHECKED, [ended(counted_at(here, 1)), counted_at(there, 2)])))


def test_it_follows_the_policy(health_ports: HealthPorts, clients: Clients, judge: Judge) -> None:
    """The port is there as long as externalTrafficPolicy is Local, and is refused everywhere with Cluster."""
    endpoints = [counted_at(clients.nodes[0].name, 1)]

    judge(_told(health_ports.declare(CHECKED, endpoints)))
    judge(_told(health_ports.declare(replace(CHECKED, external_traffic=Policy.CLUSTER), endpoints)))
    judge(_told(health_ports.declare(CHECKED, endpoints)))


def test_it_goes_with_the_type(health_ports: HealthPorts, clients: Clients, judge: Judge) -> None:
    """A LoadBalancer that becomes a NodePort has no health check node port any more, though its policy stays Local."""
    endpoints = [counted_at(clients.nodes[0].name, 1)]

    judge(_told(health_ports.declare(CHECKED, endpoints)))
    judge(_told(health_ports.declare(replace(CHECKED, type=ServiceType.NODE_PORT), endpoints)))


def test_it_goes_with_its_service(health_ports: HealthPorts, clients: Clients, judge: Judge) -> None:
    """Once the Service is deleted, the port is refused on every node; made again, it says what is there then."""
    here, there = clients.nodes[0].name, clients.nodes[1].name

    judge(_told(health_ports.declare(CHECKED, [counted_at(here, 1)])))
    judge(_told(health_ports.delete()))
    judge(_told(health_ports.declare(CHECKED, [counted_at(there, 1)])))


def _told(said: Heard) -> Finding:
    return health_port(said.expected, said.heard)
