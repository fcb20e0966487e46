"""A KubeProxyConfiguration that kube-proxy refuses, given to all nodes, as by a ConfigMap with a slip in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gauntlet.ground.cluster import Cluster, Json
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.proxy import refusal, restart
from gauntlet.proxy.refusal import NotRefused
from gauntlet.workload.proxy_configuration import former, read

CHECK = "refused-configuration"


class RefusedConfiguration:
    """Gives every kube-proxy fields that are wrong, and then those that it had."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._former: dict[str, Json] = {}

    def give(self, fields: Mapping[str, Json]) -> Finding:
        """Restart every kube-proxy with these fields: each is to end, and to say by their names which it refuses.

        The rule: a configuration is validated before anything else is done (Run of NewProxyCommand in
        cmd/kube-proxy/app/server.go).
        """
        nodes = self._cluster.nodes
        self._former = former(fields, read(nodes[0]).fields)
        before = {node.name: node.proxy_log() for node in nodes}
        self._cluster.configure_proxies(fields)
        for node in nodes:
            node.run(("sh", "-c", restart.RESTART))
        said: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for node in nodes:
            try:
                said[node.name] = refusal.of(node, before[node.name])
            except NotRefused as error:
                wrong[node.name] = error.what
        return refused(fields, said, wrong)

    def correct(self) -> None:
        """Give them what they had, if that is not so already, and return when each has its rules in effect."""
        if not self._former:
            return
        self._cluster.configure_proxies(self._former)
        for node in self._cluster.nodes:
            restart.await_anew(node, self._cluster, None)
        self._former = {}


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
    return Finding(CHECK, verdict, reason, float(len(bad)), "kube-proxies", 0.0, details=details)
