"""Time-outs of conntrack that kube-proxy sets when it starts. They are each network namespace's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gauntlet.ground.cluster import Json, Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.workload.proxy_configuration import ProxyConfiguration

_FOLDER = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_"
# By the fields of KubeProxyConntrackConfiguration.
_SYSCTLS = MappingProxyType({"tcpEstablishedTimeout": "established", "tcpCloseWaitTimeout": "close_wait"})


class ConntrackTimeOuts:
    """Has kube-proxy set those of all nodes. `restore` gives the nodes those that they had."""

    def __init__(self, configuration: ProxyConfiguration, nodes: Sequence[Node]) -> None:
        self._configuration = configuration
        self._nodes = nodes
        self._former: dict[str, dict[str, int]] = {}

    def set(self, wanted_s: Mapping[str, int]) -> Finding:
        """Restart every kube-proxy with these seconds, by their fields, and look what nodes have then."""
        self._former = {node.name: _read_s(node) for node in self._nodes}
        fields: dict[str, Json] = {name: f"{seconds}s" for name, seconds in wanted_s.items()}
        self._configuration.change({"conntrack": fields}, self._nodes)
        return are_set(wanted_s, {node.name: _read_s(node) for node in self._nodes})

    def restore(self) -> None:
        """Kube-proxy leaves them alone if its configuration names none."""
        self._configuration.restore()
        for node in self._nodes:
            for name, seconds in self._former.get(node.name, {}).items():
                node.run(("sh", "-ec", f"echo {seconds} > {_FOLDER}{_SYSCTLS[name]}"))


def _read_s(node: Node) -> dict[str, int]:
    return {name: int(node.run(("cat", f"{_FOLDER}{sysctl}")).stdout) for name, sysctl in _SYSCTLS.items()}


def are_set(wanted_s: Mapping[str, int], seen_s: Mapping[str, Mapping[str, int]]) -> Finding:
    """`seen_s` are the time-outs of each node, by its name and theirs. The figure counts those that are others."""
    wrong = tuple(
        f"{node}: {name} is {seen[name]} s and not {seconds} s"
        for node, seen in seen_s.items()
        for name, seconds in wanted_s.items()
        if seen[name] != seconds
    )
    reason = f"of {len(seen_s) * len(wanted_s)} time-outs of conntrack on {len(seen_s)} nodes {len(wrong)} are not set"
    verdict = Verdict.FAIL if wrong else Verdict.PASS if seen_s and wanted_s else Verdict.INCONCLUSIVE
    return Finding("conntrack-time-outs", verdict, reason, float(len(wrong)), "time-outs", 0.0, details=wrong)
