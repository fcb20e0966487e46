"""Which cluster a kubeconfig means, and which of its nodes commands can reach."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kubernetes import config
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION

from gauntlet.cluster import Node
from gauntlet.errors import UsageError
from gauntlet.providers import provider
from gauntlet.providers.api import Api
from gauntlet.providers.api_client import api_client
from gauntlet.providers.kubeconfig import origin

NO_WAY_IN = "the gauntlet has no way onto the nodes of this cluster"


@dataclass(frozen=True)
class Target:
    """A cluster to look at. `no_way_in` says why `nodes` is empty, where it is."""

    api: Api
    nodes: tuple[Node, ...]
    no_way_in: str = ""


def find(kubeconfig: Path | None, context: str | None) -> Target:
    """The cluster of this kubeconfig and context; without these those that kubectl would take.

    Commands can reach the nodes of clusters that the gauntlet made. Raises UsageError where there is no such
    kubeconfig or context.
    """
    file = kubeconfig or Path(os.environ.get("KUBECONFIG") or KUBE_CONFIG_DEFAULT_LOCATION).expanduser()
    if not file.is_file():
        raise UsageError(f"there is no kubeconfig {file}", "name one file: --kubeconfig FILE, or KUBECONFIG=FILE")
    try:
        api = Api(api_client(file, context))
    except config.ConfigException as error:
        raise UsageError(f"{file} cannot be used: {error}", "kubectl config get-contexts shows what is in it") from None
    made = origin(file, context)
    if made is None:
        return Target(api, (), NO_WAY_IN)
    for found in provider(made.provider).list():
        if found.name == made.cluster:
            return Target(api, found.nodes)
    return Target(api, (), f"{made.provider} cluster {made.cluster} is not among the running ones of this user")
