"""The parts of a KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) that the cluster check looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

HEALTHZ_PORT = 10256
METRICS_PORT = 10249
_ANY = ("", "0.0.0.0", "::", "[::]")


@dataclass(frozen=True)
class Configuration:
    """`mode` is empty where none is set. URLs are for a command on the node itself, without a path.

    `trouble` says why the text could not be read; then all else is what kube-proxy has by default.
    """

    source: str
    mode: str = ""
    scheduler: str = ""
    healthz: str = f"http://127.0.0.1:{HEALTHZ_PORT}"
    metrics: str = f"http://127.0.0.1:{METRICS_PORT}"
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
        healthz=_url(str(document.get("healthzBindAddress") or ""), HEALTHZ_PORT),
        metrics=_url(str(document.get("metricsBindAddress") or ""), METRICS_PORT),
    )


def of_flags(arguments: Sequence[str]) -> Configuration:
    """The configuration in kube-proxy's command line, which counts where it names no file."""
    flags = options(arguments)
    return Configuration(
        "kube-proxy's flags",
        mode=flags.get("proxy-mode", ""),
        scheduler=flags.get("ipvs-scheduler", ""),
        healthz=_url(flags.get("healthz-bind-address", ""), HEALTHZ_PORT),
        metrics=_url(flags.get("metrics-bind-address", ""), METRICS_PORT),
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
