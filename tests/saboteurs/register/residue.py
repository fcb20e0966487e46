"""What should be gone."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs.register.cases import AWAY, CLUSTER_IP, EVEN, REFUSES, REPLACED, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

_DELETED, _NODE_PORT, _AGAIN = conformance(
    "deleted_services",
    "a_deleted_service_answers_no_more",
    "the_node_port_of_a_deleted_service_answers_no_more",
    "a_service_made_again_answers",
)
_NAMES, _GROWS = conformance(
    "left_rules", "nothing_names_a_service_that_was_deleted", "nothing_grows_while_services_come_and_go"
)

SABOTEURS = (
    Saboteur(
        "residue-services-kept",
        "Services that are deleted are served for ever.",
        tuple(Catch(each, "truth-table") for each in (_DELETED, _NODE_PORT, _AGAIN)),
        (REPLACED, EVEN),
    ),
    Saboteur(
        "residue-chains-kept",
        "Chains of Services that are deleted stay, though nothing leads to them.",
        (Catch(_NAMES, "left-rules"),),
        (_DELETED, _AGAIN, CLUSTER_IP),
    ),
    Saboteur(
        "residue-jumps-doubled-at-start",
        "A kube-proxy that is started again adds the jump to the rules of Services once more.",
        (Catch(_GROWS, "growth"),),
        (_NAMES, CLUSTER_IP),
        # In nftables mode each start empties the chains with jumps.
        modes=(ProxyMode.IPTABLES,),
    ),
    Saboteur(
        "residue-jumps-pile-up",
        "Each sync adds the jump to the rules of Services once more.",
        (Catch(_GROWS, "growth"),),
        (_NAMES, CLUSTER_IP),
    ),
    Saboteur(
        "residue-kept-at-start",
        "A kube-proxy that is started again leaves the rules of Services that went meanwhile.",
        (Catch(AWAY, "correctness"),),
        (_DELETED, CLUSTER_IP),
    ),
    Saboteur(
        "residue-sets-pile-up",
        "Each sync leaves a set, or an empty chain, that nobody uses.",
        (Catch(_GROWS, "growth"),),
        (_NAMES, CLUSTER_IP),
    ),
    Saboteur(
        "residue-other-mode",
        "Rules of another mode stay, and lead IPv4 to the endpoints that there were when its kube-proxy ran.",
        (Catch(REPLACED, "truth-table"), Catch(EVEN, "balance")),
        (REFUSES,),
        (Beside(REPLACED, "every-backend", "the endpoint that took over is not met by those rules"),),
    ),
)
