"""A real API server, of a sandbox cluster: what runs may do in somebody's cluster, and what they are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.kube.api import Api
from gauntlet.providers import ClusterSpec, provider
from gauntlet.providers.existing import marker
from gauntlet.subject import plain


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Cluster]:
    source = provider("sandbox")
    name = f"test-existing-{os.getpid()}"
    yield source.create(ClusterSpec(name, plain(ProxyMode.IPTABLES), nodes=2))
    source.delete(name)


@pytest.fixture
def api(sandbox: Cluster) -> Iterator[Api]:
    """Nothing of the gauntlet's is left there afterwards."""
    made = Api(sandbox.api)
    yield made
    left = [each.metadata.name for each in marker.own(made)]
    marker.delete_namespaces(made, left)
