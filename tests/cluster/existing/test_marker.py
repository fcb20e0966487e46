"""Adopting a cluster, and where the gauntlet then may act: on a real API server."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from gauntlet.cli.main import main
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.errors import UsageError
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused, Manifest
from gauntlet.kube.api_client import api_client
from gauntlet.providers.existing import marker, node_access
from gauntlet.workload.backend import IMAGE
from tests.cluster.existing.rbac import applied


def adopt(sandbox: Cluster, *options: str, said: str = "") -> Result:
    return CliRunner().invoke(
        main, ["adopt", "--kubeconfig", str(sandbox.kubeconfig), "--context", sandbox.name, *options], input=said
    )


def versions(api: Api) -> dict[str, str]:
    """The resource version of every namespace: what any change of them changes."""
    items = json.loads(api.get(marker.NAMESPACES))["items"]
    return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in items}


def test_no_changes_nothing(sandbox: Cluster, api: Api) -> None:
    before = versions(api)
    for said in ("n\n", "\n", ""):
        done = adopt(sandbox, said=said)
        assert done.exit_code == 1, done.output
        assert "privileged pod on every node" in " ".join(done.output.split())
        assert versions(api) == before


def test_adopting_and_undoing(sandbox: Cluster, api: Api) -> None:
    before = versions(api).keys()
    with pytest.raises(UsageError, match="does not carry the gauntlet's marker"):
        marker.admit(api, sandbox.name, "")
    assert adopt(sandbox, said="y\n").exit_code == 0
    marker.admit(api, sandbox.name, "")
    assert "adopted already" in adopt(sandbox, "--yes").output
    assert "no longer adopted" in adopt(sandbox, "--undo").output
    assert versions(api).keys() == before
    assert "was not adopted" in adopt(sandbox, "--undo").output


@pytest.mark.parametrize("blank", ["", " "], ids=["empty", "blank"])
@pytest.mark.parametrize("change", ["--yes", "--undo"])
def test_an_empty_context_is_not_the_current_one(sandbox: Cluster, api: Api, change: str, blank: str) -> None:
    before = versions(api)
    done = CliRunner().invoke(main, ["adopt", "--kubeconfig", str(sandbox.kubeconfig), "--context", blank, change])
    assert done.exit_code == 2
    assert "--context is empty" in done.output
    assert versions(api) == before


def test_adopting_is_one_step(sandbox: Cluster, api: Api) -> None:
    """Whoever may make namespaces and not change them is not left with half of it."""
    with applied(api, rights_to_create_namespaces("creator")):
        client = api_client(sandbox.kubeconfig)
        client.set_default_header("Impersonate-User", "creator")
        creator = Api(client)
        until(lambda: creator.get(marker.NAMESPACES), what="the rights hold", deadline_s=20, retry_on=(ApiRefused,))
        marker.write(creator)
    assert marker.is_adopted(api)


def rights_to_create_namespaces(user: str) -> list[Manifest]:
    group = "rbac.authorization.k8s.io"
    rule: Manifest = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "create"]}
    common: Manifest = {"apiVersion": f"{group}/v1", "metadata": {"name": user}}
    return [
        {**common, "kind": "ClusterRole", "rules": [rule]},
        {
            **common,
            "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": user},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        },
    ]


def test_a_copied_marker_does_not_count(sandbox: Cluster, api: Api) -> None:
    marker.write(api)
    copied = {"metadata": {"annotations": {marker.ADOPTED: "the uid of another cluster's kube-system"}}}
    api.patch(f"{marker.NAMESPACES}/{marker.NAMESPACE}", copied)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="written for another cluster"):
        marker.admit(api, sandbox.name, "")
    assert not marker.is_adopted(api)


def test_allowing_by_name_wants_the_exact_name(sandbox: Cluster, api: Api) -> None:
    marker.admit(api, sandbox.name, sandbox.name)
    for wrong in (sandbox.name.upper(), sandbox.name[:-1], f"{sandbox.name} ", "*"):
        with pytest.raises(UsageError, match="is not the context in use"):
            marker.admit(api, sandbox.name, wrong)


def test_unknown_context_is_a_usage_error(sandbox: Cluster) -> None:
    done = CliRunner().invoke(main, ["adopt", "--kubeconfig", str(sandbox.kubeconfig), "--context", "production"])
    assert done.exit_code == 2
    assert f"its contexts are: {sandbox.name}" in done.output


def test_a_run_keeps_others_out_and_its_marker(sandbox: Cluster, api: Api) -> None:
    """The namespace goes with the run that made it, unless the owner has adopted the cluster meanwhile."""
    node_access.deploy(api, "run-1", IMAGE)
    with pytest.raises(UsageError, match="another run is at work"):
        node_access.refuse_other(api, "run-2")
    assert "wait for its end" in adopt(sandbox, "--undo").output
    node_access.remove(api)
    assert marker.found(api) is None

    node_access.deploy(api, "run-1", IMAGE)
    marker.write(api)
    node_access.remove(api)
    assert marker.is_adopted(api)
