"""A kept cluster, and two who want it: the fault of the first is not undone under it, nor lost when it is killed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from gauntlet.cli.main import main
from gauntlet.faults.heal import is_over
from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.journal import lock
from gauntlet.ground.journal.store import journal_of
from gauntlet.providers import ClusterSpec, provider
from gauntlet.subject import plain
from tests.unit.journal.process import running

# Stands for a run: it injects, and goes on.
RUN = """
import sys
from pathlib import Path
from gauntlet import faults
from gauntlet.providers import connect
fault = faults.create("stop-proxy", connect(Path(sys.argv[1])))
fault.inject()
fault.landed()
"""


def gauntlet(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def own_faults(cluster: Cluster) -> list[dict[str, str]]:
    """What the cluster check says of the gauntlet's own faults."""
    said = gauntlet("doctor", "--cluster", "--kubeconfig", str(cluster.kubeconfig), "--json")
    return [each for each in json.loads(said.output)["diagnoses"] if each["check"] == "own faults"]


@pytest.fixture
def kept() -> Iterator[Cluster]:
    """A cluster that nobody uses."""
    sandbox = provider("sandbox")
    name = f"kept-{os.getpid()}"
    made = sandbox.create(ClusterSpec(name=name, subject=plain(ProxyMode.IPTABLES), nodes=1, keep=True))
    lock.release("sandbox", name)
    yield made
    sandbox.delete(name)


def test_the_fault_of_a_run_is_its_own_until_it_is_killed(kept: Cluster) -> None:
    journal = journal_of(kept)
    with running(RUN, str(kept.kubeconfig)) as run:
        (hurt,) = journal.open()
        said = gauntlet("heal", "--name", kept.name)
        assert said.exit_code == ExitCode.USAGE
        assert f"cluster {kept.name} is in use by process {run.pid} " in said.output
        assert gauntlet("cluster", "down", kept.name).exit_code == ExitCode.USAGE
        assert journal.open() == (hurt,)
        assert not is_over(kept, hurt)
        (told,) = own_faults(kept)
        assert (told["level"], told["where"]) == ("warning", "node-1")
        assert f"process {run.pid} " in told["what"]
    (told,) = own_faults(kept)
    assert (told["level"], told["where"], told["remedy"]) == ("problem", "node-1", "gauntlet heal")
    assert "stop-proxy" in told["what"]
    assert journal.open() == (hurt,)
    said = gauntlet("heal", "--name", kept.name)
    assert said.exit_code == ExitCode.OK
    assert f"{kept.name}: 1 fault(s) healed" in said.output
    assert is_over(kept, hurt)
    assert own_faults(kept) == []
