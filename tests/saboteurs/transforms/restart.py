"""A kube-proxy that is started again writes something else than the one before it did."""

from __future__ import annotations

import os

from tests.saboteurs.transforms import policies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

FIRST = "first kube-proxy"


def _once_started_again(act: Act) -> Act:
    """Leaves the first kube-proxy of a node as it is."""

    def only(call: Call) -> int:
        memory = call.remembered()
        own = str(os.getppid())
        if FIRST not in memory:
            call.remember({**memory, FIRST: [own]})
        return call.run(call.text) if memory.get(FIRST, [own]) == [own] else act(call)

    return only


SABOTEURS = {
    "ranges-ignored": _once_started_again(policies.SABOTEURS["ranges-ignored"]),
    "external-local-ignored": _once_started_again(policies.SABOTEURS["external-local-ignored"]),
}
