"""Rules that another program wrote into a node's kernel, which kube-proxy has to leave alone.

They concern addresses that nobody has (203.0.113.0/24, RFC 5737) and change nothing for anybody. They are chains,
rules, a set with an element, hooked and not, in iptables and in nftables, whatever kube-proxy itself writes by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gauntlet.ground.cluster import Node
from gauntlet.ground.finding import Finding, Verdict

CHECK = "rules-of-others"
_SETTLE = """
for table in filter:FORWARD nat:PREROUTING; do
    name=${table%:*} hook=${table#*:}
    iptables -w 5 -t $name -N GAUNTLET-STRANGER
    iptables -w 5 -t $name -A GAUNTLET-STRANGER -s 203.0.113.1 -j RETURN
    iptables -w 5 -t $name -A GAUNTLET-STRANGER -s 203.0.113.2 -j RETURN
    iptables -w 5 -t $name -A $hook -s 203.0.113.0/24 -j GAUNTLET-STRANGER
done
nft -f - <<END
table inet gauntlet-stranger {
    set known { type ipv4_addr; elements = { 203.0.113.3 }; }
    chain hooked { type filter hook forward priority -5; ip saddr @known return; }
    chain loose { ip saddr 203.0.113.4 return; ip saddr 203.0.113.5 return; }
}
END
"""
_LIST = """
iptables-save -t filter | grep -e GAUNTLET-STRANGER -e 203.0.113 | sed 's/^/filter: /'
iptables-save -t nat | grep -e GAUNTLET-STRANGER -e 203.0.113 | sed 's/^/nat: /'
nft list table inet gauntlet-stranger | grep . | sed 's/^/nft: /'
true
"""
# What each line of theirs begins with.
_WHERE = ("filter: ", "nat: ", "nft: ")
_LEAVE = """
for table in filter:FORWARD nat:PREROUTING; do
    name=${table%:*} hook=${table#*:}
    iptables-save -t $name | grep "^-A $hook .*-j GAUNTLET-STRANGER" | sed 's/^-A/-D/' |
        while read -r rule; do iptables -w 5 -t $name $rule; done
    iptables -w 5 -t $name -F GAUNTLET-STRANGER && iptables -w 5 -t $name -X GAUNTLET-STRANGER
done
nft delete table inet gauntlet-stranger
true
"""


class Strangers:
    """Those of all nodes."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._written: dict[str, list[str]] = {}

    def settle(self) -> None:
        """Write them on every node, in place of what a run that was killed left. Raises CommandFailed."""
        self.leave()
        for node in self._nodes:
            node.run(("sh", "-ec", _SETTLE))
            self._written[node.name] = _listed(node)

    def unchanged(self) -> Finding:
        """Whether all of them are there still, once, and in their order.

        Of a node that did not list them in each of the places where they were written, nobody knows.
        """
        details, unseen = list[str](), list[str]()
        for node in self._nodes:
            before, now = self._written[node.name], _listed(node)
            seen = tuple(where for where in _WHERE if any(line.startswith(where) for line in before))
            lines = [line for line in now if line.startswith(seen)]
            details += [f"{node.name}: {each}" for each in _changed(before, lines)]
            missing = (where.removesuffix(": ") for where in _WHERE if where not in seen)
            unseen += [f"{node.name}: none was listed in {where}" for where in missing]
        wrong = len(details)
        reason = f"{sum(map(len, self._written.values()))} lines of another program's, {wrong} of them changed"
        if wrong:
            return Finding(CHECK, Verdict.FAIL, reason, float(wrong), "lines", 0.0, details=tuple(details))
        if unseen or not self._nodes:
            reason = f"the rules that were written could not be seen before anything changed: {reason}"
            remedy = "run iptables-save, and nft list ruleset, on these nodes"
            return Finding(CHECK, Verdict.INCONCLUSIVE, reason, details=tuple(unseen), remedy=remedy)
        return Finding(CHECK, Verdict.PASS, reason, 0.0, "lines", 0.0)

    def leave(self) -> None:
        """Take them away again, as far as they are there."""
        for node in self._nodes:
            node.run(("sh", "-c", _LEAVE))


def _changed(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """What is lost, what came, and, if that is nothing, what is at another's place."""
    was, is_now = Counter(before), Counter(now)
    lost = [f"lost: {line}" for line in (was - is_now).elements()]
    came = [f"came: {line}" for line in (is_now - was).elements()]
    if lost or came:
        return lost + came
    return [f"in another order: {line}" for line, former in zip(now, before, strict=True) if line != former]


def _listed(node: Node) -> list[str]:
    """The lines that list them, without the counters of chains."""
    lines = node.run(("sh", "-c", _LIST)).stdout.splitlines()
    return [line.partition("[")[0].strip() for line in lines]
