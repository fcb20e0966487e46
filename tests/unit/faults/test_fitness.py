"""For what a case of an experiment is skipped: what its fault needs, and the mode or the place has not."""

from __future__ import annotations

import ast

import pytest

from gauntlet.faults import FAULTS
from gauntlet.faults.fitness import unfit
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.paths import experiment_names, project_root
from gauntlet.promises.support import Place

CHAOS = project_root() / "suites" / "chaos"


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_that_a_mode_cannot_have_says_why(name: str) -> None:
    for mode in ProxyMode:
        why = FAULTS[name].needs.lacking_in(mode)
        assert (why is None) == (mode in FAULTS[name].needs.modes)
        assert why is None or len(why) > 20, f"{name} gives no reason for {mode} mode"


def test_the_reason_names_the_experiment_and_its_mode() -> None:
    assert unfit("flush-nat", ProxyMode.IPTABLES, "1.37") is None
    assert unfit("flush-nat", ProxyMode.NFTABLES, "1.37") == (
        "flush-nat in nftables mode: this mode keeps its Services in no iptables chain that could be flushed"
    )
    assert "ensurePortals" in (unfit("flush-all-tables", ProxyMode.USERSPACE, "1.25.9") or "")
    assert "experiment flush-ipset" in (unfit("flush-nat", ProxyMode.IPVS, "1.37") or "")
    assert unfit("port-taken-before", ProxyMode.IPVS, "1.37") is None


@pytest.mark.parametrize("experiment", sorted(experiment_names()))
def test_where_no_node_may_be_hurt_there_is_no_experiment(experiment: str) -> None:
    """Not even one whose fault leaves nodes alone: it looks at kube-proxy on its node."""
    for mode in ProxyMode:
        assert unfit(experiment, mode, "1.37", {Place.UNTARGETED}), f"{experiment} in {mode} mode"


def test_what_changes_a_kernel_needs_one_of_the_nodes_own() -> None:
    places = {Place.SHARED_KERNEL}
    assert "own-kernel" in (unfit("crash-kernel", ProxyMode.IPTABLES, "1.37", places) or "")
    assert "own-kernel" in (unfit("ipvs-absent", ProxyMode.IPVS, "1.37", places) or "")
    assert unfit("crash-kernel", ProxyMode.IPTABLES, "1.37", {Place.GUESTS}) is None
    assert unfit("clear-ipvs", ProxyMode.IPVS, "1.37", places) is None


def test_what_knows_pods_by_their_addresses_needs_ranges_of_them() -> None:
    lacking = {
        name
        for name in experiment_names()
        if (unfit(name, ProxyMode.IPTABLES, "1.37", {Place.WITHOUT_POD_RANGES}) or "").startswith("pod-ranges")
    }
    assert lacking == {"packet-loss", "partition-nodes"}


def test_an_experiment_of_somebodys_own_is_never_unfit() -> None:
    assert unfit("earthquake", ProxyMode.IPTABLES, "1.37", set(Place)) is None


def test_no_case_says_again_what_its_fault_needs() -> None:
    """Only what is asked beside it is left to the cases, as that a NodePort is served all the same."""
    marks = [
        ast.literal_eval(node.args[0])
        for file in CHAOS.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.needs"
    ]
    assert set(marks) == {"port-of-a-process", "proxy-configuration", "endpoint-slices", "many-changes"}
