"""What the health check node port of a Service says at a node (pkg/proxy/healthcheck/service_health.go)."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.ground.family import Family
from gauntlet.semantics.endpoints import Copies, pool
from gauntlet.semantics.objects import Node, Service, ServiceType

_OK = 200
_UNAVAILABLE = 503
# What whoever asks hears if nothing listens there.
REFUSED = "refused"


@dataclass(frozen=True)
class HealthCheck:
    """`local_endpoints` counts addresses, however many ports each has. What terminates does not count (KEP-1669).

    `is_well` is whether kube-proxy itself is: whether it could write its rules lately (kubernetes/kubernetes 115825).
    """

    local_endpoints: int
    is_well: bool = True

    @property
    def status(self) -> int:
        """Of HTTP."""
        return _OK if self.local_endpoints and self.is_well else _UNAVAILABLE

    def __str__(self) -> str:
        return answer(self.status, self.local_endpoints)


def answer(status: int, local_endpoints: int) -> str:
    """An answer in words."""
    return f"{status}, {local_endpoints} local endpoints"


def health_check(
    service: Service, found: Copies, node: Node, family: Family, *, is_well: bool = True
) -> HealthCheck | None:
    """What a GET at the port must say on this node; None if nothing listens there.

    It is a LoadBalancer's with externalTrafficPolicy Local alone (API ServiceSpec.healthCheckNodePort). Each family has
    a counter of its own. `is_well` as HealthCheck has it.
    """
    is_checked = service.type is ServiceType.LOAD_BALANCER and service.external_is_local
    if not (is_checked and service.health_check_node_port):
        return None
    endpoints = (each for port in service.ports for each in pool(found, service, port, family))
    ready = {each.address for each in endpoints if each.conditions.ready and each.node == node.name}
    return HealthCheck(len(ready), is_well)
