"""The pods of a watch: a client and a backend on each node, which stay through a drain if the cluster has DaemonSets.

`kubectl drain` refuses to go on at a Pod that nothing would make again, and evicts others; those of a DaemonSet stay,
as kube-proxy's own do. A node that comes later gets both by itself.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gauntlet.kube.api import Api, Manifest
from gauntlet.kube.exec_channel import WARDEN
from gauntlet.providers.existing import node_access
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.workload import manifest
from gauntlet.workload.backend import APP_LABEL, Backend

CLIENT = "client"
BACKEND = "backend"
# What `kubectl exec` needs: the name of the container of a pod that manifest.pod declares.
CONTAINER = "agnhost"
# A backend that is told to end serves on for as long as others may need to learn of it, as a well-kept server does.
DELAY_S = 15
_VOLUME = "warden"


def make(api: Api, namespace: str, backend: Backend, nodes: tuple[str, ...]) -> None:
    """Make a pod like this on each of these nodes, in a cluster that makes none of DaemonSets."""
    for number, node in enumerate(nodes, start=1):
        pod = manifest.pod(replace(backend, name=f"{backend.name}-{number}", node=node))
        api.post(f"/api/v1/namespaces/{namespace}/pods", pod)


def roll_out(api: Api, namespace: str, set_: Manifest) -> None:
    """Have the cluster make a pod on each node, now and later."""
    api.post(f"/apis/apps/v1/namespaces/{namespace}/daemonsets", set_)


def end_at_once(api: Api, namespace: str) -> None:
    """End the pods of a watch that is over: nobody asks its backends any more, so they need not serve on."""
    sets = f"/apis/apps/v1/namespaces/{namespace}/daemonsets"
    api.delete(sets, {"propagationPolicy": "Orphan"})
    api.delete(f"/api/v1/namespaces/{namespace}/pods", {"gracePeriodSeconds": 1})


def backends(image: str) -> Manifest:
    """The DaemonSet of the backends. They serve on for a while when they are told to end."""
    made = _daemon_set(BACKEND, image)
    spec = _pod_spec(made)
    spec["terminationGracePeriodSeconds"] = DELAY_S + 5
    container = _container(spec)
    arguments = container["args"]
    assert isinstance(arguments, list)
    container["args"] = [*arguments, f"--delay-shutdown={DELAY_S}"]
    return made


def clients(image: str) -> Manifest:
    """The DaemonSet of the clients."""
    return _daemon_set(CLIENT, image)


def reached_by_exec(set_: Manifest) -> Manifest:
    """The same with what a command needs that is run in these pods by the API server's exec (`warden`)."""
    spec = _pod_spec(set_)
    spec["volumes"] = [{"name": _VOLUME, "configMap": {"name": node_access.NAME}}]
    _container(spec)["volumeMounts"] = [{"name": _VOLUME, "mountPath": str(Path(WARDEN).parent), "readOnly": True}]
    return set_


def give_warden(api: Api, namespace: str) -> None:
    """The ConfigMap that `reached_by_exec` mounts."""
    api.post(f"/api/v1/namespaces/{namespace}/configmaps", node_access.config_map(namespace))


def _daemon_set(app: str, image: str) -> Manifest:
    pod = manifest.pod(Backend(app, node="", app=app, image=image))
    spec = pod["spec"]
    assert isinstance(spec, dict)
    made = {key: value for key, value in spec.items() if key != "nodeName"}
    labels = {**MANAGED_BY, APP_LABEL: app}
    template: Manifest = {
        "metadata": {"labels": labels},
        "spec": {
            **made,
            # Cordoned and tainted nodes have a kube-proxy too.
            "tolerations": [{"operator": "Exists"}],
            "nodeSelector": {"kubernetes.io/os": "linux"},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": app, "labels": MANAGED_BY},
        "spec": {"selector": {"matchLabels": {APP_LABEL: app}}, "template": template},
    }


def _pod_spec(set_: Manifest) -> Manifest:
    spec = set_["spec"]
    assert isinstance(spec, dict)
    template = spec["template"]
    assert isinstance(template, dict)
    found = template["spec"]
    assert isinstance(found, dict)
    return found


def _container(spec: Manifest) -> Manifest:
    containers = spec["containers"]
    assert isinstance(containers, list)
    (found,) = containers
    assert isinstance(found, dict)
    return found
