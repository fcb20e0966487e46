"""Rules of other programs."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, HAIRPIN, REFUSES, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

_CATCHES = tuple(
    Catch(each, "rules-of-others") for each in conformance("left_rules", "rules_of_other_programs_stay_as_they_are")
)
(_MARKS,) = conformance("left_rules", "marks_of_other_programs_stay_on_their_packets")
_WITNESSES = (CLUSTER_IP, REFUSES, HAIRPIN)

SABOTEURS = (
    Saboteur("neighbours-rules-dropped", "Each sync empties the chains of other programs.", _CATCHES, _WITNESSES),
    Saboteur("neighbours-rules-doubled", "Each sync adds the rules of other programs once more.", _CATCHES, _WITNESSES),
    Saboteur(
        "neighbours-marks-lost",
        "What kube-proxy marks, to masquerade it, loses the marks of other programs.",
        (Catch(_MARKS, "marks-of-others"),),
        (*_WITNESSES, *(each.case for each in _CATCHES)),
    ),
    Saboteur(
        "neighbours-rules-reordered",
        "Each sync writes the rules of other programs in another order.",
        _CATCHES,
        _WITNESSES,
    ),
)
