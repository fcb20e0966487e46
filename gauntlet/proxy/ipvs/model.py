"""The nouns of IPVS. Addresses are in their usual short text form, without brackets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.family import place


class Protocol(StrEnum):
    """The protocols a virtual server can have."""

    TCP = "tcp"
    UDP = "udp"
    SCTP = "sctp"


@dataclass(frozen=True)
class Persistence:
    """A client stays with its real server until `timeout_s` after its last connection ended.

    The kernel shows this time in jiffies alone; in seconds it is None if the kernel's tick is not known.
    `netmask` is what counts as one client, as ipvsadm shows it: "255.255.255.255" in IPv4, "128" in IPv6.
    """

    timeout_jiffies: int
    timeout_s: float | None
    netmask: str


@dataclass(frozen=True)
class RealServer:
    """One backend of a virtual server.

    `forward` is how packets get there: "masq" (address translation, the only one kube-proxy uses), "route",
    "tunnel", "local" or "bypass". Weight 0 takes no new connections. `active` and `inactive` are connections now:
    established ones (SCTP and TCP), and all others that the kernel still remembers.
    """

    address: str
    port: int
    forward: str
    weight: int
    active: int
    inactive: int


@dataclass(frozen=True)
class VirtualServer:
    """An address and port that the kernel balances, or a mark of the packet filter (`fwmark`).

    With a `fwmark`, protocol is None, address "" and port 0. `scheduler` is its name in the kernel: "rr", "wlc"
    … or "none". `one_packet` sends each UDP packet by itself; the kernel does not show it for IPv6.
    """

    protocol: Protocol | None
    address: str
    port: int
    fwmark: int | None
    scheduler: str
    one_packet: bool = False
    persistence: Persistence | None = None
    real_servers: tuple[RealServer, ...] = ()

    @property
    def place(self) -> str:
        """`10.96.0.1:80`, `[fd00::1]:80` or `fwmark 7`."""
        return place(self.address, self.port) if self.fwmark is None else f"fwmark {self.fwmark}"


@dataclass(frozen=True)
class Connection:
    """One entry of the connection table.

    `protocol` is the kernel's name in small letters ("tcp", "esp", "ip" …), `state` its word ("ESTABLISHED",
    "TIME_WAIT", "ASSURED" …). The entry is forgotten after `expires_s` seconds without a packet. `helper` is the
    persistence engine of the entry and its data ("sip …"), mostly "".
    """

    protocol: str
    client: str
    client_port: int
    virtual: str
    virtual_port: int
    real: str
    real_port: int
    state: str
    expires_s: int
    helper: str = ""

    @property
    def template(self) -> bool:
        """Whether it is no connection but the memory of a client's real server (persistence)."""
        return self.client_port == 0


@dataclass(frozen=True)
class Totals:
    """Counts since the virtual servers were first there. Packets and bytes are those of clients, and to clients."""

    connections: int
    packets_in: int
    packets_out: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True)
class Rates:
    """Whole numbers a second, averaged by the kernel over some seconds."""

    connections: int
    packets_in: int
    packets_out: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True)
class Stats:
    """All traffic through IPVS. The kernel brings `total` and `rates` up to date every two seconds.

    `processors` are the counts by processor, which are always up to date; their sum runs ahead of `total`, and
    does not go back when the counters are zeroed.
    """

    total: Totals
    rates: Rates
    processors: Mapping[int, Totals]


@dataclass(frozen=True)
class Module:
    """A loaded kernel module. It can be unloaded while `references` is 0 and it has no `holders`.

    `references` is None for what is built into the kernel. `state` is "live", "coming" or "going".
    """

    name: str
    references: int | None
    holders: tuple[str, ...]
    state: str
