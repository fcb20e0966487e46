"""Syncs that fail: seen in kube-proxy's metrics, explained by its log. A new kube-proxy would fail as well."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gauntlet.proxy.log import errors
from gauntlet.proxy.metrics import ProxyMetrics

NO_RESTART = "a restart does not help: a new kube-proxy would fail at the same thing"
# Longer than kube-proxy lets a change wait (minSyncPeriod, 1 s by default) and a sync takes.
OVERDUE_S = 5.0
_LONGEST_WORDS = 160
_OF_A_SYNC = ("nftables sync failed", "Failed to execute iptables-restore")
# An error of several lines is logged as `err=<`, with each line after a tab, and a last line ` >`.
_ERROR = re.compile(r'err=(?:<\n(?P<lines>.*?)\n ?>|"(?P<quoted>(?:[^"\\]|\\.)*)")', re.DOTALL)
_NFT = re.compile(r"Error: (?P<words>[^\n]*)")
_COMMENT = re.compile(r'comment "(?P<name>[^"]+)"')


@dataclass(frozen=True)
class Failure:
    """Why the syncs of a kube-proxy fail, and what helps. `count` failed since it started."""

    count: int
    why: str
    remedy: str


def failing(metrics: ProxyMetrics | None, log: str, now_s: float) -> Failure | None:
    """The failure of the last sync; None if it did not fail, or if that is not known.

    kube-proxy notes when a sync ended well, so one that was asked for later and is overdue at `now_s` (seconds since
    the epoch, on the node's clock), with failures counted, has not. A change that has just come only waits for its
    turn.
    """
    if metrics is None or not metrics.failed_syncs:
        return None
    times = metrics.furthest_behind
    if times.queued_at_s <= times.synced_at_s or now_s - times.queued_at_s < OVERDUE_S:
        return None
    return Failure(metrics.failed_syncs, *_cause(_last_record(log)))


def _cause(record: str) -> tuple[str, str]:
    """Why, in words, and a remedy."""
    if "comment too long" in record:
        found = _COMMENT.search(record)
        name = found["name"] if found else "a Service"
        return (
            f"the name of {name} is longer than the 128 bytes that nftables takes (kubernetes 139515, before 1.37)",
            f"shorten the name of its port or leave it out, or delete the Service, or upgrade kube-proxy; {NO_RESTART}",
        )
    words = _words(record)
    if "Operation not permitted" in record or "you must be root" in record:
        return (
            f"its log says: {words}",
            f"give kube-proxy the right to change rules (privileged, or CAP_NET_ADMIN); {NO_RESTART}",
        )
    if not words:
        return (
            "its log does not say why",
            "read kube-proxy's log on the node, and restart it only when the cause is mended",
        )
    return f"its log says: {words}", "mend what the log names; restart kube-proxy only after that"


def _last_record(log: str) -> str:
    """The last error of a sync in this log; empty if it holds none."""
    return next((each for each in reversed([*errors(log)]) if any(words in each for words in _OF_A_SYNC)), "")


def _words(record: str) -> str:
    """The error itself, on one line, short enough for a table."""
    found = _ERROR.search(record)
    error = (found["lines"] or found["quoted"] or "") if found else record.partition("] ")[2]
    told = _NFT.search(error)
    words = " ".join((told["words"] if told else error).split())
    return words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS] + "…"
