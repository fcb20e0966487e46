"""Whatever table the kernel can print is read as it was meant, and any other text is a clear error."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from gauntlet.ground.errors import GauntletError
from gauntlet.proxy.ipvs import (
    Persistence,
    Protocol,
    RealServer,
    VirtualServer,
    connections,
    statistics,
)
from gauntlet.proxy.ipvs import servers as server_table

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
ports = st.integers(0, 65535)
counts = st.integers(0, 2**31 - 1)
real_servers = st.builds(
    RealServer,
    addresses.map(str), ports, st.sampled_from(["masq", "local", "tunnel", "route", "bypass"]), counts, counts, counts,
)  # fmt: skip
virtual_servers = st.builds(
    VirtualServer,
    st.sampled_from(Protocol), addresses.map(str), ports, st.none(), st.sampled_from(["rr", "mh", "none"]),
    st.booleans(), st.none(), st.lists(real_servers, max_size=4).map(tuple),
)  # fmt: skip


def hexadecimal(address: str, port: int) -> str:
    """As ip_vs_info_seq_show prints it (%08X:%04X and [%pI6]:%04X)."""
    if ":" in address:
        return f"[{IPv6Address(address).exploded}]:{port:04X}"
    return f"{int(IPv4Address(address)):08X}:{port:04X}"


def printed(server: VirtualServer) -> str:
    assert server.protocol is not None
    lines = [
        f"{server.protocol.upper()}  {hexadecimal(server.address, server.port)} {server.scheduler} "
        f"{'ops ' if server.one_packet else ''} "
    ]
    if server.persistence:
        netmask = server.persistence.netmask
        mask = int(netmask).to_bytes(4, "little").hex() if netmask.isdigit() else f"{int(IPv4Address(netmask)):08x}"
        lines[0] += f"persistent {server.persistence.timeout_jiffies} {mask.upper()}"
    lines += [
        f"  -> {hexadecimal(real.address, real.port)}      {real.forward.capitalize():<7} {real.weight:<6} "
        f"{real.active:<10} {real.inactive:<10}"
        for real in server.real_servers
    ]
    return "\n".join(lines)


@given(st.lists(virtual_servers, max_size=4))
def test_what_the_kernel_prints_is_what_is_read(servers: list[VirtualServer]) -> None:
    text = "IP Virtual Server version 1.2.1 (size=4096)\n" + "\n".join(map(printed, servers))
    assert server_table.parse(text) == tuple(servers)


@given(virtual_servers, counts, st.integers(0, 32), st.integers(1, 128))
def test_every_netmask(server: VirtualServer, jiffies: int, v4_bits: int, v6_bits: int) -> None:
    v4_mask = str(IPv4Address(2**32 - 2 ** (32 - v4_bits)))
    netmask = str(v6_bits) if ":" in server.address else v4_mask
    sticky = replace(server, persistence=Persistence(jiffies, jiffies / 250, netmask))
    assert server_table.parse(printed(sticky), 250) == (sticky,)


@given(st.text())
def test_any_text_is_read_or_refused_by_a_clear_error(text: str) -> None:
    said: list[str] = []
    for parse in (server_table.parse, connections.parse, statistics.parse):
        try:
            parse(text)
        except GauntletError as error:
            said.append(error.what)
    assert all(what.startswith("/proc/net/ip_vs") for what in said)
