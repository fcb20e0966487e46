"""Virtual servers of ipvs mode."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs.register.cases import EVEN, REFUSES, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

_TCP = (Catch(f"{EVEN}[tcp]", "balance"),)
_MODES = (ProxyMode.IPVS,)
# Guests, which ipvs mode mostly has, do not run the declared cases of scaling.
(_READY,) = conformance("readiness", "only_ready_backends_serve")
(_REMOVED,) = conformance("graceful_termination", "open_connections_to_a_removed_backend_go_on")

SABOTEURS = (
    Saboteur(
        "ipvs-weightless",
        "Of the real servers of a TCP virtual server the first has weight 0.",
        _TCP,
        (f"{EVEN}[udp]", REFUSES),
        modes=_MODES,
    ),
    Saboteur(
        "ipvs-server-lost",
        "Of the real servers of a TCP virtual server the first is lost.",
        _TCP,
        (f"{EVEN}[udp]", REFUSES),
        # Each sync puts it back for a moment.
        (Beside(f"{EVEN}[tcp]", "availability", "what the server takes up while a sync has it back is cut off"),),
        modes=_MODES,
    ),
    Saboteur(
        "ipvs-server-kept",
        "Real servers that a TCP virtual server ever had stay in it, while it has others.",
        (Catch(_READY, "correctness"), Catch(_REMOVED, "correctness")),
        (EVEN, REFUSES),
        modes=_MODES,
    ),
)
