"""How well an outage of known length is measured.

The client's node drops packets to the Service while its address is in an nftables set whose elements time
out by themselves: the kernel ends the outage, to the jiffy, and no process has to be quick.
"""

from __future__ import annotations

import time

from bench.stage import Stage
from gauntlet.checkers.outage import outages
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.waiting import until
from gauntlet.traffic import Load

LENGTHS_MS = (50, 200, 500, 2000)
REPEATS = 5
RATE_PER_S = 400.0
HOLD_S = 0.5
TABLE = "gauntlet_bench"


def errors_ms(stage: Stage) -> dict[str, float]:
    """For each known outage in ms the largest error of REPEATS measurements, in ms."""
    stage.settle(stage.target)
    node = stage.cluster.nodes[0]
    node.run(
        ["nft", "-f", "-"],
        stdin=f"""table inet {TABLE} {{
            set hurt {{ type ipv4_addr; flags timeout; }}
            chain arriving {{ type filter hook prerouting priority -350; ip daddr @hurt drop; }}
        }}""",
    )
    try:
        return {
            str(length): round(max(abs(_measured_ms(stage, length) - length) for _ in range(REPEATS)), 1)
            for length in LENGTHS_MS
        }
    finally:
        node.run(["nft", "delete", "table", "inet", TABLE])


def _measured_ms(stage: Stage, length_ms: int) -> float:
    """One outage of this length, as the checkers measure it. Raises Inconclusive if they see none, or several."""
    element = f"add element inet {TABLE} hurt {{ {stage.target.address} timeout {length_ms}ms }}"
    with stage.traffic.start(stage.client, Load(stage.target, rate_per_s=RATE_PER_S, timeout_s=0.9)) as flow:
        until(lambda: flow.count() > RATE_PER_S / 2, what="traffic flows", deadline_s=30)
        stage.cluster.nodes[0].run(["nft", element])
        time.sleep(length_ms / 1000 + 2 * HOLD_S)  # the outage itself, and what shows that it is over
        attempts = flow.stop()
    found = outages(attempts, hold_s=HOLD_S)
    if len(found) != 1 or not found[0].spell.over:
        raise Inconclusive(f"an outage of {length_ms} ms shows as {[each.line(0) for each in found]}")
    return found[0].spell.length_s * 1000
