"""What kube-proxy should delete stays, or what another mode wrote is there."""

from __future__ import annotations

import os
import re
import subprocess
import time

from tests.saboteurs import tools
from tests.saboteurs.call import without_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Call

_OF_SERVICES = "(service|external|local|endpoint|firewall)-"
_JUMPS = re.compile(r"^-A (?:KUBE-SERVICES|KUBE-NODEPORTS) .* -j KUBE-(?:SVC|EXT|SVL|FW)-\w+$", re.MULTILINE)
_SET_UP = re.compile(r"^flush chain ip6? kube-proxy services$", re.MULTILINE)
# Of a Service's port: its ClusterIP, protocol and number, its chain; and of a chain the endpoint that comes first.
_PLACES = {
    True: re.compile(
        r"^add element ip kube-proxy service-ips \{ (\S+) \. (\w+) \. (\d+) : goto (\S+) \}", re.MULTILINE
    ),
    False: re.compile(r"^-A KUBE-SERVICES .*-p (\w+) -d (\S+) --dport (\d+) -j (KUBE-SVC-\w+)$", re.MULTILINE),
}
_FIRSTS = {
    True: re.compile(r"^add rule ip kube-proxy (\S+) .*?(?:map \{ 0 : | to )([0-9.]+)(?: \. |:)(\d+)", re.MULTILINE),
    False: re.compile(r"^-A (KUBE-SVC-\w+) .* -> ([0-9.]+):(\d+)\" .*-j KUBE-SEP-", re.MULTILINE),
}
_NFT = """\
add table ip kube-proxy
add chain ip kube-proxy nat-prerouting {{ type nat hook prerouting priority -110 ; }}
flush chain ip kube-proxy nat-prerouting
{}"""
_NFT_RULE = "add rule ip kube-proxy nat-prerouting ip daddr {0} {1} dport {2} dnat to {3}\n"
_IPTABLES = "*nat\n:KUBE-SERVICES - [0:0]\n{}COMMIT\n"
_IPTABLES_RULE = "-A KUBE-SERVICES -d {0} -p {1} --dport {2} -j DNAT --to-destination {3}\n"


def services_kept(call: Call) -> int:
    """Rules of Services that are deleted, or have no endpoint any more, stay."""
    if call.is_nft:
        return call.run(nft_without_deletions(call.text))
    memory = call.remembered()
    text = iptables_with_former(call.text, memory.get("jumps", []))
    call.remember({"jumps": _JUMPS.findall(text)})
    return call.run(text)


def kept_at_start(call: Call) -> int:
    """What went while no kube-proxy ran stays: one that is started again deletes nothing of Services that it finds."""
    return call.run(_nft_with_found(call) if call.is_nft else _iptables_with_found(call))


def _nft_with_found(call: Call) -> str:
    """kube-proxy lists what is there in each sync that sets up the table, of which there are two at its start."""
    memory = call.remembered()
    own, kept = [str(os.getppid())], memory.get("kept", [])
    if memory.setdefault("first", own) != own and _SET_UP.search(call.text):
        kept = [*kept, *nft_deletions(call.text)]
    call.remember({**memory, "kept": kept})
    return "".join(line for line in call.text.splitlines(keepends=True) if line.rstrip("\n") not in kept)


def _iptables_with_found(call: Call) -> str:
    memory = call.remembered()
    own, kept = [str(os.getppid())], memory.get("kept", [])
    if memory.get("process", own) != own:
        kept = [each for each in memory["jumps"] if each not in call.text]
    call.remember({**memory, "process": own, "kept": kept, "jumps": _JUMPS.findall(call.text)})
    return iptables_with_former(call.text, kept) if kept else call.text


