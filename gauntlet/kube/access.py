"""Which cluster a user means: the one that kubectl would take, unless a kubeconfig or a context is named."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gauntlet.ground.errors import UsageError
from gauntlet.kube import kubeconfig as kubeconfigs

if TYPE_CHECKING:
    from gauntlet.kube.api_client import PatientClient


@dataclass(frozen=True)
class Access:
    """A kubeconfig, the context in use there, and a client for it."""

    kubeconfig: Path
    context: str
    client: PatientClient


def access(kubeconfig: Path | None, context: str) -> Access:
    """The cluster that these mean; empty ones are as kubectl has them. Changes nothing.

    Raises UsageError if there is no such kubeconfig or context.
    """
    # Half a second to load.
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION

    from gauntlet.kube.api_client import api_client

    file = kubeconfig or Path(os.environ.get("KUBECONFIG") or KUBE_CONFIG_DEFAULT_LOCATION).expanduser()
    if not file.is_file():
        raise UsageError(f"there is no kubeconfig {file}", "name one file: --kubeconfig FILE, or KUBECONFIG=FILE")
    try:
        document = kubeconfigs.read(file)
        known = [str(each["name"]) for each in document["contexts"]]
        # Which one is current matters, and has to be there, only if none is named.
        used = context or str(document["current-context"])
        if used not in known:
            raise UsageError(f"{file} has no context {used!r}", f"its contexts are: {', '.join(known)}")
        client = api_client(file, used)
    except (ConfigException, OSError, KeyError, TypeError) as error:
        raise UsageError(f"{file} cannot be used: {error}", "kubectl config get-contexts shows what is in it") from None
    return Access(file.absolute(), used, client)
