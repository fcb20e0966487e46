"""Rules of other programs."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, HAIRPIN, REFUSES, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

_CATCHES = tuple(
    Catch(each, "rules-of-others") for each in conformance("left_rules", "rules_of_other_programs_stay_as_they_are")
)
_WITNESSES = (CLUSTER_IP, REFUSES, HAIRPIN)

SABOTEURS = (
    Saboteur("neighbours-rules-dropped", "Each sync empties the chains of other programs.", _CATCHES, _WITNESSES),
    Saboteur("neighbours-rules-doubled", "Each sync adds the rules of other programs once more.", _CATCHES, _WITNESSES),
)
