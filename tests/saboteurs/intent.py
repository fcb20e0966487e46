"""What the API server says of endpoints, asked as kube-proxy asks it: by the kubeconfig of the one that called.

A transaction says nothing of endpoints that are not used, and a bug may be just that they are.
"""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import tempfile
import urllib.request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.targets import Port, Target

PATIENCE_S = 5
_SLICES = "/apis/discovery.k8s.io/v1/endpointslices"


class Endpoint:
    """An endpoint of a slice, by its first address; conditions that are not said are as the API says: ready."""

    def __init__(self, slice_: dict, endpoint: dict) -> None:  # type: ignore[type-arg]
        conditions = endpoint.get("conditions", {})
        labels = slice_["metadata"].get("labels", {})
        self.service = f"{slice_['metadata']['namespace']}/{labels.get('kubernetes.io/service-name')}"
        self.ports = {
            (port.get("name") or "", port.get("protocol", "TCP").lower()): str(port["port"])
            for port in slice_.get("ports") or []
        }
        self.address: str = endpoint["addresses"][0]
        self.node: str = endpoint.get("nodeName", "")
        self.is_ready: bool = conditions.get("ready") is not False
        self.is_terminating: bool = conditions.get("terminating") is True
        self.serves: bool = conditions.get("serving", self.is_ready) is not False


def endpoints() -> list[Endpoint]:
    """All of the cluster, of both families."""
    kubeconfig = _read(_kubeconfig())
    with tempfile.NamedTemporaryFile() as file:
        file.write(_data(kubeconfig, "client-certificate-data") + b"\n" + _data(kubeconfig, "client-key-data"))
        file.flush()
        context = ssl.create_default_context(cadata=_data(kubeconfig, "certificate-authority-data").decode())
        context.load_cert_chain(file.name)
    server = _field(kubeconfig, "server")
    with urllib.request.urlopen(server + _SLICES, context=context, timeout=PATIENCE_S) as answer:  # noqa: S310
        slices = json.load(answer)["items"]
    return [
        Endpoint(each, endpoint)
        for each in slices
        if each["addressType"] in ("IPv4", "IPv6")
        for endpoint in each.get("endpoints") or []
    ]


def targets(of: Port, endpoints: list[Endpoint], like: list[Target]) -> list[Target]:
    """Those of these endpoints that have this port, in the family of `like`, and are not among them."""
    is_ipv6 = any(":" in address for address, _ in like)
    found = [
        (each.address, each.ports[of.name, of.protocol])
        for each in endpoints
        if each.service == of.service and (of.name, of.protocol) in each.ports and (":" in each.address) == is_ipv6
    ]
    return [each for each in found if each not in like]


def _kubeconfig() -> str:
    """The path that kube-proxy's configuration names."""
    with open(f"/proc/{os.getppid()}/cmdline", encoding="utf-8") as file:  # noqa: PTH123
        arguments = file.read()
    configuration = re.search(r"--config[=\0]([^\0]+)", arguments)
    assert configuration is not None, arguments
    return _field(_read(configuration[1]), "kubeconfig")


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def _field(text: str, name: str) -> str:
    found = re.search(rf"\b{name}: *[\"']?([^\s\"']+)", text)
    assert found is not None, name
    return found[1]


def _data(text: str, name: str) -> bytes:
    return base64.b64decode(_field(text, name))
