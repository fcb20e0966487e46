"""A Service without a selector, made and deleted while the API server may be away."""

from __future__ import annotations

import pytest
from kubernetes.client import Configuration

from gauntlet.kube.api import Api, ApiUnreachable
from gauntlet.kube.api_client import PatientClient
from gauntlet.workload.endpoints import Endpoint
from gauntlet.workload.service import Service
from gauntlet.workload.workload import Workload

WEB = Service("web", app=None)
POD = Endpoint(("10.244.1.2",), "node-1")


def test_what_could_not_be_made_can_be_changed_and_deleted() -> None:
    """Nobody listens there: each is an error that a churn of changes lives through."""
    configuration = Configuration()
    configuration.host = "http://127.0.0.1:1"
    workload = Workload(Api(PatientClient(configuration)), "shop")
    with pytest.raises(ApiUnreachable):
        workload.make_with_endpoints(WEB, [POD])
    with pytest.raises(ApiUnreachable):
        workload.replace_endpoints(WEB, [])
    with pytest.raises(ApiUnreachable):
        workload.delete_with_endpoints(WEB)
