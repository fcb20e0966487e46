"""What kube-proxy writes comes late, or not at all."""

from __future__ import annotations

import re
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Call

LATE_S = 12


def changes_services(text: str) -> bool:
    """Whether endpoints or Services change by what is written."""
    return re.search(r" dnat to | numgen random mod |KUBE-SVC-", text) is not None


def late(call: Call) -> int:
    if changes_services(call.text):
        time.sleep(LATE_S)
    return call.run(call.text)


SABOTEURS = {"all-late": late}
