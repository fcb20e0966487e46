"""How the kernel writes addresses and numbers in /proc/net/ip_vs*, and the error for what it did not write.

The forms are those of net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_info_seq_show) and ip_vs_conn.c (ip_vs_conn_seq_show):
IPv4 as eight hexadecimal digits, IPv6 as eight groups (in brackets where a port follows), ports as four digits.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from gauntlet.ground.errors import GauntletError


class Unreadable(GauntletError):
    """A line that no kernel known to us writes."""

    def __init__(self, file: str, line: str, why: str) -> None:
        super().__init__(f"{file} has a line that is not understood ({why}): {line[:120]!r}", "report it with the line")


def address(text: str) -> str:
    """`0A600001` -> `10.96.0.1`; `fd00:0096:…:0001` -> `fd00:96::1`. Raises ValueError for anything else."""
    if ":" in text:
        return str(IPv6Address(text))
    if len(text) != 8:
        raise ValueError(f"{text!r} is no address")
    return str(IPv4Address(int(text, 16)))


def address_and_port(text: str) -> tuple[str, int]:
    """`0A600001:0050` -> (`10.96.0.1`, 80); `[fd00:…]:0050` likewise. Raises ValueError for anything else."""
    host, colon, number = text.rpartition(":")
    if host.startswith("[") is not host.endswith("]") or (":" in host) is not host.startswith("["):
        raise ValueError(f"{text!r} is no address and port")
    if not colon:
        raise ValueError(f"{text!r} has no port")
    return address(host.strip("[]")), port(number)


def port(text: str) -> int:
    """`0050` -> 80. Raises ValueError for what is no port."""
    if len(text) != 4:
        raise ValueError(f"{text!r} is no port")
    return int(text, 16)
