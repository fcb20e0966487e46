"""Declarations, what is made of them, and what is asked of the result."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast

import pytest
from kubernetes.client import Configuration

from gauntlet.ground import history
from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Frontend, Protocol
from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable
from gauntlet.kube.api_client import PatientClient
from gauntlet.kube.objects import EndpointSlice, PodObject
from gauntlet.workload import (
    HTTP,
    UDP,
    Backend,
    Backends,
    Endpoint,
    Policy,
    Port,
    Readiness,
    RunningBackend,
    Served,
    Service,
    ServiceType,
    Slice,
    manifest,
    one_on_each,
    service_manifest,
    slice_manifest,
    spread,
)
from gauntlet.workload.bulk import serve_many
from gauntlet.workload.effect import answered_by, node_port_questions, questions, refused
from gauntlet.workload.readiness import switch

NODES = ("node-1", "node-2", "node-3")


def test_pod_runs_netexec_on_its_node() -> None:
    pod = manifest.pod(Backend("echo-1", "node-2"))
    spec = pod["spec"]
    assert isinstance(spec, dict)
    (container,) = spec["containers"]
    assert spec["nodeName"] == "node-2"
    assert container["args"] == ["netexec", "--http-port=8080", "--udp-port=8081"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": 8080}
    assert "readinessGates" not in spec


def test_switched_readiness_is_an_exec_probe_or_a_gate() -> None:
    by_file = manifest.pod(Backend("a", "node-1", readiness=Readiness.FILE))["spec"]
    by_gate = manifest.pod(Backend("a", "node-1", readiness=Readiness.GATE))["spec"]
    assert isinstance(by_file, dict)
    assert isinstance(by_gate, dict)
    assert by_file["containers"][0]["readinessProbe"]["exec"] == {"command": ["test", "-f", "/tmp/ready"]}
    assert by_gate["readinessGates"] == [{"conditionType": "gauntlet.dev/serving"}]


def test_service_says_what_was_declared() -> None:
    declared = Service(
        "echo",
        ports=(HTTP, UDP, Port(81, "http")),
        type=ServiceType.LOAD_BALANCER,
        affinity_timeout_s=3,
        external_traffic=Policy.LOCAL,
    )
    assert service_manifest.service(declared)["spec"] == {
        "type": "LoadBalancer",
        "ports": [
            {"name": "tcp-80", "port": 80, "targetPort": 8080, "protocol": "TCP"},
            {"name": "udp-80", "port": 80, "targetPort": 8081, "protocol": "UDP"},
            {"name": "tcp-81", "port": 81, "targetPort": "http", "protocol": "TCP"},
        ],
        "selector": {"app": "backend"},
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 3}},
        "externalTrafficPolicy": "Local",
        "internalTrafficPolicy": "Cluster",
    }


def test_headless_service_and_one_without_selector() -> None:
    headless = service_manifest.service(Service("a", headless=True))["spec"]
    selectorless = service_manifest.service(Service("a", app=None))["spec"]
    assert isinstance(headless, dict)
    assert isinstance(selectorless, dict)
    assert headless["clusterIP"] == "None"
    assert "selector" not in selectorless


def test_slice_belongs_to_its_service() -> None:
    endpoints = (Endpoint(("10.244.1.2",), "node-1"), Endpoint(("10.244.2.2",), "node-2", ready=False))
    made = slice_manifest.endpoint_slice(Service("echo", app=None), Slice("ipv4", endpoints))
    metadata = made["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["labels"]["kubernetes.io/service-name"] == "echo"
    assert made["endpoints"] == [
        {"addresses": ["10.244.1.2"], "conditions": {}, "nodeName": "node-1"},
        {"addresses": ["10.244.2.2"], "conditions": {"ready": False}, "nodeName": "node-2"},
    ]


def test_backends_are_dealt_to_the_nodes() -> None:
    assert [(each.name, each.node) for each in one_on_each(NODES, app="web")] == [
        ("web-1", "node-1"),
        ("web-2", "node-2"),
        ("web-3", "node-3"),
    ]
    assert [each.node for each in spread(5, NODES)] == ["node-1", "node-2", "node-3", "node-1", "node-2"]


def test_running_backends_are_found_by_name_and_node() -> None:
    running = Backends(tuple(RunningBackend("ns", f"b-{n}", f"node-{n}", (f"10.244.{n}.2",)) for n in (1, 2)))
    assert running.names == {"b-1", "b-2"}
    assert running.nodes == {"b-1": "node-1", "b-2": "node-2"}
    assert running.on("node-2").names == {"b-2"}
    assert running.without("b-2").names == {"b-1"}
    assert running["b-1"].target(Protocol.UDP).port == 8081
    with pytest.raises(KeyError):
        running["b-3"]


def test_served_names_each_frontend() -> None:
    served = Served(
        "ns", Service("echo", ports=(HTTP, UDP)), ("10.96.0.9",), {"tcp-80": 30001, "udp-80": 30002}, ("10.99.0.1",)
    )
    assert served.cluster_ip(Protocol.UDP).address == "10.96.0.9"
    port = served.node_port_at("10.77.0.11", Protocol.UDP)
    assert (port.frontend, port.address, port.port) == (Frontend.NODE_PORT, "10.77.0.11", 30002)
    assert served.load_balancer().address == "10.99.0.1"
    with pytest.raises(LookupError):
        Service("only-udp", ports=(UDP,)).port(Protocol.TCP)


def test_pod_on_its_way_out_does_not_serve() -> None:
    ready = {"podIP": "10.244.1.2", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    pod = {"metadata": {"name": "a"}, "spec": {"nodeName": "node-1"}, "status": ready}
    assert PodObject.model_validate_json(json.dumps(pod)).serves
    pod["metadata"] = {"name": "a", "deletionTimestamp": "2026-11-23T12:00:00Z"}
    assert not PodObject.model_validate_json(json.dumps(pod)).serves
    assert not PodObject.model_validate_json('{"metadata": {"name": "a"}, "spec": {}}').serves


def test_endpoint_without_a_ready_condition_is_ready() -> None:
    endpoints = [
        {"addresses": ["10.0.0.1"]},
        {"addresses": ["10.0.0.2"], "conditions": {"ready": True}},
        {"addresses": ["10.0.0.3"], "conditions": {"ready": False}},
    ]
    items = [{"metadata": {"name": "s"}, "endpoints": endpoints}, {"metadata": {"name": "t"}, "endpoints": None}]
    slices = [EndpointSlice.model_validate_json(json.dumps(each)) for each in items]
    assert [each.ready_addresses for each in slices] == [{"10.0.0.1", "10.0.0.2"}, frozenset()]


def _seen(*rows: tuple[str, str | None, str | None]) -> pl.DataFrame:
    return history.attempts({"outcome": outcome, "backend": name, "error": error} for outcome, name, error in rows)


def test_effect_asks_for_exactly_the_backends_there_are() -> None:
    two = _seen(("ok", "a", None), ("ok", "b", None))
    assert answered_by(2)(two)
    assert not answered_by(1)(two), "a backend that should be gone still answers"
    assert not answered_by(3)(two)
    assert not answered_by(2)(_seen(("ok", "a", None), ("timeout", None, "timed out")))


def test_effect_knows_a_refusal_from_a_service_that_is_not_there() -> None:
    assert refused(_seen(("refused", None, "Connection refused")))
    assert refused(_seen(("unreachable", None, "Operation not permitted")))
    assert not refused(_seen(("unreachable", None, "No route to host")))
    assert not refused(_seen(("timeout", None, "timed out")))
    assert not refused(_seen(("ok", "a", None)))


def test_questions_fit_the_service() -> None:
    served = Served("ns", Service("echo", ports=(HTTP, UDP)), ("10.96.0.9",), {}, ())
    assert [question.attempts for question in questions(served, 3)] == [68, 68]
    assert [question.attempts for question in questions(served, 0)] == [1, 1], "refusals are limited"


def test_ingress_of_policy_local_is_asked_for_an_answer_by_whomever() -> None:
    declared = Service("echo", type=ServiceType.LOAD_BALANCER, external_traffic=Policy.LOCAL)
    served = Served("ns", declared, ("10.96.0.9",), {HTTP.name: 30001}, ("10.77.9.1",))
    by_one = _seen(("ok", "a", None))
    inner, ingress = questions(served, 3)
    assert not inner.condition(by_one)
    assert ingress.condition(by_one)
    everyones = replace(declared, external_traffic=Policy.CLUSTER)
    assert not any(each.condition(by_one) for each in questions(replace(served, declared=everyones), 3))


def test_node_ports_are_asked_from_outside_unless_a_node_may_refuse() -> None:
    outside = cast("Host", object())
    declared = Service("echo", ports=(HTTP, UDP), type=ServiceType.NODE_PORT)
    served = Served("ns", declared, ("10.96.0.9",), {HTTP.name: 30001, UDP.name: 30002}, ())
    asked = node_port_questions(served, 3, ["10.77.0.11", "10.77.0.12"], outside)
    assert [(each.target.address, each.target.port) for each in asked] == [
        ("10.77.0.11", 30001), ("10.77.0.12", 30001), ("10.77.0.11", 30002), ("10.77.0.12", 30002),
    ]  # fmt: skip
    assert {each.asker for each in asked} == {outside}
    assert node_port_questions(served, 0, ["10.77.0.11"], outside) == []
    local = replace(declared, external_traffic=Policy.LOCAL)
    assert node_port_questions(replace(served, declared=local), 3, ["10.77.0.11"], outside) == []


def test_backend_that_decides_by_itself_has_no_switch() -> None:
    backend = RunningBackend("ns", "a", "node-1", ("10.244.1.2",))
    with pytest.raises(GauntletError, match="declare it with Readiness"):
        switch(_api(1), backend, Readiness.SERVES)


def _api(port: int) -> Api:
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    return Api(PatientClient(configuration))


class _Server(BaseHTTPRequestHandler):
    """Accepts whatever is posted under /api, gives each Service an address, and refuses the name `many-7`."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = body["metadata"]["name"] == "many-7" and body["kind"] == "Service"
        reply = {**body, "spec": {**body.get("spec", {}), "clusterIP": "10.96.0.9"}}
        data = (b'{"message": "no more addresses"}') if refused else json.dumps(reply).encode()
        self.send_response(422 if refused else 201)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def _serving() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def test_bulk_keeps_the_order_of_its_services() -> None:
    wanted = [Service(f"many-{number}", app=None) for number in range(6)]
    with _serving() as port:
        served = serve_many(_api(port), "ns", wanted, [Endpoint(("10.244.1.2",), "node-1")])
    assert [each.declared for each in served] == wanted
    assert {each.address for each in served} == {"10.96.0.9"}


def test_refused_object_is_named() -> None:
    wanted = [Service(f"many-{number}", app=None) for number in range(9)]
    with _serving() as port, pytest.raises(ApiRefused, match="no more addresses") as caught:
        serve_many(_api(port), "ns", wanted, [Endpoint(("10.244.1.2",), "node-1")])
    assert caught.value.status == 422


def test_dead_api_server_is_said_to_be_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ApiUnreachable, match="is the cluster still up"):
            _api(closed.getsockname()[1]).get("/api")
