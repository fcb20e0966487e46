"""Rules that are not there for a moment."""

from __future__ import annotations

from tests.saboteurs.register.cases import EVEN, KILLED, LATENCY, NEW_BESIDE, REFUSES
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

_LOST = Catch(NEW_BESIDE, "availability")
_IN_A_GAP = "who comes in the gap is lost"
_AT_START = ("error-kinds", "blast-radius", "outage", "recovery", "after", "latency")

SABOTEURS = (
    Saboteur(
        "gaps-at-changes",
        "Each sync takes all rules away for a fifth of a second, but for the first one of a kube-proxy.",
        (_LOST, Catch(LATENCY, "availability")),
        (REFUSES,),
    ),
    Saboteur(
        "gaps-at-start",
        "Whenever kube-proxy is started anew, its first sync takes all rules away for a fifth of a second.",
        (Catch(KILLED, "availability"),),
        (EVEN,),
        tuple(Beside(KILLED, check, _IN_A_GAP) for check in _AT_START),
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
