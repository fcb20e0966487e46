"""Reads `iptables-save` output of kube-proxy's userspace mode, which ended with Kubernetes 1.25.

The forms are those of pkg/proxy/userspace/proxier.go of Kubernetes 1.25: for each port of a Service, kube-proxy listens
on a port of its own. The rules lead there: KUBE-PORTALS-CONTAINER and KUBE-NODEPORT-CONTAINER (packets that come in, by
REDIRECT), KUBE-PORTALS-HOST and KUBE-NODEPORT-HOST (packets of the node itself, by DNAT).

Which endpoint gets a connection is decided inside kube-proxy (in turn, one list for each Service port), and so is
ClientIP affinity. No rule shows either, nor whether there is any endpoint: without one, kube-proxy accepts
the connection and closes it (seen with 1.25.9: an empty reply, not a refusal). Its log tells the list, from --v=1 on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.history import Protocol
from gauntlet.proxy.rules.forwarding import Action, Forwarding, Route, Share
from gauntlet.proxy.rules.iptables import HOOKS, Rule, Tables, leads, parse, size

PORTALS = ("KUBE-PORTALS-CONTAINER", "KUBE-PORTALS-HOST")
NODE_PORTS = ("KUBE-NODEPORT-CONTAINER", "KUBE-NODEPORT-HOST")
NOTE = "a port of kube-proxy itself, which picks the endpoint; no rule shows the endpoints"
# A REDIRECT goes to the address of the interface that the packet came in by.
ANY_OF_NODE = "0.0.0.0"
_PROTOCOLS = frozenset(Protocol)
# Lines 236, 268 and 296 of pkg/proxy/userspace/roundrobin.go.
_LISTED = re.compile(
    r'"LoadBalancerRR: (?:Setting|Removing) endpoints (?:for )?service" servicePortName="(?P<service>[^"]*)"'
    r"(?: endpoints=\[(?P<endpoints>[^\]]*)\])?"
)


def forwarding(text: str) -> Forwarding:
    """The model of one node's `iptables-save`.

    The one share of a route is kube-proxy's own port; the endpoints behind it are not known here.
    Hooked where both kinds of packets, those that come in and those of the node itself, are led to the portals.
    """
    tables = parse(text)
    hooked = all(leads(tables, hook, chain) for hook, chain in zip(HOOKS, PORTALS, strict=True))
    routes = (*_routes(tables, PORTALS), *_routes(tables, NODE_PORTS))
    return Forwarding(ProxyMode.USERSPACE, hooked, routes, size(text))


def endpoints(log: str) -> dict[str, frozenset[str]]:
    """Addresses of the endpoints that kube-proxy last said it picks from, by Service port as in the rules' comments.

    Empty where it logs them not: `--v=0`.
    """
    return {
        line["service"]: frozenset(each.rpartition(":")[0] for each in (line["endpoints"] or "").split())
        for line in _LISTED.finditer(log)
    }


def _routes(tables: Tables, chains: tuple[str, str]) -> Iterator[Route]:
    """One route for each address, port and protocol. An external IP has several rules, for the ways its packets come.

    Pods and outside hosts come in; with only the rule for the node itself left, nobody is served from outside.
    """
    container, host = (_first(tables.rules("nat", chain)) for chain in chains)
    for key in dict.fromkeys((*container, *host)):
        rule = container.get(key) or host[key]
        share = (_share(rule, host.get(key)),)
        yield Route(
            address=rule.destination.removesuffix("/32") or None,
            port=rule.port,
            protocol=Protocol(rule.protocol),
            action=Action.FORWARD,
            service=rule.comment,
            inside=share,
            outside=share if key in container else (),
            chains=tuple(chain for chain, rules in zip(chains, (container, host), strict=True) if key in rules),
            note=NOTE,
        )


def _first(rules: tuple[Rule, ...]) -> dict[tuple[str, str, int], Rule]:
    found: dict[tuple[str, str, int], Rule] = {}
    for rule in rules:
        if rule.to and rule.port and rule.protocol in _PROTOCOLS:
            found.setdefault((rule.destination, rule.protocol, rule.port), rule)
    return found


def _share(rule: Rule, of_host: Rule | None) -> Share:
    """kube-proxy's port, at the address of the node that the rule for the node itself names."""
    address = (of_host or rule).to.rpartition(":")[0]
    return Share(address or ANY_OF_NODE, int(rule.to.rpartition(":")[2]), 1.0)
