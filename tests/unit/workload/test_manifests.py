"""Declarations become objects of the API, by its own names, and what the model makes of these is what was declared."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from kubernetes import client

from gauntlet.ground.cluster import Json
from gauntlet.kube.objects import EndpointSlice, PodObject, ServiceObject, modelled
from gauntlet.semantics import objects as model
from gauntlet.workload import manifest, service_manifest, slice_manifest
from gauntlet.workload.backend import Backend
from gauntlet.workload.endpoints import Endpoint, Slice
from gauntlet.workload.service import Port, Service
from tests.unit.workload.declared import services, slices

OURS = frozenset({"app.kubernetes.io/managed-by"})


def strangers(kind: str, made: Json, at: str = "") -> list[str]:
    """The fields of an object that the API's own description of this kind does not have, with their paths."""
    if (listed := re.fullmatch(r"List\[(.*)]", kind)) and isinstance(made, Sequence):
        return [name for each in made for name in strangers(listed[1], each, f"{at}[]")]
    described = getattr(client, kind, None)
    if described is None or not isinstance(made, Mapping):
        return []
    kinds = {described.attribute_map[name]: kind for name, kind in described.openapi_types.items()}
    unknown = [f"{at}.{name}" for name in made if name not in kinds]
    return unknown + [
        each for name, value in made.items() if name in kinds for each in strangers(kinds[name], value, f"{at}.{name}")
    ]


def test_a_field_that_the_api_does_not_have_is_found() -> None:
    made: Json = {"spec": {"ports": [{"port": 80, "nodeport": 1}], "clusterIps": []}}
    assert strangers("V1Service", made) == [".spec.clusterIps", ".spec.ports[].nodeport"]


@given(services())
def test_the_fields_of_a_service_are_those_of_the_api(declared: Service) -> None:
    assert strangers("V1Service", service_manifest.service(declared)) == []
    assert strangers("V1Service", service_manifest.change(declared, declared)) == []


@given(services("web"), slices())
def test_the_fields_of_a_slice_are_those_of_the_api(of: Service, declared: Slice) -> None:
    assert strangers("V1EndpointSlice", slice_manifest.endpoint_slice(of, declared)) == []
    assert strangers("V1EndpointSlice", slice_manifest.change(of, declared, declared)) == []


@given(services())
def test_the_model_knows_a_service_as_it_was_declared(declared: Service) -> None:
    made = service_manifest.service(declared)
    metadata = made["metadata"]
    assert isinstance(metadata, Mapping)
    read = ServiceObject.model_validate({**made, "metadata": {**metadata, "namespace": "shop"}})
    is_headless = declared.headless or not declared.cluster_ips
    assert modelled.service(read) == model.Service(
        name=f"shop/{declared.name}",
        ports=tuple(
            model.ServicePort(each.number, each.name, model.Protocol(each.protocol.upper()), each.node_port)
            for each in declared.ports
        ),
        cluster_ips=() if is_headless else declared.cluster_ips,
        type=declared.type,
        external_ips=declared.external_ips,
        internal_policy=declared.internal_traffic,
        external_policy=declared.external_traffic,
        affinity_timeout_s=declared.affinity_timeout_s,
        source_ranges=declared.source_ranges,
        health_check_node_port=declared.health_check_node_port,
        publish_not_ready=declared.publish_not_ready,
        distribution=declared.traffic_distribution,
        has_selector=False,
        labels=OURS | declared.labels.keys(),
    )


@given(services("web"), slices())
def test_the_model_knows_a_slice_as_it_was_declared(of: Service, declared: Slice) -> None:
    made = slice_manifest.endpoint_slice(of, declared)
    metadata = made["metadata"]
    assert isinstance(metadata, Mapping)
    read = EndpointSlice.model_validate({**made, "metadata": {**metadata, "namespace": "shop"}})
    ports = of.ports if declared.ports is None else declared.ports
    assert modelled.endpoint_slice(read) == model.EndpointSlice(
        service="shop/web",
        endpoints=tuple(map(_endpoint, declared.endpoints)),
        ports=tuple(
            model.SlicePort(each.target, each.name, model.Protocol(each.protocol.upper()))
            for each in ports
            if isinstance(each.target, int)
        ),
        address_type=declared.address_type,
        labels=OURS | declared.labels.keys() | {"kubernetes.io/service-name"},
    )


def _endpoint(declared: Endpoint) -> model.Endpoint:
    """What is not said of it counts as ready, serving and not terminating."""
    return model.Endpoint(
        declared.addresses,
        declared.node,
        declared.zone,
        model.Conditions(declared.ready is not False, declared.serving is not False, declared.terminating is True),
        model.Hints(frozenset(declared.zones), frozenset(declared.nodes)),
    )


def merged(there: Json, patch: Json) -> Json:
    """What an API server makes of a merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(there) if isinstance(there, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


ALLOCATED = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}


@given(services("web"), services("web"))
def test_a_changed_service_is_the_one_that_is_wanted(before: Service, wanted: Service) -> None:
    made = merged(service_manifest.service(before), service_manifest.change(before, wanted))
    expected = service_manifest.service(wanted)
    assert isinstance(made, Mapping)
    metadata, spec = made["metadata"], made["spec"]
    wanted_metadata, wanted_spec = expected["metadata"], expected["spec"]
    assert isinstance(metadata, Mapping)
    assert isinstance(spec, Mapping)
    assert isinstance(wanted_metadata, Mapping)
    assert isinstance(wanted_spec, Mapping)
    assert {"annotations": {}, **metadata} == {"annotations": {}, **wanted_metadata}
    for name in spec.keys() | wanted_spec.keys():
        if name in wanted_spec or name not in ALLOCATED:
            assert spec.get(name) == wanted_spec.get(name), name


@given(services("web"), slices(), slices())
def test_a_changed_slice_is_the_one_that_is_wanted(of: Service, before: Slice, wanted: Slice) -> None:
    wanted = replace(wanted, name=before.name, address_type=before.address_type)
    patch = slice_manifest.change(of, before, wanted)
    assert merged(slice_manifest.endpoint_slice(of, before), patch) == slice_manifest.endpoint_slice(of, wanted)


@pytest.mark.parametrize("count", [1, 100])
def test_as_many_ports_as_are_declared(count: int) -> None:
    declared = Service("web", ports=tuple(Port(1000 + each, 8080) for each in range(count)))
    spec = service_manifest.service(declared)["spec"]
    assert isinstance(spec, Mapping)
    assert isinstance(spec["ports"], Sequence)
    assert len({str(each["name"]) for each in spec["ports"] if isinstance(each, Mapping)}) == count


def test_a_backend_that_is_to_serve_on_has_time_for_it() -> None:
    made = PodObject.model_validate(manifest.pod(Backend("web-1", "node-1", serves_on_s=5)))
    assert "--delay-shutdown=5" in made.spec.containers[0].args
    assert '"terminationGracePeriodSeconds": 6' in json.dumps(manifest.pod(Backend("web-1", "node-1", serves_on_s=5)))
