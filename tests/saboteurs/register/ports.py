"""Ports that are lost or mixed up."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, NODE_PORTS, REFUSES, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

(_TO_NODE_PORT,) = conformance("service_types", "cluster_ip_to_node_port_and_back")
_ONLY_CLUSTER_IP = conformance(
    "service_types", "external_name_to_cluster_ip_and_back", "cluster_ip_to_external_name_and_back"
)

SABOTEURS = (
    Saboteur(
        "ports-node-ports-lost",
        "No NodePort is served.",
        (Catch(NODE_PORTS, "availability"), Catch(_TO_NODE_PORT, "truth-table")),
        (CLUSTER_IP, *_ONLY_CLUSTER_IP),
    ),
    Saboteur(
        "ports-udp-node-ports-lost",
        "NodePorts are served over TCP alone.",
        (Catch(f"{NODE_PORTS}[udp]", "availability"), Catch(_TO_NODE_PORT, "truth-table")),
        # What is to be refused must be, after what is refused and should not be was waited for.
        (f"{NODE_PORTS}[tcp]", REFUSES, *_ONLY_CLUSTER_IP),
    ),
)
