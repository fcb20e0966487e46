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


def _with_gap(chain: str, rule: str, *, at_start: bool) -> Act:
    """Syncs begin with a gap: the first one of each kube-proxy, but for the node's first one; or all others."""

    def act(call: Call) -> int:
        if not changes_services(call.text):
            return call.run(call.text)
        memory = call.remembered()
        own, known = [str(os.getppid())], memory.get("process")
        if known != own:
            call.remember({**memory, "process": own})
        if known is not None and (known != own) == at_start:
            _gap(call, chain, rule)
        return call.run(call.text)

    return act


_at_changes = _with_gap("KUBE-SERVICES", "return", at_start=False)

SABOTEURS = {
    "at-changes": _at_changes,
    "at-start": _with_gap("KUBE-SERVICES", "return", at_start=True),
    "of-ipv6": in_ipv6(_at_changes),
    "of-node-ports": _with_gap("KUBE-NODEPORTS", "fib daddr type local return", at_start=False),
}
