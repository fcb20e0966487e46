"""A range of ClusterIPs that a cluster is given besides its first (KEP-1880, ServiceCIDR)."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from gauntlet.kube.api import Api, delete_if_there
from gauntlet.providers.existing.marker import MANAGED_BY

_PATH = "/apis/networking.k8s.io/v1/servicecidrs"


class ServiceRange:
    """The range is there as long as the block; Services of it must be gone by its end."""

    def __init__(self, api: Api, name: str, range_: str) -> None:
        self._api = api
        self._name = name
        self._range = range_

    def __enter__(self) -> Self:
        self._api.post(
            _PATH,
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "ServiceCIDR",
                "metadata": {"name": self._name, "labels": MANAGED_BY},
                "spec": {"cidrs": [self._range]},
            },
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        delete_if_there(self._api, f"{_PATH}/{self._name}")
