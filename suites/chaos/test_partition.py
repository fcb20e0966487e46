"""Partitioned: a node that some of the others cannot reach."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload import Backends
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.shared import ECHO, Shared

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_node_cut_from_the_others_joins_again(experiment: Experiment, shared: Shared) -> None:
    """Clients and backends on either side do without the other side, and all is well once the node joins again."""
    experiment.run("partition-nodes", shared.service, shared.backends)


def test_node_cut_from_the_api_follows_its_endpoints_when_it_joins_again(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """The node serves on with what it knows; an endpoint replaced meanwhile is obeyed once it joins again."""
    service = workload.serve(ECHO)

    experiment.run_replacing_an_endpoint("partition-api", service, backends)
