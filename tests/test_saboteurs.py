"""A saboteur in kube-proxy's PATH turns the real suite red, in every mode, with the right name."""

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
    assert _failed(tmp_path, saboteur, suite, "iptables", "nftables") == {(check, "iptables"), (check, "nftables")}


def test_a_weight_of_0_is_found_out(tmp_path: Path) -> None:
    assert _failed(tmp_path, "weightless", EVEN, "ipvs") == {("balance", "ipvs")}


def test_a_lost_real_server_is_found_out(tmp_path: Path) -> None:
    """Each sync puts the server back for a moment: attempts that it takes up then may be cut off, and fail as well."""
    failed = _failed(tmp_path, "lost-server", EVEN, "ipvs")
    assert ("balance", "ipvs") in failed
    assert failed <= {("balance", "ipvs"), ("availability", "ipvs")}


def _failed(folder: Path, saboteur: str, suite: str, *modes: str) -> set[tuple[str, str]]:
    """Runs a suite with the saboteur in each kube-proxy's PATH. Returns the checks that failed, with their modes."""
    options = ["-n", str(len(modes)), "--kp-modes", ",".join(modes), "--kp-results", str(folder), "-k", "tcp"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", suite, *options],
        cwd=project_root(),
        env={**os.environ, "GAUNTLET_PROXY_PATH": str(SABOTEURS / saboteur)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = results.load(folder / "latest-selection")
    assert found.verdict is Verdict.FAIL
    return {(finding.check, finding.mode) for finding in found.findings if finding.verdict is Verdict.FAIL}
