"""A node is given the iptables that its kube-proxy names; what cannot have them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.cluster import NodeKernel
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.providers.kind.admission import require_makeable
from gauntlet.providers.protocol import ClusterSpec
from gauntlet.providers.sandbox import iptables_tools, layout, world
from gauntlet.providers.sandbox.proxy_manifest import ProxyManifest
from gauntlet.proxy import residue
from gauntlet.proxy.tools import Tools, chosen
from gauntlet.subject import parse


def spec(today: str, following: str, kernel: NodeKernel = NodeKernel.HOST) -> ClusterSpec:
    return ClusterSpec("tools", parse(today, "1.37"), replacements=(parse(following, "1.37"),), kernel=kernel)


PAIR = ("iptables+tools=legacy", "iptables+tools=nft")


def test_one_that_names_none_would_get_those_of_the_other() -> None:
    with pytest.raises(UsageError, match="and iptables, which would get the same, does not"):
        iptables_tools.require(spec("iptables", PAIR[1]))


def test_nodes_with_a_kernel_of_their_own_are_refused() -> None:
    with pytest.raises(UsageError, match="iptables-legacy and no other"):
        iptables_tools.require(spec(*PAIR, kernel=NodeKernel.OWN))


def test_kind_nodes_are_refused() -> None:
    with pytest.raises(UsageError, match="the iptables of their image"):
        require_makeable(spec(*PAIR))


def test_a_machine_that_lacks_them_is_told_what(monkeypatch: pytest.MonkeyPatch) -> None:
    why = "can't initialize iptables table `nat': Table does not exist"
    monkeypatch.setattr(iptables_tools, "host_lacks_tools", {Tools.LEGACY: why}.get)
    with pytest.raises(EnvironmentUnfit, match=r"iptables-legacy of iptables\+tools-legacy: can't initialize"):
        iptables_tools.require(spec(*PAIR))


def test_tools_of_both_are_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Tools] = []
    monkeypatch.setattr(iptables_tools, "host_lacks_tools", tried.append)
    iptables_tools.require(spec("iptables@1.36+tools=legacy", PAIR[0]))
    assert tried == [Tools.LEGACY]


def test_a_subject_without_tools_tries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(iptables_tools, "host_lacks_tools")
    iptables_tools.require(spec("iptables", "nftables"))


@pytest.mark.parametrize("tools", [None, *Tools])
def test_the_manifest_of_a_node_keeps_them(tmp_path: Path, tools: Tools | None) -> None:
    layout.node_folder(tmp_path, "node-1").mkdir(parents=True)
    ProxyManifest.write(tmp_path, "node-1", "one", "/bin/kube-proxy", "mode: iptables\n", tools)
    found = ProxyManifest.load(tmp_path, "node-1")
    assert found.tools is tools
    assert found.argv[-3] == "/bin/kube-proxy"
    assert (found.argv[0] == "sh") == (tools is not None)


@pytest.mark.cluster
def test_a_world_changes_from_one_to_the_other_and_rules_of_the_former_are_seen() -> None:
    """In a mount namespace of its own: the machine keeps what it has."""
    before = Path("/etc/alternatives/iptables").readlink()
    script = f"""{chosen(Tools.LEGACY)}
iptables --version
iptables -t nat -N KUBE-FORMER
{chosen(Tools.NFT)}
iptables --version
iptables -t nat -N KUBE-LATTER
{residue._REMAINS}"""
    done = world.attempt(world.flags(), script)
    said = done.stdout.splitlines()
    assert [line.partition("(")[2] for line in said[:2]] == ["legacy)", "nf_tables)"], done.stderr
    assert {"iptables: :KUBE-LATTER - [0:0]", "iptables-legacy: :KUBE-FORMER - [0:0]"} == set(said[2:])
    assert Path("/etc/alternatives/iptables").readlink() == before
