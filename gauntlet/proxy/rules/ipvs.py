"""Reads the state of kube-proxy's ipvs mode: virtual servers, the addresses of kube-ipvs0, ipsets and iptables.

The forms are those of pkg/proxy/ipvs of Kubernetes 1.37. Each address and port of a Service is a virtual server, a
NodePort is one for each address of the node. IPVS takes packets to addresses of the node, so Service addresses are
put on the dummy interface kube-ipvs0. The iptables chains do no balancing: with the ipsets they say what is
masqueraded, and KUBE-IPVS-FILTER rejects ports of Service addresses that no Service has.

A Service without endpoints is a virtual server without real servers. No rule refuses its clients; the kernel does, by
an ICMP "port unreachable" (ip_vs_leave in net/netfilter/ipvs/ip_vs_core.c), also where all weights are 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.ground.history import Protocol
from gauntlet.proxy import ipvs
from gauntlet.proxy.ipvs import RealServer, VirtualServer
from gauntlet.proxy.ipvs.servers import FILE, parse
from gauntlet.proxy.ipvs.wholeness import INTERFACE
from gauntlet.proxy.rules import iptables
from gauntlet.proxy.rules.forwarding import Action, Forwarding, Route, RuleSize, Share
from gauntlet.proxy.rules.iptables import Tables

CLUSTER_IPS = "KUBE-CLUSTER-IP"
FILTER = "KUBE-IPVS-FILTER"
NODE_PORTS = "KUBE-NODE-PORT-TCP"
# Load balancer addresses that have source ranges, and these: networks, and the addresses themselves.
_FIREWALLED = "KUBE-LOAD-BALANCER-FW"
_SOURCES = ("KUBE-LOAD-BALANCER-SOURCE-CIDR", "KUBE-LOAD-BALANCER-SOURCE-IP")
_MARK = "=== gauntlet"
_LISTING = (
    f"ip -o addr show; echo '{_MARK}'; {{sets}}; echo '{_MARK}'; {{rules}}; echo '{_MARK}'; "
    f"if [ -e {FILE} ]; then exec cat {FILE}; fi"
)
# Sets of IPv6 have the names of those of IPv4 after KUBE-6- (pkg/proxy/ipvs/ipset.go). Virtual servers are of both.
COMMANDS: Mapping[Family, tuple[str, ...]] = {
    Family.IPV4: ("sh", "-c", _LISTING.format(sets="ipset save | grep -v ' KUBE-6-'", rules="iptables-save")),
    Family.IPV6: (
        "sh",
        "-c",
        _LISTING.format(
            sets="ipset save | sed -n 's/ KUBE-6-/ KUBE-/p'", rules="ip6tables-save | sed 's/ KUBE-6-/ KUBE-/g'"
        ),
    ),
}

# Connections in turn, or to the server with the fewest, whatever the weights; `dh` keeps to one server, hidden from us.
_EVEN = frozenset({"rr", "lc", "dh"})
# The server with the highest weight gets all; `ovf` goes on to the next only when that has as many as its weight.
_HIGHEST = frozenset({"fo", "ovf"})
# Picks by the client's address alone, as kube-proxy sets it up.
_BY_CLIENT = "sh"
_PROTOCOLS = {
    ipvs.Protocol.TCP: Protocol.TCP,
    ipvs.Protocol.UDP: Protocol.UDP,
    ipvs.Protocol.SCTP: Protocol.SCTP,
}


@dataclass(frozen=True)
class State:
    """What one node's tools and its kernel show, parsed."""

    servers: tuple[VirtualServer, ...]
    addresses: Mapping[str, frozenset[str]]  # by interface
    sets: Mapping[str, frozenset[str]]  # entries as ipset writes them, by the set's name
    tables: Tables
    size: RuleSize


def state(text: str) -> State:
    """The output of one of COMMANDS. Raises Unreadable for virtual servers that are not understood."""
    addresses, sets, rules, servers = (*text.split(f"{_MARK}\n", 3), "", "", "")[:4]
    found = parse(servers)
    entries = _sets(sets)
    rule_size = iptables.size(rules)
    kept = sum(len(entry) for entry in entries.values())
    elements = kept + len(found) + sum(len(server.real_servers) for server in found)
    return State(
        found,
        _addresses(addresses),
        entries,
        iptables.parse(rules),
        RuleSize(rule_size.rules, rule_size.chains, elements),
    )


def size(text: str) -> RuleSize:
    """Counts in the output of one of COMMANDS."""
    return state(text).size


