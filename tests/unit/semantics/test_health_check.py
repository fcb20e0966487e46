"""The health check node port tells how many endpoints a node has (pkg/proxy/healthcheck/service_health.go)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.family import Family
from gauntlet.semantics.endpoints import copies
from gauntlet.semantics.health_check import HealthCheck, health_check
from gauntlet.semantics.objects import Endpoint, Policy, Service, ServicePort, ServiceType, SlicePort
from tests.unit.semantics.world import NODES, WEB, endpoint, in_slice

CHECKED = replace(WEB, external_policy=Policy.LOCAL, health_check_node_port=32000)
A = NODES[0]


def check(service: Service, *endpoints: Endpoint) -> HealthCheck | None:
    return health_check(service, copies([in_slice(*endpoints)]), A, Family.IPV4)


@pytest.mark.parametrize(
    ("endpoints", "count", "status"),
    [
        ((endpoint("a"), endpoint("a", number=3), endpoint("b")), 2, 200),
        ((endpoint("b"),), 0, 503),
        ((endpoint("a", "ending"),), 0, 503),
        ((endpoint("a", "unready"), endpoint("a", number=3)), 1, 200),
        ((), 0, 503),
    ],
)
def test_ready_endpoints_of_the_node_count(endpoints: tuple[Endpoint, ...], count: int, status: int) -> None:
    """KEP-1669: a node with terminating endpoints alone is to get no new connections from the load balancer."""
    found = check(CHECKED, *endpoints)
    assert found is not None
    assert (found.local_endpoints, found.status) == (count, status)


def test_a_kube_proxy_that_is_not_well_has_nobody_sent_to_it() -> None:
    """kubernetes/kubernetes 115825: the count stays what it is."""
    found = health_check(CHECKED, copies([in_slice(endpoint("a"))]), A, Family.IPV4, is_well=False)
    assert found is not None
    assert (found.local_endpoints, found.status, str(found)) == (1, 503, "503, 1 local endpoints")


def test_an_address_with_two_ports_counts_once() -> None:
    """LocalReadyEndpoints in pkg/proxy/endpointschangetracker.go."""
    two = replace(CHECKED, ports=(ServicePort(80, "http"), ServicePort(443, "https")))
    made = replace(in_slice(endpoint("a")), ports=(SlicePort(8080, "http"), SlicePort(8443, "https")))
    assert health_check(two, copies([made]), A, Family.IPV4) == HealthCheck(1)


@pytest.mark.parametrize(
    "service",
    [
        replace(CHECKED, external_policy=Policy.CLUSTER),
        replace(CHECKED, type=ServiceType.NODE_PORT),
        replace(CHECKED, health_check_node_port=0),
    ],
)
def test_others_have_none(service: Service) -> None:
    """API ServiceSpec.healthCheckNodePort: type LoadBalancer and externalTrafficPolicy Local."""
    assert check(service, endpoint("a")) is None
