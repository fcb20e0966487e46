"""The marker: how the owner of a cluster says that the gauntlet may act there. And the way past it, by name.

It is a namespace, the one that the gauntlet keeps its own things in (docs/decisions/0007).
"""

from __future__ import annotations

import getpass
import time
from http import HTTPStatus

from gauntlet.ground.errors import UsageError
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused, Manifest
from gauntlet.kube.objects import ApiObject

NAMESPACE = "kube-proxy-gauntlet"
NAMESPACES = "/api/v1/namespaces"
MANAGED_BY = {"app.kubernetes.io/managed-by": "kube-proxy-gauntlet"}
# Privileged pods need the first (kubernetes.io/docs, "Pod Security Admission").
LABELS = {**MANAGED_BY, "pod-security.kubernetes.io/enforce": "privileged"}
# On all that a run made, and so will delete; on the namespace only if it was not there before.
RUN_LABEL = "gauntlet.dev/run"
ADOPTED = "gauntlet.dev/adopted-cluster"
_BY, _AT = "gauntlet.dev/adopted-by", "gauntlet.dev/adopted-at"
_GONE_WITHIN_S = 120.0

POWERS = (
    f"keep things of its own in the namespace {NAMESPACE}, and make and delete namespaces whose names begin with kp- "
    "or are gauntlet-chaos, with pods, Services and EndpointSlices in them",
    f"run a privileged pod on every node (a DaemonSet in {NAMESPACE}) while a run lasts, and with it any command as "
    "root on any node; what it runs there stands in the API server's audit log",
    "read nodes, pods, Services, EndpointSlices, DaemonSets and ConfigMaps of the whole cluster",
    "only on nodes that a run names with --kp-target-nodes, and on no more at once than --kp-max-blast: kill, stop and "
    "restart kube-proxy, delete its rules, drop packets, take a port; each is undone at the end, by a timer on the "
    "node, or by `gauntlet heal`",
)


def identity(api: Api) -> str:
    """What tells this cluster from all others: the uid of its namespace kube-system."""
    return api.one(ApiObject, f"{NAMESPACES}/kube-system").metadata.uid


def found(api: Api) -> ApiObject | None:
    """The gauntlet's namespace; None if there is none."""
    try:
        return api.one(ApiObject, f"{NAMESPACES}/{NAMESPACE}")
    except ApiRefused as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def is_adopted(api: Api) -> bool:
    """Whether the marker is there, and was written for this cluster: a copy of another's does not count."""
    namespace = found(api)
    return namespace is not None and namespace.metadata.annotations.get(ADOPTED) == identity(api)


def admit(api: Api, context: str, allowed: str) -> None:
    """Return where the gauntlet may act on this cluster. Raises UsageError if not; nothing was changed then."""
    if allowed and allowed != context:
        raise UsageError(
            f"--kp-allow-context={allowed} is not the context in use, which is {context}",
            "spell the name of the context in use exactly, or choose the context with --kp-context",
        )
    if allowed:
        return
    namespace = found(api)
    mark = "" if namespace is None else namespace.metadata.annotations.get(ADOPTED, "")
    if not mark:
        raise UsageError(
            f"the cluster of context {context} does not carry the gauntlet's marker, and nothing was changed there",
            f"if it is yours to hurt: gauntlet adopt --context={context}; or, for once, --kp-allow-context={context}",
        )
    if mark != identity(api):
        raise UsageError(
            f"the marker in the cluster of context {context} was written for another cluster (a copied manifest?)",
            f"if this one is meant too: gauntlet adopt --context={context}",
        )


def namespace(run: str) -> Manifest:
    """The namespace as a run makes it if there is none: without the marker."""
    labels = {**LABELS, RUN_LABEL: run}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def write(api: Api) -> None:
    """Write the marker, with its namespace if there is none: all of it in one request, so nothing is left half done."""
    mark = {ADOPTED: identity(api), _BY: getpass.getuser(), _AT: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    if found(api) is None:
        metadata: Manifest = {"name": NAMESPACE, "labels": LABELS, "annotations": mark}
        api.post(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return
    api.patch(f"{NAMESPACES}/{NAMESPACE}", {"metadata": {"annotations": mark, "labels": {**LABELS, RUN_LABEL: None}}})


def remove(api: Api) -> bool:
    """Delete the marker with its namespace, and wait until it is gone. Whether there was one.

    Raises UsageError while a run is at work there, on nodes or by a claim alone.
    """
    if found(api) is None:
        return False
    of_runs = (f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets", f"/api/v1/namespaces/{NAMESPACE}/configmaps")
    if any(api.list(ApiObject, each, {"labelSelector": RUN_LABEL}) for each in of_runs):
        raise UsageError("a run is at work in this cluster, or was killed there", "wait for its end, or: gauntlet heal")
    delete_namespaces(api, [NAMESPACE])
    return True


def delete_namespaces(api: Api, names: list[str]) -> None:
    """Delete namespaces of the gauntlet's, and wait until they are gone."""
    for name in names:
        try:
            api.delete(f"{NAMESPACES}/{name}")
        except ApiRefused as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise
    until(
        lambda: not set(names) & {each.metadata.name for each in own(api)},
        what=f"namespaces {', '.join(names)} are gone",
        deadline_s=_GONE_WITHIN_S,
        every_s=0.5,
        remedy="kubectl get namespace -o yaml tells what they wait for",
    )


def own(api: Api) -> tuple[ApiObject, ...]:
    """All namespaces of the gauntlet's in this cluster."""
    selector = ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())
    return api.list(ApiObject, NAMESPACES, {"labelSelector": selector})
