"""The attempts of a case are evidence, also if what they were made for ends by an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.history import History
from tests.programs.suite_folder import SuiteFolder

# An agent that died left these rows: the last one is torn, the one before failed for want of a port of its own.
ENDS_BY_AN_ERROR = """
from types import SimpleNamespace
from gauntlet.ground.history import DeclaredFlow, Event, EventKind, Frontend, Protocol, Connection
from gauntlet.traffic import Flow
from gauntlet.traffic.rows import head

ROWS = (
    b"1000\\t5\\tok\\tb1\\t\\t\\t7\\n2000\\t5\\tETIMEDOUT\\t\\t\\tlate\\t7\\n"
    b"3000\\t5\\tEMFILE\\t\\t\\tnone\\t7\\n4000\\t5"
)

class Gone(SimpleNamespace):
    def node(self, name):
        raise Inconclusive(f"node {name} is gone")

@pytest.fixture(scope="session")
def cluster(subject):
    return Gone(
        version="1.37.2", control_plane_version="1.37.2", kernel="6.18.0", origin="made up", proxy_sha256="",
        mode=subject.mode, nodes=(), families=("IPv4",)
    )

class Rows:
    path = Path("of-the-agent.rows")

def test_raises_under_traffic(judge, evidence):
    declared = DeclaredFlow("c", "node-1", "ns/web", Frontend.CLUSTER_IP, "10.96.0.1", 80, Protocol.TCP, Connection.NEW)
    Rows.path.write_bytes(head(declared) + ROWS)
    evidence.events.write(Event(EventKind.FAULT_INTENDED, "kill-proxy-1"))
    with evidence.unfinished([Flow(None, None, declared, None, Rows, None)], {"b1": "node-7"}):
        raise Inconclusive("the experiment cannot go on", "mend it")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> SuiteFolder:
    made = SuiteFolder.make(tmp_path_factory.mktemp("evidence"), ENDS_BY_AN_ERROR)
    code, printed = made.run("--kp-modes=iptables")
    assert code == 1, printed
    return made


def test_the_attempts_until_an_error_are_kept(folder: SuiteFolder) -> None:
    (at,) = folder.path.glob("results/latest/evidence/*")
    seen = History.load(Path(at)).attempts
    assert seen.select("at_ns", "outcome", "backend_node").rows() == [(1000, "ok", "node-7"), (2000, "timeout", None)]


def test_the_finding_of_an_error_says_what_was_kept_and_where(folder: SuiteFolder) -> None:
    (finding,) = [record for record in folder.results().findings if record.check == "case"]
    assert finding.verdict == "inconclusive"
    (kept,) = finding.details
    assert kept.startswith("kept until then: 2 attempts, 1 events, in evidence/")
