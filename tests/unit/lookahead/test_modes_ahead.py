"""Modes that go, come, or are nobody's choice; and where a cluster goes that nobody asked about."""

from __future__ import annotations

import pytest

from gauntlet.doctor.cluster_check.report import Level
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.ground.errors import UsageError
from tests.unit.lookahead.sights import configured, facts, outlook, proxy, silent, standing, told


def test_a_minor_version_further_in_the_same_mode_nothing_stands_in_the_way() -> None:
    found = outlook("1.37")
    assert standing(found) == []
    assert found.is_clear
    assert found.today == "1.36.3 on node-1 (iptables)"


def test_a_mode_that_is_not_set_and_whose_default_changes_later_is_a_warning() -> None:
    warning = told(outlook("1.37", proxy()), Level.WARNING, "mode", "iptables by default, and nftables from 1.40 on")
    assert "set `mode`" in warning.remedy
    assert "KEP-5343" in warning.source
    silent(outlook("1.37", proxy("mode: iptables")), "mode")


def test_a_default_that_changes_on_the_way_stands_in_it() -> None:
    found = outlook("1.40", proxy(), on=facts(version="1.40.0"))
    told(found, Level.PROBLEM, "mode", "the default of 1.40 is nftables: it switches by itself")
    assert not found.is_clear
    silent(outlook("1.40", proxy("mode: iptables"), on=facts(version="1.40.0")), "mode")


def test_ipvs_is_deprecated_then_off_then_gone() -> None:
    ipvs = proxy("mode: ipvs", mode="ipvs")
    silent(outlook("1.34", ipvs, on=facts(version="1.34.4")), "mode")
    warning = told(outlook("1.37", ipvs), Level.WARNING, "mode", "ipvs mode is deprecated in 1.37: off by default from")
    assert warning.source == "KEP-5495"
    told(outlook("1.40", ipvs), Level.PROBLEM, "mode", "behind the feature gate KubeProxyIPVS, which is not set")
    gated = proxy("mode: ipvs", "featureGates: {KubeProxyIPVS: true}", mode="ipvs")
    assert [each.check for each in standing(outlook("1.40", gated, on=facts(version="1.40.0")))] == []
    gone = told(outlook("1.43", ipvs), Level.PROBLEM, "mode", "1.43 does not have ipvs mode any more")
    assert "before you leave 1.42" in gone.remedy
    assert "lookahead --to nftables@1.43" in gone.remedy


def test_userspace_is_gone_since_1_26() -> None:
    old = proxy("mode: userspace", mode="userspace", version="1.25.9")
    told(outlook("1.26", old), Level.PROBLEM, "mode", "1.26 does not have userspace mode any more")


def test_a_mode_that_the_version_does_not_have_yet() -> None:
    new = proxy("mode: nftables", mode="nftables")
    told(outlook("1.28", new), Level.PROBLEM, "mode", "does not have nftables mode yet: it came with 1.29")


def test_a_gate_that_a_mode_once_took_is_asked_for() -> None:
    new = proxy("mode: nftables", mode="nftables", version="1.31.14")
    told(outlook("1.30", new), Level.PROBLEM, "mode", "behind the feature gate NFTablesProxyMode")
    # A subject brings its gate.
    subject = outlook("nftables@1.30", proxy("mode: iptables", version="1.30.14"), on=facts(version="1.30.14"))
    assert [each for each in standing(subject) if each.check == "mode"] == []


def test_a_word_that_is_not_a_mode_of_linux() -> None:
    told(outlook("1.37", proxy("mode: kernelspace")), Level.PROBLEM, "mode", "does not have a mode 'kernelspace'")


def test_a_switch_of_the_mode_names_the_command_that_measures_it() -> None:
    warning = told(outlook("nftables@1.37"), Level.WARNING, "mode", "iptables mode becomes nftables mode")
    assert warning.remedy == "measure it: gauntlet upgrade --from iptables@1.36 --to nftables@1.37"
    assert "deletes the rules of iptables mode" in warning.what
    both = outlook("iptables@1.37", proxy("mode: ipvs", mode="ipvs"))
    told(both, Level.WARNING, "mode", "ipvs mode becomes iptables mode: kube-proxy leaves behind what ipvs mode made")


def test_a_configuration_that_cannot_be_read_is_not_a_mode_that_is_set() -> None:
    unseen = proxy(configuration=None, unseen="no way in")
    found = outlook("1.37", unseen)
    told(found, Level.UNKNOWN, "mode", "kube-proxy's configuration cannot be read")
    told(found, Level.UNKNOWN, "access", "no look at the node: no way in")


def test_what_a_restart_will_read_counts_not_what_runs() -> None:
    changed = facts(configuration=configured("mode: nftables"))
    told(outlook("1.37", on=changed), Level.WARNING, "mode", "iptables mode becomes nftables mode")


def test_versions_that_nobody_has_read_are_said_to_be() -> None:
    told(outlook("1.38", on=facts(version="1.38.0")), Level.WARNING, "sources", "of 1.38 only what 1.37 announces")
    silent(outlook("1.37"), "sources")


@pytest.mark.parametrize(
    ("server", "runs", "to", "why"),
    [
        ("1.37.2", "1.36.3", "1.37", "kube-proxy is still 1.36.3"),
        ("1.36.3", "1.36.3", "1.37", "to which the control plane goes first"),
    ],
)
def test_without_a_goal_the_next_version_is_meant(server: str, runs: str, to: str, why: str) -> None:
    found = outlook(None, proxy("mode: iptables", version=runs), on=facts(version=server))
    assert (found.goal, why in found.assumed) == (to, True)
    assert standing(found) == []


@pytest.mark.parametrize("text", ["", "ipvz", "nftables@1.28", "1", "1.x", "v"])
def test_a_goal_that_is_not_one(text: str) -> None:
    with pytest.raises(UsageError):
        Goal.parse(text)
