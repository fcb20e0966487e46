"""The API server dies in the middle of a run: the run says so, is inconclusive, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.ground.waiting import until
from gauntlet.providers.sandbox.layout import ClusterRecord, clusters_dir
from gauntlet.report import results_file
from tests import process_tree


def running_cluster() -> ClusterRecord | None:
    names = [entry.name for entry in clusters_dir().iterdir()] if clusters_dir().is_dir() else []
    records = [record for name in names if (record := ClusterRecord.load(name)) is not None]
    return next((record for record in records if record.init_pid), None)


def api_server(record: ClusterRecord) -> psutil.Process:
    (found,) = process_tree.named("kube-apiserver", record.unshare_pid)
    return found


def test_dead_api_server_makes_the_run_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    outcome = tmp_path / "results"
    suites = ["suites/conformance/test_cluster_ip.py", "suites/conformance/test_node_port.py"]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *suites, "--kp-modes", "iptables", "--kp-results", str(outcome)],
        cwd=project_root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    record = until(running_cluster, what="a cluster runs", deadline_s=90.0)
    until(lambda: list(outcome.glob("2*/evidence/*/*")), what="a case has evidence", deadline_s=90.0)
    api_server(record).kill()
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 1, said
    assert "no answer from the API server" in said
    found = results_file.load(outcome / "latest-selection")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert {finding.verdict for finding in found.findings} <= {Verdict.PASS, Verdict.INCONCLUSIVE}
    assert not record.alive()
