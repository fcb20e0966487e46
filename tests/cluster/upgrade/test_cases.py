"""The cases of conformance as phases of an upgrade, on a real cluster: one that the next kube-proxy alone fails."""

from __future__ import annotations

from pathlib import Path

from gauntlet.ground.finding import Verdict
from gauntlet.proxy import configuration
from gauntlet.report.upgrade_record import is_phase
from tests.cluster.upgrade.upgrading import upgrade

VERSION, KIND = configuration.KIND
FILE = "suites/conformance/test_source_ip.py"
HIDDEN = "test_pod_keeps_its_address_at_a_cluster_ip"
# It passes with both.
OTHER = "test_outside_client_is_masqueraded_at_a_node_port"


def test_a_case_that_the_next_one_alone_fails_is_the_reason(tmp_path: Path) -> None:
    """The next kube-proxy hides the addresses of clients, by its configuration: nobody's traffic is lost by that."""
    fields = tmp_path / "fields.yaml"
    fields.write_text(f"apiVersion: {VERSION}\nkind: {KIND}\nnftables: {{masqueradeAll: true}}\n")
    found = upgrade(
        tmp_path,
        "--from=nftables",
        f"--to=hides=nftables+{fields}",
        "--quick",
        "--all-cases",
        cases=f"{HIDDEN} or {OTHER}",
    )
    assert found.code == 1, found.output
    assert "nftables -> hides: MAY NOT" in found.output
    made = found.results.upgrade
    assert made is not None
    assert (made.reasons[0].case, made.reasons[0].phase) == (f"{FILE}::{HIDDEN}", "conformance-to"), found.output
    assert {each.case for each in made.reasons if each.verdict is Verdict.FAIL} == {f"{FILE}::{HIDDEN}"}
    verdicts = {each.case: each.verdict for each in found.results.cases() if not is_phase(each.case)}
    assert verdicts == {
        f"upgrade::{phase}::{FILE}::{case}": Verdict.FAIL if fails and case == HIDDEN else Verdict.PASS
        for phase, fails in (("conformance-from", False), ("conformance-mixed", True), ("conformance-to", True))
        for case in (HIDDEN, OTHER)
    }
    # The cases ran beside the traffic of the upgrade, which noticed nothing.
    of_phases = {each.verdict for each in found.results.findings if is_phase(each.case)}
    assert of_phases <= {Verdict.PASS, Verdict.MEASURED}, found.output
    assert all((found.folder / path).exists() for each in found.results.findings for path in each.evidence)
