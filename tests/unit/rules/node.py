"""A node whose commands give what was captured from kube-proxy, with the same Services in each mode.

Captured from 1.37.2 (iptables, nftables, ipvs) and 1.25.9 (userspace); the last two in an own-kernel guest, kernel 6.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gauntlet.ground.cluster import Completed, ProxyMode
from tests.unit.stand_in_host import StandInHost

CAPTURED = Path(__file__).parent / "captured"
SAVED = (CAPTURED / "iptables-save.txt").read_text()
LISTED = (CAPTURED / "nft-kube-proxy.json").read_text()
USERSPACE_SAVED = (CAPTURED / "userspace-iptables-save.txt").read_text()
# What `gauntlet.proxy.ipvs.inspection.command` gave on the node of ipvs mode.
INSPECTED = (CAPTURED / "ipvs" / "inspection.txt").read_text()
_SERVERS = "/proc/net/ip_vs:"
IPVS_PARTS = {
    "addresses": (CAPTURED / "ipvs" / "addresses.txt").read_text(),
    "ipset_save": (CAPTURED / "ipvs" / "ipset-save.txt").read_text(),
    "iptables_save": (CAPTURED / "ipvs" / "iptables-save.txt").read_text(),
    "ip_vs": "".join(
        line.removeprefix(_SERVERS) for line in INSPECTED.splitlines(keepends=True) if line.startswith(_SERVERS)
    ),
}


def ipvs_text(**changed: str) -> str:
    """What the command of the ipvs reader gives, with some of IPVS_PARTS changed."""
    return "=== gauntlet\n".join((IPVS_PARTS | changed).values())


_TEXTS = {
    ProxyMode.IPTABLES: SAVED,
    ProxyMode.NFTABLES: LISTED,
    ProxyMode.IPVS: ipvs_text(),
    ProxyMode.USERSPACE: USERSPACE_SAVED,
}


class Captured(StandInHost):
    """A host with the rules of one mode."""

    def __init__(self, mode: ProxyMode) -> None:
        self.mode = mode

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        if "&& echo ipvs" in argv[-1]:
            said = f"{self.mode}\n"
        elif "/sys/module" in argv[-1]:
            said = INSPECTED if self.mode is ProxyMode.IPVS else "/sys/module/ip_vs*\n"
        else:
            said = _TEXTS[self.mode]
        return Completed(tuple(argv), 0, said, "")
