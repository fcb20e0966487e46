"""Changes that come late, or not at all."""

from __future__ import annotations

from gauntlet.report.results import Results
from tests.saboteurs.register.cases import LATENCY
from tests.saboteurs.register.saboteur import Catch, Saboteur
from tests.saboteurs.transforms.timing import LATE_S


def _measures_it(results: Results) -> list[str]:
    """Half of the changes of each mode have to be seen at least so late."""
    halves = [spread.p50 for each in results.findings if each.check == "programming" for spread in each.spreads]
    return [] if halves and min(halves) > LATE_S else [f"half of the changes were in effect after {halves} s"]


SABOTEURS = (
    Saboteur(
        "timing-all-late",
        f"Each change of endpoints or Services is written {LATE_S} s late, on every node.",
        (Catch(LATENCY, "programming"),),
        (),
        also=_measures_it,
    ),
)
