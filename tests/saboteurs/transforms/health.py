"""What kube-proxy says of its own health, and of a node's endpoints, is not true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

HEALTHZ = "10256"
METRICS = "10249"
# So many there are before a cluster is ready.
SYNCS_BEFORE = 5
LIAR = Path(__file__).resolve().parent.parent / "liar.py"


def _say(code: int, body: str, port: str) -> None:
    subprocess.Popen(
        [sys.executable, "-S", "-E", str(LIAR), str(code), body, port],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _saying(code: int, body: str, port: str) -> Act:
    def act(call: Call) -> int:
        _say(code, body, port)
        return call.run(call.text)

    return act


def metrics_stand_still(call: Call) -> int:
    """After some syncs /metrics says for ever what it said then."""
    code = call.run(call.text)
    memory = call.remembered()
    done = [*memory.get("syncs", []), ""]
    call.remember({**memory, "syncs": done})
    if call.family == "ip" and len(done) == SYNCS_BEFORE:
        # It loads slowly.
        from urllib.request import urlopen

        with urlopen(f"http://127.0.0.1:{METRICS}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines(keepends=True)
        # Of kube-proxy itself, without what the runtime says: a command line has an end.
        _say(200, "".join(line for line in lines if line.startswith("kube")), METRICS)
    return code


SABOTEURS = {
    "node-port-always-ready": _saying(200, '{"localEndpoints": 1}', "node-ports"),
    "node-port-never-ready": _saying(503, '{"localEndpoints": 0}', "node-ports"),
    "healthz-always-well": _saying(200, "{}", HEALTHZ),
    "metrics-stand-still": metrics_stand_still,
}
