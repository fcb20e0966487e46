"""Services without endpoints."""

from __future__ import annotations

from tests.saboteurs.register.cases import EVEN, REFUSES, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

(_DECLARED,) = conformance("external_ips", "an_external_ip_without_endpoints_refuses")

SABOTEURS = (
    Saboteur(
        "refusal-swallowed",
        "Services without endpoints refuse nobody: their packets vanish.",
        (Catch(REFUSES, "refusal"), Catch(_DECLARED, "truth-table")),
        (EVEN,),
    ),
)
