"""What the experiments read back from the API: only the fields they look at."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.workload.observed import PodStatus


class _Observed(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class Port(_Observed):
    port: int
    target_port: int | str
    node_port: int | None = None


class ServiceSpec(_Observed):
    cluster_ip: str = Field(default="", alias="clusterIP")
    selector: dict[str, str] = {}
    ports: tuple[Port, ...]


class WatchedService(_Observed):
    """The Service an experiment watches."""

    spec: ServiceSpec


class Metadata(_Observed):
    name: str
    namespace: str = ""
    labels: dict[str, str] = {}
    deletion_timestamp: str | None = None


class WatchedPod(_Observed):
    """One pod behind it. `spec` is kept whole: a pod that takes its place gets the same."""

    metadata: Metadata
    spec: dict[str, JsonValue]
    status: PodStatus

    @property
    def node(self) -> str:
        return str(self.spec.get("nodeName", ""))

    @property
    def ready(self) -> bool:
        return any(each.type == "Ready" and each.status == "True" for each in self.status.conditions)


class _Named(_Observed):
    metadata: Metadata


class _NamedList(_Observed):
    items: tuple[_Named, ...] = ()


class _PodList(_Observed):
    items: tuple[WatchedPod, ...] = ()


def service(api: Api, namespace: str, name: str) -> WatchedService:
    """Raises GauntletError where there is no such Service."""
    try:
        return WatchedService.model_validate_json(api.get(f"/api/v1/namespaces/{namespace}/services/{name}"))
    except ApiRefused as error:
        raise GauntletError(
            f"Service {namespace}/{name}: {error.what}", "set GAUNTLET_SERVICE to namespace/name of an existing one"
        ) from None


def pods(api: Api, namespace: str, labels: Mapping[str, str]) -> dict[str, WatchedPod]:
    """The pods with these labels that are not on their way out, by name."""
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    listed = _PodList.model_validate_json(api.get(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": selector}))
    return {pod.metadata.name: pod for pod in listed.items if pod.metadata.deletion_timestamp is None}


def is_ours(api: Api, namespace: str) -> bool:
    """Whether the namespace was made by the gauntlet, and so will go as a whole."""
    found = _Named.model_validate_json(api.get(f"/api/v1/namespaces/{namespace}"))
    return MANAGED_BY.items() <= found.metadata.labels.items()


def namespaces_with_services(api: Api) -> set[str]:
    """The namespaces that hold a Service of the gauntlet's, or still its endpoints. Those of others come and go."""
    query = {"labelSelector": ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())}
    found = [
        _NamedList.model_validate_json(api.get(path, query))
        for path in ("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices")
    ]
    return {each.metadata.namespace for listed in found for each in listed.items}
