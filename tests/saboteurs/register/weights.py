"""Shares that are not even."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, EVEN, HAIRPIN, REFUSES, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

_EVEN = Catch(EVEN, "balance")
_FEW, _NODES, _LOCAL, _HUNDRED = conformance(
    "many_endpoints",
    "pods_find_all_endpoints_alike_at_a_cluster_ip",
    "nodes_find_all_endpoints_alike_at_a_cluster_ip",
    "the_two_endpoints_of_a_node_share_alike_with_policy_local",
    "each_of_a_hundred_endpoints_is_reached_and_none_that_was_removed",
)

SABOTEURS = (
    Saboteur(
        "weights-70-20-10",
        "Of three endpoints the first gets 70 % of the connections, the second 20 %, the third 10 %.",
        (_EVEN,),
        (REFUSES,),
    ),
    Saboteur(
        "weights-three-to-two",
        "The first endpoint gets half as many connections again as each of the others.",
        (_EVEN,),
        (REFUSES, CLUSTER_IP),
    ),
    Saboteur(
        "weights-99-to-1",
        "Of two endpoints the first gets 99 % of the connections.",
        (Catch(_FEW, "balance"),),
        (EVEN,),
    ),
    Saboteur(
        "weights-last-never",
        "Of several endpoints the last is never met.",
        (_EVEN, Catch(CLUSTER_IP, "reaches-all")),
        (REFUSES, HAIRPIN),
    ),
    Saboteur(
        "weights-last-of-100-never",
        "Of a hundred endpoints or more the last is never met.",
        (Catch(_HUNDRED, "reaches-all"),),
        (_FEW,),
    ),
    Saboteur(
        "weights-local-nine-to-one",
        "Of two endpoints of a node the first gets 90 % of what policy Local keeps on the node.",
        (Catch(_LOCAL, "balance"),),
        (_FEW,),
    ),
    Saboteur(
        "weights-nodes-one-alone",
        "Nodes themselves meet the first endpoint alone.",
        (Catch(_NODES, "balance"),),
        (_FEW, EVEN),
    ),
)
