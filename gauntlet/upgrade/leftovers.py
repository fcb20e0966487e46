"""What kube-proxies that are gone have left on the nodes: rules, sets, links and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.checkers.sample import no_data
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.proxy.residue import foreign

_SHOWN = 20


@dataclass(frozen=True)
class Remains:
    """What is on one node, as gauntlet.proxy.residue.remains lists it, while a kube-proxy in `mode` runs there.

    `known` is what was there while the same subject ran on it before anything was replaced, with the same Services and
    endpoints; None if it never did. Names of chains are made of their names, so that what is more than that was left.
    """

    mode: ProxyMode
    lines: frozenset[str]
    known: frozenset[str] | None = None

    @property
    def left(self) -> frozenset[str]:
        more = frozenset() if self.known is None else self.lines - self.known
        return more | frozenset(foreign(self.lines, self.mode))


def residue(nodes: Mapping[str, Remains], at_most: int) -> Finding:
    """How much is left on the nodes of what their present kube-proxy has not made. No node is inconclusive.

    A node on which nothing at all is found is inconclusive as well: its own kube-proxy has to have left its mark.
    """
    check = "residue"
    blank = sorted(name for name, remains in nodes.items() if not remains.lines)
    if blank or not nodes:
        return no_data(check, f"nothing of any kube-proxy was found on {', '.join(blank) or 'any node'}")
    lines = [f"{name}: {line}" for name, remains in sorted(nodes.items()) for line in sorted(remains.left)]
    verdict = Verdict.FAIL if len(lines) > at_most else Verdict.PASS
    most = max(nodes, key=lambda name: (len(nodes[name].left), name))
    reason = f"{len(lines)} left behind on {len(nodes)} nodes, {len(nodes[most].left)} of them on {most}"
    if not lines:
        reason = f"nothing left behind on {len(nodes)} nodes"
    more = (f"... and {len(lines) - _SHOWN} more",) if len(lines) > _SHOWN else ()
    return Finding(check, verdict, reason, float(len(lines)), "remains", float(at_most), 0.0, (*lines[:_SHOWN], *more))
