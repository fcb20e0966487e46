"""Namespaces: one for each test, deleted in the background."""

from __future__ import annotations

import re
import secrets

from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import ApiObject
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.workload import manifest

LONGEST_PURPOSE = 40
# With it the name is as long as a namespace's may be.
MOST_OF_A_NAME = 53
PATH = "/api/v1/namespaces"


def create(api: Api, purpose: str, longest: int = LONGEST_PURPOSE) -> str:
    """Create a namespace with a unique name that tells its purpose, and return the name."""
    readable = re.sub(r"[^a-z0-9]+", "-", purpose.lower()).strip("-")[:longest].strip("-")
    name = f"kp-{readable}-{secrets.token_hex(3)}"
    api.post(PATH, manifest.namespace(name))
    return name


def delete(api: Api, name: str) -> None:
    """Ask for its deletion and return at once; the cluster clears it in the background.

    Its Services go first: after its pods, they would have kube-proxy follow each of these. Gone already, or going, is
    fine.
    """
    try:
        delete_services(api, name)
    finally:
        _delete(api, f"{PATH}/{name}")


def delete_services(api: Api, name: str) -> None:
    """Delete all Services of a namespace now."""
    _delete(api, f"{PATH}/{name}/services")


def clear(api: Api, name: str) -> None:
    """Delete all Services of a namespace and all slices now: by two requests, however many there are."""
    delete_services(api, name)
    _delete(api, f"/apis/discovery.k8s.io/v1/namespaces/{name}/endpointslices")


def with_services(api: Api) -> set[str]:
    """The namespaces that hold a Service of the gauntlet's, or still its endpoints. Those of others come and go."""
    query = {"labelSelector": ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())}
    paths = ("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices")
    return {each.metadata.namespace for path in paths for each in api.list(ApiObject, path, query)}


def _delete(api: Api, path: str) -> None:
    try:
        api.delete(path)
    except ApiRefused as error:
        if error.status not in (404, 409):
            raise
