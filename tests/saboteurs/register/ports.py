"""Ports that are lost or mixed up."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, HAIRPIN, NODE_PORTS, REFUSES, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

(_TO_NODE_PORT,) = conformance("service_types", "cluster_ip_to_node_port_and_back")
_ONLY_CLUSTER_IP = conformance(
    "service_types", "external_name_to_cluster_ip_and_back", "cluster_ip_to_external_name_and_back"
)
_HUNDRED, _TRADE = conformance("service_ports", "a_service_may_have_a_hundred_ports", "two_ports_trade_their_endpoints")
_SCTP = conformance("sctp", "sctp_at_a_cluster_ip", "sctp_at_a_node_port")

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
    Saboteur(
        "ports-target-port-plus-one",
        "TCP connections are sent to the port after the target port.",
        (Catch(f"{CLUSTER_IP}[tcp]", "availability"), Catch(HAIRPIN, "truth-table")),
        (f"{CLUSTER_IP}[udp]", REFUSES),
    ),
    Saboteur(
        "ports-udp-to-tcp-port",
        "If a Service has a port for each protocol, UDP goes to the target port of TCP.",
        (Catch(f"{CLUSTER_IP}[udp]", "availability"), Catch(HAIRPIN, "truth-table")),
        (f"{CLUSTER_IP}[tcp]", REFUSES),
    ),
    Saboteur(
        "ports-last-of-several-lost",
        "Of several TCP ports of a Service one is not served.",
        (Catch(_HUNDRED, "truth-table"), Catch(_TRADE, "truth-table")),
        (CLUSTER_IP, HAIRPIN, REFUSES),
    ),
    Saboteur(
        "ports-sctp-dropped",
        "Rules of SCTP are lost.",
        tuple(Catch(case, "truth-table") for case in _SCTP),
        (CLUSTER_IP, NODE_PORTS, HAIRPIN, REFUSES),
    ),
)
