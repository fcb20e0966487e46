"""A saboteur in kube-proxy's PATH turns the real suite red, in every mode, with the right name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.checkers.losses import LOSSES
from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.report import results_file
from gauntlet.report.results import Results

SABOTEURS = project_root() / "tests" / "saboteurs"
EVEN = "suites/conformance/test_balance.py"
REFUSES = "suites/conformance/test_no_endpoints.py"
KILLED = "suites/chaos/test_kill_proxy.py"
TYPES = "suites/conformance/test_service_types.py"
WITHOUT_ENDPOINTS = "suites/conformance/test_external_ips.py::test_an_external_ip_without_endpoints_refuses"
NODE_PORTS = "suites/conformance/test_node_port.py::test_node_port_answers_on_every_node"


@pytest.mark.parametrize(
    ("saboteur", "suite", "check"), [("uneven", EVEN, "balance"), ("no-refusal", REFUSES, "refusal")]
)
def test_sabotaged_proxy_is_found_out(tmp_path: Path, saboteur: str, suite: str, check: str) -> None:
    assert _failed(tmp_path, saboteur, suite, "iptables", "nftables") == {(check, "iptables"), (check, "nftables")}


def test_a_declared_case_finds_out_that_nobody_is_refused(tmp_path: Path) -> None:
    found = _run(tmp_path, "no-refusal", [WITHOUT_ENDPOINTS], "iptables", "nftables")
    failed = {(each.check, each.subject) for each in found.findings if each.verdict is Verdict.FAIL}
    assert failed == {("truth-table", "iptables"), ("truth-table", "nftables")}


def test_of_cases_that_are_asked_together_those_alone_fail_that_are_concerned(tmp_path: Path) -> None:
    """Of UDP NodePorts: the cases of other types are made, waited for and asked beside them, and pass."""
    found = _run(tmp_path, "lost-udp-node-ports", [TYPES], "iptables", "nftables")
    failed = {(each.case.partition("::")[2], each.check) for each in found.findings if each.verdict is Verdict.FAIL}
    passed = {each.case.partition("::")[2] for each in found.findings if each.verdict is Verdict.PASS}
    assert {check for _, check in failed} == {"truth-table"}
    names = {case for case, _ in failed}
    assert "test_cluster_ip_to_node_port_and_back" in names
    assert not {"test_external_name_to_cluster_ip_and_back", "test_cluster_ip_to_external_name_and_back"} & names
    assert passed >= {"test_external_name_to_cluster_ip_and_back", "test_cluster_ip_to_external_name_and_back"}


def test_a_weight_of_0_is_found_out(tmp_path: Path) -> None:
    assert _failed(tmp_path, "weightless", EVEN, "ipvs") == {("balance", "ipvs")}


def test_a_lost_real_server_is_found_out(tmp_path: Path) -> None:
    """Each sync puts the server back for a moment: attempts that it takes up then may be cut off, and fail as well."""
    failed = _failed(tmp_path, "lost-server", EVEN, "ipvs")
    assert ("balance", "ipvs") in failed
    assert failed <= {("balance", "ipvs"), ("availability", "ipvs")}


@pytest.mark.parametrize(
    ("saboteur", "check"),
    [
        ("cut-connections", "connections-cut"),
        ("emptied-udp-flows", "udp-flows-moved"),
        ("forgotten-clients", "affinity-broken"),
    ],
)
def test_a_proxy_that_costs_clients_what_they_keep_is_found_out(tmp_path: Path, saboteur: str, check: str) -> None:
    """New connections, which keep nothing, are served all the same, unless one is under way at that very moment."""
    found = _run(tmp_path, saboteur, [KILLED], "iptables", "nftables")
    failed = {(each.check, each.subject) for each in found.findings if each.verdict is Verdict.FAIL}
    assert failed >= {(check, "iptables"), (check, "nftables")}
    assert {name for name, _ in failed} & set(LOSSES) == {check}


def test_lost_udp_node_ports_fail_no_case_but_their_own(tmp_path: Path) -> None:
    """They are refused for as long as they are waited for; what is to be refused afterwards must be, all the same."""
    found = _run(tmp_path, "lost-udp-node-ports", [NODE_PORTS, REFUSES], "iptables", "nftables")
    verdicts = {(each.case.rpartition("::")[2], each.check, each.verdict) for each in found.findings}
    assert {each for each in verdicts if "[udp]" not in each[0] and each[2] is not Verdict.PASS} == set()
    assert {each for each in verdicts if each[2] is Verdict.FAIL} >= {
        ("test_node_port_answers_on_every_node[udp]", "availability", Verdict.FAIL)
    }
    assert {each for each in verdicts if each[1] == "refusal"} == {
        (f"test_service_without_endpoints_refuses[{protocol}]", "refusal", Verdict.PASS) for protocol in ("tcp", "udp")
    }


def _failed(folder: Path, saboteur: str, suite: str, *modes: str) -> set[tuple[str, str]]:
    """The checks of this suite's TCP cases that failed, with their modes."""
    found = _run(folder, saboteur, [suite, "-k", "tcp"], *modes)
    return {(finding.check, finding.subject) for finding in found.findings if finding.verdict is Verdict.FAIL}


def _run(folder: Path, saboteur: str, chosen: list[str], *modes: str) -> Results:
    """Run the chosen suites with the saboteur in each kube-proxy's PATH. They have to fail."""
    options = ["-n", str(len(modes)), "--kp-modes", ",".join(modes), "--kp-results", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *chosen, *options],
        cwd=project_root(),
        env={**os.environ, "GAUNTLET_PROXY_PATH": str(SABOTEURS / saboteur)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = results_file.load(folder / "latest-selection")
    assert found.verdict is Verdict.FAIL
    return found
