"""What kube-proxies that are gone have left on the nodes: rules, sets, links and tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from gauntlet.checkers.sample import no_data
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.proxy.residue import foreign, is_kubelets, is_told_apart

_SHOWN = 20
_CHECK = "residue"


@dataclass(frozen=True)
class Remains:
    """What is on one node, as gauntlet.proxy.residue.remains lists it, while a kube-proxy in `mode` runs there.

    `known` is what was there while the same subject ran on it before, with the same Services and endpoints; None if it
    never did. Names of chains are made of their names, so that what is more than that was left. `earlier` is the mode
    of the other subject if that one ran there before `known` was learnt; None if it did not.
    """

    mode: ProxyMode
    lines: frozenset[str]
    known: frozenset[str] | None = None
    earlier: ProxyMode | None = None

    @property
    def left(self) -> frozenset[str]:
        """What its kube-proxy has not made, but for what stays by design."""
        more = frozenset() if self.known is None else self.lines - self.known
        return frozenset(line for line in more | frozenset(foreign(self.lines, self.mode)) if not is_kubelets(line))

    @property
    def by_design(self) -> frozenset[str]:
        """Chains of the kubelet's, too: nobody deletes them, and this kube-proxy has not made them."""
        return frozenset(line for line in foreign(self.lines, self.mode) if is_kubelets(line))

    @property
    def is_told(self) -> bool:
        """Whether all that the other one left can be told from what this one made."""
        return self.earlier is None or is_told_apart(self.mode, self.earlier)


def lasting_lines(lines: Iterable[str], changing: Collection[str]) -> frozenset[str]:
    """Lines of residue.remains without those of the Services of these names, which change.

    In nftables mode kube-proxy deletes the chain of an endpoint that is gone only with a later sync.
    """
    return frozenset(line for line in lines if not any(f"/{name}/" in line for name in changing))


def all_left(nodes: Mapping[str, Remains]) -> frozenset[tuple[str, str]]:
    """What is left on the nodes: the node, and the line."""
    return frozenset((name, line) for name, remains in nodes.items() for line in remains.left)


def residue(nodes: Mapping[str, Remains], at_most: int, reported: Collection[tuple[str, str]] = ()) -> Finding:
    """How much is left on the nodes of what their present kube-proxy has not made. No node is inconclusive.

    `reported` is what findings of earlier phases have said: without anything more, the count is only measured. It is as
    well if nothing is seen to be left, but could not be told from what the present one made. A node on which nothing at
    all is found is inconclusive: its own kube-proxy has to have left its mark.
    """
    blank = sorted(name for name, remains in nodes.items() if not remains.lines)
    if blank or not nodes:
        return no_data(_CHECK, f"nothing of any kube-proxy was found on {', '.join(blank) or 'any node'}")
    left = all_left(nodes)
    new = sorted(left.difference(reported))
    words = f"{len(left)} left behind on {len(nodes)} nodes" if left else f"nothing left behind on {len(nodes)} nodes"
    stays = sum(len(remains.by_design) for remains in nodes.values())
    design = f"; besides, {stays} of chains that are the kubelet's too, by design" if stays else ""
    if len(left) > at_most and new:
        most = max(nodes, key=lambda name: (len(nodes[name].left), name))
        words += f", {len(nodes[most].left)} of them on {most}"
        since = f"; {len(left) - len(new)} of them since an earlier phase" if len(new) < len(left) else ""
        return Finding(
            _CHECK, Verdict.FAIL, words + since + design, float(len(left)), "remains", float(at_most), 0.0, _lines(new)
        )
    untold = sorted(name for name, remains in nodes.items() if not remains.is_told)
    if untold:
        reason = (
            f"not told: on {', '.join(untold)} both kube-proxies make things of the same names, and what the present "
            f"one makes alone was never seen there{f'; {words} besides' if left else ''}{design}"
        )
        return Finding(_CHECK, Verdict.MEASURED, reason, float(len(left)) if left else None, "remains")
    if len(left) > at_most:
        return Finding(
            _CHECK, Verdict.MEASURED, f"{words}, all since an earlier phase{design}", float(len(left)), "remains"
        )
    return Finding(
        _CHECK, Verdict.PASS, words + design, float(len(left)), "remains", float(at_most), 0.0, _lines(sorted(left))
    )


def _lines(left: Collection[tuple[str, str]]) -> tuple[str, ...]:
    lines = [f"{name}: {line}" for name, line in left]
    return (*lines[:_SHOWN], *((f"... and {len(lines) - _SHOWN} more",) if len(lines) > _SHOWN else ()))
