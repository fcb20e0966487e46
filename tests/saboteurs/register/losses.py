"""Connections that are lost now and then, or as soon as there are many."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur
from tests.saboteurs.transforms.losses import MOST_OPEN, ONE_OF, ONE_OF_FEW, ONE_OF_MANY

_THOUSANDS, _AT_OTHER_IPS, _HUNDREDS = conformance(
    "losses",
    "of_thousands_of_connections_none_is_lost",
    "of_a_thousand_connections_at_ingress_and_external_ips_none_is_lost",
    "hundreds_of_connections_are_open_at_once",
)
(_UNSERVED,) = conformance("service_ports", "unserved_ports_of_a_cluster_ip_are_not_answered")

SABOTEURS = (
    Saboteur(
        "losses-at-node-ports",
        f"Of {ONE_OF} new connections at NodePorts one is lost.",
        (Catch(_THOUSANDS, "availability"),),
        (CLUSTER_IP, _UNSERVED),
    ),
    Saboteur(
        "losses-at-cluster-ips",
        f"Of {ONE_OF_MANY} new connections at ClusterIPs one is lost.",
        (Catch(_THOUSANDS, "availability"),),
        (CLUSTER_IP,),
        (Beside(CLUSTER_IP, "availability", "one of these may be lost as well"),),
    ),
    Saboteur(
        "losses-at-ingress-ips",
        f"Of {ONE_OF_FEW} new connections at ingress IPs one is lost.",
        (Catch(_AT_OTHER_IPS, "availability"),),
        (CLUSTER_IP,),
    ),
    Saboteur(
        "losses-at-external-ips",
        f"Of {ONE_OF_FEW} new connections at external IPs one is lost.",
        (Catch(_AT_OTHER_IPS, "availability"),),
        (CLUSTER_IP,),
    ),
    Saboteur(
        "losses-above-two-hundred-open",
        f"While {MOST_OPEN} TCP connections are open through a node, no more are let through.",
        (Catch(_HUNDREDS, "availability"),),
        (CLUSTER_IP, _UNSERVED),
    ),
)
