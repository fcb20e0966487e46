"""A KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1): what of it is looked at, and changes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from gauntlet.ground.cluster import Json
from gauntlet.proxy import ports

_ANY = ("", "0.0.0.0", "::", "[::]")


@dataclass(frozen=True)
class Configuration:
    """`mode` is empty where none is set. URLs are for a command on the node itself, without a path.

    `trouble` says why the text could not be read; then all else is what kube-proxy has by default.
    """

    source: str
    mode: str = ""
    scheduler: str = ""
    healthz: str = f"http://127.0.0.1:{ports.HEALTHZ}"
    metrics: str = f"http://127.0.0.1:{ports.METRICS}"
    trouble: str = ""


def parse(text: str, source: str) -> Configuration:
    """Read the YAML of a configuration; what is not set there is as kube-proxy has it by default (defaults.go)."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return Configuration(source, trouble=f"is no YAML: {' '.join(str(error).split())}")
    if not isinstance(document, dict):
        return Configuration(source, trouble="is no KubeProxyConfiguration")
    ipvs = document.get("ipvs")
    return Configuration(
        source,
        mode=str(document.get("mode") or ""),
        scheduler=str(ipvs.get("scheduler") or "") if isinstance(ipvs, dict) else "",
        healthz=_url(str(document.get("healthzBindAddress") or ""), ports.HEALTHZ),
        metrics=_url(str(document.get("metricsBindAddress") or ""), ports.METRICS),
    )


def of_flags(arguments: Sequence[str]) -> Configuration:
    """The configuration in kube-proxy's command line, which counts where it names no file."""
    flags = options(arguments)
    return Configuration(
        "kube-proxy's flags",
        mode=flags.get("proxy-mode", ""),
        scheduler=flags.get("ipvs-scheduler", ""),
        healthz=_url(flags.get("healthz-bind-address", ""), ports.HEALTHZ),
        metrics=_url(flags.get("metrics-bind-address", ""), ports.METRICS),
    )


def options(arguments: Sequence[str]) -> dict[str, str]:
    """`--name=value` and `--name value`, by name."""
    found: dict[str, str] = {}
    for position, argument in enumerate(arguments):
        if not argument.startswith("-"):
            continue
        name, equals, value = argument.lstrip("-").partition("=")
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        found[name] = value if equals else ("" if following.startswith("-") else following)
    return found


def _url(address: str, port: int) -> str:
    """The way in for a command on the node. An address without a port, or without an address, is completed."""
    host, _, number = address.rpartition(":")
    bare = address.count(":") > 1 and not address.startswith("[")
    if bare or not host or not number.isdecimal():
        host, number = address, str(port)
    here = "127.0.0.1" if host in _ANY else host
    return f"http://{f'[{here}]' if ':' in here and not here.startswith('[') else here}:{number}"


def changed(configuration: str, changes: Mapping[str, Json]) -> str:
    """The YAML with changes: mappings are merged key by key, all else is replaced."""
    return yaml.safe_dump(_merged(yaml.safe_load(configuration), dict(changes)), sort_keys=False)


def _merged(present: Json, changes: Json) -> Json:
    if not isinstance(present, Mapping) or not isinstance(changes, Mapping):
        return changes
    return {**present, **{key: _merged(present.get(key), value) for key, value in changes.items()}}
