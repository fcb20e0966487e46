"""What kube-proxy says of its own health, and of a node's endpoints, is not true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

HEALTHZ = "10256"
LIAR = Path(__file__).resolve().parent.parent / "liar.py"


def _saying(code: int, body: str, port: str) -> Act:
    def act(call: Call) -> int:
        subprocess.Popen(
            [sys.executable, "-S", "-E", str(LIAR), str(code), body, port],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return call.run(call.text)

    return act


SABOTEURS = {
    "node-port-always-ready": _saying(200, '{"localEndpoints": 1}', "node-ports"),
    "node-port-never-ready": _saying(503, '{"localEndpoints": 0}', "node-ports"),
    "healthz-always-well": _saying(200, "{}", HEALTHZ),
}
