"""The way onto the nodes of somebody's cluster: a privileged pod on each, by a DaemonSet that lasts as a run does.

Commands reach them by the API server's exec; nothing else has to be installed anywhere.
"""

from __future__ import annotations

import getpass
import os
import platform
from http import HTTPStatus
from pathlib import Path
from threading import Lock

from gauntlet.ground.errors import GauntletError, NodeGone, UsageError
from gauntlet.ground.waiting import until
from gauntlet.kube import warden
from gauntlet.kube.api import Api, ApiRefused, Manifest, delete_if_there
from gauntlet.kube.exec_channel import WARDEN
from gauntlet.kube.objects import ApiObject, PodObject
from gauntlet.providers.existing import marker

NAME = "node-access"
CONTAINER = "door"
RUN_LABEL = marker.RUN_LABEL
_OWNER = "gauntlet.dev/owner"
_IN = f"/namespaces/{marker.NAMESPACE}"
SETS = f"/apis/apps/v1{_IN}/daemonsets"
CONFIG_MAPS = f"/api/v1{_IN}/configmaps"
PODS = f"/api/v1{_IN}/pods"
_NODES = "/api/v1/nodes"
_SELECTOR = {"app": NAME}
_READY_WITHIN_S = 120.0
# Of a node that was deleted, the API server lets the pods go after a minute or so (pkg/controller/podgc).
_GONE_WITHIN_S = 120.0


def config_map(run: str) -> Manifest:
    """The warden, which the client image need not have."""
    text = Path(warden.__file__).read_text(encoding="utf-8")
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "labels": _labels(run), "annotations": {_OWNER: _me()}},
        "data": {Path(WARDEN).name: text},
    }


def daemon_set(run: str, image: str) -> Manifest:
    """A pod on every node, cordoned and tainted ones too, that sleeps until a command is run in it."""
    pod: Manifest = {
        "hostPID": True,
        "hostNetwork": True,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {
                "name": CONTAINER,
                "image": image,
                "command": ["sleep", "infinity"],
                "securityContext": {"privileged": True},
                "volumeMounts": [{"name": "warden", "mountPath": str(Path(WARDEN).parent), "readOnly": True}],
            }
        ],
        "volumes": [{"name": "warden", "configMap": {"name": NAME}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "labels": _labels(run), "annotations": {_OWNER: _me()}},
        "spec": {
            "selector": {"matchLabels": _SELECTOR},
            "template": {"metadata": {"labels": _labels(run)}, "spec": pod},
        },
    }


def refuse_other(api: Api, run: str) -> None:
    """Raise UsageError if the pods of another run than this one are there. Changes nothing."""
    found = _found(api)
    if found is not None and found.metadata.labels.get(RUN_LABEL) != run:
        raise UsageError(
            f"another run is at work in this cluster, or was killed there: {found.metadata.annotations.get(_OWNER)}",
            f"wait for its end; or run `gauntlet heal` where it was started; or, as the last resort, "
            f"kubectl -n {marker.NAMESPACE} delete daemonset,configmap {NAME}",
        )


def claim(api: Api, run: str) -> None:
    """Say that this run is at work in the cluster, without a pod on any node. Raises ApiRefused."""
    if marker.found(api) is None:
        api.post(marker.NAMESPACES, marker.namespace(run))
    _create(api, CONFIG_MAPS, config_map(run))


def deploy(api: Api, run: str, image: str) -> None:
    """Create what is not there yet. Raises ApiRefused, which names the right that is missing."""
    claim(api, run)
    _create(api, SETS, daemon_set(run, image))


def refuse_forbidden_claim(api: Api, run: str) -> bool:
    """Raise ApiRefused if `claim` would be refused, as far as can be told before. Changes nothing.

    Returns whether all could be told: what would be created in a namespace cannot be asked for before that is there.
    """
    if marker.found(api) is None:
        api.post(marker.NAMESPACES, marker.namespace(run), dry=True)
        return False
    _create(api, CONFIG_MAPS, config_map(run), dry=True)
    return True


def refuse_forbidden(api: Api, run: str, image: str) -> None:
    """The same for `deploy`."""
    if refuse_forbidden_claim(api, run):
        _create(api, SETS, daemon_set(run, image), dry=True)


