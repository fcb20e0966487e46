"""Traffic policies and source ranges."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, EXTERNAL_LOCAL, INTERNAL_LOCAL, NODE_PORTS, astray, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

_NODE_PORTS_ALONE, _EXTERNAL_ALONE, _SWITCHED = conformance(
    "traffic_policies",
    "internal_policy_local_leaves_node_ports_alone",
    "internal_policy_local_leaves_external_addresses_alone",
    "external_policy_is_switched_live",
)
_LET_IN, _AT_INGRESS_ALONE, _CHANGE, _SINGLE, _EVERYBODY = conformance(
    "source_ranges",
    "only_clients_of_the_ranges_are_let_in",
    "ranges_hold_at_ingress_ips_alone",
    "ranges_change_live",
    "a_range_may_be_a_single_address",
    "ranges_of_everybody_shut_nobody_out",
)
(_SCTP,) = conformance("sctp", "sctp_obeys_source_ranges")
_WITNESSES = (CLUSTER_IP, NODE_PORTS)

SABOTEURS = (
    Saboteur(
        "policies-external-local-ignored",
        "externalTrafficPolicy Local is obeyed as Cluster.",
        (Catch(EXTERNAL_LOCAL, "truth-table"), Catch(_SWITCHED, "truth-table")),
        (*_WITNESSES, INTERNAL_LOCAL),
        astray(EXTERNAL_LOCAL, _SWITCHED),
    ),
    Saboteur(
        "policies-external-local-inside-too",
        "externalTrafficPolicy Local keeps pods and nodes to the endpoints of the node that they ask as well.",
        (Catch(EXTERNAL_LOCAL, "truth-table"), Catch(_SWITCHED, "truth-table")),
        (*_WITNESSES, INTERNAL_LOCAL),
        astray(EXTERNAL_LOCAL, _SWITCHED),
    ),
    Saboteur(
        "policies-internal-local-ignored",
        "internalTrafficPolicy Local of Services with NodePorts is obeyed as Cluster, on nodes that have an endpoint.",
        (Catch(_NODE_PORTS_ALONE, "truth-table"),),
        (*_WITNESSES, EXTERNAL_LOCAL),
        astray(_NODE_PORTS_ALONE),
    ),
    Saboteur(
        "policies-internal-local-outside-too",
        "internalTrafficPolicy Local keeps who asks a NodePort to the node's endpoints as well, if it has any.",
        (Catch(_NODE_PORTS_ALONE, "every-backend"),),
        (*_WITNESSES, EXTERNAL_LOCAL, INTERNAL_LOCAL),
    ),
    Saboteur(
        "policies-ranges-ignored",
        "loadBalancerSourceRanges shut nobody out.",
        (Catch(_LET_IN, "truth-table"), Catch(_CHANGE, "truth-table")),
        (*_WITNESSES, _EVERYBODY),
        astray(_LET_IN, _CHANGE),
    ),
    Saboteur(
        "policies-ranges-first-alone",
        "Of several loadBalancerSourceRanges the first holds alone.",
        (Catch(_CHANGE, "truth-table"),),
        (*_WITNESSES, _EVERYBODY),
        astray(_CHANGE),
    ),
    Saboteur(
        "policies-ranges-at-node-ports",
        "loadBalancerSourceRanges hold at NodePorts as well.",
        (Catch(_AT_INGRESS_ALONE, "truth-table"),),
        (*_WITNESSES, _CHANGE),
        astray(_AT_INGRESS_ALONE),
    ),
    Saboteur(
        "policies-ranges-widened",
        "A source range of a single address lets in its neighbours.",
        (Catch(_SINGLE, "truth-table"),),
        (*_WITNESSES, _LET_IN, _CHANGE),
        astray(_SINGLE),
    ),
    Saboteur(
        "policies-ranges-ignored-sctp",
        "loadBalancerSourceRanges shut nobody out who speaks SCTP.",
        (Catch(_SCTP, "truth-table"),),
        (*_WITNESSES, _LET_IN),
        astray(_SCTP),
    ),
    Saboteur(
        "policies-internal-local-at-external-addresses",
        "internalTrafficPolicy Local keeps who asks ingress and external IPs to the node's endpoints, if it has any.",
        (Catch(_EXTERNAL_ALONE, "every-backend"),),
        (*_WITNESSES, EXTERNAL_LOCAL, INTERNAL_LOCAL, _NODE_PORTS_ALONE),
        (Beside(_EXTERNAL_ALONE, "source-address", "chains of cluster IPs masquerade nobody who comes from outside"),),
    ),
)
