"""A KubeProxyConfiguration that kube-proxy has to refuse or to live with, given to all nodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gauntlet.ground.cluster import Cluster, CommandFailed, Json, Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy import refusal, restart
from gauntlet.proxy.refusal import NotRefused
from gauntlet.workload.proxy_configuration import former, read, restart_on

REFUSED = "refused-configuration"
SURVIVED = "survived-configuration"
# One that looks for its Node in vain does so for 30 s (nodeIPsTimeout in pkg/proxy/node.go of 1.37; until 1.33 six
# times, with pauses of 31 s and a fifth: GetNodeIP in pkg/util/node).
_SERVES_WITHIN_S = 90.0


@dataclass(frozen=True)
class _Before:
    """The kube-proxy of a node and its log, before it was given other fields."""

    pid: int | None
    log: str


class DoubtfulConfiguration:
    """Gives every kube-proxy fields that may be wrong, and then those that it had."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._former: dict[str, Json] | None = None

    def to_be_refused(self, fields: Mapping[str, Json]) -> Finding:
        """Restart every kube-proxy with these fields: each is to end, and to say by their names which it refuses.

        The rule: a configuration is validated before anything else is done (Run of NewProxyCommand in
        cmd/kube-proxy/app/server.go), and whatever else has to be there is set up before rules are written (Run and
        newProxyServer there).
        """
        said: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for node, before in self._give(fields):
            try:
                said[node.name] = refusal.of(node, before.log)
            except NotRefused as error:
                wrong[node.name] = error.what
        return refused(fields, said, wrong)

    def to_be_survived(self, fields: Mapping[str, Json]) -> Finding:
        """Restart every kube-proxy with these fields: each is to write its rules, and not to end."""
        return survived(fields, {node.name: _end_of(node, before) for node, before in self._give(fields)})

    def correct(self) -> None:
        """Give them what they had, if that is not so already, and return when each has its rules in effect."""
        if self._former is None:
            return
        self._cluster.configure_proxies(self._former)
        restart_on(self._cluster, self._cluster.nodes)
        self._former = None

    def _give(self, fields: Mapping[str, Json]) -> list[tuple[Node, _Before]]:
        nodes = self._cluster.nodes
        self._former = former(fields, read(nodes[0]).fields)
        before = [(node, _Before(node.proxy_pid(), node.proxy_log())) for node in nodes]
        self._cluster.configure_proxies(fields)
        for node in nodes:
            node.run(("sh", "-c", restart.RESTART))
        return before


def _end_of(node: Node, before: _Before) -> str:
    """Why the new kube-proxy of a node ends, in its words, or that it does neither; empty once it has its rules."""

    def known() -> tuple[str] | None:
        if words := refusal.words(node, before.log):
            return (f"kube-proxy ends: {words}",)
        anew = node.proxy_pid() not in (None, before.pid)
        return ("",) if anew and proxy_metrics.read(node).syncs else None

    try:
        (end,) = until(
            known,
            what="kube-proxy writes its rules, or says why not",
            deadline_s=_SERVES_WITHIN_S,
            every_s=0.5,
            retry_on=(CommandFailed,),
        )
    except NotInTime as late:
        return late.what
    return end


def refused(fields: Collection[str], said: Mapping[str, str], wrong: Mapping[str, str]) -> Finding:
    """`said` are the words of kube-proxies that ended, by their nodes, `wrong` what the others did instead.

    The figure counts those that do not end, or do not name each of these fields.
    """
    silent = [node for node, words in said.items() if not all(name.lower() in words.lower() for name in fields)]
    bad, every = [*wrong, *silent], {**said, **wrong}
    details = tuple(f"{node}: {words}" for node, words in every.items())
    if bad:
        reason = f"on {', '.join(bad)} kube-proxy does not end with a word on {', '.join(fields)}"
    else:
        reason = f"all {len(every)} kube-proxies end and say why: {next(iter(said.values()), '')}"
    verdict = Verdict.FAIL if bad else Verdict.PASS if said else Verdict.INCONCLUSIVE
    return Finding(REFUSED, verdict, reason, float(len(bad)), "kube-proxies", 0.0, details=details)


def survived(fields: Collection[str], ends: Mapping[str, str]) -> Finding:
    """`ends` says by their nodes why kube-proxies with these fields do not serve; empty for those that do.

    The figure counts those that do not.
    """
    bad = {node: words for node, words in ends.items() if words}
    named = ", ".join(fields)
    if bad:
        reason = f"on {', '.join(bad)} kube-proxy does not serve with this {named}: {next(iter(bad.values()))}"
    else:
        reason = f"all {len(ends)} kube-proxies serve with this {named}"
    verdict = Verdict.FAIL if bad else Verdict.PASS if ends else Verdict.INCONCLUSIVE
    details = tuple(f"{node}: {words}" for node, words in bad.items())
    return Finding(SURVIVED, verdict, reason, float(len(bad)), "kube-proxies", 0.0, details=details)
