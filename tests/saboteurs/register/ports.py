"""Ports that are lost or mixed up."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs.register.cases import CLUSTER_IP, HAIRPIN, NODE_PORTS, REFUSES, astray, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

(_TO_NODE_PORT,) = conformance("service_types", "cluster_ip_to_node_port_and_back")
_ONLY_CLUSTER_IP = conformance(
    "service_types", "external_name_to_cluster_ip_and_back", "cluster_ip_to_external_name_and_back"
)
_HUNDRED, _TRADE, _HIGH, _UNSERVED, _UNSERVED_OUTSIDE = conformance(
    "service_ports",
    "a_service_may_have_a_hundred_ports",
    "two_ports_trade_their_endpoints",
    "ports_of_low_and_high_numbers_are_served",
    "unserved_ports_of_a_cluster_ip_are_not_answered",
    "unserved_ports_of_external_addresses_are_not_answered",
)
_LEADS, _OUTSIDE = conformance(
    "external_ips", "an_external_ip_leads_to_the_endpoints", "outside_who_has_a_route_to_an_external_ip_is_answered"
)
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
    Saboteur(
        "ports-above-32767-lost",
        "Ports of Services with numbers above 32767 are not served.",
        (Catch(_HIGH, "truth-table"),),
        (CLUSTER_IP, NODE_PORTS, _HUNDRED),
        astray(_HIGH),
    ),
    Saboteur(
        "ports-node-ports-anywhere",
        "A NodePort is served at every address, not at those of nodes alone.",
        (Catch(_UNSERVED_OUTSIDE, "truth-table"),),
        (CLUSTER_IP, NODE_PORTS, _UNSERVED),
        astray(_UNSERVED_OUTSIDE),
    ),
    Saboteur(
        "ports-all-of-ingress-ips",
        "Ingress IPs, in nftables mode external IPs as well, lead every port to the Service.",
        (Catch(_UNSERVED_OUTSIDE, "truth-table"),),
        (CLUSTER_IP, NODE_PORTS, _UNSERVED, _LEADS),
        astray(_UNSERVED_OUTSIDE),
    ),
    Saboteur(
        "ports-external-ips-inside-alone",
        "External IPs are served to pods and nodes, and to nobody outside.",
        (Catch(_OUTSIDE, "availability"),),
        (CLUSTER_IP, NODE_PORTS, _LEADS),
        tuple(Beside(_OUTSIDE, check, "nobody answers") for check in ("correctness", "reaches-all", "source-ip")),
        modes=(ProxyMode.IPTABLES,),
    ),
)
