"""Changes of some kinds that come late, while all others come in time."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, KINDS, LATENCY
from tests.saboteurs.register.saboteur import Catch, Saboteur
from tests.saboteurs.transforms.late import LATE_S

_CATCHES = (Catch(KINDS, "in-effect"),)


def _late(bug: str, what: str, *witnesses: str) -> Saboteur:
    return Saboteur(f"late-{bug}", f"{what} {LATE_S} s late; all else is in time.", _CATCHES, (CLUSTER_IP, *witnesses))


SABOTEURS = (
    # An endpoint that takes another's place comes in time.
    _late("deletions", "Services that are deleted are taken away", LATENCY),
    _late("last-endpoint", "That a Service has lost its last endpoint is written"),
)
