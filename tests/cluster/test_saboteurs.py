"""A saboteur in kube-proxy's PATH turns the real suite red, in every mode, with the right name."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gauntlet.checkers.losses import LOSSES
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.report import results_file
from gauntlet.report.results import FindingRecord, Results

SABOTEURS = project_root() / "tests" / "saboteurs"
EVEN = "suites/conformance/test_balance.py"
REFUSES = "suites/conformance/test_no_endpoints.py"
KILLED = "suites/chaos/test_kill_proxy.py"
LATENCY = "suites/conformance/test_programming_latency.py"
TYPES = "suites/conformance/test_service_types.py"
EXTERNAL_IPS = "suites/conformance/test_external_ips.py"
WITHOUT_ENDPOINTS = f"{EXTERNAL_IPS}::test_an_external_ip_without_endpoints_refuses"
TRANSFERS = "suites/conformance/test_transfers.py"
STRAYS = "suites/conformance/test_stray_segments.py"
NODE_PORTS = "suites/conformance/test_node_port.py::test_node_port_answers_on_every_node"
HOST_KERNEL = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)


@dataclass(frozen=True)
class Run:
    """What is run with a saboteur: for all tests of it at once, as clusters are dear."""

    chosen: tuple[str, ...]
    modes: tuple[ProxyMode, ...] = HOST_KERNEL


RUNS = {
    "uneven": Run((EVEN, "-k", "tcp")),
    "no-refusal": Run((REFUSES, WITHOUT_ENDPOINTS, "-k", "tcp or external_ip")),
    "lost-udp-node-ports": Run((TYPES, NODE_PORTS, REFUSES)),
    "swallowed-packets": Run((TRANSFERS, STRAYS, "-k", "not half_closed and not two_datagrams"), (ProxyMode.IPTABLES,)),
    "weightless": Run((EVEN, "-k", "tcp"), (ProxyMode.IPVS,)),
    "lost-server": Run((EVEN, "-k", "tcp"), (ProxyMode.IPVS,)),
    "cut-connections": Run((KILLED,)),
    "emptied-udp-flows": Run((KILLED,)),
    "forgotten-clients": Run((KILLED,)),
    "late": Run((LATENCY,)),
}
Findings = Callable[..., list[FindingRecord]]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Of a run with this saboteur, those of the cases whose node ids begin with one of these words."""
    run = functools.cache(lambda saboteur: _run(tmp_path_factory.mktemp(saboteur), saboteur, RUNS[saboteur]))

    def of(saboteur: str, *cases: str) -> list[FindingRecord]:
        found = [each for each in run(saboteur).findings if each.case.startswith(cases or ("",))]
        assert found
        return found

    return of


@pytest.mark.parametrize(
    ("saboteur", "suite", "check"), [("uneven", EVEN, "balance"), ("no-refusal", REFUSES, "refusal")]
)
def test_sabotaged_proxy_is_found_out(findings: Findings, saboteur: str, suite: str, check: str) -> None:
    assert _failed(findings(saboteur, suite)) == {(check, "iptables"), (check, "nftables")}


def test_a_declared_case_finds_out_that_nobody_is_refused(findings: Findings) -> None:
    failed = _failed(findings("no-refusal", EXTERNAL_IPS))
    assert failed == {("truth-table", "iptables"), ("truth-table", "nftables")}


def test_of_cases_that_are_asked_together_those_alone_fail_that_are_concerned(findings: Findings) -> None:
    """Of UDP NodePorts: the cases of other types are made, waited for and asked beside them, and pass."""
    found = findings("lost-udp-node-ports", TYPES)
    failed = {(each.case.partition("::")[2], each.check) for each in found if each.verdict is Verdict.FAIL}
    passed = {each.case.partition("::")[2] for each in found if each.verdict is Verdict.PASS}
    assert {check for _, check in failed} == {"truth-table"}
    names = {case for case, _ in failed}
    assert "test_cluster_ip_to_node_port_and_back" in names
    assert not {"test_external_name_to_cluster_ip_and_back", "test_cluster_ip_to_external_name_and_back"} & names
    assert passed >= {"test_external_name_to_cluster_ip_and_back", "test_cluster_ip_to_external_name_and_back"}


def test_packets_that_short_requests_do_not_need_are_missed(findings: Findings) -> None:
    """What an invalid segment costs, datagrams in fragments and the path MTU: each is missed by its own case."""
    found = findings("swallowed-packets")
    failed = {each.case.rpartition("::")[2] for each in found if each.verdict is Verdict.FAIL}
    passed = {each.case.rpartition("::")[2] for each in found if each.verdict is Verdict.PASS}
    assert failed == {
        "test_datagrams_in_fragments_come_back",
        "test_datagrams_of_nodes_in_fragments_come_back",
        "test_segments_out_of_window_do_not_end_a_connection",
        "test_the_path_mtu_is_found_out",
    }
    assert "test_some_mebibytes_go_there_and_come_back" in passed - failed


def test_a_weight_of_0_is_found_out(findings: Findings) -> None:
    assert _failed(findings("weightless")) == {("balance", "ipvs")}


def test_a_lost_real_server_is_found_out(findings: Findings) -> None:
    """Each sync puts the server back for a moment: attempts that it takes up then may be cut off, and fail as well."""
    failed = _failed(findings("lost-server"))
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
def test_a_proxy_that_costs_clients_what_they_keep_is_found_out(findings: Findings, saboteur: str, check: str) -> None:
    """New connections, which keep nothing, are served all the same, unless one is under way at that very moment."""
    failed = _failed(findings(saboteur))
    assert failed >= {(check, "iptables"), (check, "nftables")}
    assert {name for name, _ in failed} & set(LOSSES) == {check}


def test_lost_udp_node_ports_fail_no_case_but_their_own(findings: Findings) -> None:
    """They are refused for as long as they are waited for; what is to be refused afterwards must be, all the same."""
    found = findings("lost-udp-node-ports", NODE_PORTS, REFUSES)
    verdicts = {(each.case.rpartition("::")[2], each.check, each.verdict) for each in found}
    assert {each for each in verdicts if "[udp]" not in each[0] and each[2] is not Verdict.PASS} == set()
    assert {each for each in verdicts if each[2] is Verdict.FAIL} >= {
        ("test_node_port_answers_on_every_node[udp]", "availability", Verdict.FAIL)
    }
    assert {each for each in verdicts if each[1] == "refusal"} == {
        (f"test_service_without_endpoints_refuses[{protocol}]", "refusal", Verdict.PASS) for protocol in ("tcp", "udp")
    }


def test_changes_that_come_12_s_late_fail_by_that_name_alone(findings: Findings) -> None:
    found = findings("late")
    assert {(each.check, each.subject) for each in found if each.verdict.blocks} == {
        ("programming", "iptables"),
        ("programming", "nftables"),
    }
    assert min(spread.p50 for each in found for spread in each.spreads) > 12


def _failed(findings: list[FindingRecord]) -> set[tuple[str, str]]:
    """The checks that failed, with their modes."""
    return {(each.check, each.subject) for each in findings if each.verdict is Verdict.FAIL}


def _run(folder: Path, saboteur: str, wanted: Run) -> Results:
    """Run what is chosen with the saboteur in each kube-proxy's PATH. It has to fail."""
    options = ["-n", str(len(wanted.modes)), "--kp-modes", ",".join(wanted.modes), "--kp-results", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *wanted.chosen, *options],
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
