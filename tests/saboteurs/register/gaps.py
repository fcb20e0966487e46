"""Rules that are not there for a moment."""

from __future__ import annotations

from tests.saboteurs.register.cases import LATENCY, NEW_BESIDE, REFUSES
from tests.saboteurs.register.saboteur import Catch, Saboteur

_LOST = Catch(NEW_BESIDE, "availability")

SABOTEURS = (
    Saboteur(
        "gaps-at-changes",
        "Each sync takes all rules away for a fifth of a second, but for the first one of a kube-proxy.",
        (_LOST, Catch(LATENCY, "availability")),
        (REFUSES,),
    ),
    Saboteur(
        "gaps-of-ipv6",
        "Each sync takes all rules of IPv6 away for a fifth of a second.",
        (_LOST,),
        (LATENCY,),
    ),
    Saboteur(
        "gaps-of-node-ports",
        "Each sync takes the rules of NodePorts away for a fifth of a second.",
        (_LOST,),
        (LATENCY,),
    ),
)
