"""How long the audit takes a node that serves 1,000 Services with 10 endpoints each."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.services import ENDPOINTS, SERVICES
from bench.stage import Stage
from gauntlet.doctor.cluster_check.audit import Audit
from gauntlet.ground.errors import Inconclusive
from gauntlet.traffic.encounters import encounters
from gauntlet.traffic.evidence import Evidence


def node_s(stage: Stage) -> float:
    """Seconds of the whole audit for each node. The Services are there, those of `services_s`.

    Raises Inconclusive if it does not pass: then it has looked more than once.
    """
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        found = Audit(stage.api, stage.cluster)(encounters(Path(folder), ""), Evidence(Path(folder), "audit"))
        took_s = time.monotonic() - begun
    bad = [each.reason for each in found if each.verdict.blocks]
    if bad:
        raise Inconclusive(
            f"the audit of {SERVICES:,} Services with {ENDPOINTS} endpoints: {bad[0]}", "read its details"
        )
    return took_s / len(stage.cluster.nodes)
