"""What the experiments read back from the API: only the fields they look at."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import AnyObject, ApiObject, PodObject, ServiceObject
from gauntlet.providers.existing.marker import MANAGED_BY


def service(api: Api, namespace: str, name: str) -> ServiceObject:
    """Raises GauntletError if there is no such Service."""
    try:
        return api.one(ServiceObject, f"/api/v1/namespaces/{namespace}/services/{name}")
    except ApiRefused as error:
        raise GauntletError(
            f"Service {namespace}/{name}: {error.what}", "set GAUNTLET_SERVICE to namespace/name of an existing one"
        ) from None


def services(api: Api, namespace: str) -> list[ServiceObject]:
    """The Services of a namespace."""
    return [*api.list(ServiceObject, f"/api/v1/namespaces/{namespace}/services")]


def pods(api: Api, namespace: str, labels: Mapping[str, str]) -> dict[str, PodObject]:
    """The pods with these labels that are not on their way out, by name."""
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    listed = api.list(PodObject, f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": selector})
    return {pod.metadata.name: pod for pod in listed if pod.metadata.deletion_timestamp is None}


def whole_spec(api: Api, namespace: str, pod: str) -> JsonValue:
    """All that was asked for of this pod: one that takes its place is to get the same."""
    found: JsonValue = api.one(AnyObject, f"/api/v1/namespaces/{namespace}/pods/{pod}").root["spec"]
    return found


def is_ours(api: Api, namespace: str) -> bool:
    """Whether the namespace was made by the gauntlet, and so will go as a whole."""
    found = api.one(ApiObject, f"/api/v1/namespaces/{namespace}")
    return MANAGED_BY.items() <= found.metadata.labels.items()
