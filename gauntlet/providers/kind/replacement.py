"""Giving a node of a running kind cluster another kube-proxy: its DaemonSet is changed, and the node's pod deleted.

The DaemonSet's update strategy is OnDelete, so that nobody but the roll decides which node is next. As with kubeadm
there is one ConfigMap for all pods: a kube-proxy whose container is restarted before its pod is replaced reads the new
one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from gauntlet.ground.cluster import Cluster, Json, Node
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable, delete_if_there
from gauntlet.kube.objects import ConfigMap, DaemonSet, PodObject
from gauntlet.providers.kind.proxy_images import ProxyImage
from gauntlet.providers.protocol import ProxyDoesNotServe
from gauntlet.proxy import process
from gauntlet.proxy.configuration import changed
from gauntlet.proxy.restart import await_anew
from gauntlet.subject import Subject

SYSTEM = "/api/v1/namespaces/kube-system"
CONFIG_MAP = f"{SYSTEM}/configmaps/kube-proxy"
CONFIG_KEY = "config.conf"
MOUNTED = "cat /proc/$(pgrep --exact --newest kube-proxy)/root/var/lib/kube-proxy/config.conf"
_DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
_LABEL = "k8s-app=kube-proxy"
_CONTAINER = "kube-proxy"
# With it the template of two subjects with one image differs, as it does after a change of kubeadm.
_ANNOTATION = "dev.gauntlet.configuration"
_OBSERVED_S = 30.0
# The grace period of the pod that goes (30 s), and what a busy controller and kubelet take for the next one.
_NEXT_POD_S = 90.0
_LAST_LINES = 8
_AGAIN = (ApiUnreachable,)


def configuration(base: str, subject: Subject) -> str:
    """The YAML of a subject's KubeProxyConfiguration, over that of the cluster."""
    return changed(base, {**subject.configuration, "mode": str(subject.mode)})


def described(api: Api) -> str:
    """The YAML of the KubeProxyConfiguration that pods are given now."""
    return api.one(ConfigMap, CONFIG_MAP).data[CONFIG_KEY]


def describe(api: Api, base: str, given: ProxyImage) -> None:
    """Make this subject that of all pods that come from now on, and wait until the controller knows.

    Pods that are there stay what they are.
    """
    wanted = configuration(base, Subject.of_json(given.subject))
    if described(api) != wanted:
        api.patch(CONFIG_MAP, {"data": {CONFIG_KEY: wanted}})
    template: Mapping[str, Json] = {
        "metadata": {"annotations": {_ANNOTATION: hashlib.sha256(wanted.encode()).hexdigest()[:16]}},
        "spec": {"containers": [{"name": _CONTAINER, "image": given.image}]},
    }
    api.patch(
        _DAEMON_SET,
        {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}, "template": dict(template)}},
    )

    until(
        lambda: api.one(DaemonSet, _DAEMON_SET).is_observed,
        what="the controller of DaemonSets knows the next kube-proxy",
        deadline_s=_OBSERVED_S,
        every_s=0.1,
        retry_on=_AGAIN,
    )


def renew(cluster: Cluster, node: Node, base: str, given: ProxyImage) -> None:
    """Delete the node's kube-proxy pod, and return when the next one has its rules in effect.

    Raises ProxyDoesNotServe if it does not in time, and GauntletError if it is not the one that was described.
    """
    api = Api(cluster.api)
    subject = Subject.of_json(given.subject)
    before = process.present(node)
    gone = [pod.metadata for pod in _pods(api, node.name)]
    for old in gone:
        delete_if_there(api, f"{SYSTEM}/pods/{old.name}")
    uids = {old.uid for old in gone}
    pod = until(
        lambda: _next(api, node.name, uids),
        what=f"the next pod of kube-proxy is on {node.name}",
        deadline_s=_NEXT_POD_S,
        every_s=0.1,
        retry_on=_AGAIN,
        remedy="kubectl -n kube-system describe daemonset kube-proxy",
    )
    if pod.spec.containers[0].image != given.image:
        raise GauntletError(f"the next pod of kube-proxy on {node.name} is of {pod.spec.containers[0].image}")
    try:
        await_anew(node, cluster, before.pid if before else None, subject.mode)
    except NotInTime as late:
        tail = "\n    ".join(_log(api, pod).splitlines()[-_LAST_LINES:])
        raise ProxyDoesNotServe(
            f"kube-proxy of {given.name} does not serve on {node.name}: {late.what}\n    {tail}",
            f"read all of its log, below {node.name}/pods/; as long as {cluster.name} runs, the kubelet goes on trying "
            "it until the node is given another one, and the other nodes are as they were",
        ) from None
    if node.run(["sh", "-c", MOUNTED]).stdout != configuration(base, subject):
        raise GauntletError(
            f"kube-proxy on {node.name} was started with another configuration than that of {given.name}",
            "its kubelet had not heard of the new ConfigMap: try again",
        )


def _pods(api: Api, node: str) -> list[PodObject]:
    pods = api.list(PodObject, f"{SYSTEM}/pods", {"labelSelector": _LABEL, "fieldSelector": f"spec.nodeName={node}"})
    return list(pods)


def _next(api: Api, node: str, before: set[str]) -> PodObject | None:
    """The node's only pod of kube-proxy, if it is none of these: the old one has ended."""
    found = _pods(api, node)
    return found[0] if len(found) == 1 and found[0].metadata.uid not in before else None


def _log(api: Api, pod: PodObject) -> str:
    """What it said when it ran last; a pod that was never started has said nothing."""
    try:
        return api.get(f"{SYSTEM}/pods/{pod.metadata.name}/log", {"tailLines": str(_LAST_LINES)}).decode(
            errors="replace"
        )
    except ApiRefused as error:
        return error.words
