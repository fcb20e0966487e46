"""Limit of refusals: a kernel refuses only so many attempts of one host. How many are left, by what it has seen.

What iptables and nftables reject is answered by an ICMP message, and of those a kernel sends each address six at once,
then one a second (net.ipv4.icmp_ratelimit and XRLIM_BURST_FACTOR in net/ipv4/icmp.c, `inet_peer_xrlim_allow`). An
attempt beyond the limit times out, although the rule is there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from gauntlet.ground.cluster import Host, HostKind
from gauntlet.ground.errors import UsageError
from gauntlet.ground.family import Family, family_of
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Frontend, Outcome, Protocol
from gauntlet.traffic.load import Target

AT_ONCE = 6
_EVERY_NS = 1_000_000_000
WHOLE_AFTER_S = AT_ONCE * _EVERY_NS / 1e9
_WHOLE_AFTER_NS = AT_ONCE * _EVERY_NS
# A reset is no ICMP message. A time-out may have been one that came too late.
_MAY_BE_REFUSED = (str(Outcome.REFUSED), str(Outcome.UNREACHABLE), str(Outcome.TIMEOUT))

# How long a refusal that comes late is waited for.
LATE_S = 3.0

HostKey = tuple[str, str, str]


def comes_late(target: Target) -> bool:
    """Whether an attempt that is refused there by a rule knows of it only when its SYN is repeated, after 1 s.

    Over TCP and IPv6 the first ICMPv6 message comes while connect() still holds the socket (TcpExtLockDroppedIcmps;
    measured, IPv4 knows at once).
    """
    return target.protocol is Protocol.TCP and family_of(target.address) is Family.IPV6


class RefusalLimits:
    """How many refusals each host has used up. Nothing is known of the time before `began_ns`.

    Each node has a limit of its own for a host. Attempts at a NodePort count at the node with the address.
    Which node refuses others is not looked at: they count at every node.
    """

    def __init__(self, began_ns: int) -> None:
        self._began_ns = began_ns
        # When, and at which node's address; "" for an attempt that any node may have refused.
        self._used: dict[HostKey, list[tuple[int, str]]] = {}
        self._lock = threading.Lock()

    def note(self, client: Host, attempts: pl.DataFrame) -> None:
        """Take down what attempts of one client (ATTEMPTS schema) may have used up."""
        used = attempts.filter(pl.col("outcome").is_in(_MAY_BE_REFUSED)).select(
            at_ns=pl.col("at_ns") + pl.col("latency_ns").fill_null(0),
            node=pl.when(pl.col("frontend") == str(Frontend.NODE_PORT)).then(pl.col("address")).otherwise(pl.lit("")),
        )
        if used.is_empty():
            return
        with self._lock:
            known = [*self._used.get(key(client), ()), *used.sort("at_ns").tail(10 * AT_ONCE).rows()]
            newest_ns = max(at_ns for at_ns, _ in known)
            self._used[key(client)] = sorted(each for each in known if each[0] > newest_ns - _WHOLE_AFTER_NS)

    def note_unknown(self, client: Host, until_ns: int) -> None:
        """Take down that a client may have used up everything, up to a time: of a load that was broken off."""
        with self._lock:
            self._used[key(client)] = sorted([*self._used.get(key(client), ()), *[(until_ns, "")] * AT_ONCE])

    def allow(self, client: Host, targets: Sequence[Target], attempts: int, now_ns: int) -> bool:
        """Whether the client may be refused so often by each of these targets, all at once, from now on.

        Raises UsageError if it never may.
        """
        wanted = {
            target: attempts * sum(_is_one(_node(target), _node(other)) for other in targets) for target in targets
        }
        if max(wanted.values()) > AT_ONCE:
            raise UsageError(
                f"{max(wanted.values())} refusals are wanted at once, and a kernel sends one host {AT_ONCE}",
                "make fewer attempts, or one after the other",
            )
        return all(self._left(client, target, now_ns) >= count for target, count in wanted.items())

    def left(self, client: Host, target: Target, now_ns: int) -> int:
        """How many refusals of this target the client may be sent now, at least, whatever else it asks."""
        return int(self._left(client, target, now_ns))

    def _left(self, client: Host, target: Target, now_ns: int) -> float:
        """At least so many refusals are left."""
        if client.kind is HostKind.NODE and target.frontend is not Frontend.NODE_PORT:
            # Refused on its way out, by a message over loopback, which is not limited (icmpv4_xrlim_allow).
            return AT_ONCE
        with self._lock:
            used = self._used.get(key(client), ())
        left, last_ns = 0.0, max(self._began_ns, now_ns - _WHOLE_AFTER_NS)
        for at_ns in [at_ns for at_ns, node in used if at_ns > last_ns and _is_one(node, _node(target))]:
            left = max(0.0, _refilled(left, at_ns - last_ns) - 1)
            last_ns = at_ns
        return _refilled(left, now_ns - last_ns)


def key(client: Host) -> HostKey:
    """A pod that was made again under its old name has another network, though perhaps the same address."""
    return str(client.kind), client.name, client.address


def _refilled(left: float, elapsed_ns: int) -> float:
    return min(float(AT_ONCE), left + elapsed_ns / _EVERY_NS)


def _node(target: Target) -> str:
    return target.address if target.frontend is Frontend.NODE_PORT else ""


def _is_one(node: str, other: str) -> bool:
    """Whether attempts at these count towards one limit, or may do so."""
    return node == other or "" in (node, other)
