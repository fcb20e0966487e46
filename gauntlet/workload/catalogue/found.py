"""What the API has of the declared Services, once it has given them all that they ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gauntlet.ground.family import BOTH, families_of, family_of
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.kube.api import Api
from gauntlet.kube.objects import SERVICE_NAME, EndpointSlice, ServiceObject, modelled
from gauntlet.providers.ingress import is_settled
from gauntlet.semantics.endpoints import Copies, copies
from gauntlet.semantics.objects import Node, Service
from gauntlet.workload.catalogue.plan import FrontendKey
from gauntlet.workload.catalogue.questions import key, listed

SETTLED_S = 30.0


@dataclass(frozen=True)
class Found:
    """By its name in the namespace: each Service, as the model knows it. `missing` are those that did not settle.

    `taken` are the frontends of every Service of the cluster.
    """

    services: Mapping[str, Service]
    slices: Copies
    taken: frozenset[FrontendKey]
    missing: frozenset[str]


def read_back(
    api: Api, namespace: str, wanted: Mapping[str, bool], selected: Collection[str], nodes: Sequence[Node]
) -> Found:
    """Read until the Services `wanted` are settled, or half a minute is over.

    A value of True says that it selects pods of the pool, whose addresses are `selected`.
    """
    last: list[tuple[tuple[ServiceObject, ...], tuple[EndpointSlice, ...]]] = []

    def waited_for() -> frozenset[str]:
        services = api.list(ServiceObject, "/api/v1/services")
        slices = api.list(EndpointSlice, f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices")
        last[:] = [(services, slices)]
        here = {each.metadata.name: each for each in services if each.metadata.namespace == namespace}
        return frozenset(
            name
            for name, has_selector in wanted.items()
            if name not in here
            or not is_settled(here[name])
            or (has_selector and not _has_all(name, slices, frozenset(selected)))
        )

    missing = frozenset[str]()
    try:
        until(lambda: not waited_for(), what="the Services are settled", deadline_s=SETTLED_S, every_s=0.1)
    except NotInTime:
        missing = waited_for()
    services, slices = last[0]
    everything = [(each.metadata, modelled.service(each)) for each in services]
    return Found(
        {at.name: each for at, each in everything if at.namespace == namespace and at.name in wanted},
        copies(map(modelled.endpoint_slice, slices)),
        frozenset(key(frontend) for _, each in everything for frontend in listed(each, nodes, BOTH)),
        missing,
    )


def _has_all(name: str, slices: Sequence[EndpointSlice], addresses: frozenset[str]) -> bool:
    """Whether the controllers have written the pods into the slices of a Service, in one family at least."""
    written = frozenset[str]().union(
        *(each.ready_addresses for each in slices if each.metadata.labels.get(SERVICE_NAME) == name)
    )
    families = families_of(written)
    return bool(written) and {each for each in addresses if family_of(each) in families} <= written
