"""Other endpoints than those that a Service has."""

from __future__ import annotations

from tests.saboteurs.register.cases import (
    CLUSTER_IP,
    EVEN,
    EXTERNAL_LOCAL,
    HAIRPIN,
    INTERNAL_LOCAL,
    REFUSES,
    REPLACED,
    SCALED,
    astray,
    conformance,
)
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

(_READY,) = conformance("endpoint_conditions", "only_ready_endpoints_are_used")
_LAST_RESORT, _OWN_LAST, _AT_NODE_PORTS = conformance(
    "terminating_endpoints",
    "terminating_endpoints_serve_while_nothing_is_ready",
    "each_node_falls_back_to_its_own_terminating_endpoints",
    "node_ports_of_policy_local_fall_back_on_each_node",
)
_ZONES, _HINTLESS = conformance(
    "zone_hints", "clients_meet_the_endpoints_meant_for_their_zone", "one_endpoint_without_a_hint_makes_all_hints_void"
)
(_NAMESPACES,) = conformance("strange_neighbours", "one_name_in_two_namespaces_is_two_services")
(_HOMELESS,) = conformance("traffic_policies", "an_endpoint_of_no_node_is_local_nowhere")
_TABLE = "truth-table"


def _shares(*cases: str) -> tuple[Beside, ...]:
    """Where an endpoint is used that is not the Service's, few attempts may miss one that is."""
    return tuple(Beside(case, "every-backend", "an endpoint shares with one that should not be used") for case in cases)


SABOTEURS = (
    Saboteur(
        "endpoints-only-one-lost",
        "A Service with a single endpoint is not forwarded.",
        (Catch(HAIRPIN, _TABLE), Catch(REPLACED, _TABLE)),
        (EVEN, REFUSES),
    ),
    Saboteur(
        "endpoints-first-twice",
        "An endpoint is counted twice, as one that is in two slices.",
        (Catch(EVEN, "balance"),),
        (CLUSTER_IP, HAIRPIN),
    ),
    Saboteur(
        "endpoints-added-unused",
        "Endpoints that are added to a Service get no connections while an old one is left.",
        (Catch(SCALED, "every-backend"),),
        (REPLACED, REFUSES, HAIRPIN),
    ),
    Saboteur(
        "endpoints-removed-kept",
        "Endpoints that are removed from a Service get connections for ever.",
        (Catch(SCALED, _TABLE), Catch(REPLACED, _TABLE)),
        (EVEN, REFUSES, HAIRPIN),
        _shares(SCALED, REPLACED),
    ),
    Saboteur(
        "endpoints-unready-used",
        "Endpoints that are not ready get connections beside those that are.",
        (Catch(_READY, _TABLE),),
        (SCALED, _LAST_RESORT, EVEN),
        _shares(_READY),
    ),
    Saboteur(
        "endpoints-terminating-used",
        "Endpoints that terminate get connections though others are ready.",
        (Catch(_LAST_RESORT, _TABLE),),
        (SCALED, _READY, EVEN),
        _shares(_LAST_RESORT),
    ),
    Saboteur(
        "endpoints-hints-ignored",
        "Nodes use endpoints that are meant for another zone.",
        (Catch(_ZONES, _TABLE), Catch(_HINTLESS, _TABLE)),
        (_READY, EVEN),
        _shares(_ZONES, _HINTLESS),
    ),
    Saboteur(
        "endpoints-of-another-node",
        "Nodes use endpoints of other nodes where they may use their own alone.",
        (Catch(INTERNAL_LOCAL, _TABLE), Catch(EXTERNAL_LOCAL, _TABLE)),
        (CLUSTER_IP, EVEN),
        astray(INTERNAL_LOCAL, EXTERNAL_LOCAL),
    ),
    Saboteur(
        "endpoints-hints-ignored-udp",
        "Over UDP, nodes use endpoints that are meant for another zone.",
        (Catch(_ZONES, _TABLE),),
        (_READY, _HINTLESS, EVEN),
        _shares(_ZONES),
    ),
    Saboteur(
        "endpoints-namespaces-mixed",
        "Services of one name, in two namespaces, lead to the endpoints of the one that was there first.",
        (Catch(_NAMESPACES, "correctness"),),
        (HAIRPIN, SCALED),
        (
            Beside(_NAMESPACES, "reaches-all", "somebody else answers"),
            Beside(_NAMESPACES, "availability", "a pod that is led to itself so is not masqueraded"),
        ),
    ),
    Saboteur(
        "endpoints-terminating-used-local-udp",
        "Over UDP, endpoints that terminate get what policy Local keeps on their node, though others there are ready.",
        (Catch(_OWN_LAST, _TABLE), Catch(_AT_NODE_PORTS, _TABLE)),
        (_LAST_RESORT, EVEN),
        astray(_OWN_LAST, _AT_NODE_PORTS),
    ),
    Saboteur(
        "endpoints-without-node-local",
        "Endpoints of which nobody says on which node they are count as each node's own, where it has others.",
        (Catch(_HOMELESS, _TABLE),),
        (INTERNAL_LOCAL, EVEN),
        astray(_HOMELESS),
    ),
)
