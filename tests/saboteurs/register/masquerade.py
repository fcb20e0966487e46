"""Whose address a backend sees."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, HAIRPIN, NODE_PORTS, astray, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

_PODS, _NODE_SEEN, _DATAGRAMS, _ITSELF = conformance(
    "source_addresses",
    "pods_are_seen_as_themselves_at_a_cluster_ip",
    "the_node_that_was_asked_is_seen_at_a_node_port",
    "datagrams_keep_their_source_with_policy_local",
    "a_backend_meets_itself_and_others_at_every_frontend",
)
_POD_KEEPS, _MASQUERADED, _AT_CLUSTER_IP, _OUTSIDE_KEEPS = conformance(
    "source_ip",
    "pod_keeps_its_address_at_a_cluster_ip",
    "outside_client_is_masqueraded_at_a_node_port",
    "outside_client_is_masqueraded_at_a_cluster_ip",
    "outside_client_keeps_its_address_with_policy_local",
)
(_LEFT_ALONE,) = conformance("beside_services", "traffic_that_asks_no_service_is_left_alone")
(_HUNDREDS,) = conformance("losses", "hundreds_of_connections_are_open_at_once")
_ASTRAY = "what a backend of another node answers goes to the client past the node that was asked"

SABOTEURS = (
    Saboteur(
        "masquerade-hairpin-lost",
        "A pod that meets itself at a Service is not masqueraded.",
        (Catch(HAIRPIN, "truth-table"), Catch(_ITSELF, "truth-table")),
        (CLUSTER_IP, _MASQUERADED),
        astray(HAIRPIN, _ITSELF),
    ),
    Saboteur(
        "masquerade-node-ports-lost",
        "Clients of NodePorts are not masqueraded.",
        (Catch(_NODE_SEEN, "source-address"), Catch(_MASQUERADED, "source-ip")),
        (CLUSTER_IP, _PODS),
        (
            Beside(_MASQUERADED, "availability", _ASTRAY),
            *astray(_NODE_SEEN),
        ),
    ),
    Saboteur(
        "masquerade-outside-lost",
        "Clients outside the pod range are not masqueraded at ClusterIPs.",
        (Catch(_AT_CLUSTER_IP, "source-ip"),),
        (CLUSTER_IP, _MASQUERADED),
        (Beside(_AT_CLUSTER_IP, "availability", _ASTRAY),),
    ),
    Saboteur(
        "masquerade-pods-too",
        "Pods are masqueraded at ClusterIPs like anybody else.",
        (Catch(_PODS, "source-address"), Catch(_POD_KEEPS, "source-ip")),
        (CLUSTER_IP, _MASQUERADED),
    ),
    Saboteur(
        "masquerade-local-too",
        "With externalTrafficPolicy Local clients outside are masqueraded as with Cluster.",
        (Catch(_DATAGRAMS, "source-address"), Catch(_OUTSIDE_KEEPS, "source-ip")),
        (NODE_PORTS, _POD_KEEPS),
    ),
    Saboteur(
        "masquerade-everything",
        "Whatever leaves a node is masqueraded, also what asks no Service.",
        # Not with _MASQUERADED: backends of other nodes than the one that was asked see their own, and it fails.
        (Catch(_LEFT_ALONE, "source-ip"), Catch(_POD_KEEPS, "source-ip")),
        (CLUSTER_IP, NODE_PORTS),
    ),
    Saboteur(
        "masquerade-few-ports",
        "A node has 128 ports for all that it masquerades: so many connections may be open to one backend.",
        (Catch(_HUNDREDS, "availability"),),
        (CLUSTER_IP, NODE_PORTS, _MASQUERADED),
    ),
)
