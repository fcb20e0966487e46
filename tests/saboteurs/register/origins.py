"""Clients are treated by a bit of their address."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, NODE_PORTS, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

(_ALIKE,) = conformance("origins", "whichever_address_a_client_has_it_is_answered_and_seen_alike")
_AS_THEMSELVES, _AS_ITSELF = conformance(
    "source_ip", "pod_keeps_its_address_at_a_cluster_ip", "outside_client_keeps_its_address_with_policy_local"
)

SABOTEURS = (
    Saboteur(
        "origins-pods-lost",
        "What comes to ClusterIPs from the upper half of a node's pod addresses is lost.",
        (Catch(_ALIKE, "availability"),),
        (CLUSTER_IP, _AS_THEMSELVES),
    ),
    Saboteur(
        "origins-pods-masqueraded",
        "What comes to ClusterIPs from the upper half of a node's pod addresses is masqueraded.",
        (Catch(_ALIKE, "source-ip"),),
        (CLUSTER_IP, _AS_THEMSELVES),
    ),
    Saboteur(
        "origins-outside-lost",
        "What comes to NodePorts from half of the addresses outside is lost.",
        (Catch(_ALIKE, "availability"),),
        (NODE_PORTS, _AS_ITSELF),
    ),
    Saboteur(
        "origins-outside-masqueraded",
        "What comes to NodePorts of policy Local from half of the addresses outside is masqueraded.",
        (Catch(_ALIKE, "source-ip"),),
        (NODE_PORTS, _AS_ITSELF),
    ),
)
