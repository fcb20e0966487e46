"""The shipped rights, on a real API server: a run has all it needs, and one right less is named in the error."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gauntlet.doctor.cluster_check import cluster_facts
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused, Manifest
from gauntlet.providers import ClusterSpec, ExistingOptions
from gauntlet.providers.existing import marker, node_access
from gauntlet.providers.existing.provider import ExistingProvider, sweep
from gauntlet.providers.existing.record import clusters_dir
from gauntlet.subject import plain
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.backend import IMAGE, Backend
from gauntlet.workload.endpoints import Endpoint
from gauntlet.workload.service import Service
from gauntlet.workload.workload import Workload
from tests.cluster.existing.rbac import applied, as_user, documents, with_token, without

RUN = "0a1b2c3d"
Work = Callable[[Api, Cluster], None]


def look(api: Api, sandbox: Cluster) -> None:
    """What `gauntlet doctor --cluster` and the start of a run read."""
    marker.admit(api, "play", "")
    assert not cluster_facts.gather(api).forbidden


def get_in(api: Api, sandbox: Cluster) -> None:
    node_access.refuse_other(api, RUN)
    node_access.deploy(api, RUN, IMAGE)
    node_access.pods(api)
    node_access.remove(api)


def serve(api: Api, sandbox: Cluster) -> None:
    """What cases create and read, and the end of a run."""
    name = namespaces.create(api, "rights")
    workload = Workload(api, name)
    workload.run(Backend("backend-1", sandbox.nodes[0].name))
    workload.serve(Service("echo"))
    by_hand = Service("by-hand", app=None)
    workload.serve_endpoints(by_hand, [Endpoint(("10.1.2.3",), sandbox.nodes[0].name)])
    workload.replace_endpoints(by_hand, [Endpoint(("10.1.2.4",), sandbox.nodes[0].name)])
    workload.replace_endpoints(by_hand, [])
    for refusal in workload.apply({by_hand: []}, {replace(by_hand, publish_not_ready=True): []}).values():
        raise refusal
    workload.delete_backend("backend-1")
    assert namespaces.with_services(api) == {name}
    namespaces.clear(api, name)
    namespaces.delete(api, name)
    until(lambda: not namespaces.with_services(api), what="all of it is gone", deadline_s=30.0)
    sweep(api)
    assert {each.metadata.name for each in marker.own(api)} <= {marker.NAMESPACE}


def disturb(api: Api, sandbox: Cluster) -> None:
    """What experiments do beside their commands on nodes."""
    name = namespaces.create(api, "rights")
    Workload(api, name).run(Backend("backend-1", sandbox.nodes[0].name))
    api.patch(f"/api/v1/namespaces/{name}/pods/backend-1", {"metadata": {"labels": {"app": None}}})
    namespaces.delete(api, name)


@pytest.fixture
def adopted(api: Api) -> Api:
    marker.write(api)
    return api


@pytest.mark.parametrize(
    ("account", "work"),
    [
        ("gauntlet-check", look),
        ("gauntlet-conformance", look),
        ("gauntlet-conformance", get_in),
        ("gauntlet-conformance", serve),
        ("gauntlet-chaos", look),
        ("gauntlet-chaos", get_in),
        ("gauntlet-chaos", serve),
        ("gauntlet-chaos", disturb),
    ],
)
def test_each_user_can_do_its_work(adopted: Api, sandbox: Cluster, account: str, work: Work) -> None:
    with applied(adopted, documents()):
        user = as_user(sandbox.kubeconfig, account)
        _await_rights(user, account)
        work(user, sandbox)


@pytest.mark.parametrize(
    ("work", "resource", "verb"),
    [
        (get_in, "daemonsets", "create"),
        (get_in, "daemonsets", "delete"),
        (get_in, "configmaps", "get"),
        (get_in, "configmaps", "create"),
        (serve, "namespaces", "create"),
        (serve, "pods", "create"),
        (serve, "services", "create"),
        (serve, "services", "patch"),
        (serve, "endpointslices", "patch"),
        (serve, "endpointslices", "delete"),
        (serve, "pods", "delete"),
        (disturb, "pods", "patch"),
        (serve, "services", "deletecollection"),
        (serve, "endpointslices", "deletecollection"),
    ],
)
def test_one_right_less_is_named(adopted: Api, sandbox: Cluster, work: Work, resource: str, verb: str) -> None:
    with applied(adopted, without(resource, verb)):
        user = as_user(sandbox.kubeconfig, "gauntlet-chaos")
        _await_rights(user, "gauntlet-chaos")
        with pytest.raises(ApiRefused, match=rf'cannot {verb} resource \\?"{resource}\\?"') as refused:
            work(user, sandbox)
    assert refused.value.status == 403
    _clear(adopted)


def test_a_reader_cannot_write(adopted: Api, sandbox: Cluster) -> None:
    with applied(adopted, documents()):
        user = as_user(sandbox.kubeconfig, "gauntlet-check")
        _await_rights(user, "gauntlet-check")
        for work in (get_in, serve, disturb):
            with pytest.raises(ApiRefused, match=r"cannot (get|create)") as refused:
                work(user, sandbox)
            assert refused.value.status == 403


def test_who_may_not_enter_leaves_no_record(
    adopted: Api, sandbox: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # What a kubelet tells of its machine, and a sandbox node has none to tell it.
    machine: Manifest = {"nodeInfo": {"operatingSystem": "linux", "kernelVersion": platform.release()}}
    adopted.patch(f"/api/v1/nodes/{sandbox.nodes[0].name}/status", {"status": machine})
    with applied(adopted, documents()):
        _await_rights(as_user(sandbox.kubeconfig, "gauntlet-check"), "gauntlet-check")
        own = with_token(adopted, sandbox.kubeconfig, "gauntlet-check", tmp_path)
        options = ExistingOptions(own, client_image=IMAGE)
        spec = ClusterSpec("", plain(sandbox.mode), existing=options)
        refused = r'cannot create resource \\?"configmaps'
        with pytest.raises(ApiRefused, match=refused), ExistingProvider().visit(spec):
            pytest.fail("a reader came onto the nodes")
        with pytest.raises(ApiRefused, match=refused):
            ExistingProvider().claim(spec)
    assert ExistingProvider().list() == ()
    assert not list(clusters_dir().glob("*"))


@pytest.mark.parametrize("namespace", ["default", "kube-system"])
def test_policy_keeps_writes_in_own_namespaces(adopted: Api, sandbox: Cluster, namespace: str) -> None:
    with applied(adopted, documents()):
        user = as_user(sandbox.kubeconfig, "gauntlet-chaos")
        _await_rights(user, "gauntlet-chaos")
        stray = Workload(user, namespace)

        def refused() -> str | None:
            """The API server takes a moment to learn of a policy."""
            try:
                stray.serve(Service("stray"))
            except ApiRefused as error:
                return error.what
            adopted.delete(f"/api/v1/namespaces/{namespace}/services/stray")
            return None

        assert "only into namespaces of its own" in until(refused, what="the policy holds", deadline_s=10)


def _await_rights(user: Api, account: str) -> None:
    """The authorizer learns of new roles by a watch."""

    def works() -> bool:
        try:
            user.get("/api/v1/nodes")
        except ApiRefused as error:
            if error.status != 403:
                raise
            return False
        return True

    until(works, what=f"{account} may read nodes", deadline_s=10)


def _clear(api: Api) -> None:
    node_access.remove(api)
    names = [each.metadata.name for each in marker.own(api) if each.metadata.name != marker.NAMESPACE]
    marker.delete_namespaces(api, names)
