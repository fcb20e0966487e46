"""The containers of a kind cluster, as Docker knows them: its nodes, which kind makes, and what is beside them."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.build import docker
from gauntlet.ground.waiting import until
from gauntlet.nodes.container import MEMBER_LABEL
from gauntlet.providers.kind.cluster import KindRecord, outside_name

_NODE_LABEL = "io.x-k8s.kind.cluster"
_LATE_S = 20.0


def nodes(name: str) -> list[str]:
    """Names of the node containers of a kind cluster, whoever made it."""
    return docker.run("ps", "--all", "--filter", f"label={_NODE_LABEL}={name}", "--format", "{{.Names}}").split()


def idle(record: KindRecord) -> list[str]:
    """Those of the nodes and the outside host of a cluster that do not run."""
    running = docker.run("ps", "--format", "{{.Names}}").split()
    return [each for each in (*(node.name for node in record.nodes), outside_name(record.name)) if each not in running]


def looked_at(records: Mapping[str, KindRecord | None]) -> list[tuple[KindRecord, list[str]]]:
    """The records that there are, each with those of its containers that do not run; none if no Docker answers."""
    there = [record for record in records.values() if record is not None]
    if not there or not docker.installed() or docker.call("version").returncode != 0:
        return []
    return [(record, idle(record)) for record in there]


def remove_beside(name: str) -> None:
    """Remove what the gauntlet made beside the nodes."""
    _remove(docker.run("ps", "--all", "--quiet", "--filter", f"label={MEMBER_LABEL}={name}").split())


def remove(name: str) -> None:
    """Remove all of a cluster of which there is no more than containers: as kind does, but without its help."""
    remove_beside(name)
    remove_nodes(name)


def remove_nodes(name: str) -> None:
    """Remove the nodes that there are, also those that come meanwhile.

    The `docker run`s of a kind that was killed go on without it, until Docker has made their containers.
    Raises NotInTime if some are still left after `_LATE_S`.
    """
    until(lambda: not _removed(name), what=f"no node of kind cluster {name} is left", deadline_s=_LATE_S, every_s=0.5)


def _removed(name: str) -> list[str]:
    """Those that there were."""
    there = nodes(name)
    _remove(there)
    return there


def _remove(containers: list[str]) -> None:
    if containers:
        docker.run("rm", "--force", "--volumes", *containers)
