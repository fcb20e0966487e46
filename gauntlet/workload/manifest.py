"""Namespaces and backends turned into API objects: plain JSON, ready to be sent."""

from __future__ import annotations

from gauntlet.kube.api import Manifest
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.workload.backend import (
    APP_LABEL,
    HTTP_PORT_NAME,
    READY_FILE,
    READY_GATE,
    UDP_PORT_NAME,
    Backend,
    Program,
    Readiness,
)


def namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": MANAGED_BY}}


def pod(backend: Backend) -> Manifest:
    """The pod of a backend. It leaves at once when deleted, unless it is to serve on."""
    container = _agnhost(backend) if backend.program is None else _running(backend.image, backend.program)
    spec: Manifest = {
        "nodeName": backend.node,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1 + backend.serves_on_s,
        "restartPolicy": "Always",
        "containers": [container],
    }
    if backend.in_host_network:
        spec["hostNetwork"] = True
    if backend.readiness is Readiness.GATE:
        spec["readinessGates"] = [{"conditionType": READY_GATE}]
    labels = {**MANAGED_BY, APP_LABEL: backend.app}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": backend.name, "labels": labels}, "spec": spec}


def _agnhost(backend: Backend) -> Manifest:
    return {
        "name": "agnhost",
        "image": backend.image,
        "args": [
            "netexec",
            f"--http-port={backend.http_port}",
            f"--udp-port={backend.udp_port}",
            *([f"--delay-shutdown={backend.serves_on_s}"] if backend.serves_on_s else []),
            *([f"--udp-listen-addresses={','.join(backend.udp_addresses)}"] if backend.udp_addresses else []),
        ],
        "ports": [
            {"name": HTTP_PORT_NAME, "containerPort": backend.http_port, "protocol": "TCP"},
            {"name": UDP_PORT_NAME, "containerPort": backend.udp_port, "protocol": "UDP"},
        ],
        "readinessProbe": {**_probe(backend), "periodSeconds": backend.probe_period_s, "failureThreshold": 1},
    }


def _running(image: str, program: Program) -> Manifest:
    return {
        "name": "program",
        "image": image,
        "command": list(program.command),
        "env": [{"name": name, "value": value} for name, value in program.environment.items()],
        "readinessProbe": {
            "httpGet": {"path": program.ready_path, "port": program.ready_port},
            "periodSeconds": 1,
            "failureThreshold": 1,
        },
    }


def _probe(backend: Backend) -> Manifest:
    if backend.readiness is Readiness.FILE:
        return {"exec": {"command": ["test", "-f", READY_FILE]}}
    return {"httpGet": {"path": "/healthz", "port": backend.http_port}}
