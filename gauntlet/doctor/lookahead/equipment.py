"""What looking ahead asks of a node beside what the cluster check does: its kernel and its nft. Reading alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gauntlet.ground.cluster import CommandFailed, Node

_TIMEOUT_S = 30.0
LOOK = ("sh", "-c", "echo kernel $(uname -r); echo nft $(nft --version 2>/dev/null || echo none)")
_LINE = re.compile(r"^(?P<name>kernel|nft) (?P<rest>.*)$", re.MULTILINE)
_RELEASE = re.compile(r"v?(\d+(?:\.\d+)+)")
NONE = "none"


@dataclass(frozen=True)
class Equipment:
    """Releases as text: `6.1.0-28-amd64`, `1.0.6`. Empty is not known; `nft` is NONE if the node has none."""

    kernel: str = ""
    nft: str = ""


def gather(node: Node) -> Equipment:
    """Nothing is known of a node on which no command runs."""
    try:
        return parse(node.run(LOOK, timeout_s=_TIMEOUT_S).stdout)
    except CommandFailed:
        return Equipment()


def parse(text: str) -> Equipment:
    """Read what LOOK printed."""
    said = {found["name"]: found["rest"].strip() for found in _LINE.finditer(text)}
    nft = said.get("nft", "")
    release = _RELEASE.search(nft)
    return Equipment(said.get("kernel", ""), NONE if nft == NONE else release[1] if release else "")
