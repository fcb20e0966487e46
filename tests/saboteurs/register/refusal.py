"""Services without endpoints."""

from __future__ import annotations

from tests.saboteurs.register.cases import EVEN, REFUSES, astray, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

(_DECLARED,) = conformance("external_ips", "an_external_ip_without_endpoints_refuses")
# At a NodePort the node itself refuses what nothing else does.
(_CLUSTER_IP,) = conformance("endpoint_conditions", "a_cluster_ip_refuses_whenever_it_has_no_endpoint")
(_DROPPED,) = conformance("traffic_policies", "policy_local_refuses_only_if_there_is_no_endpoint_at_all")

SABOTEURS = (
    Saboteur(
        "refusal-swallowed",
        "Services without endpoints refuse nobody: their packets vanish.",
        (Catch(REFUSES, "refusal"), Catch(_DECLARED, "truth-table")),
        (EVEN,),
    ),
    Saboteur(
        "refusal-swallowed-ipv6",
        "Services without endpoints refuse nobody in IPv6.",
        (Catch(_CLUSTER_IP, "truth-table"),),
        (EVEN, REFUSES),
        astray(_CLUSTER_IP),
    ),
    Saboteur(
        "refusal-late",
        "Services without endpoints drop every other SYN: whoever is not refused at once is a second later.",
        (Catch(f"{REFUSES}[tcp]", "refusal"),),
        (EVEN, f"{REFUSES}[udp]"),
    ),
    Saboteur(
        "refusal-instead-of-drop",
        "Of a Service of policy Local, nodes without an endpoint refuse whom they should drop.",
        (Catch(_DROPPED, "truth-table"),),
        (EVEN, REFUSES),
        astray(_DROPPED),
    ),
)
