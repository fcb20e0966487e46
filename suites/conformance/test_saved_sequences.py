"""Changes in an order that was wrong once, on some kube-proxy or on a model with a bug in it: sequences.yaml."""

from pathlib import Path

import pytest

from fixtures.declared import declared
from gauntlet.workload.catalogue import Pods, Steps
from gauntlet.workload.state_machine import Saved, saved, steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("load-balancer")]

SEQUENCES = saved.read(Path(__file__).parent / "sequences.yaml")


@declared(source="decision 46; each sequence says what it showed")
@pytest.mark.parametrize("sequence", SEQUENCES, ids=str)
def test_sequence_that_failed_once(pods: Pods, sequence: Saved) -> Steps:
    """After each step every frontend does as the model says, whatever the steps before it were."""
    return steps(sequence.sequence, pods)
