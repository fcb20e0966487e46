"""The rules behind one address, in words: printed beside a failing verdict."""

from __future__ import annotations

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.ground.family import family_of, place
from gauntlet.proxy.modes import traits
from gauntlet.proxy.residue import mode_of
from gauntlet.proxy.rules.forwarding import Forwarding, Route, Share
from gauntlet.proxy.rules.reading import read


def not_hooked(mode: ProxyMode) -> str:
    """What it means that a model of this mode is not hooked."""
    return traits(mode).unhooked


def explain(node: Host, service_address: str, port: int, mode: ProxyMode | None = None) -> tuple[str, ...]:
    """What this node would do with a new connection to `service_address`:`port`, a line each.

    Give a node's own address for a NodePort, and the mode if it is known: where its rules are gone, nothing tells it.
    The last lines are the commands that show the rules themselves.
    Raises CommandFailed if the node's tools fail.
    """
    found = read(node, mode or mode_of(node), family_of(service_address))
    return describe(node.name, found, service_address, port)


def describe(node: str, forwarding: Forwarding, address: str, port: int) -> tuple[str, ...]:
    """The lines of `explain` for a model that was already read."""
    routes = forwarding.find(address, port)
    size = forwarding.size
    head = f"{node} ({forwarding.mode}: {size.rules} rules, {size.chains} chains, {size.elements} elements)"
    lines = [f"{head}: {place(address, port)}"]
    if not forwarding.hooked:
        lines.append(f"  {not_hooked(forwarding.mode)}")
    if not routes:
        lines.append("  no rule of kube-proxy matches it")
    for route in routes:
        lines.extend(f"  {line}" for line in _lines(route))
    chains = [chain for route in routes for chain in route.chains]
    return (*lines, *(f"  see: {command}" for command in traits(forwarding.mode).see(node, chains, forwarding.family)))


def _lines(route: Route) -> list[str]:
    where = f"{route.protocol} {'node port' if route.address is None else route.address} {route.port}"
    named = f"{where} ({route.service or 'unnamed'})"
    if not (route.inside or route.outside):
        return [f"{named}: {route.action}, {route.note or 'no endpoint'}"]
    remark = ", clients seen before stay with theirs" if route.affinity else ""
    remark += f" ({route.note})" if route.note else ""
    if route.inside == route.outside:
        return [f"{named}: {_shares(route.inside)}{remark}"]
    return [
        f"{named} from inside: {_shares(route.inside)}{remark}",
        f"{named} from outside: {_shares(route.outside)}{remark}",
    ]


def _shares(shares: tuple[Share, ...]) -> str:
    met = (f"{place(share.address, share.port)} {share.probability:.1%}" for share in shares)
    return ", ".join(met) or "no endpoint"
