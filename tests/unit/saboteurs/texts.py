"""What kube-proxy 1.37.2 wrote on node-1 of a sandbox at its start, and what a saboteur makes of it.

The Services are of namespace shop: `plain` (TCP and UDP, an endpoint on each of three nodes), `nodeport` (one on
node-2), `sticky` (affinity for 600 s), `local` (external policy Local, endpoints on node-1 and node-2), `elsewhere`
(the same, on node-2 alone), `inside` (internal policy Local, on node-1 and node-2), `ranges` (a load balancer with two
IPv4 source ranges, of which one has the node) and `empty` (no endpoints).
"""

from __future__ import annotations

import difflib
import importlib
from pathlib import Path

import pytest

from tests.saboteurs.call import NFT, Call

RECORDED = Path(__file__).parent / "recorded"
TOOLS = {
    "nft.txt": NFT,
    "nft-ipv6.txt": NFT,
    "iptables.txt": "iptables-restore",
    "ip6tables.txt": "ip6tables-restore",
}


def recorded(name: str) -> str:
    return (RECORDED / name).read_text(encoding="utf-8")


def written(saboteur: str, tool: str, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the real tool is given by a saboteur that only rewrites."""
    given: list[str] = []

    def run(_call: Call, text: str) -> int:
        given.append(text)
        return 0

    monkeypatch.setattr(Call, "run", run)
    kind, _, bug = saboteur.partition("-")
    acts = importlib.import_module(f"tests.saboteurs.transforms.{kind}").SABOTEURS
    assert acts[bug](Call(tool, [], text)) == 0
    (found,) = given
    return found


def changes(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that are gone, and those that are new."""
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [each[2:] for each in lines if each[0] == "-"], [each[2:] for each in lines if each[0] == "+"]
