"""An API client that tells of every change instead of making it, and then answers as if it had been made.

It stands below everything that speaks with the API server, so that what it tells is what the code would do.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3
import yaml
from kubernetes.client.rest import RESTResponse

from gauntlet.build.cache import Say
from gauntlet.ground.family import Family
from gauntlet.kube.api import Api
from gauntlet.kube.api_client import PatientClient
from gauntlet.kube.objects import AnyObject
from gauntlet.providers.existing.marker import NAMESPACES

# Addresses for documentation (RFC 5737): nobody has them.
_POD_NET, _SERVICE_NET, _BALANCER = "192.0.2", "198.51.100", "203.0.113.1"
_FIRST_NODE_PORT = 30000
_NODE_PORTS = 2768

# Objects of the API as JSON has them.
_Object = dict[str, Any]


class RehearsingClient(PatientClient):
    """Reads are the real client's, except of what was made in the rehearsal. No other request is ever sent."""

    def __init__(self, real: PatientClient, say: Say) -> None:
        super().__init__(real.configuration)
        self._real = real
        self._say = say
        self._made: dict[str, _Object] = {}
        self._gone: set[str] = set()
        self._number = itertools.count(1)

    def call_api(  # type: ignore[no-untyped-def]
        self, method, url, header_params=None, body=None, post_params=None, _request_timeout=None
    ) -> RESTResponse:
        """Override of the library's one way out."""
        parts = urlsplit(url)
        path = parts.path
        if method == "GET":
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            if "/proxy/" in path:
                return _answer(200, self._tell(path, query))
            found = self._read(path, query)
            if found is None:
                return self._real.call_api(
                    method, url, header_params, body, post_params, _request_timeout=_request_timeout
                )
            return _answer(200, found)
        given: _Object = json.loads(body) if isinstance(body, str) else dict(body or {})
        return _answer(*{"POST": self._create, "PATCH": self._change, "DELETE": self._remove}[method](path, given))

    def _tell(self, path: str, query: Mapping[str, str]) -> _Object:
        """A probe pod's own HTTP server: the one place where a GET may change something."""
        self._say(f"ask pod {path.partition('/namespaces/')[2]}: {query}")
        pod = self._made.get(path.partition(":")[0])
        if pod is not None and "cmd" in query:
            _set_ready(pod, "True" if query["cmd"].startswith("touch") else "False")
        return {}

    def _create(self, folder: str, given: _Object) -> tuple[int, _Object]:
        self._say(f"create, by POST {folder}:\n{_yaml(given)}")
        if "metadata" not in given or "name" not in given["metadata"]:
            return 201, given
        made = _completed(given, next(self._number))
        self._made[f"{folder}/{given['metadata']['name']}"] = made
        return 201, made

    def _change(self, path: str, given: _Object) -> tuple[int, _Object]:
        self._say(f"change {path}:\n{_yaml(given)}")
        present = self._made.get(path.removesuffix("/status"))
        if present is not None:
            _merge(present, given)
            for condition in given.get("status", {}).get("conditions", ()):
                _set_ready(present, condition["status"])
        return 200, present or {}

    def _remove(self, path: str, _given: _Object) -> tuple[int, _Object]:
        self._say(f"delete {path}")
        self._gone.add(path)
        inside = path.replace(f"{NAMESPACES}/", "/namespaces/") + "/" if path.startswith(NAMESPACES) else path + "/"
        self._made = {each: made for each, made in self._made.items() if each != path and inside not in each + "/"}
        return 200, {}

    def _read(self, path: str, query: Mapping[str, str]) -> _Object | None:
        """What was made in the rehearsal; None if the real API server is to answer."""
        if path in self._made:
            return self._made[path]
        space = path.partition("/namespaces/")[2].partition("/")[0]
        if path == NAMESPACES:
            return {"items": [*self._really(path, query), *self._inside(path, query)]}
        if f"{NAMESPACES}/{space}" not in self._made:
            return None
        if path.endswith("/endpointslices"):
            return {"items": self._slices(path, query)}
        return {"items": self._inside(path, query)}

    def _really(self, path: str, query: Mapping[str, str]) -> list[_Object]:
        asked = {key: value for key, value in query.items() if key not in ("limit", "continue")}
        found = [each.root for each in Api(self._real).list(AnyObject, path, asked)]
        return [each for each in found if f"{path}/{each['metadata']['name']}" not in self._gone]

    def _inside(self, folder: str, query: Mapping[str, str]) -> list[_Object]:
        return [
            made
            for path, made in self._made.items()
            if path.rpartition("/")[0] == folder and _has_labels(made, query.get("labelSelector", ""))
        ]

    def _slices(self, path: str, query: Mapping[str, str]) -> list[_Object]:
        """Those that were made, and what a controller would make of a Service and the pods it selects."""
        made = self._inside(path, query)
        base = path.replace("/apis/discovery.k8s.io/v1/", "/api/v1/").removesuffix("/endpointslices")
        service = self._made.get(f"{base}/services/{query.get('labelSelector', '').partition('=')[2]}")
        selector = None if service is None else service["spec"].get("selector")
        if made or not selector:
            return made
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        ready = [pod for pod in self._inside(f"{base}/pods", {"labelSelector": labels}) if _is_ready(pod)]
        endpoints = [{"addresses": [pod["status"]["podIP"]], "conditions": {"ready": True}} for pod in ready]
        return [{"metadata": {"name": "rehearsed"}, "endpoints": endpoints}]


