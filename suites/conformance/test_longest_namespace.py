"""The longest names that there may be: namespace, Service and port together have 143 bytes.

While such a Service has no endpoint, every sync of nftables mode before 1.37 fails (kubernetes/kubernetes 139515).
"""

from collections.abc import Iterator

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Port, Service
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.case_namespaces import CaseNamespaces
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.conformance]

LONGEST = 143
LONG_NAME = "l" + "o" * 61 + "g"
LONG_PORT = Port(80, HTTP_PORT, given_name="p" + "o" * 13 + "t")


@pytest.fixture
def namespace(case_namespaces: CaseNamespaces) -> Iterator[str]:
    """A namespace for this case alone, with a name of 63 characters."""
    name = case_namespaces.create_longest()
    yield name
    case_namespaces.finish(name)


def test_the_longest_names_that_there_may_be_disturb_no_other_service(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A Service whose namespace, name and port are as long as may be is served, and one made after it as well."""
    longest = Service(LONG_NAME, ports=(LONG_PORT,))
    assert len(f"{workload.namespace}/{longest.name}:{LONG_PORT.name}") == LONGEST

    first = workload.serve(longest).cluster_ip()
    second = workload.serve(Service("plain")).cluster_ip()
    seen = probe(clients.pods, first, second)

    judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))


@pytest.mark.usefixtures("backends")
def test_the_longest_names_without_an_endpoint_disturb_no_other_service(
    workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A Service is served though one of the longest names that may be was made before it, without an endpoint."""
    workload.make(Service(LONG_NAME, ports=(LONG_PORT,), app=None))
    seen = probe(clients.pods, workload.serve(Service("plain")).cluster_ip())

    judge(availability(seen))