def remove(api: Api) -> None:
    """Delete it all, and wait until no pod of it is left; the namespace too, where a run made it."""
    for path in (f"{SETS}/{NAME}", f"{CONFIG_MAPS}/{NAME}"):
        delete_if_there(api, path)
    until(
        lambda: not pods(api),
        what=f"the pods of {marker.NAMESPACE}/{NAME} are gone",
        deadline_s=_GONE_WITHIN_S,
        every_s=0.3,
        remedy=f"kubectl -n {marker.NAMESPACE} get pods",
    )
    namespace = marker.found(api)
    if namespace is not None and RUN_LABEL in namespace.metadata.labels:
        marker.delete_namespaces(api, [marker.NAMESPACE])


def pods(api: Api) -> tuple[PodObject, ...]:
    return api.list(PodObject, PODS, {"labelSelector": f"app={NAME}"})


class Entrance:
    """Knows the pod of each node. Where there are none, as after a run that was killed, it has them made."""

    def __init__(self, api: Api, run: str, image: str, nodes: tuple[str, ...]) -> None:
        self._api = api
        self._run = run
        self._image = image
        self._nodes = nodes
        self._pods: dict[str, str] = {}
        self._lock = Lock()

    def pod_on(self, node: str) -> str:
        """The name of the pod on this node. Raises GauntletError if it does not come up, NodeGone at once."""
        with self._lock:
            if node not in self._pods:
                self._pods = self._await(node)
            return self._pods[node]

    def open(self) -> None:
        """Have the pods made, and wait until one runs on every node of the run."""
        with self._lock:
            self._pods = self._await(*self._nodes)

    def _await(self, *nodes: str) -> dict[str, str]:
        refuse_other(self._api, self._run)
        # First: the pod of a node that was deleted is there for a while yet, as if it ran.
        there = _require_there(self._api, nodes)
        deploy(self._api, self._run, self._image)

        def up() -> dict[str, str] | None:
            found = pods(self._api)
            _refuse_unpullable(found, self._image)
            running = {
                pod.spec.node_name: pod.metadata.name for pod in found if pod.runs and pod.spec.node_name in there
            }
            return running if running.keys() >= set(nodes) else None

        return until(
            up,
            what=f"the pods of {marker.NAMESPACE}/{NAME} run on {', '.join(nodes)}",
            deadline_s=_READY_WITHIN_S,
            every_s=0.3,
            remedy=f"kubectl -n {marker.NAMESPACE} describe daemonset,pods; an admission policy may forbid privileged "
            "pods there",
        )


def _require_there(api: Api, nodes: tuple[str, ...]) -> frozenset[str]:
    """The nodes that the cluster has. Raises NodeGone if one of these is no more among them."""
    there = frozenset(node.metadata.name for node in api.list(ApiObject, _NODES))
    if gone := sorted(set(nodes) - there):
        raise NodeGone(f"node {' and '.join(gone)} is gone: the API server has no such Node")
    return there


def _refuse_unpullable(found: tuple[PodObject, ...], image: str) -> None:
    for pod in found:
        if pod.unpullable:
            raise GauntletError(
                f"node {pod.spec.node_name} cannot pull {image}: {pod.unpullable}",
                "name an image that it can pull with --kp-client-image (`gauntlet images build` makes it; push it to "
                "a registry of yours), or load it onto the nodes",
            )


def _found(api: Api) -> ApiObject | None:
    """What shows that a run is at work: the set of its pods, or its claim, if it needs no pods on nodes."""
    for path in (f"{SETS}/{NAME}", f"{CONFIG_MAPS}/{NAME}"):
        try:
            return api.one(ApiObject, path)
        except ApiRefused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
    return None


def _create(api: Api, path: str, body: Manifest, *, dry: bool = False) -> None:
    try:
        api.post(path, body, dry=dry)
    except ApiRefused as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


def _labels(run: str) -> dict[str, str]:
    return {**marker.MANAGED_BY, **_SELECTOR, RUN_LABEL: run}


def _me() -> str:
    return f"{getpass.getuser()} on {platform.node()}, process {os.getpid()}"
