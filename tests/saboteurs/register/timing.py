"""Changes that come late, or not at all."""

from __future__ import annotations

from gauntlet.report.results import Results
from tests.saboteurs.register.cases import CLUSTER_IP, LATENCY, REFUSES, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur
from tests.saboteurs.transforms.timing import LATE_S

_PROGRAMMING = Catch(LATENCY, "programming")
_BALANCE = "where a node is not served, no backend is met"
_THOUSAND = "suites/scale/test_rule_explosion.py::test_thousand_services_answer_and_obey"
(_HUNDRED,) = conformance("service_ports", "a_service_may_have_a_hundred_ports")


def _measures_it(results: Results) -> list[str]:
    """Half of the changes of each mode have to be seen at least so late."""
    halves = [spread.p50 for each in results.findings if each.check == "programming" for spread in each.spreads]
    return [] if halves and min(halves) > LATE_S else [f"half of the changes were in effect after {halves} s"]


SABOTEURS = (
    Saboteur(
        "timing-all-late",
        f"Each change of endpoints or Services is written {LATE_S} s late, on every node.",
        (_PROGRAMMING,),
        (),
        also=_measures_it,
    ),
    Saboteur(
        "timing-one-node-late",
        f"On one of three nodes each change of endpoints or Services is written {LATE_S} s late.",
        (_PROGRAMMING,),
        (),
    ),
    Saboteur(
        "timing-one-node-frozen",
        "On one of three nodes nothing is written after the first sync, and nothing says so.",
        (Catch(CLUSTER_IP, "availability"),),
        (),
        tuple(Beside(CLUSTER_IP, check, _BALANCE) for check in ("reaches-all", "correctness")),
    ),
    Saboteur(
        "timing-changes-lost",
        "Every fourth change is not written, though kube-proxy believes that it was.",
        (_PROGRAMMING,),
        (),
    ),
    Saboteur(
        "timing-first-attempts-fail",
        "Each change cannot be written at first, and kube-proxy tries again when it would sync anyway.",
        (_PROGRAMMING,),
        (),
    ),
    Saboteur(
        "timing-one-of-many-lost",
        "If a hundred ports of Services or more are written at once, one of them is lost.",
        (Catch(_THOUSAND, "availability"), Catch(_HUNDRED, "truth-table")),
        (CLUSTER_IP, REFUSES),
    ),
)
