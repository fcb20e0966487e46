"""The longest names of namespace, Service and port together: whoever has them disturbs nobody else."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Port, Service
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

# What a comment of nftables holds. With names of 142 bytes every sync of kube-proxy 1.35.4 failed
# (kubernetes/kubernetes 139515); with the 130 of this case, whose namespace is shorter than it may be, none did.
COMMENT = 128


def test_a_service_with_the_longest_names_disturbs_no_other(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A Service whose namespace, name and port fill more than a comment of nftables is served, and one made with it."""
    port = Port(80, HTTP_PORT, given_name="p" + "o" * 13 + "t")
    longest = Service("l" + "o" * 61 + "g", ports=(port,))
    assert len(f"{workload.namespace}/{longest.name}:{port.name}") > COMMENT

    both = [each.cluster_ip() for each in workload.serve_all([longest, Service("plain")])]
    seen = probe(clients.pods, *both)

    judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))
