"""How many probes a second the clients of a cluster make together, each by one call for a whole table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bench.stage import Stage
from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.traffic.table import Table, TableRow
from gauntlet.workload import HTTP, UDP, Service, ServiceType

ATTEMPTS_A_ROW = 400
USERS = 8


def probes_per_s(stage: Stage) -> float:
    """Attempts a second of a pod on each node, each node and the host outside, at the NodePorts of all nodes.

    TCP and UDP in equal parts, each a new connection with its name and its client asked for. From the stamps of the
    attempts themselves. Raises Inconclusive if any attempt was not ok.
    """
    served = stage.workload.serve(Service("wide", ports=(HTTP, UDP), type=ServiceType.NODE_PORT))
    nodes = stage.cluster.nodes
    targets = [served.node_port(node, protocol) for node in nodes for protocol in (Protocol.TCP, Protocol.UDP)]
    for target in targets:
        stage.settle(target)
    pods = [stage.cluster.pod(each.namespace, each.name) for each in stage.backends.all if each.name != "client"]
    clients = (*pods, *nodes, stage.cluster.outside)
    stage.traffic.warm(*clients)

    def ask(client: Host, attempts: int) -> pl.DataFrame:
        rows = tuple(TableRow(number, target, attempts) for number, target in enumerate(targets))
        return stage.traffic.ask(client, Table(rows, users=USERS)).attempts

    with ThreadPoolExecutor(len(clients)) as pool:
        # An agent takes a second to start.
        list(pool.map(lambda client: ask(client, 1), clients))
        frame = pl.concat(pool.map(lambda client: ask(client, ATTEMPTS_A_ROW), clients))
    bad = frame.filter(pl.col("outcome") != "ok")
    if not bad.is_empty():
        kinds = bad.group_by("outcome", "error").len().rows()
        raise Inconclusive(f"{bad.height} of {frame.height} probes were not ok: {kinds}")
    begun = frame["at_ns"].sort()
    return float((frame.height - 1) / ((begun[-1] - begun[0]) / 1e9))
