"""What load balancers and probes are told."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, LATENCY, NODE_PORTS, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

_COUNTS, _LEAVING = conformance(
    "health_check_port", "it_counts_the_ready_endpoints_of_its_node", "endpoints_on_their_way_out_do_not_count"
)
(_LEAVES,) = conformance("node_health", "a_node_that_is_about_to_go_says_so")
_CAUGHT = (Catch(_COUNTS, "health-port"), Catch(_LEAVING, "health-port"))
_WITNESSES = (CLUSTER_IP, NODE_PORTS)

SABOTEURS = (
    Saboteur(
        "health-node-port-always-ready",
        "The health check node port says of each node that it has an endpoint.",
        _CAUGHT,
        _WITNESSES,
    ),
    Saboteur(
        "health-node-port-never-ready",
        "The health check node port says of each node that it has no endpoint.",
        _CAUGHT,
        _WITNESSES,
    ),
    Saboteur(
        "health-healthz-always-well",
        "/healthz says 200 whatever there is to say.",
        (Catch(_LEAVES, "health-port"),),
        (*_WITNESSES, _COUNTS),
    ),
    Saboteur(
        "health-metrics-stand-still",
        "After some syncs /metrics says for ever what it said then.",
        (Catch(LATENCY, "sync-time"),),
        _WITNESSES,
    ),
)
