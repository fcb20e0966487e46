"""What `gauntlet inspect` shows, in 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gauntlet.ground.family import place
from gauntlet.proxy.inspection import Inspection
from gauntlet.proxy.ipvs import Ipvs, VirtualServer
from gauntlet.proxy.rules import Forwarding, Route, Share
from gauntlet.proxy.rules.explanation import not_hooked


def tables(found: Inspection) -> Iterator[RenderableType]:
    """What to print, one below the other."""
    forwarding = found.forwarding
    size = forwarding.size
    yield Text.assemble(
        (found.node, "bold"),
        f" in {forwarding.mode} mode: {size.rules} rules, {size.chains} chains, {size.elements} elements",
    )
    if not forwarding.hooked:
        yield Text(not_hooked(forwarding.mode), style="bold red")
    if found.ipvs is None:
        yield _routes(forwarding)
        if found.ipv6 is not None and found.ipv6.routes:
            yield Text(f"IPv6: {found.ipv6.size.rules} rules, {found.ipv6.size.chains} chains")
            if not found.ipv6.hooked:
                yield Text(not_hooked(forwarding.mode), style="bold red")
            yield _routes(found.ipv6)
    else:
        yield from _ipvs(found.ipvs)
    yield from (Text(note, style="dim") for note in _notes(forwarding))


def _ipvs(found: Ipvs) -> Iterator[RenderableType]:
    yield _virtual_servers(found)
    if found.connections:
        yield _connections(found)
    yield _modules(found)
    total, rates = found.stats.total, found.stats.rates
    yield Text(
        f"since the start: {total.connections} connections, {total.packets_in} packets ({total.bytes_in} bytes) in, "
        f"{total.packets_out} ({total.bytes_out}) out; now {rates.connections} connections/s, "
        f"{rates.packets_in} packets/s in, {rates.packets_out} out"
    )


def _table(*columns: str, numbers: int = 0) -> Table:
    """Columns, the last of them `numbers` aligned to the right. Fill it by `_add`."""
    table = Table(box=None, pad_edge=False)
    for position, column in enumerate(columns):
        right = position >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    return table


def _add(table: Table, *cells: str, style: str = "") -> None:
    # As Text: to rich, an IPv6 address in brackets would be markup.
    table.add_row(*map(Text, cells), style=style)


def _virtual_servers(found: Ipvs) -> Table:
    table = _table("virtual and real servers", "scheduler, flags", "weight", "active", "inactive", numbers=3)
    for server in sorted(found.virtual_servers, key=lambda each: (each.protocol or "", each.address, each.port)):
        _add(table, _place(server), ", ".join(_flags(server)), style="bold")
        for real in sorted(server.real_servers, key=lambda each: (each.address, each.port)):
            entry = f"  {place(real.address, real.port)}"
            _add(table, entry, real.forward, str(real.weight), str(real.active), str(real.inactive))
        if not any(real.weight for real in server.real_servers):
            _add(table, "  none takes connections", "clients are refused", style="yellow")
    return table


def _place(server: VirtualServer) -> str:
    return f"{server.protocol or ''} {server.place}".strip()


def _flags(server: VirtualServer) -> Iterator[str]:
    yield server.scheduler
    if server.one_packet:
        yield "each packet by itself"
    sticky = server.persistence
    if sticky:
        timeout = f"{sticky.timeout_jiffies} jiffies" if sticky.timeout_s is None else f"{sticky.timeout_s:g} s"
        yield f"persistent {timeout}"
        if sticky.netmask not in ("255.255.255.255", "128"):
            yield f"clients by netmask {sticky.netmask}"


def _connections(found: Ipvs) -> Table:
    """By virtual and real server, how many connections are in which state; templates are clients remembered."""
    states: dict[tuple[str, str], Counter[str]] = {}
    for each in found.connections:
        places = (f"{each.protocol} {place(each.virtual, each.virtual_port)}", place(each.real, each.real_port))
        states.setdefault(places, Counter())["clients remembered" if each.template else each.state] += 1
    table = _table("connections to", "at", "by state")
    for places in sorted(states):
        counted = sorted(states[places].items(), key=lambda each: (-each[1], each[0]))
        _add(table, *places, ", ".join(f"{count} {state}" for state, count in counted))
    return table


def _modules(found: Ipvs) -> Table:
    table = _table("module", "state", "used by", "references", numbers=1)
    for module in found.modules:
        references = "built in" if module.references is None else str(module.references)
        _add(table, module.name, module.state, ", ".join(module.holders), references)
    return table


def _routes(forwarding: Forwarding) -> Table:
    table = _table("service", "address", "goes to")
    for route in sorted(forwarding.routes, key=lambda each: (each.service, each.address or "", each.port)):
        port = f"{route.protocol} {route.port}"
        where = f"node port {port}" if route.address is None else f"{route.address} {port}"
        _add(table, route.service, where, "\n".join(_ends(route)))
    return table


def _ends(route: Route) -> Iterator[str]:
    if not (route.inside or route.outside):
        yield str(route.action)
        return
    if route.inside != route.outside:
        yield f"inside {_shares(route.inside)}"
        yield f"outside {_shares(route.outside)}"
        return
    yield _shares(route.inside) + (", sticky" if route.affinity else "")


def _shares(shares: tuple[Share, ...]) -> str:
    return " ".join(f"{place(each.address, each.port)} {each.probability:.0%}" for each in shares) or "nowhere"


def _notes(forwarding: Forwarding) -> tuple[str, ...]:
    return tuple(dict.fromkeys(route.note for route in forwarding.routes if route.note))
