"""A KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1): what of it is looked at, and changes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.family import literal
from gauntlet.ground.fields import merged
from gauntlet.proxy import ports

KIND = ("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration")
# What no two nodes have alike: the name of a kube-proxy's Node object.
OWN_NAME = "hostnameOverride"
# What the gauntlet needs to find as it set it: how kube-proxy reaches the API server, and where it is asked how it is.
_RESERVED = ("clientConnection", "healthzBindAddress", OWN_NAME, "metricsBindAddress")
_TYPE = ("apiVersion", "kind")
# cmd/kube-proxy/app/options.go of Kubernetes 1.37.
_FIELDS = {
    "proxy-mode": ("mode",),
    "masquerade-all": ("iptables", "masqueradeAll"),
    "detect-local-mode": ("detectLocalMode",),
    "cluster-cidr": ("clusterCIDR",),
    "iptables-localhost-nodeports": ("iptables", "localhostNodePorts"),
    "ipvs-scheduler": ("ipvs", "scheduler"),
    "ipvs-strict-arp": ("ipvs", "strictARP"),
    "conntrack-tcp-be-liberal": ("conntrack", "tcpBeLiberal"),
}
_ANY = ("", "0.0.0.0", "::", "[::]")


@dataclass(frozen=True)
class Configuration:
    """`mode` is empty where none is set. URLs are for a command on the node itself, without a path.

    `written` is the JSON of all fields that are set. `trouble` says why the text could not be read; then all else is
    what kube-proxy has by default.
    """

    source: str
    mode: str = ""
    scheduler: str = ""
    healthz: str = f"http://127.0.0.1:{ports.HEALTHZ}"
    metrics: str = f"http://127.0.0.1:{ports.METRICS}"
    trouble: str = ""
    written: str = "{}"

    @property
    def fields(self) -> Mapping[str, Json]:
        """All fields that are set, without apiVersion and kind."""
        found: dict[str, Json] = json.loads(self.written)
        return found


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
        written=_written(document),
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
        written=json.dumps(_fields_of_flags(flags), sort_keys=True),
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


def section(fields: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """A part of the configuration that has fields of its own; empty if it is not set."""
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


def _written(document: Mapping[str, Json]) -> str:
    """What JSON does not have (a date) becomes text: here fields are only looked at."""
    return json.dumps({str(key): value for key, value in document.items() if key not in _TYPE}, default=str)


def _fields_of_flags(flags: Mapping[str, str]) -> dict[str, Json]:
    """The fields that mean the same as flags, of those that are looked at."""
    fields: dict[str, Json] = {}
    for flag, path in _FIELDS.items():
        if flag in flags:
            *sections, name = path
            within = fields
            for section in sections:
                within = within.setdefault(section, {})  # type: ignore[assignment]
            within[name] = _value(flags[flag])
    if "nodeport-addresses" in flags:
        fields["nodePortAddresses"] = [each for each in flags["nodeport-addresses"].split(",") if each]
    gates = [each.partition("=") for each in flags.get("feature-gates", "").split(",") if each]
    if gates:
        fields["featureGates"] = {name: value.lower() == "true" for name, _, value in gates}
    return fields


def _value(text: str) -> Json:
    """A flag that stands alone is true."""
    return {"": True, "true": True, "false": False}.get(text.lower(), text)


def _url(address: str, port: int) -> str:
    """The way in for a command on the node. An address without a port, or without an address, is completed."""
    host, _, number = address.rpartition(":")
    bare = address.count(":") > 1 and not address.startswith("[")
    if bare or not host or not number.isdecimal():
        host, number = address, str(port)
    here = "127.0.0.1" if host in _ANY else host
    return f"http://{here if here.startswith('[') else literal(here)}:{number}"


def fields_of(file: Path, mode: ProxyMode | None) -> dict[str, Json]:
    """What a file with a KubeProxyConfiguration sets. With a `mode`, the file may not say another.

    Raises UsageError if it cannot be read, is of another kind, or sets what the gauntlet sets itself.
    """
    remedy = "give a file with a KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) of the fields that differ"
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}", remedy) from None
    except yaml.YAMLError as error:
        raise UsageError(f"{file} is not YAML: {' '.join(str(error).split())}", remedy) from None
    if not isinstance(document, dict) or (document.get("apiVersion"), document.get("kind")) != KIND:
        raise UsageError(f"{file} does not hold a KubeProxyConfiguration of {KIND[0]}", remedy)
    reserved = [field for field in _RESERVED if field in document]
    if reserved:
        raise UsageError(f"{file} sets {', '.join(reserved)}, which the gauntlet sets itself", "leave it out")
    if mode is not None and document.get("mode") not in (None, "", mode):
        raise UsageError(f"{file} sets the mode {document['mode']}, but the subject is of {mode}", "let them agree")
    found = {key: value for key, value in document.items() if key not in _TYPE}
    try:
        json.dumps(found, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:  # a date, .nan, keys of several kinds
        raise UsageError(
            f"{file} holds what JSON does not have: {error}", "put it in quotes, or leave it out"
        ) from None
    return found


def changed(configuration: str, changes: Mapping[str, Json]) -> str:
    """The YAML with changes: mappings are merged key by key, all else is replaced."""
    return yaml.safe_dump(merged(yaml.safe_load(configuration) or {}, changes), sort_keys=False)