def nft_deletions(text: str) -> list[str]:
    """The lines that `nft_without_deletions` leaves out; chains are emptied first, and deleted by a later sync."""
    left = set(nft_without_deletions(text).splitlines())
    lines = [line for line in text.splitlines() if line not in left]
    return [*lines, *(line.replace("flush ", "delete ", 1) for line in lines)]


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
    """Another kube-proxy, of the other mode, ran before: its rules lead each ClusterIP to the endpoint it had first."""
    code = call.run(call.text)
    memory = call.remembered()
    for place, endpoint in first_endpoints(call.text, is_nft=call.is_nft).items():
        memory.setdefault(place, [endpoint])
    call.remember(memory)
    if memory and call.family == "ip":
        rules = (_IPTABLES_RULE if call.is_nft else _NFT_RULE).format
        text = "".join(rules(*place.split(), endpoint) for place, (endpoint,) in memory.items())
        (_write_iptables if call.is_nft else _write_nft)(text)
    return code


def first_endpoints(text: str, *, is_nft: bool) -> dict[str, str]:
    """By address, protocol and number of each port at a ClusterIP, the endpoint that is written first, IPv4 alone."""
    firsts: dict[str, str] = {}
    for chain, address, port in _FIRSTS[is_nft].findall(text):
        firsts.setdefault(chain, f"{address}:{port}")
    places = [found if is_nft else (found[1], found[0], *found[2:]) for found in _PLACES[is_nft].findall(text)]
    return {" ".join(place): firsts[chain] for *place, chain in places if chain in firsts}


def _write_nft(rules: str) -> None:
    tools.nft(_NFT.format(rules))


def _write_iptables(rules: str) -> None:
    tools.feed(_IPTABLES.format(rules), "iptables-restore", "--noflush", "-w", "5")
    hook = ["iptables", "-w", "5", "-t", "nat"]
    if subprocess.run([*hook, "-C", "PREROUTING", "-j", "KUBE-SERVICES"], capture_output=True, check=False).returncode:
        subprocess.run([*hook, "-I", "PREROUTING", "-j", "KUBE-SERVICES"], check=True)


def chains_kept(call: Call) -> int:
    """Chains of Services that are deleted stay; no connection meets them."""
    if call.is_nft:
        return call.run(without_lines(f"^delete (chain|set|map) ip6? kube-proxy {_OF_SERVICES}")(call.text))
    return call.run(iptables_with_former(call.text, []))


def jumps_pile_up(call: Call) -> int:
    """Each sync adds the jump to the rules of Services once more."""
    code = call.run(call.text)
    if code != 0:
        return code
    if call.is_nft:
        tools.nft(f"add rule {call.family} kube-proxy nat-prerouting jump services\n")
    else:
        tool = call.tool.removesuffix("-restore")
        subprocess.run([tool, "-w", "5", "-t", "nat", "-A", "PREROUTING", "-j", "KUBE-SERVICES"], check=True)
    return code


def jumps_doubled_at_start(call: Call) -> int:
    """The first sync of each kube-proxy, but for the node's first one, adds the jump once more; iptables alone."""
    if call.is_nft:
        return call.run(call.text)
    memory = call.remembered()
    process = [str(os.getppid())]
    is_first = memory.get("process", process) != process
    call.remember({"process": process})
    return jumps_pile_up(call) if is_first else call.run(call.text)


def sets_pile_up(call: Call) -> int:
    """Each sync leaves a set, or an empty chain."""
    code = call.run(call.text)
    if code != 0:
        return code
    number = str(time.time_ns())
    if call.is_nft:
        tools.nft(f"add set {call.family} kube-proxy former-{number} {{ type inet_service ; }}\n")
    else:
        tools.feed(f"*nat\n:FORMER-{number} - [0:0]\nCOMMIT\n", call.tool, "--noflush", "-w", "5")
    return code


SABOTEURS = {
    "chains-kept": chains_kept,
    "jumps-doubled-at-start": jumps_doubled_at_start,
    "jumps-pile-up": jumps_pile_up,
    "kept-at-start": kept_at_start,
    "other-mode": other_mode,
    "services-kept": services_kept,
    "sets-pile-up": sets_pile_up,
}
