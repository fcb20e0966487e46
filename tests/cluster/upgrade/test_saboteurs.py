"""Next kube-proxies that do one thing worse than today's: each may not, by the name of what it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.build.binaries import ensure
from tests.cluster.upgrade.upgrading import program, upgrade

LATER_S = 0.3


@pytest.fixture
def forgets_connections(tmp_path: Path) -> Path:
    """A kube-proxy that has its node forget all TCP connections before it starts.

    The node does not take up connections in their middle either, so that none lives on by the chance of being sent to
    the same backend again.
    """
    real = ensure().path("kube-proxy")
    return program(
        tmp_path,
        f"""[ "$1" = --version ] && exec {real} --version
echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose
conntrack -D -p tcp >/dev/null 2>&1
exec {real} "$@"
""",
    )


def test_one_that_loses_kept_connections_at_its_start(tmp_path: Path, forgets_connections: Path) -> None:
    found = upgrade(
        tmp_path,
        *("--from=iptables", f"--to=forgets=iptables@{forgets_connections}", "--quick", "--strategy=canary=1"),
        nodes=3,
    )
    assert found.code == 1
    assert "iptables -> forgets: MAY NOT" in found.output
    assert "the roll itself: connections-cut in roll-forward" in found.output
    for phase in ("roll-forward", "roll-forward-rest"):
        cut = found.finding(phase, "connections-cut")
        assert (phase, "connections-cut") in found.failed, cut.reason
    # Nothing but the roll, and no UDP flow.
    assert {phase for phase, _ in found.failed} == {"roll-forward", "roll-forward-rest"}
    assert not [check for _, check in found.failed if "udp" in check.lower()]
    # One node went first.
    made = found.results.upgrade
    assert made is not None
    assert (made.strategy, made.nodes) == ("canary=1", 3)
    assert made.phases[1].after == {"node-1": "forgets", "node-2": "iptables", "node-3": "iptables"}
    assert made.phases[3].after == dict.fromkeys(("node-1", "node-2", "node-3"), "forgets")


@pytest.fixture
def leaves_chains(tmp_path: Path) -> Path:
    """A kube-proxy that makes a chain that no other one knows of, and so deletes."""
    real = ensure().path("kube-proxy")
    return program(
        tmp_path,
        f"""[ "$1" = --version ] && exec {real} --version
iptables -w 5 -t nat -N KUBE-SABOTEUR && iptables -w 5 -t nat -A KUBE-SABOTEUR -j RETURN
exec {real} "$@"
""",
    )


def test_one_whose_way_back_leaves_chains_behind(tmp_path: Path, leaves_chains: Path) -> None:
    found = upgrade(tmp_path, "--from=iptables", f"--to=leaves=iptables@{leaves_chains}")
    assert found.code == 1
    assert "iptables -> leaves: MAY NOT" in found.output
    assert found.failed == {("roll-back", "residue")}
    assert "1. left behind: residue in roll-back" in found.output
    left = found.finding("roll-back", "residue")
    assert left.details
    assert all("KUBE-SABOTEUR" in line for line in left.details)


@pytest.fixture
def programs_later(tmp_path: Path) -> Path:
    """A kube-proxy each of whose transactions with nftables takes longer."""
    real = ensure().path("kube-proxy")
    slow = program(tmp_path, f'case "$*" in *-f*) sleep {LATER_S};; esac\nexec /usr/sbin/nft "$@"\n', "nft")
    return program(tmp_path, f'[ "$1" = --version ] || export PATH={slow.parent}:$PATH\nexec {real} "$@"\n')


def test_one_that_is_slower_to_program(tmp_path: Path, programs_later: Path) -> None:
    found = upgrade(tmp_path, "--from=nftables", f"--to=slow=nftables@{programs_later}", "--quick")
    assert found.code == 1
    assert "nftables -> slow: MAY NOT" in found.output
    assert found.failed == {("hold-to", "programming")}
    assert "1. worse than today's: programming in hold-to" in found.output
    programming = found.finding("hold-to", "programming")
    assert programming.figure is not None
    assert programming.resolution is not None
    assert abs(programming.figure - LATER_S) <= programming.resolution
