"""What the mode to come takes of a node, and what its NodePorts and connections get there that they do not today."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, Level, some
from gauntlet.doctor.lookahead.equipment import NONE
from gauntlet.doctor.lookahead.moves import Move, is_offered
from gauntlet.ground.version import numbers
from gauntlet.proxy.features import Feature
from gauntlet.proxy.metrics import AT_LOCALHOST, INVALID
from gauntlet.proxy.modes import traits
from gauntlet.proxy.traits import Need

_PRIMARY = "k8s.io/kube-proxy v1alpha1, nodePortAddresses; KEP-3866"
_DOCUMENTATION = "kubernetes.io, Virtual IPs and Service Proxies, 'Migrating from iptables mode to nftables'"
_SHOWN = 4


def judge(facts: ClusterFacts, move: Move) -> Iterator[Diagnosis]:
    """For a node whose mode to come is known, and there."""
    mode = move.will.mode
    if mode is None or not is_offered(mode, move.will.version):
        return
    for need in traits(mode).needs:
        yield _need(move, need)
    if move.switches:
        yield from _invalid(move)
    if not any(port.node_port for service in facts.served.services for port in service.spec.ports):
        if not facts.services_hidden:
            yield Diagnosis("NodePorts", Level.OK, move.node, "no Service has a NodePort")
        return
    yield from _localhost(move)
    yield from _addresses(facts, move)


def _need(move: Move, need: Need) -> Diagnosis:
    least = ".".join(map(str, need.least))
    check = need.tool or "kernel"
    has = move.equipment.nft if need.tool else move.equipment.kernel
    wants = f"{move.will.mode} mode takes {check} {least} or later"
    remedy = f"update {check} on the node first, or stay in {move.was.mode or 'the present'} mode there"
    if not has:
        what = f"{wants}, and nothing tells which one the node has"
        return Diagnosis(check, Level.UNKNOWN, move.node, what, "let the gauntlet onto the node", need.source)
    if has == NONE:
        # In a pod it brings its own; rules of it then break no program of the node.
        what = f"the node has no {check} itself; kube-proxy's image brings one"
        if move.in_pod:
            return Diagnosis(check, Level.OK, move.node, what, source=need.source)
        what = f"{wants}, and the node, on which kube-proxy runs as a process, has none"
        return Diagnosis(check, Level.PROBLEM, move.node, what, f"install {check}", need.source)
    if numbers(has) < need.least:
        ends = "kube-proxy ends at its start" if not need.tool else "kube-proxy's rules can break the node's own nft"
        return Diagnosis(check, Level.PROBLEM, move.node, f"{wants}; here is {has}: {ends}", remedy, need.source)
    return Diagnosis(check, Level.OK, move.node, f"{check} {has} is new enough ({least})", source=need.source)


def _localhost(move: Move) -> Iterator[Diagnosis]:
    """NodePorts at 127.0.0.1: served today, and not then."""
    check = "localhost"
    lack = move.will.lacks(Feature.LOCALHOST_NODE_PORT)
    if not lack or not _serves_localhost(move):
        return
    remedy = (
        "let them ask the node's address; or, for TCP in nftables mode from 1.37, set the gate and nodePortAddresses: "
        "[primary, localhost]"
    )
    metrics = move.facts.metrics
    counted = None if metrics is None else metrics.at_localhost
    if counted:
        what = f"{counted:.0f} packets came to NodePorts at 127.0.0.1 ({AT_LOCALHOST}), and then get no answer: {lack}"
        yield Diagnosis(check, Level.PROBLEM, move.node, what, remedy, "KEP-3866, 'NodePorts on localhost'; KEP-6032")
    elif counted is None:
        what = f"whether anybody uses NodePorts at 127.0.0.1 is not counted here, and then they get no answer: {lack}"
        remedy = f"set iptables.localhostNodePorts: false today, and see who misses it; else {remedy}"
        yield Diagnosis(check, Level.UNKNOWN, move.node, what, remedy, "KEP-3866, 'NodePorts on localhost'; KEP-6032")
    else:
        what = f"no packet came to a NodePort at 127.0.0.1 so far ({AT_LOCALHOST})"
        yield Diagnosis(check, Level.OK, move.node, what, source="KEP-3866, 'NodePorts on localhost'")


def _serves_localhost(move: Move) -> bool:
    """Whether it does today, by its mode and settings. A mode that is not known might."""
    switch = None if move.was.mode is None else traits(move.was.mode).localhost_switch
    if switch is not None and move.was.section(switch[0]).get(switch[1]) is False:
        return False
    addresses = move.was.fields.get("nodePortAddresses")
    listed = [str(each) for each in addresses] if isinstance(addresses, list) else []
    covers = not listed or any(_covers(each, "127.0.0.1") for each in listed)
    return covers and not move.was.lacks(Feature.LOCALHOST_NODE_PORT)


def _covers(entry: str, address: str) -> bool:
    """Whether an entry of nodePortAddresses has this address in it; one that cannot be read might."""
    if entry == "primary":
        return False
    if entry in ("all", "localhost"):
        return entry == "all" or ip_address(address).is_loopback
    try:
        return ip_address(address) in ip_network(entry, strict=False)
    except ValueError:
        return True


def _addresses(facts: ClusterFacts, move: Move) -> Iterator[Diagnosis]:
    """NodePorts at addresses of the node that are not its primary ones."""
    check = "NodePorts"
    mode, was = move.will.mode, move.was.mode
    since = None if mode is None else traits(mode).primary_since
    already = None if was is None else traits(was).primary_since
    if since is None or move.will.minor < since or (already is not None and move.was.minor >= already):
        return
    if move.will.fields.get("nodePortAddresses"):
        yield Diagnosis(check, Level.OK, move.node, "nodePortAddresses is set, so that its default does not matter")
        return
    words = (
        f"nodePortAddresses is not set, and in {mode} mode NodePorts then answer at the node's primary address alone"
    )
    remedy = "set nodePortAddresses to the ranges that clients use ([0.0.0.0/0, ::/0] is today's), or move the clients"
    if not move.facts.addresses:
        what = f"{words}; which addresses the node has is not known"
        yield Diagnosis(check, Level.UNKNOWN, move.node, what, remedy, _PRIMARY)
        return
    others = _other_addresses(facts, move)
    if others:
        what = f"{words}; whether anybody comes by {some(others, _SHOWN)} cannot be told"
        yield Diagnosis(check, Level.UNKNOWN, move.node, what, remedy, _PRIMARY)
    else:
        what = "the node has no address but its primary one by which others could come to a NodePort"
        yield Diagnosis(check, Level.OK, move.node, what, source=_PRIMARY)


def _other_addresses(facts: ClusterFacts, move: Move) -> list[str]:
    """Neither primary, nor the node's own end of its pods' network, nor of the node or the link alone."""
    node = next((each for each in facts.nodes if each.metadata.name == move.node), None)
    primary = set() if node is None else {each.address for each in node.status.addresses if each.type == "InternalIP"}
    ranges = [] if node is None else [ip_network(each, strict=False) for each in node.spec.pod_ranges]
    found = []
    for address in sorted(move.facts.addresses - primary):
        parsed = ip_address(address)
        if not (parsed.is_loopback or parsed.is_link_local or any(parsed in each for each in ranges)):
            found.append(address)
    return found


def _invalid(move: Move) -> Iterator[Diagnosis]:
    """Packets that connection tracking takes for invalid: what today's mode drops, another one lets through."""
    was, mode = move.was.mode, move.will.mode
    metrics = move.facts.metrics
    if was is None or mode is None or not traits(was).drops_invalid or traits(mode).drops_invalid:
        return
    if metrics is None or not metrics.invalid or move.will.section("conntrack").get("tcpBeLiberal") is True:
        return
    what = (
        f"{was} mode dropped {metrics.invalid:.0f} packets that connection tracking took for invalid ({INVALID}); "
        f"{mode} mode does not, so that long connections may end with a reset on kernels before 6.1"
    )
    remedy = "set conntrack.tcpBeLiberal: true in the KubeProxyConfiguration"
    yield Diagnosis(
        "conntrack", Level.WARNING, move.node, what, remedy, f"{_DOCUMENTATION}; kubernetes/kubernetes 74839"
    )
