"""How many new connections a second one Locust process makes, each with its row in the history.

`python bench/connections.py` measures from a client pod, through a ClusterIP Service with a backend on each node
of a sandbox cluster, and prints JSON: flat keys, as `make bench` collects them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import click
import polars as pl

from gauntlet.cluster import Host, ProxyMode
from gauntlet.errors import Inconclusive
from gauntlet.providers import ClusterSpec, provider
from gauntlet.traffic import Ask, Load, Target, Traffic
from gauntlet.waiting import until
from gauntlet.workload import namespace
from gauntlet.workload.api import Api
from gauntlet.workload.backend import Backend, one_on_each
from gauntlet.workload.service import Service
from gauntlet.workload.workload import Workload

USERS = 8


def measure_connections_per_s(
    traffic: Traffic, client: Host, target: Target, *, seconds: float = 30.0, users: int = USERS
) -> float:
    """New TCP connections a second, from the stamps of the attempts themselves; each asks one question.

    Raises Inconclusive where any attempt was not ok: a refused connection is quick and would flatter the figure.
    """
    frame = _run(traffic, client, target, seconds, users)
    bad = frame.filter(pl.col("outcome") != "ok")
    if not bad.is_empty():
        kinds = bad.group_by("outcome", "error").len().rows()
        raise Inconclusive(f"{bad.height} of {frame.height} attempts were not ok: {kinds}")
    begun = frame["at_ns"].to_numpy()
    return float((frame.height - 1) / ((begun[-1] - begun[0]) / 1e9))


def _run(traffic: Traffic, client: Host, target: Target, seconds: float, users: int) -> pl.DataFrame:
    with traffic.start(client, Load(target, users=users, ask=Ask.HOSTNAME)) as flow:
        until(flow.count, what="the first rows", deadline_s=30)
        time.sleep(seconds)  # the length of the measurement itself
        return flow.stop()


@click.command()
@click.option("--mode", type=click.Choice([*ProxyMode]), default=ProxyMode.NFTABLES, show_default=True)
@click.option("--seconds", default=30.0, show_default=True, help="How long to measure.")
@click.option("--users", default=USERS, show_default=True, help="Attempts in flight at once.")
def main(mode: ProxyMode, seconds: float, users: int) -> None:
    """Bring up a sandbox cluster, measure, and print JSON."""
    source = provider("sandbox")
    cluster = source.create(ClusterSpec("bench-connections", mode))
    try:
        api = Api(cluster.api)
        home = namespace.create(api, "bench-connections")
        workload = Workload(api, home)
        nodes = tuple(node.name for node in cluster.nodes)
        workload.run(*one_on_each(nodes), Backend("client", nodes[0], app="client"))
        target = workload.serve(Service("web")).cluster_ip()
        with tempfile.TemporaryDirectory() as folder, Traffic(Path(folder)) as traffic:
            client = cluster.pod(home, "client")
            _settle(traffic, client, target)
            figure = measure_connections_per_s(traffic, client, target, seconds=seconds, users=users)
    finally:
        source.delete(cluster.name)
    json.dump({"connections_per_s": round(figure)}, sys.stdout)
    sys.stdout.write("\n")


def _settle(traffic: Traffic, client: Host, target: Target) -> None:
    """Wait until kube-proxy has written the Service's rules, so that the figure is of a Service that serves."""

    def answers() -> bool:
        return bool((traffic.send(client, Load(target, attempts=6))["outcome"] == "ok").all())

    until(answers, what="the Service answers", deadline_s=30)


if __name__ == "__main__":
    main()
