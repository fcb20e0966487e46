"""Services, EndpointSlices and probe pods: declared as frozen data, applied through the Kubernetes API."""

from __future__ import annotations

from gauntlet.ground.family import Family
from gauntlet.providers.ingress import ingress, is_settled
from gauntlet.semantics.objects import Distribution, IpMode, Policy, ServiceType
from gauntlet.workload.backend import Backend, Readiness, one_on_each, spread
from gauntlet.workload.clients import Clients
from gauntlet.workload.endpoints import Endpoint, Slice, ended, endpoints, hinted, ready, slices, terminating, unready
from gauntlet.workload.served import Backends, RunningBackend, Served
from gauntlet.workload.service import HTTP, SCTP, UDP, IpFamilyPolicy, Port, Service

__all__ = [
    "HTTP",
    "SCTP",
    "UDP",
    "Backend",
    "Backends",
    "Clients",
    "Distribution",
    "Endpoint",
    "Family",
    "IpFamilyPolicy",
    "IpMode",
    "Policy",
    "Port",
    "Readiness",
    "RunningBackend",
    "Served",
    "Service",
    "ServiceType",
    "Slice",
    "ended",
    "endpoints",
    "hinted",
    "ingress",
    "is_settled",
    "one_on_each",
    "ready",
    "slices",
    "spread",
    "terminating",
    "unready",
]
