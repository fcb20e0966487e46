"""Hairpin: a pod that is a backend of the Service it uses."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Service, endpoints
from gauntlet.workload.catalogue import Asks, Kind, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@declared(source="docs 'Debug Services', 'A Pod fails to reach itself via the Service IP'", needs=("endpoint-slices",))
def test_pod_reaches_itself_by_its_service(pods: Pods) -> Steps:
    """On every node, a pod that is the only backend of a Service gets its own answer there, by TCP and UDP."""
    mirrors = {
        Service(f"mirror-{number}", ports=(HTTP, UDP), app=None): endpoints(pod)
        for number, pod in enumerate(pods.one_each, start=1)
    }
    return (Step("each client pod is the only backend of a Service", mirrors, asks=Asks(kinds=(Kind.CLUSTER_IP,))),)
