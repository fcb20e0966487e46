"""What no other file here is about: the scenarios of faults that have no case of their own yet."""

from pathlib import Path

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.faults.registry import scenarios_without_a_case
from gauntlet.workload.shared import Shared

pytestmark = pytest.mark.chaos

SCENARIOS = scenarios_without_a_case(Path(__file__).parent)
# Without any, pytest would make a skipped case of the test.
__test__ = bool(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(experiment: Experiment, shared: Shared, scenario: str) -> None:
    """The fault is felt as far as its promise says, and nothing of it is left afterwards."""
    experiment.run(scenario, shared.service, shared.backends)
