"""Which Pods the sandbox runs, with which command, and why it does not run the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from gauntlet.kube.objects import PodObject
from gauntlet.providers.sandbox.pod_program import AGNHOST_IMAGE, Unable, program_of

BINARIES = Path("/binaries")
AGNHOST = f"{AGNHOST_IMAGE}:2.66"


def pod(container: dict[str, JsonValue], spec: dict[str, JsonValue]) -> PodObject:
    main: JsonValue = {"name": "main", "image": AGNHOST, **container}
    return PodObject.model_validate({"metadata": {"name": "p", "uid": "1"}, "spec": {"containers": [main], **spec}})


@pytest.mark.parametrize(
    ("container", "argv"),
    [
        ({"args": ["netexec"]}, ["/binaries/agnhost", "netexec"]),
        ({}, ["/binaries/agnhost", "pause"]),
        ({"command": ["/agnhost", "netexec"]}, ["/binaries/agnhost", "netexec"]),
        ({"command": ["agnhost"], "args": ["pause"]}, ["/binaries/agnhost", "pause"]),
        ({"command": ["sh", "-c", "true"]}, ["sh", "-c", "true"]),
        ({"image": "busybox", "command": ["sleep"], "args": ["9"]}, ["sleep", "9"]),
        (
            {"readinessProbe": {"httpGet": {"port": "web"}}, "ports": [{"name": "web", "containerPort": 1}]},
            ["/binaries/agnhost", "pause"],
        ),
    ],
)
def test_what_a_container_runs(container: dict[str, JsonValue], argv: list[str]) -> None:
    assert program_of(pod(container, {}), BINARIES) == argv


def test_an_image_that_is_not_there_is_named_beside_the_one_that_is() -> None:
    found = program_of(pod({"image": "nginx:1", "args": ["-g", "daemon off;"]}, {}), BINARIES)
    assert isinstance(found, Unable)
    assert found.reason == "ErrImagePull"
    assert '"nginx:1"' in found.message
    assert AGNHOST_IMAGE in found.message


@pytest.mark.parametrize(
    ("spec", "container", "word"),
    [
        ({"containers": [{"name": "a", "image": AGNHOST}, {"name": "b", "image": AGNHOST}]}, {}, "2 containers"),
        ({"initContainers": [{"name": "first", "image": AGNHOST}]}, {}, "initContainers"),
        ({}, {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}, "volumeMounts"),
        ({}, {"env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}, "valueFrom"),
        ({}, {"envFrom": [{"configMapRef": {"name": "settings"}}]}, "envFrom"),
        ({}, {"readinessProbe": {"grpc": {"port": 1}}}, "gRPC"),
        ({}, {"readinessProbe": {"tcpSocket": {"port": "nowhere"}}}, "does not name"),
    ],
)
def test_a_pod_that_would_be_another_one_here_is_not_run(
    spec: dict[str, JsonValue], container: dict[str, JsonValue], word: str
) -> None:
    found = program_of(pod(container, spec), BINARIES)
    assert isinstance(found, Unable)
    assert found.reason == "CreateContainerConfigError"
    assert word in found.message
