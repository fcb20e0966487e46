"""Changes of some kinds that come late, while all others come in time."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, KINDS, LATENCY, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur
from tests.saboteurs.transforms.late import LATE_S

_CATCHES = (Catch(KINDS, "in-effect"),)
# A Service of its own, which nobody makes beside others: those that cases share come in two syncs.
(_SERVES,) = conformance("no_endpoints", "service_serves_once_it_has_an_endpoint")


def _late(bug: str, what: str, *witnesses: str) -> Saboteur:
    return Saboteur(f"late-{bug}", f"{what} {LATE_S} s late; all else is in time.", _CATCHES, witnesses)


SABOTEURS = (
    _late("additions", "Endpoints that are added to others are written", CLUSTER_IP),
    # An endpoint that takes another's place comes in time.
    _late("deletions", "Services that are deleted are taken away", CLUSTER_IP, LATENCY),
    _late("last-endpoint", "That a Service has lost its last endpoint is written", CLUSTER_IP),
    _late("new-services", "New Services are written", _SERVES),
    _late("node-ports", "NodePorts that come or go are written", _SERVES),
    _late("udp", "Endpoints of UDP ports are written", CLUSTER_IP),
)
