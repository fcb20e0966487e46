"""Rules are not there for a moment while others are written: flushed, then written."""

from __future__ import annotations

import os
import re
import subprocess
import time

from tests.saboteurs import tools
from tests.saboteurs.rewrites import in_ipv6
from tests.saboteurs.transforms.timing import changes_services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

GAP_S = 0.2
_HANDLE = re.compile(r"# handle (\d+)")


def _gap(call: Call, chain: str, rule: str) -> None:
    """For so long no packet finds a rule in this chain of nat (iptables), or where this rule lets it go (nftables)."""
    if not call.is_nft:
        tools.feed(f"*nat\n:{chain} - [0:0]\nCOMMIT\n", call.tool, "--noflush", "-w", "5")
        time.sleep(GAP_S)
        return
    table = [call.family, "kube-proxy", "services"]
    inserted = tools.output("nft", "-a", "-e", "insert", "rule", *table, *rule.split())
    time.sleep(GAP_S)
    for handle in _HANDLE.findall(inserted):
        subprocess.run(["nft", "delete", "rule", *table, "handle", handle], check=True)


def _with_gap(chain: str, rule: str) -> Act:
    """Syncs begin with a gap, but for the first one of each kube-proxy."""

    def act(call: Call) -> int:
        if not changes_services(call.text):
            return call.run(call.text)
        memory = call.remembered()
        own = [str(os.getppid())]
        if memory.get("process") == own:
            _gap(call, chain, rule)
        else:
            call.remember({**memory, "process": own})
        return call.run(call.text)

    return act


_at_changes = _with_gap("KUBE-SERVICES", "return")

SABOTEURS = {
    "at-changes": _at_changes,
    "of-ipv6": in_ipv6(_at_changes),
    "of-node-ports": _with_gap("KUBE-NODEPORTS", "fib daddr type local return"),
}
