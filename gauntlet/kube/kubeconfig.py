"""Kubeconfig files of clusters that the gauntlet made.

A kubeconfig that the gauntlet writes carries an extension (the field that the kubeconfig format
reserves for tools) which names the provider and the cluster.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import UsageError

EXTENSION = "kube-proxy-gauntlet"
# The keys whose values are paths, relative to the file (client-go, clientcmd/api/v1).
_PATHS = frozenset({"certificate-authority", "client-certificate", "client-key", "tokenFile"})

# What YAML makes of such a file; most of it is passed on unread.
Kubeconfig: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Credentials:
    """PEM texts: the authority's certificate, and a client's certificate and key."""

    ca: bytes
    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Origin:
    """The provider that made a cluster, and the name it gave it."""

    provider: str
    cluster: str


def read(kubeconfig: Path) -> Kubeconfig:
    """What the file holds. Raises UsageError if it cannot be read, or is not YAML."""
    try:
        document: Kubeconfig = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot read the kubeconfig {kubeconfig}: {error.strerror}", "name an existing file"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{kubeconfig} is not a kubeconfig: {error}", "name a kubeconfig file") from None
    return document


def sign(kubeconfig: Path, origin: Origin) -> None:
    """Write into a kubeconfig, of clusters that this provider has just made, whose they are."""
    document = read(kubeconfig)
    for each in document["clusters"]:
        each["cluster"]["extensions"] = [_mark(origin)]
    replace_file(kubeconfig, yaml.safe_dump(document, sort_keys=False), mode=0o600)


def _mark(origin: Origin) -> Kubeconfig:
    return {"name": EXTENSION, "extension": {"provider": origin.provider, "cluster": origin.cluster}}


def render(*, provider: str, cluster: str, server: str, user: str, credentials: Credentials) -> str:
    """A complete kubeconfig with one context, all credentials inside."""

    def encoded(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    at = {
        "server": server,
        "certificate-authority-data": encoded(credentials.ca),
        "extensions": [_mark(Origin(provider, cluster))],
    }
    by = {
        "client-certificate-data": encoded(credentials.certificate),
        "client-key-data": encoded(credentials.key),
    }
    return yaml.safe_dump(of_one(cluster, (cluster, at), (user, by)), sort_keys=False)


def of_one(context: str, cluster: tuple[str, Kubeconfig], user: tuple[str, Kubeconfig]) -> Kubeconfig:
    """A kubeconfig of one context, with this cluster and this user, each after its name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": cluster[0], "user": user[0]}}],
        "clusters": [{"name": cluster[0], "cluster": cluster[1]}],
        "users": [{"name": user[0], "user": user[1]}],
    }


def provider_name(kubeconfig: Path) -> str:
    """Which provider made the cluster of this kubeconfig."""
    return _origin(kubeconfig).provider


def cluster_name(kubeconfig: Path) -> str:
    """The name its provider gave the cluster of this kubeconfig."""
    return _origin(kubeconfig).cluster


def origin(kubeconfig: Path, context: str | None = None) -> Origin | None:
    """Which provider made the cluster of this kubeconfig, as what; None for clusters that are not the gauntlet's.

    Without a `context` the current one counts. Raises UsageError if the file cannot be read.
    """
    document = read(kubeconfig)
    try:
        chosen = context or document["current-context"]
        found = next(each["context"] for each in document["contexts"] if each["name"] == chosen)
        cluster = next(each["cluster"] for each in document["clusters"] if each["name"] == found["cluster"])
        extension = next(each["extension"] for each in cluster.get("extensions", ()) if each["name"] == EXTENSION)
        return Origin(str(extension["provider"]), str(extension["cluster"]))
    except (KeyError, TypeError, StopIteration):
        return None


def _origin(kubeconfig: Path) -> Origin:
    found = origin(kubeconfig)
    if found is None:
        raise UsageError(
            f"{kubeconfig} does not belong to a cluster that the gauntlet made",
            "use the kubeconfig that `gauntlet cluster kubeconfig` prints; for other clusters --kp-provider=existing",
        )
    return found


def single(kubeconfig: Path, context: str, origin: Origin) -> Kubeconfig:
    """A kubeconfig of one context of another, signed as that of a cluster that a run calls by this name."""
    document, folder, name = read(kubeconfig), kubeconfig.parent, origin.cluster
    found = _named(document, "contexts", context)["context"]
    cluster = _absolute(_named(document, "clusters", found["cluster"])["cluster"], folder)
    user = _absolute(_named(document, "users", found["user"])["user"], folder)
    return of_one(context, (name, {**cluster, "extensions": [_mark(origin)]}), (name, user))


def _named(document: Kubeconfig, kind: str, name: str) -> Kubeconfig:
    """Raises UsageError if the kubeconfig has no entry of this name."""
    for each in document.get(kind) or ():
        if each["name"] == name:
            found: Kubeconfig = each
            return found
    raise UsageError(f"the kubeconfig has no {name!r} among its {kind}", "kubectl config view")


def _absolute(entry: Kubeconfig, folder: Path) -> Kubeconfig:
    made: Kubeconfig = {key: str(folder / value) if key in _PATHS else value for key, value in entry.items()}
    plugin: Kubeconfig | None = made.get("exec")
    if plugin and "/" in plugin["command"]:
        made["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return made
