"""Shares that are not even."""

from __future__ import annotations

from tests.saboteurs.register.cases import EVEN, REFUSES
from tests.saboteurs.register.saboteur import Catch, Saboteur

_EVEN = (Catch(EVEN, "balance"),)

SABOTEURS = (
    Saboteur(
        "weights-70-20-10",
        "Of three endpoints the first gets 70 % of the connections, the second 20 %, the third 10 %.",
        _EVEN,
        (REFUSES,),
    ),
)
