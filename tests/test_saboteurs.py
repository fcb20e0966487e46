"""A saboteur in kube-proxy's PATH turns the real suite red, in both modes, with the right name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet import results
from gauntlet.finding import Verdict
from gauntlet.paths import project_root

SABOTEURS = Path(__file__).parent / "saboteurs"
EVEN = "suites/conformance/test_balance.py"
REFUSES = "suites/conformance/test_no_endpoints.py"


@pytest.mark.parametrize(
    ("saboteur", "suite", "check"), [("uneven", EVEN, "balance"), ("no-refusal", REFUSES, "refusal")]
)
def test_sabotaged_proxy_is_found_out(tmp_path: Path, saboteur: str, suite: str, check: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", suite, "-n", "2", "--kp-results", str(tmp_path), "-k", "tcp"],
        cwd=project_root(),
        env={**os.environ, "GAUNTLET_PROXY_PATH": str(SABOTEURS / saboteur)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = results.load(tmp_path / "latest")
    assert found.verdict is Verdict.FAIL
    assert {(finding.check, finding.mode) for finding in found.findings if finding.verdict is Verdict.FAIL} == {
        (check, "iptables"),
        (check, "nftables"),
    }
