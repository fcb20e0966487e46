"""The containers of a kind cluster, as Docker knows them: its nodes, which kind makes, and what is beside them."""

from __future__ import annotations

from gauntlet.build import docker
from gauntlet.nodes.container import MEMBER_LABEL
from gauntlet.providers.kind.cluster import outside_name

_NODE_LABEL = "io.x-k8s.kind.cluster"


def nodes(name: str) -> list[str]:
    """Names of the node containers of a kind cluster, whoever made it."""
    return docker.run("ps", "--all", "--filter", f"label={_NODE_LABEL}={name}", "--format", "{{.Names}}").split()


def all_run(name: str) -> bool:
    """Whether the nodes and the outside host of a cluster run."""
    running = docker.run("ps", "--format", "{{.Names}}").split()
    there = nodes(name)
    return bool(there) and {*there, outside_name(name)} <= set(running)


def remove_beside(name: str) -> None:
    """Remove what the gauntlet made beside the nodes."""
    _remove(docker.run("ps", "--all", "--quiet", "--filter", f"label={MEMBER_LABEL}={name}").split())


def remove(name: str) -> None:
    """Remove all of a cluster of which there is no more than containers: as kind does, but without its help."""
    remove_beside(name)
    _remove(nodes(name))


def _remove(containers: list[str]) -> None:
    if containers:
        docker.run("rm", "--force", "--volumes", *containers)
