"""What kube-proxy should delete stays, or what another mode wrote is there."""

from __future__ import annotations

import re
import subprocess

from tests.saboteurs.call import without_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Call

_OF_SERVICES = "(service|external|local|endpoint|firewall)-"
_JUMPS = re.compile(r"^-A (?:KUBE-SERVICES|KUBE-NODEPORTS) .* -j KUBE-(?:SVC|EXT|SVL|FW)-\w+$", re.MULTILINE)
_OTHER_MODE_OF_NFT = (
    "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-SVC-SABOTEUR - [0:0]\n-A KUBE-SERVICES -j KUBE-SVC-SABOTEUR\nCOMMIT\n"
)
_OTHER_MODE = "add table ip kube-proxy\nadd chain ip kube-proxy services\nadd map ip kube-proxy service-ips \
{ type ipv4_addr . inet_proto . inet_service : verdict ; }\n"


def services_kept(call: Call) -> int:
    """Rules of Services that are deleted, or have no endpoint any more, stay."""
    if call.is_nft:
        return call.run(nft_without_deletions(call.text))
    memory = call.remembered()
    text = iptables_with_former(call.text, memory.get("jumps", []))
    call.remember({"jumps": _JUMPS.findall(text)})
    return call.run(text)


def nft_without_deletions(text: str) -> str:
    """Without deletions of elements and chains, and the emptying of chains into which nothing is written."""
    written = set(re.findall(r"^add rule (ip6? kube-proxy \S+) ", text, re.MULTILINE))

    def stays(line: str) -> bool:
        if re.match(r"delete element ip6? kube-proxy (service-ips|service-nodeports|cluster-ips) ", line):
            return False
        emptied = re.match(rf"(?:flush|delete) chain (ip6? kube-proxy {_OF_SERVICES}\S+)", line)
        return emptied is None or emptied[1] in written

    return "".join(filter(stays, text.splitlines(keepends=True)))


def iptables_with_former(text: str, jumps: list[str]) -> str:
    """With the jumps to chains of Services that were there before, and without deletions of chains."""
    gone = set(re.findall(r"^-X (\S+)$", text, re.MULTILINE))
    kept = re.sub(
        r"^(?:-X (\S+)|:(\S+) .*)\n",
        lambda found: "" if (found[1] or found[2]) in gone else found[0],
        text,
        flags=re.MULTILINE,
    )
    former = "".join(f"{each}\n" for each in jumps if f"{each}\n" not in kept)
    nat = kept.index("*nat")
    before, commit, after = kept[nat:].partition("COMMIT\n")
    return f"{kept[:nat]}{before}{former}{commit}{after}"


def other_mode(call: Call) -> int:
    """After each sync there are rules of the other mode: another kube-proxy ran before, and did not clean up."""
    code = call.run(call.text)
    if call.is_nft:
        subprocess.run(["iptables-restore", "--noflush", "-w", "5"], input=_OTHER_MODE_OF_NFT, text=True, check=True)
    else:
        subprocess.run(["nft", "-f", "-"], input=_OTHER_MODE, text=True, check=True)
    return code


def chains_kept(call: Call) -> int:
    """Chains of Services that are deleted stay; no connection meets them."""
    if call.is_nft:
        return call.run(without_lines(f"^delete (chain|set|map) ip6? kube-proxy {_OF_SERVICES}")(call.text))
    return call.run(iptables_with_former(call.text, []))


SABOTEURS = {"chains-kept": chains_kept, "services-kept": services_kept, "other-mode": other_mode}
