"""targetPort: the port of the backends that a port of the Service stands for."""

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import Port, Service
from gauntlet.workload.backend import HTTP_PORT, HTTP_PORT_NAME, UDP_PORT, UDP_PORT_NAME
from gauntlet.workload.catalogue import Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

BY_NUMBER, BY_NAME = 1000, 2000


@declared(source="API ServicePort.targetPort", needs=())
def test_ports_lead_to_their_target_ports(pods: Pods) -> Steps:  # noqa: ARG001
    """A target port may be given by number or by name, and a number may be used for TCP and UDP at once."""
    ports = (
        Port(BY_NUMBER, HTTP_PORT),
        Port(BY_NAME, HTTP_PORT_NAME),
        Port(BY_NUMBER, UDP_PORT, Protocol.UDP),
        Port(BY_NAME, UDP_PORT_NAME, Protocol.UDP),
    )
    return (Step("four ports are served", {Service("ports", ports=ports): None}),)
