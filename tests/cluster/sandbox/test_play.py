"""What somebody who plays with a cluster does first: a Deployment and its Service; and Pods that cannot run here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kubernetes import client, utils

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.paths import project_root
from gauntlet.ground.waiting import until
from gauntlet.providers.sandbox import admission
from gauntlet.providers.sandbox.pod_program import AGNHOST_IMAGE
from tests.cluster.sandbox.conftest import AGNHOST, Namespace

TEMPLATE = {"restartPolicy": "Always", "containers": [{"name": "main", "image": AGNHOST}]}
HELLO = project_root() / "manifests" / "hello.yaml"


def deploy(namespace: Namespace, image: str, **spec: object) -> None:
    """As `kubectl create deployment web --image=IMAGE` does."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}], **spec}}
    client.AppsV1Api(namespace.cluster.api).create_namespaced_deployment(
        namespace.name,
        {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": labels}, "template": template}},
    )


def warnings(namespace: Namespace) -> dict[str, str]:
    """The messages of the warnings about Pods, by their reason."""
    about_pods = "involvedObject.kind=Pod,type=Warning"
    found = namespace.core.list_namespaced_event(namespace.name, field_selector=about_pods).items
    return {event.reason: event.message for event in found}


def only_pod(namespace: Namespace) -> client.V1Pod:
    (pod,) = until(
        lambda: namespace.core.list_namespaced_pod(namespace.name).items, what="a pod of it", deadline_s=20.0
    )
    return pod


def test_the_documented_manifest_serves(cluster: Cluster, namespace: Namespace) -> None:
    for document in yaml.safe_load_all(HELLO.read_text(encoding="utf-8")):
        utils.create_from_dict(cluster.api, document, namespace=namespace.name)

    def running() -> list[client.V1Pod]:
        pods = namespace.core.list_namespaced_pod(namespace.name, label_selector="app=hello").items
        return pods if len(pods) == 3 and all(namespace.is_ready(pod.metadata.name) for pod in pods) else []

    pods = until(running, what="three backends ready", deadline_s=30.0)
    assert {pod.spec.node_name for pod in pods} == {node.name for node in cluster.nodes}
    cluster_ip = namespace.core.read_namespaced_service("hello", namespace.name).spec.cluster_ip
    backends = {pod.metadata.name for pod in pods}
    for frontend in (cluster_ip, f"{cluster.nodes[1].address}:30080"):
        argv = ["curl", "--silent", "--fail", "--max-time", "2", f"http://{frontend}/hostname"]

        def answers(argv: list[str] = argv) -> str:
            return cluster.nodes[0].run(argv, check=False).stdout

        assert until(answers, what=f"node-1 is answered by {frontend}", deadline_s=20.0) in backends


def test_an_image_that_is_not_there_is_told_by_an_event(namespace: Namespace) -> None:
    deploy(namespace, "nginx")
    message = until(lambda: warnings(namespace).get("Failed"), what="an event", deadline_s=20.0)
    assert '"nginx"' in message
    assert AGNHOST_IMAGE in message
    waiting = only_pod(namespace).status.container_statuses[0].state.waiting
    assert (waiting.reason, waiting.message) == ("ErrImagePull", message.partition(": ")[2])


def test_a_pod_that_asks_for_more_than_the_sandbox_has_is_told_so_and_can_be_deleted(namespace: Namespace) -> None:
    config = {"name": "settings", "configMap": {"name": "settings"}}
    mount = {"name": "settings", "mountPath": "/settings"}
    namespace.start("mounts", namespace.cluster.nodes[0].name, container={"volumeMounts": [mount]}, volumes=[config])
    assert "volumeMounts" in until(lambda: warnings(namespace).get("Failed"), what="an event", deadline_s=20.0)
    namespace.core.delete_namespaced_pod("mounts", namespace.name)
    until(lambda: not namespace.core.list_namespaced_pod(namespace.name).items, what="pod gone", deadline_s=10.0)


def test_a_pod_that_no_node_takes_is_told_so_and_bound_when_one_does(cluster: Cluster, namespace: Namespace) -> None:
    label = f"test.gauntlet/{namespace.name}"
    deploy(namespace, AGNHOST, nodeSelector={label: "ssd"})
    message = until(lambda: warnings(namespace).get("FailedScheduling"), what="an event", deadline_s=20.0)
    assert message == f"none of 3 nodes takes this Pod: 3 without the labels {label}=ssd"
    pod = only_pod(namespace)
    (scheduled,) = [each for each in pod.status.conditions if each.type == "PodScheduled"]
    assert (scheduled.status, scheduled.reason, scheduled.message) == ("False", "Unschedulable", message)

    namespace.core.patch_node(cluster.nodes[2].name, {"metadata": {"labels": {label: "ssd"}}})
    namespace.wait_ready(pod.metadata.name)
    pod = only_pod(namespace)
    assert pod.spec.node_name == cluster.nodes[2].name
    (scheduled,) = [each for each in pod.status.conditions if each.type == "PodScheduled"]
    assert (scheduled.status, scheduled.reason, scheduled.message) == ("True", None, None)


def test_a_process_that_ends_is_told_with_the_file_of_its_output(cluster: Cluster, namespace: Namespace) -> None:
    namespace.start("ends", cluster.nodes[0].name, container={"command": ["no-such-program"], "args": []})
    message = until(lambda: warnings(namespace).get("BackOff"), what="an event", deadline_s=20.0)
    assert message.startswith("ended with 127")
    log = Path(message.rpartition("its output: ")[2])
    assert "no-such-program" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("policy", "command", "phase", "code"),
    [
        ("Never", ["true"], "Succeeded", 0),
        ("Never", ["sh", "-c", "exit 3"], "Failed", 3),
        ("OnFailure", ["sh", "-c", "test -e /tmp/again || { touch /tmp/again; exit 3; }"], "Succeeded", 0),
    ],
)
def test_a_process_is_started_again_only_if_the_pod_says_so(
    cluster: Cluster, namespace: Namespace, policy: str, command: list[str], phase: str, code: int
) -> None:
    namespace.start(
        "once",
        cluster.nodes[0].name,
        container={"command": command, "args": [], "readinessProbe": None},
        restartPolicy=policy,
    )
    until(lambda: namespace.pod("once").status.phase == phase, what=f"phase {phase}", deadline_s=20.0)
    assert namespace.pod("once").status.container_statuses[0].state.terminated.exit_code == code


@pytest.mark.parametrize(("group", "kind"), [("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "Job")])
def test_a_workload_without_a_controller_is_warned_of(
    cluster: Cluster, namespace: Namespace, group: str, kind: str
) -> None:
    spec: dict[str, object] = {"template": {"metadata": {"labels": {"app": "web"}}, "spec": TEMPLATE}}
    if group == "apps":
        spec["selector"] = {"matchLabels": {"app": "web"}}
    else:
        spec["template"] = {"spec": TEMPLATE | {"restartPolicy": "Never"}}
    body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "web"}, "spec": spec}
    path = f"/apis/{group}/v1/namespaces/{namespace.name}/{kind.lower()}s"
    request = cluster.api.param_serialize(
        "POST", path, header_params={"Content-Type": "application/json"}, body=body, auth_settings=["BearerToken"]
    )
    reply = cluster.api.call_api(*request).response
    assert reply.status == 201
    assert admission.MESSAGE in reply.headers["Warning"]
