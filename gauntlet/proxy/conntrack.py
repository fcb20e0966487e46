"""The kernel's table of tracked connections on a node: flows whose destination it translates, and how fresh they are.

UDP, and TCP connections that are established. What is not translated, by kube-proxy or anybody, is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family, place

_TIMEOUT_S = 60.0
_SHOWN = "flow entries have been shown"
_SYSCTL = "/proc/sys/net/netfilter/nf_conntrack_udp_timeout"
# Thousands of connections that are over are left out on the node itself. A node without conntrack(8) may have the file.
_LIST = (
    "sh",
    "-c",
    f"""
echo "timeouts $(cat {_SYSCTL}) $(cat {_SYSCTL}_stream)" 2>/dev/null
list() {{
  if command -v conntrack >/dev/null; then
    conntrack -L -f ipv4; conntrack -L -f ipv6
  elif sed 's/^ipv[46] *[0-9]* //' /proc/net/nf_conntrack; then
    echo '{_SHOWN}'; echo '{_SHOWN}'
  fi
}}
list 2>&1 | grep -E '^udp |^tcp .* ESTABLISHED |{_SHOWN}'
true
""",
)
_ENTRY = re.compile(
    r"^(?P<protocol>udp|tcp) +\d+ (?P<left>\d+) (?:ESTABLISHED )?"
    r"src=(?P<source>\S+) dst=(?P<destination>\S+) sport=(?P<source_port>\d+) dport=(?P<port>\d+) "
    r"(?:packets=\d+ bytes=\d+ )?(?P<unreplied>\[UNREPLIED\] )?"
    r"src=(?P<backend>\S+) dst=\S+ sport=(?P<backend_port>\d+) dport=\d+ "
    r"(?:packets=\d+ bytes=\d+ )?(?P<assured>\[ASSURED\] )?(?:.*\bdelta-time=(?P<age>\d+))?"
)


@dataclass(frozen=True)
class Tracked:
    """One flow: its `destination` became `backend`. `age_s` is None if the kernel does not note when flows begin
    (net.netfilter.nf_conntrack_timestamp), `silent_s`, since its last packet, if nothing tells."""

    protocol: str
    source: str
    source_port: int
    destination: str
    port: int
    backend: str
    backend_port: int
    age_s: int | None = None
    silent_s: int | None = None

    def __str__(self) -> str:
        """`udp 10.244.1.2:4000 to 10.96.0.10:53`: what it is, however old."""
        return f"{self.protocol} {place(self.source, self.source_port)} to {place(self.destination, self.port)}"

    @property
    def freshness(self) -> str:
        """`began 70 s ago, last packet 3 s ago`; empty if neither is known."""
        began = "" if self.age_s is None else f"began {self.age_s} s ago"
        silent = "" if self.silent_s is None else f"last packet {self.silent_s} s ago"
        return ", ".join(filter(None, (began, silent)))


def tracked(node: Host) -> tuple[Tracked, ...]:
    """What this node translates now. Raises CommandFailed, and GauntletError if the table cannot be listed there."""
    return parse(node.run(_LIST, timeout_s=_TIMEOUT_S).stdout)


def parse(text: str) -> tuple[Tracked, ...]:
    """The flows in a listing of both families. Raises GauntletError if it is not a whole one."""
    if text.count(_SHOWN) < len(Family):
        raise GauntletError(
            "the table of tracked connections could not be listed",
            "install conntrack (the package of this name) on the node, or a kernel that has /proc/net/nf_conntrack",
        )
    timeouts: list[int] = []
    found = []
    for line in text.splitlines():
        if line.startswith("timeouts "):
            timeouts = [int(word) for word in line.split()[1:]]
            continue
        entry = _ENTRY.match(line)
        if entry is not None:
            found.append(_tracked(entry, timeouts))
    return tuple(each for each in found if (each.destination, each.port) != (each.backend, each.backend_port))


def _tracked(entry: re.Match[str], timeouts: list[int]) -> Tracked:
    """A UDP flow's time begins anew with each packet: that of a stream if it is assured."""
    silent_s = None
    if entry["protocol"] == "udp" and len(timeouts) == 2:
        silent_s = timeouts[bool(entry["assured"])] - int(entry["left"])
    return Tracked(
        protocol=entry["protocol"],
        source=_short(entry["source"]),
        source_port=int(entry["source_port"]),
        destination=_short(entry["destination"]),
        port=int(entry["port"]),
        backend=_short(entry["backend"]),
        backend_port=int(entry["backend_port"]),
        age_s=None if entry["age"] is None else int(entry["age"]),
        silent_s=silent_s if silent_s is not None and silent_s >= 0 else None,
    )


def _short(address: str) -> str:
    """The file of the kernel writes all digits of an IPv6 address."""
    return str(ip_address(address)) if ":" in address else address