def forwarding(text: str) -> Forwarding:
    """The model of one node, from the output of one of COMMANDS.

    A virtual server gives no route while its address is on no interface of the node: then its packets pass IPVS by.
    Inside and outside are alike: also for `externalTrafficPolicy: Local` a virtual server has one set of real servers
    (those of this node, or all where this node has none). Marks are left out.

    Hooked means that kube-ipvs0 holds addresses, and that the packets which must be masqueraded get marked: nat has
    its jumps to KUBE-SERVICES and KUBE-POSTROUTING, and the set KUBE-CLUSTER-IP is there.
    """
    found = state(text)
    here = frozenset[str]().union(*found.addresses.values())
    routes = tuple(
        _route(server, _PROTOCOLS[server.protocol], found)
        for server in sorted(found.servers, key=lambda each: (each.protocol or "", each.address, each.port))
        if server.protocol in _PROTOCOLS and server.address in here
    )
    bound = found.addresses.get(INTERFACE, frozenset()) - {each.address for each in found.servers}
    orphans = tuple(f"address {each} on {INTERFACE}" for each in sorted(bound) if not ip_address(each).is_link_local)
    return Forwarding(ProxyMode.IPVS, _hooked(found), routes, found.size, orphans=orphans)


def masquerades(text: str, node_port: int) -> bool:
    """Whether TCP connections to this NodePort (policy Cluster) are masqueraded, from the output of that for IPv4.

    In a sync kube-proxy makes virtual servers first, ipsets and chains last. In between a NodePort has its backends,
    but those on other nodes answer the client directly, which is not heard.
    """
    found = state(text)
    is_asked = any(rule.match_set == NODE_PORTS for rule in found.tables.rules("nat", "KUBE-NODE-PORT"))
    return is_asked and str(node_port) in found.sets.get(NODE_PORTS, frozenset())


def shares(server: VirtualServer) -> tuple[Share, ...]:
    """What a new connection of a new client meets; real servers of weight 0 (they drain) are left out.

    It is what comes out over many connections, and an approximation for the schedulers that look at the connections
    there are: `wlc`, `sed`, `nq` lead to shares by weight and `lc` to even ones only while connections last about as
    long everywhere. `lblc` and `lblcr` (by destination) are taken as by weight.
    """
    takers = sorted(
        (real for real in server.real_servers if real.weight > 0), key=lambda real: (real.address, real.port)
    )
    if server.scheduler == "none":
        return ()
    if server.scheduler in _HIGHEST:
        takers = sorted(takers, key=lambda real: -real.weight)[:1]
    total = sum(_parts(server, real) for real in takers)
    return tuple(Share(real.address, real.port, _parts(server, real) / total) for real in takers)


def _parts(server: VirtualServer, real: RealServer) -> int:
    return 1 if server.scheduler in _EVEN else real.weight


def _route(server: VirtualServer, protocol: Protocol, found: State) -> Route:
    if _filtered(server, found):
        return Route(
            server.address,
            server.port,
            protocol,
            Action.REJECT,
            chains=(FILTER,),
            note=f"{FILTER} rejects it: the address is a Service's, but no set of Services has this port",
        )
    met = shares(server)
    remembers_s = None if server.persistence is None else server.persistence.timeout_s
    return Route(
        server.address,
        server.port,
        protocol,
        Action.FORWARD if met else Action.REJECT,
        inside=met,
        outside=met,
        affinity=server.persistence is not None or server.scheduler == _BY_CLIENT,
        affinity_timeouts_s=() if remembers_s is None else (round(remembers_s),),
        sources=_sources(server, found),
    )


def _sources(server: VirtualServer, found: State) -> tuple[str, ...] | None:
    """The ranges that the sets of load balancers let in; None if this is not among the addresses that have some."""
    place = f"{server.address},{server.protocol}:{server.port}"
    if place not in found.sets.get(_FIREWALLED, frozenset()):
        return None
    entries = sorted(entry for name in _SOURCES for entry in found.sets.get(name, frozenset()))
    return tuple(entry.removeprefix(f"{place},") for entry in entries if entry.startswith(f"{place},"))


def _filtered(server: VirtualServer, found: State) -> bool:
    """Whether KUBE-IPVS-FILTER, before IPVS sees it, rejects a new connection. It has no say for the node itself."""
    if not any(rule.target == FILTER for rule in found.tables.rules("filter", "INPUT")):
        return False
    place = f"{server.address},{server.protocol}:{server.port}"
    for rule in found.tables.rules("filter", FILTER):
        entries = found.sets.get(rule.match_set, frozenset())
        if not entries.isdisjoint({place, server.address, str(server.port)}):
            return rule.target == "REJECT"
    return False


def _hooked(found: State) -> bool:
    is_led = iptables.is_hooked(found.tables)
    return bool(found.addresses.get(INTERFACE)) and is_led and CLUSTER_IPS in found.sets


def _addresses(text: str) -> dict[str, frozenset[str]]:
    """`ip -o addr show`: `3: kube-ipvs0    inet 10.96.0.1/32 scope …`."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 3 and words[2] in ("inet", "inet6"):
            found.setdefault(words[1], set()).add(words[3].partition("/")[0])
    return {interface: frozenset(addresses) for interface, addresses in found.items()}


def _sets(text: str) -> dict[str, frozenset[str]]:
    """`ipset save`: lines `create NAME …` and `add NAME ENTRY`. Sets of others are left out."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        verb, name, *rest = (*line.split(), "", "")
        if name.startswith("KUBE-"):
            entries = found.setdefault(name, set())
            if verb == "add":
                entries.add(rest[0])
    return {name: frozenset(entries) for name, entries in found.items()}