def _completed(given: _Object, number: int) -> _Object:
    """An object as the cluster would complete it."""
    made: _Object = json.loads(json.dumps(given))
    made["metadata"].setdefault("labels", {})
    if given.get("kind") == "Pod":
        gates = [gate["conditionType"] for gate in given["spec"].get("readinessGates", ())]
        made["status"] = {
            "phase": "Running",
            "podIP": f"{_POD_NET}.{number % 254 + 1}",
            "conditions": [{"type": kind, "status": "True"} for kind in ("Ready", *gates)],
            "containerStatuses": [{"containerID": "containerd://rehearsed", "ready": True}],
        }
    if given.get("kind") == "Service":
        made["spec"].setdefault("clusterIP", f"{_SERVICE_NET}.{number % 254 + 1}")
        made["spec"]["ipFamilies"] = [Family.IPV4]
        if given["spec"].get("type", "ClusterIP") != "ClusterIP":
            for at, port in enumerate(made["spec"]["ports"]):
                port.setdefault("nodePort", _FIRST_NODE_PORT + (number * 2 + at) % _NODE_PORTS)
        made["status"] = {"loadBalancer": {"ingress": [{"ip": _BALANCER}]}}
    return made


def _is_ready(pod: _Object) -> bool:
    return {"type": "Ready", "status": "True"} in pod["status"]["conditions"]


def _set_ready(pod: _Object, status: str) -> None:
    pod["status"]["conditions"] = [{"type": "Ready", "status": status}]


def _merge(present: _Object, change: _Object) -> None:
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(present.get(key), dict):
            _merge(present[key], value)
        elif value is None:
            present.pop(key, None)
        elif key != "conditions":
            present[key] = value


def _has_labels(made: _Object, selector: str) -> bool:
    wanted = dict(each.split("=", 1) for each in selector.split(",") if "=" in each)
    labels: dict[str, str] = made["metadata"].get("labels", {})
    return wanted.items() <= labels.items()


def _answer(status: int, found: _Object) -> RESTResponse:
    body = json.dumps(found).encode()
    reply = RESTResponse(urllib3.HTTPResponse(body=body, status=status, headers={"Content-Type": "application/json"}))
    reply.read()
    return reply


def _yaml(given: _Object) -> str:
    text = yaml.safe_dump(given, sort_keys=False, width=110)
    return "".join(f"    {line}\n" for line in text.splitlines())
