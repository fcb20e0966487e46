"""A node whose commands give what was captured from kube-proxy, with the same Services in each mode.

Captured from 1.37.2 (iptables, nftables, ipvs) and 1.25.9 (userspace); the last two in an own-kernel guest, kernel 6.1.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from gauntlet.cluster import Completed, HostKind, ProxyMode

CAPTURED = Path(__file__).parent / "captured"
SAVED = (CAPTURED / "iptables-save.txt").read_text()
LISTED = (CAPTURED / "nft-kube-proxy.json").read_text()
USERSPACE_SAVED = (CAPTURED / "userspace-iptables-save.txt").read_text()
IPVS_PARTS = ("addresses", "ipset-save", "iptables-save", "ip_vs")


def ipvs_text(**changed: str) -> str:
    """What the command of the ipvs reader gives, with some of IPVS_PARTS (`-` written `_`) changed."""
    unchanged = {part.replace("-", "_"): (CAPTURED / "ipvs" / f"{part}.txt").read_text() for part in IPVS_PARTS}
    return "=== gauntlet\n".join((unchanged | changed).values())


_TEXTS = {
    ProxyMode.IPTABLES: SAVED,
    ProxyMode.NFTABLES: LISTED,
    ProxyMode.IPVS: ipvs_text(),
    ProxyMode.USERSPACE: USERSPACE_SAVED,
}


class Captured:
    """A host with the rules of one mode."""

    name = "node-1"
    kind = HostKind.NODE
    node = "node-1"
    address = "10.77.0.11"

    def __init__(self, mode: ProxyMode) -> None:
        self.mode = mode

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        asked_for_mode = "echo iptables" in argv[-1]
        return Completed(tuple(argv), 0, f"{self.mode}\n" if asked_for_mode else _TEXTS[self.mode], "")

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        raise NotImplementedError
