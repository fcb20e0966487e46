"""Some changes are written late, and all others in time."""

from __future__ import annotations

import time

from tests.saboteurs.places import deletes, empties, when

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Call

# What cases wait for, they wait for longer.
LATE_S = 8


def late(call: Call) -> int:
    time.sleep(LATE_S)
    return call.run(call.text)


SABOTEURS = {
    "deletions": when(deletes, late),
    "last-endpoint": when(empties, late),
}
