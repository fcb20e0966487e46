"""What conntrack knows of connections is lost, or kept for too long."""

from __future__ import annotations

import subprocess
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

# By chance the next packet of a flow meets the backend that it had.
TIMES = 4
BETWEEN_S = 0.25


def _forgetting(protocol: str) -> Act:
    """After each sync conntrack forgets all flows of a protocol: the next packet of each is sent to some backend."""

    def act(call: Call) -> int:
        code = call.run(call.text)
        for _ in range(TIMES if code == 0 else 0):
            subprocess.run(["conntrack", "-D", "-p", protocol], capture_output=True, check=False)
            time.sleep(BETWEEN_S)
        return code

    return act


SABOTEURS = {"tcp-cut": _forgetting("tcp"), "udp-forgotten": _forgetting("udp")}
