"""How long 1,000 Services with 10 endpoints each take, from the first request until the last one answers."""

from __future__ import annotations

import time

from bench.stage import Stage
from gauntlet.workload.backend import spread
from gauntlet.workload.bulk import serve_many
from gauntlet.workload.service import Service

SERVICES, ENDPOINTS = 1000, 10


def services_s(stage: Stage) -> float:
    """Seconds. All Services share ten running pods as endpoints; the pods are there before the clock starts."""
    nodes = tuple(node.name for node in stage.cluster.nodes)
    backends = stage.workload.run(*spread(ENDPOINTS, nodes, app="many"))
    stage.settle(stage.target)
    begun = time.monotonic()
    wanted = [Service(f"many-{number}", app=None) for number in range(SERVICES)]
    served = serve_many(stage.api, stage.workload.namespace, wanted, backends.endpoints())
    stage.settle(served[-1].cluster_ip())
    return time.monotonic() - begun
