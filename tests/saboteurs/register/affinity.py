"""Session affinity."""

from __future__ import annotations

from tests.saboteurs.register.cases import AUDIT, EVEN, GROWN, KILLED, NEW_BESIDE, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

_KEEPS, _UNTIL, _EACH, _ALIKE = conformance(
    "session_affinity",
    "client_keeps_its_backend",
    "client_keeps_its_backend_until_the_time_out",
    "clients_of_one_node_choose_each_for_itself",
    "clients_choose_each_backend_alike",
)
_AT_CLUSTER_IPS, _AT_NODE_PORTS = conformance(
    "affinity", "each_client_keeps_its_backend_at_a_cluster_ip", "each_client_keeps_its_backend_at_a_node_port"
)
(_CHANGED_LIVE,) = conformance("affinity", "the_time_out_of_affinity_is_changed_live")
(_COMES_BACK,) = conformance("staying_away", "clients_come_back_to_their_backend")

SABOTEURS = (
    Saboteur(
        "affinity-forgotten-at-changes",
        "When endpoints of any Service change, all Services forget which backend each client had.",
        (Catch(NEW_BESIDE, "affinity-broken"),),
        (_KEEPS, EVEN),
    ),
    Saboteur(
        "affinity-forgotten-by-scaling",
        "When a Service with affinity gets another endpoint, all clients are forgotten.",
        (Catch(GROWN, "affinity-broken"),),
        (_KEEPS, NEW_BESIDE),
    ),
    Saboteur(
        "affinity-forgotten-at-restart",
        "A kube-proxy that is started again forgets which backend each client had; in nftables mode, in IPv4 alone.",
        (Catch(KILLED, "affinity-broken"),),
        (EVEN,),
    ),
    Saboteur(
        "affinity-lost",
        "Clients are not remembered.",
        tuple(Catch(case, "affinity") for case in (_KEEPS, _AT_CLUSTER_IPS, _AT_NODE_PORTS)),
        (EVEN,),
    ),
    Saboteur(
        "affinity-ends-early",
        "Clients are remembered for a third of the time-out.",
        (Catch(_UNTIL, "affinity"),),
        (_KEEPS, EVEN),
    ),
    Saboteur(
        "affinity-half-a-minute-at-most",
        "Clients are remembered for the time-out, and no longer than half a minute.",
        (Catch(_COMES_BACK, "affinity"),),
        (_KEEPS, _UNTIL),
    ),
    Saboteur(
        "affinity-three-hours-at-most",
        "Clients are remembered for the time-out, and no longer than its default of three hours.",
        (Catch(AUDIT, "rules"),),
        (_KEEPS, _UNTIL),
    ),
    Saboteur(
        "affinity-timeout-kept",
        "When the time-out of a Service changes, its clients are remembered for as long as before.",
        (Catch(AUDIT, "rules"),),
        (_KEEPS, _UNTIL, _CHANGED_LIVE),
    ),
    Saboteur(
        "affinity-never-ends",
        "Clients are remembered for a thousand times the time-out.",
        (Catch(_UNTIL, "affinity-timeout"),),
        (_KEEPS, _EACH),
    ),
    Saboteur(
        "affinity-one-for-all",
        "All clients of a node count as one, who keeps one backend.",
        (Catch(_EACH, "own-choice"),),
        (_KEEPS, EVEN),
    ),
    Saboteur(
        "affinity-nodes-forgotten",
        "Clients are remembered, but for the nodes themselves.",
        (Catch(_AT_CLUSTER_IPS, "affinity"), Catch(_AT_NODE_PORTS, "affinity")),
        (_KEEPS, EVEN),
    ),
    Saboteur(
        "affinity-first-choice-uneven",
        "Clients that are to be remembered are given the first of three backends 80 times in 100.",
        (Catch(_ALIKE, "balance"),),
        (_KEEPS, EVEN),
    ),
)
