"""What is really there on a node: gathered by reading alone, nothing is judged here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from gauntlet.doctor.cluster_check.node_probe import LOOK, Answer, Conntrack, Look, Process, answers, ask, look
from gauntlet.doctor.cluster_check.sync_failures import Failure, failing
from gauntlet.ground.cluster import CommandFailed, Node
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy import rules
from gauntlet.proxy.configuration import Configuration, of_flags
from gauntlet.proxy.conntrack import Tracked, tracked
from gauntlet.proxy.given import given
from gauntlet.proxy.log import mode_in
from gauntlet.proxy.metrics import ProxyMetrics
from gauntlet.proxy.rules import Forwarding

_TIMEOUT_S = 60.0
_OK = 200
_UNASKED = Answer(None)


@dataclass(frozen=True)
class NodeFacts:
    """One node. Where `unseen` says why no command could run there, the rest is empty.

    `configuration` is what the running kube-proxy was given; `mode` what it answers at /proxyMode; `failure` why its
    syncs fail, if they do. `rules` holds one model for each mode of which the node's kernel has something; `trouble` is
    why rules could not be read. `ipv6_rules` are the same in IPv6: None if the node has no such address, or, for
    `ipv6_trouble`, if they could not be read. `flows` are those that the node translates, None for `flows_trouble`.
    """

    name: str
    unseen: str = ""
    processes: tuple[Process, ...] = ()
    service: str = ""
    configuration: Configuration | None = None
    healthz: Answer = _UNASKED
    livez: Answer = _UNASKED
    mode: str = ""
    metrics: ProxyMetrics | None = None
    logged_mode: str = ""
    failure: Failure | None = None
    rules: tuple[Forwarding, ...] = ()
    trouble: str = ""
    ipv6_rules: tuple[Forwarding, ...] | None = None
    ipv6_trouble: str = ""
    flows: tuple[Tracked, ...] | None = ()
    flows_trouble: str = ""
    conntrack: Conntrack | None = None
    modules: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()
    clock_s: int = 0


def gather(node: Node, otherwise: Configuration | None) -> NodeFacts:
    """Look at a node. `otherwise` is the configuration that counts where the process tells of none."""
    try:
        seen = _look(node)
        found = _configuration(node, seen, otherwise)
        asked = found or of_flags(())
        ways = ((asked.healthz, "healthz"), (asked.healthz, "livez"), (asked.metrics, "proxyMode"))
        urls = [f"{base}/{path}" for base, path in (*ways, (asked.metrics, "metrics"))]
        healthz, livez, mode, metrics = _answers(node, urls)
    except CommandFailed as error:
        return NodeFacts(node.name, unseen=error.what)
    read = read_rules(node, seen)
    log = _log(node)
    told = _metrics(metrics)
    facts = NodeFacts(
        node.name,
        processes=seen.processes,
        service=seen.service,
        configuration=found,
        healthz=healthz,
        livez=livez,
        mode=mode.body.strip() if mode.code == _OK else "",
        metrics=told,
        logged_mode=mode_in(log),
        failure=failing(told, log, seen.clock_s),
        conntrack=seen.conntrack,
        modules=seen.modules,
        addresses=seen.addresses,
        clock_s=seen.clock_s,
    )
    return read.put_into(facts)


def metrics_of(node: Node, otherwise: Configuration | None) -> ProxyMetrics | None:
    """What its kube-proxy says of itself, where it was told to: a fraction of all there is to see on a node.

    None if no kube-proxy answers there, or no command runs.
    """
    try:
        seen = _look(node)
        asked = _configuration(node, seen, otherwise) or of_flags(())
        (answer,) = _answers(node, [f"{asked.metrics}/metrics"])
    except CommandFailed:
        return None
    return _metrics(answer)


def _metrics(answer: Answer) -> ProxyMetrics | None:
    return proxy_metrics.parse(answer.body) if answer.code == _OK else None


@dataclass(frozen=True)
class Read:
    """What NodeFacts has of the rules and flows of a node."""

    rules: tuple[Forwarding, ...] = ()
    trouble: str = ""
    ipv6_rules: tuple[Forwarding, ...] | None = None
    ipv6_trouble: str = ""
    flows: tuple[Tracked, ...] | None = None
    flows_trouble: str = ""

    def put_into(self, facts: NodeFacts) -> NodeFacts:
        """The facts with these rules and flows in place of theirs."""
        return replace(
            facts,
            rules=self.rules,
            trouble=self.trouble,
            ipv6_rules=self.ipv6_rules,
            ipv6_trouble=self.ipv6_trouble,
            flows=self.flows,
            flows_trouble=self.flows_trouble,
        )


def read_rules(node: Node, seen: Look) -> Read:
    """A model for each mode that left traces, in each family that the node has an address of; and the flows."""
    flows, flows_trouble = _flows(node)
    found, trouble = _read(node, seen, Family.IPV4)
    if not any(map(_is_global_ipv6, seen.addresses)):
        return Read(found, trouble, flows=flows, flows_trouble=flows_trouble)
    of_ipv6, ipv6_trouble = _read(node, seen, Family.IPV6)
    return Read(found, trouble, None if ipv6_trouble else of_ipv6, ipv6_trouble, flows, flows_trouble)


def reread_rules(node: Node) -> Read:
    """The same as `read_rules`, as it is now."""
    try:
        return read_rules(node, _look(node))
    except CommandFailed as error:
        return Read(trouble=error.what)


def _read(node: Node, seen: Look, family: Family) -> tuple[tuple[Forwarding, ...], str]:
    """The models, and why reading failed, if it did."""
    try:
        return tuple(rules.read(node, mode, family) for mode in seen.traces), ""
    except GauntletError as error:
        return (), error.what


def _flows(node: Node) -> tuple[tuple[Tracked, ...] | None, str]:
    """Those that are translated, and why they could not be listed, if so."""
    try:
        return tracked(node), ""
    except GauntletError as error:
        return None, error.what


def _is_global_ipv6(address: str) -> bool:
    """Every interface has one of the link, if the kernel knows IPv6 at all."""
    found = ip_address(address.partition("%")[0])
    return found.version == 6 and not (found.is_link_local or found.is_loopback)


def _look(node: Node) -> Look:
    return look(node.run(LOOK, timeout_s=_TIMEOUT_S).stdout)


def _answers(node: Node, urls: Sequence[str]) -> tuple[Answer, ...]:
    return answers(node.run(ask(urls), timeout_s=_TIMEOUT_S).stdout, len(urls))


def _log(node: Node) -> str:
    try:
        return node.proxy_log()
    except (GauntletError, OSError):
        return ""


def _configuration(node: Node, seen: Look, otherwise: Configuration | None) -> Configuration | None:
    """What the running kube-proxy was given: its file, seen through its own root, or its flags."""
    if not seen.processes:
        return otherwise
    process = seen.processes[0]
    return given(node, process.pid, process.arguments[1:]) or otherwise
