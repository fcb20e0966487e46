"""The shipped RBAC manifest: applied to a real API server, whole or with one right less, and used by impersonation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from gauntlet.ground.paths import project_root
from gauntlet.kube.api import Api, ApiRefused, Manifest
from gauntlet.kube.api_client import api_client
from gauntlet.providers.existing import marker

FILE = project_root() / "manifests" / "existing-rbac.yaml"
_PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}


def documents() -> list[Manifest]:
    return [each for each in yaml.safe_load_all(FILE.read_text(encoding="utf-8")) if each]


def without(resource: str, verb: str) -> list[Manifest]:
    """The manifest with this verb taken from the resource, wherever it is given."""
    kept = documents()
    for each in kept:
        rules = each.get("rules", [])
        assert isinstance(rules, list)
        for rule in rules:
            assert isinstance(rule, dict)
            if resource in rule["resources"]:
                rule["verbs"] = [given for given in rule["verbs"] if given != verb] or ["watch"]
    return kept


@contextmanager
def applied(api: Api, manifest: list[Manifest]) -> Iterator[None]:
    """The objects of a manifest, for as long as this lasts."""
    made: list[str] = []
    try:
        for each in manifest:
            folder = _folder(each)
            metadata = each["metadata"]
            assert isinstance(metadata, dict)
            try:
                api.post(folder, each)
            except ApiRefused as error:
                if error.status != 409:
                    raise
            made.append(f"{folder}/{metadata['name']}")
        yield
    finally:
        for path in reversed(made):
            if path != f"{marker.NAMESPACES}/{marker.NAMESPACE}":
                _delete(api, path)


def as_user(kubeconfig: Path, account: str) -> Api:
    """The API as this ServiceAccount of the manifest sees it."""
    client = api_client(kubeconfig)
    client.set_default_header("Impersonate-User", f"system:serviceaccount:{marker.NAMESPACE}:{account}")
    client.set_default_header("Impersonate-Group", "system:authenticated")
    return Api(client)


def with_token(api: Api, kubeconfig: Path, account: str, folder: Path) -> Path:
    """A kubeconfig for the same cluster, by which one is this ServiceAccount of the manifest."""
    path = f"/api/v1/namespaces/{marker.NAMESPACE}/serviceaccounts/{account}/token"
    token = json.loads(api.post(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}))
    document = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    document["users"][0]["user"] = {"token": token["status"]["token"]}
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def _folder(each: Manifest) -> str:
    version, metadata = str(each["apiVersion"]), each["metadata"]
    assert isinstance(metadata, dict)
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    inside = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{base}{inside}/{_PLURALS[str(each['kind'])]}"


def _delete(api: Api, path: str) -> None:
    try:
        api.delete(path)
    except ApiRefused as error:
        if error.status != 404:
            raise
