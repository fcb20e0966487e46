"""A kube-proxy that is started again."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, astray, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

(_AS_BEFORE,) = conformance("restarted", "everything_is_served_as_before_when_every_kube_proxy_was_started_again")
_CAUGHT = (Catch(_AS_BEFORE, "truth-table"),)

SABOTEURS = (
    Saboteur(
        "restart-ranges-ignored",
        "A kube-proxy that is started again lets everybody in, whatever loadBalancerSourceRanges say.",
        _CAUGHT,
        (CLUSTER_IP,),
        astray(_AS_BEFORE),
    ),
    Saboteur(
        "restart-external-local-ignored",
        "A kube-proxy that is started again obeys externalTrafficPolicy Local as Cluster.",
        _CAUGHT,
        (CLUSTER_IP,),
        astray(_AS_BEFORE),
    ),
)
