"""The marker is taken away: by a small API server of this test's own, that knows objects by their paths and labels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes.client import Configuration

from gauntlet.ground.errors import UsageError
from gauntlet.kube.api import Api
from gauntlet.kube.api_client import PatientClient
from gauntlet.providers.existing import marker
from tests.unit.existing.api_server import CLAIM, MARKER, PODS, Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def api(server: Server) -> Api:
    settings = Configuration(host=server.url)
    settings.proxy = None
    return Api(PatientClient(settings))


def test_a_marker_that_nobody_goes_by_is_taken_away(server: Server, api: Api) -> None:
    assert marker.remove(api)
    assert MARKER not in server.labels
    assert not marker.remove(api)


@pytest.mark.parametrize("of_a_run", [CLAIM, PODS])
def test_under_a_run_it_stays(server: Server, api: Api, of_a_run: str) -> None:
    """With its namespace the claim would go, and a second run would be let in."""
    server.labels[of_a_run] = {marker.RUN_LABEL: "0a1b2c3d"}
    before = dict(server.labels)
    with pytest.raises(UsageError, match="a run is at work in this cluster"):
        marker.remove(api)
    assert server.labels == before
