"""What conntrack knows of connections is lost, or kept for too long."""

from __future__ import annotations

import re
import subprocess
import time

from tests.saboteurs import tools
from tests.saboteurs.places import deletes, endpoints_by, is_addition, when
from tests.saboteurs.transforms.timing import changes_services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

# By chance the next packet of a flow meets the backend that it had.
TIMES = 4
BETWEEN_S = 0.25
# Shorter than anybody's clients may be silent.
IDLE_S = 5
_TIME_OUTS = "/proc/sys/net/netfilter/nf_conntrack_{}"
_OF_THE_IDLE = ("udp_timeout", "udp_timeout_stream")

# Done in the place of conntrack, whose entries kube-proxy deletes by netlink: a sender's datagrams go on to where its
# first one went, before kube-proxy's own rules see them, for as long as conntrack keeps UDP flows. In IPv4 alone: two
# addresses of IPv6, their ports and an endpoint are more than a rule's registers hold.
_TRANSLATE = "meta l4proto udp dnat ip addr . port to ip saddr . udp sport . ip daddr . udp dport map @flows"
STALE_FLOWS = f"""
add table ip saboteur
delete table ip saboteur
table ip saboteur {{
    map flows {{
        type ipv4_addr . inet_service . ipv4_addr . inet_service : ipv4_addr . inet_service
        flags dynamic,timeout
        timeout 2m
    }}
    chain learn {{
        type filter hook postrouting priority 90
        meta l4proto udp ct direction original ct status dnat update @flows {{ ct original ip saddr . \\
            ct original proto-src . ct original ip daddr . ct original proto-dst : ct reply ip saddr . \\
            ct reply proto-src }}
    }}
    chain output {{
        type nat hook output priority -105
        {_TRANSLATE}
    }}
    chain prerouting {{
        type nat hook prerouting priority -105
        {_TRANSLATE}
    }}
}}
"""


def udp_stale(call: Call) -> int:
    if subprocess.run(["nft", "list", "table", "ip", "saboteur"], capture_output=True, check=False).returncode:
        tools.nft(STALE_FLOWS)
    return call.run(call.text)


def _forgetting(protocol: str) -> Act:
    """After each sync conntrack forgets all flows of a protocol: the next packet of each is sent to some backend."""

    def act(call: Call) -> int:
        code = call.run(call.text)
        for _ in range(TIMES if code == 0 else 0):
            subprocess.run(["conntrack", "-D", "-p", protocol], capture_output=True, check=False)
            time.sleep(BETWEEN_S)
        return code

    return act


def udp_of_one_forgotten(call: Call) -> int:
    """Of the addresses that translated flows have been sent to for a while, those of the first are forgotten."""
    code = call.run(call.text)
    if code == 0 and changes_services(call.text):
        for address in under_way(tools.output("conntrack", "-L", "-p", "udp"))[:1]:
            subprocess.run(["conntrack", "-D", "-p", "udp", "-d", address], capture_output=True, check=False)
    return code


def under_way(listed: str) -> list[str]:
    """From `conntrack -L`: addresses that are sent to, more than once, and that somebody else answers for, in order."""
    flows = re.findall(r" src=\S+ dst=(\S+) .*? src=(\S+) dst=.* \[ASSURED\]", listed)
    return sorted({asked for asked, answering in flows if asked != answering})


def udp_of_grown_forgotten(call: Call) -> int:
    """Once a UDP port has more endpoints, the flows to those that it had are forgotten."""
    grown = [each for each in endpoints_by(call) if each[0].protocol == "udp" and is_addition(*each)]
    addresses = sorted({each.split()[0] for _, before, _ in grown for each in before or ()})
    code = call.run(call.text)
    for _ in range(TIMES if code == 0 and addresses else 0):
        for address in addresses:
            subprocess.run(["conntrack", "-D", "-p", "udp", "--reply-src", address], capture_output=True, check=False)
        time.sleep(BETWEEN_S)
    return code


def idle_udp_forgotten(call: Call) -> int:
    """Conntrack forgets UDP flows that were idle for IDLE_S."""
    for name in _OF_THE_IDLE:
        with open(_TIME_OUTS.format(name), "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(str(IDLE_S))
    return call.run(call.text)


SABOTEURS = {
    "idle-udp-forgotten": idle_udp_forgotten,
    "tcp-cut": _forgetting("tcp"),
    "tcp-cut-at-deletions": when(deletes, _forgetting("tcp")),
    "udp-forgotten": _forgetting("udp"),
    "udp-of-grown-forgotten": udp_of_grown_forgotten,
    "udp-of-one-forgotten": udp_of_one_forgotten,
    "udp-stale": udp_stale,
}
