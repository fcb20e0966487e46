"""What a run asks for on somebody's cluster: which one, what may be hurt there, with which image."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gauntlet.ground.errors import UsageError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_NUMBER = re.compile(r"[1-9][0-9]*")
_SHARE = re.compile(r"([1-9][0-9]?|100)%")
DEFAULT_BLAST = "1"


@dataclass(frozen=True)
class ExistingOptions:
    """Options of the provider `existing`, as they were given; empty where they were not.

    `targets` are names of nodes with commas, or a label selector; `blast` is a number of nodes, or a share (`25%`).
    """

    kubeconfig: Path | None = None
    context: str = ""
    allow_context: str = ""
    targets: str = ""
    blast: str = DEFAULT_BLAST
    client_image: str = ""


@dataclass(frozen=True)
class Access:
    """A kubeconfig, the context in use there, and a client for it."""

    kubeconfig: Path
    context: str
    client: ApiClient


def access(kubeconfig: Path | None, context: str) -> Access:
    """The cluster that kubectl would take, unless a kubeconfig or a context is named. Changes nothing.

    Raises UsageError where there is no such kubeconfig or context.
    """
    import yaml
    from kubernetes import config
    from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION

    from gauntlet.kube.api_client import api_client

    file = kubeconfig or Path(os.environ.get("KUBECONFIG") or KUBE_CONFIG_DEFAULT_LOCATION).expanduser()
    if not file.is_file():
        raise UsageError(f"there is no kubeconfig {file}", "name one file: --kubeconfig FILE, or KUBECONFIG=FILE")
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        known = [str(each["name"]) for each in document["contexts"]]
        # Which one is current matters, and has to be there, only where none is named.
        used = context or str(document["current-context"])
        if used not in known:
            raise UsageError(f"{file} has no context {used!r}", f"its contexts are: {', '.join(known)}")
        client = api_client(file, used)
    except (config.ConfigException, yaml.YAMLError, OSError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"{file} cannot be used: {error}", "kubectl config get-contexts shows what is in it") from None
    return Access(file.absolute(), used, client)


def at_once(blast: str, nodes: int) -> int:
    """How many of so many nodes may be hurt at once. A share is rounded down.

    Raises UsageError for what is neither a number nor a share, or comes to no node at all.
    """
    if _NUMBER.fullmatch(blast):
        return int(blast)
    share = _SHARE.fullmatch(blast)
    if share is None:
        raise UsageError(f"--kp-max-blast={blast} is no number of nodes", "give a number (2) or a share (25%)")
    allowed = nodes * int(share[1]) // 100
    if allowed < 1:
        raise UsageError(
            f"--kp-max-blast={blast} of {nodes} nodes is less than one node", "give a larger share, or a number"
        )
    return allowed


def is_selector(targets: str) -> bool:
    """Whether these are labels rather than names of nodes: names have none of these characters."""
    return any(sign in targets for sign in "=!() ")
