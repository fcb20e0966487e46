"""EndpointSlices turned into API objects (discovery.k8s.io/v1 EndpointSlice)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gauntlet.ground.cluster import Json
from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Manifest
from gauntlet.kube.objects import SERVICE_NAME
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.workload.endpoints import Endpoint, Slice
from gauntlet.workload.service import Port, Service
from gauntlet.workload.service_manifest import wire


def name_of(of: Service, declared: Slice) -> str:
    """The name of the object."""
    return f"{of.name}-{declared.name}"


def endpoint_slice(of: Service, declared: Slice) -> Manifest:
    """A slice of a Service without a selector (kubernetes.io/docs, "Services without selectors").

    Raises GauntletError if a port of the Service leads to a name: in a slice it is a number.
    """
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name_of(of, declared), "labels": _labels(of, declared), **_annotations(declared)},
        "addressType": str(declared.address_type),
        **_content(of, declared),
    }


def change(of: Service, before: Slice, declared: Slice) -> Manifest:
    """A merge patch that makes one slice of the other. Its type of addresses cannot change."""
    labels: dict[str, Json] = {**dict.fromkeys(before.labels), **_labels(of, declared)}
    return {"metadata": {"labels": labels, **_annotations(declared, before)}, **_content(of, declared)}


def _labels(of: Service, declared: Slice) -> dict[str, str]:
    return {**MANAGED_BY, SERVICE_NAME: of.name, **declared.labels}


def _annotations(declared: Slice, before: Slice | None = None) -> Mapping[str, Json]:
    """Those of the slice; in a merge patch, those of `before` that it does not have any more go."""
    gone = {} if before is None else dict.fromkeys(before.annotations)
    wanted: dict[str, Json] = {**gone, **declared.annotations}
    return {"annotations": wanted} if wanted else {}


def _content(of: Service, declared: Slice) -> Manifest:
    ports = of.ports if declared.ports is None else declared.ports
    return {
        "ports": [port(of, each) for each in ports],
        "endpoints": [_endpoint(each) for each in declared.endpoints],
    }


def port(of: Service, declared: Port) -> Manifest:
    """A port of a slice, or of Endpoints. Raises GauntletError if it leads to a name."""
    if not isinstance(declared.target, int):
        raise GauntletError(
            f"port {declared.number} of Service {of.name} leads to {declared.target!r}: a slice needs the endpoints' "
            "number",
            "declare the port with a number as its target, or the Service with a selector",
        )
    return {"name": declared.name, "port": declared.target, "protocol": wire(declared)}


def _endpoint(declared: Endpoint) -> Manifest:
    conditions = {"ready": declared.ready, "serving": declared.serving, "terminating": declared.terminating}
    made: Manifest = {
        "addresses": list(declared.addresses),
        "conditions": {name: value for name, value in conditions.items() if value is not None},
    }
    if declared.node:
        made["nodeName"] = declared.node
    if declared.zone:
        made["zone"] = declared.zone
    if declared.target_ref:
        made["targetRef"] = _reference(declared.target_ref)
    if hints := _hints(declared):
        made["hints"] = hints
    return made


def _hints(declared: Endpoint) -> Mapping[str, Json]:
    hints: dict[str, Sequence[Mapping[str, str]]] = {
        "forZones": [{"name": each} for each in declared.zones],
        "forNodes": [{"name": each} for each in declared.nodes],
    }
    return {name: value for name, value in hints.items() if value}


def _reference(pod: str) -> Manifest:
    namespace, _, name = pod.partition("/")
    return {"kind": "Pod", "namespace": namespace, "name": name}
