"""The cases of conformance as phases of an upgrade, on a real cluster: one that the next kube-proxy alone fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gauntlet.ground.finding import Verdict
from gauntlet.report.results_file import load

GAUNTLET = str(Path(sys.executable).with_name("gauntlet"))
WITHIN_S = 600
CASE = "suites/conformance/test_source_ip.py::test_pod_keeps_its_address_at_a_cluster_ip"


def test_a_case_that_the_next_one_alone_fails_is_the_reason(tmp_path: Path) -> None:
    """The next kube-proxy hides the addresses of clients, by its configuration: nobody's traffic is lost by that."""
    fields, slos = tmp_path / "fields.yaml", tmp_path / "slos"
    fields.write_text("nftables: {masqueradeAll: true}\n")
    slos.mkdir()
    # On a busy machine attempts are further apart than a tenth of a second, which is not what is tested here.
    (slos / "upgrade.yaml").write_text("roll: {resolution_s: 1.0}\n")
    done = subprocess.run(
        [
            *(GAUNTLET, "upgrade", "--from=nftables", f"--to=hides=nftables+{fields}", "--quick", "--nodes=2"),
            *(f"--slos={slos}", f"--results={tmp_path / 'results'}"),
        ],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "nftables -> hides: MAY NOT" in said
    (folder,) = (each for each in (tmp_path / "results").iterdir() if not each.is_symlink())
    results = load(folder)
    assert results.upgrade is not None
    assert (results.upgrade.reasons[0].case, results.upgrade.reasons[0].phase) == (CASE, "conformance-to"), said
    verdicts = {each.case: each.verdict for each in results.cases() if each.case.endswith(CASE)}
    assert verdicts == {
        f"upgrade::conformance-from::{CASE}": Verdict.PASS,
        f"upgrade::conformance-mixed::{CASE}": Verdict.FAIL,
        f"upgrade::conformance-to::{CASE}": Verdict.FAIL,
    }
    # The cases ran beside the traffic of the upgrade, which noticed nothing.
    of_phases = [each for each in results.findings if each.case.count("::") == 1]
    assert {each.verdict for each in of_phases} <= {Verdict.PASS, Verdict.MEASURED}, said
    # Whatever fails is of this kube-proxy alone: no case fails before it comes.
    assert {each.verdict for each in results.cases() if "conformance-from::" in each.case} == {Verdict.PASS}, said
    assert all((folder / path).exists() for each in results.findings for path in each.evidence)
