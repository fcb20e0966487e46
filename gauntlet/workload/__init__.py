"""Services, EndpointSlices and probe pods: declared as frozen data, applied through the Kubernetes API."""

from __future__ import annotations

from gauntlet.workload.backend import Backend, Readiness, one_on_each, spread
from gauntlet.workload.clients import Clients
from gauntlet.workload.served import Backends, RunningBackend, Served
from gauntlet.workload.service import HTTP, UDP, Endpoint, Port, Service, ServiceType, TrafficPolicy

__all__ = [
    "HTTP",
    "UDP",
    "Backend",
    "Backends",
    "Clients",
    "Endpoint",
    "Port",
    "Readiness",
    "RunningBackend",
    "Served",
    "Service",
    "ServiceType",
    "TrafficPolicy",
    "one_on_each",
    "spread",
]
