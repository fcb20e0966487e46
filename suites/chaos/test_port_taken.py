"""Taken: a process of the host, or another Service, has the port that a NodePort Service wants."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload import HTTP
from gauntlet.workload.shared import Shared

pytestmark = pytest.mark.chaos

# In the band that the API server gives out only when asked for a port by number (KEP-3668).
PORT = 30080


@pytest.mark.gate
@pytest.mark.needs("port-of-a-process")
def test_node_port_is_served_on_when_a_process_takes_it(experiment: Experiment, shared: Shared) -> None:
    """A process starts to listen on a NodePort in use; it gets no packet, and no client notices."""
    service = shared.service

    experiment.run("port-taken-after", service, shared.backends, port=service.node_ports[HTTP.name])


@pytest.mark.gate
@pytest.mark.needs("port-of-a-process")
def test_node_port_is_served_though_a_process_had_it_before(experiment: Experiment, shared: Shared) -> None:
    """A process listens on the port first; the Service that then gets it as its NodePort is served all the same."""
    experiment.run_exposing("port-taken-before", shared.service, shared.backends, port=PORT)


def test_node_port_of_another_service_is_refused(experiment: Experiment, shared: Shared) -> None:
    """The API server refuses a NodePort that a Service has, and says so; that Service is served on."""
    service = shared.service
    port = service.node_ports[HTTP.name]

    experiment.run("port-clash", service, shared.backends, port=port, namespace=service.namespace)
