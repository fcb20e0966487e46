"""Declarations turned into API objects: plain JSON, ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import Json
from gauntlet.kube.api import Manifest
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.workload.backend import (
    APP_LABEL,
    HTTP_PORT,
    HTTP_PORT_NAME,
    READY_FILE,
    READY_GATE,
    UDP_PORT,
    UDP_PORT_NAME,
    Backend,
    Readiness,
)
from gauntlet.workload.service import Endpoint, Port, Service, ServiceType


def namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": MANAGED_BY}}


def pod(backend: Backend) -> Manifest:
    """The pod of a backend. It leaves at once when deleted: graceful endings are asked for where they matter."""
    container: Manifest = {
        "name": "agnhost",
        "image": backend.image,
        "args": ["netexec", f"--http-port={HTTP_PORT}", f"--udp-port={UDP_PORT}"],
        "ports": [
            {"name": HTTP_PORT_NAME, "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": UDP_PORT_NAME, "containerPort": UDP_PORT, "protocol": "UDP"},
        ],
        "readinessProbe": {**_probe(backend.readiness), "periodSeconds": backend.probe_period_s, "failureThreshold": 1},
    }
    spec: Manifest = {
        "nodeName": backend.node,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "restartPolicy": "Always",
        "containers": [container],
    }
    if backend.readiness is Readiness.GATE:
        spec["readinessGates"] = [{"conditionType": READY_GATE}]
    labels = {**MANAGED_BY, APP_LABEL: backend.app}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": backend.name, "labels": labels}, "spec": spec}


def service(wanted: Service) -> Manifest:
    spec: Manifest = {
        "type": str(wanted.type),
        "ports": [
            {"name": port.name, "port": port.number, "targetPort": port.target, "protocol": _wire(port)}
            for port in wanted.ports
        ],
    }
    if wanted.app is not None:
        spec["selector"] = {APP_LABEL: wanted.app}
    if wanted.headless:
        spec["clusterIP"] = "None"
    if wanted.affinity_timeout_s is not None:
        spec["sessionAffinity"] = "ClientIP"
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": wanted.affinity_timeout_s}}
    if wanted.type is not ServiceType.CLUSTER_IP:
        spec["externalTrafficPolicy"] = str(wanted.external_traffic)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": wanted.name, "labels": MANAGED_BY},
        "spec": spec,
    }


def endpoint_slice(of: Service, endpoints: Sequence[Endpoint]) -> Manifest:
    """The one slice of a Service without a selector (kubernetes.io/docs, "Services without selectors")."""
    labels = {**MANAGED_BY, "kubernetes.io/service-name": of.name}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": of.name, "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": port.name, "port": port.target, "protocol": _wire(port)} for port in of.ports],
        "endpoints": slice_endpoints(endpoints),
    }


def slice_endpoints(endpoints: Sequence[Endpoint]) -> list[Json]:
    return [
        {"addresses": [each.address], "conditions": {"ready": each.ready}, "nodeName": each.node} for each in endpoints
    ]


def _wire(port: Port) -> str:
    return str(port.protocol).upper()


def _probe(readiness: Readiness) -> Manifest:
    if readiness is Readiness.FILE:
        return {"exec": {"command": ["test", "-f", READY_FILE]}}
    return {"httpGet": {"path": "/healthz", "port": HTTP_PORT}}
