"""Session affinity."""

from __future__ import annotations

from tests.saboteurs.register.cases import EVEN, KILLED
from tests.saboteurs.register.saboteur import Catch, Saboteur

SABOTEURS = (
    Saboteur(
        "affinity-forgotten-at-restart",
        "A kube-proxy that is started again forgets which backend each client had.",
        (Catch(KILLED, "affinity-broken"),),
        (EVEN,),
    ),
)
