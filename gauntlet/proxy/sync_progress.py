"""Is what shows in the data plane whole, or is the sync of kube-proxy that made it still at work? Told from metrics."""

from __future__ import annotations

from gauntlet.proxy.metrics import ASK, QUEUED_AT_S, SYNCED_AT_S, ProxyMetrics, SyncTimes

# minSyncPeriod of the KubeProxyConfiguration where it is not set: as long a change may wait after the sync before.
_MIN_SYNC_PERIOD_S = 1.0
# In bash, of the metrics on standard input: whether each IP family was written since that was last asked for. As
# milliseconds, since bash knows whole numbers only. A family that was never written has no time of that.
IS_WRITTEN = f"""
LC_ALL=C
declare -A queued synced
while read -r name seconds; do
  printf -v at %.3f "$seconds"
  case $name in
    {QUEUED_AT_S}*) queued[of${{name#*_seconds}}]=${{at/./}} ;;
    {SYNCED_AT_S}*) synced[of${{name#*_seconds}}]=${{at/./}} ;;
  esac
done < <(grep -E '^({QUEUED_AT_S}|{SYNCED_AT_S})')
[ "${{#queued[@]}}" -gt 0 ] || exit 1
for family in "${{!queued[@]}}"; do [ "${{synced[$family]:-0}}" -ge "${{queued[$family]}}" ] || exit 1; done
"""
# In bash, on the node: ends with 1, or goes on if kube-proxy has written its rules since it was last asked to.
WRITTEN = f"{ASK} || exit 1\n{{ {IS_WRITTEN} }} <&3"


def at_rest(seen: ProxyMetrics) -> bool:
    """Whether this kube-proxy has taken up all that it heard of: no sync for it is due or at work.

    A sync that begins takes all changes, so none may be pending. That a sync ended since the last one was asked for is
    not enough: it may have begun before, and the one that has the rest be at work. It has not where it ended later than
    any sync takes, or where the other would have ended by now. Each IP family has syncs of its own.
    """
    return bool(seen.syncs) and not seen.pending and all(_is_over(each, seen) for each in seen.families)


def _is_over(family: SyncTimes, seen: ProxyMetrics) -> bool:
    if family.synced_at_s < family.queued_at_s:
        return False
    since_asked_s, since_synced_s = family.synced_at_s - family.queued_at_s, seen.at_s - family.synced_at_s
    return since_asked_s > seen.longest_sync_s or since_synced_s > seen.longest_sync_s + _MIN_SYNC_PERIOD_S


class Rest:
    """Whether a kube-proxy that is seen again and again is at rest.

    One that once took longer for a sync than its histogram can tell never is by one look (`at_rest`). But if nothing
    was asked for since an earlier look and each IP family has ended two syncs since, the second began after the first
    had ended, and so took all there was.
    """

    def __init__(self) -> None:
        self._asked: object = None
        self._ended: list[set[float]] = []

    def see(self, seen: ProxyMetrics) -> bool:
        """Note what kube-proxy said, and whether it is at rest."""
        asked = (seen.heard, tuple(each.queued_at_s for each in seen.families))
        if asked != self._asked:
            self._asked, self._ended = asked, [set() for _ in seen.families]
        for ended, family in zip(self._ended, seen.families, strict=True):
            ended.add(family.synced_at_s)
        # The first is the end of a sync from before anybody looked.
        has_taken_all = bool(self._ended) and not seen.pending and all(len(ended) > 2 for ended in self._ended)
        return at_rest(seen) or has_taken_all


class SyncProgress:
    """What the metrics of one kube-proxy, seen again and again while it works, say of its syncs.

    That the last sync ended after the last change was queued is not enough: of a change that comes in the middle of a
    sync only the next one knows. Changes are pending until a sync begins that takes them
    (pkg/proxy/endpointschangetracker.go, checkoutChanges), and syncs are counted when they end. So where what was heard
    of since the last look is not just as much more pending, a sync may have begun in between, and one more has to end
    than had by then. Where none ends for longer than any ever took, it was over before anyone looked.
    """

    def __init__(self) -> None:
        self._last: ProxyMetrics | None = None
        self._is_shown = False
        # As many syncs have to have ended.
        self._enough = 0
        self._quiet_since_s = 0.0
        self._quiet_s = 0.0

    def see(self, seen: ProxyMetrics, at_s: float) -> None:
        """Note what kube-proxy said at `at_s`, in seconds of any one clock."""
        last = self._last
        is_another = last is None or seen.syncs < last.syncs
        may_have_begun = last is None or seen.heard - last.heard != seen.pending - last.pending
        is_of_interest = is_another or (may_have_begun and not self._is_shown)
        if is_of_interest:
            self._enough = seen.syncs + 1
        if is_of_interest or last is None or seen.syncs != last.syncs:
            self._quiet_since_s = at_s
        self._quiet_s = at_s - self._quiet_since_s
        self._last = seen

    def shown(self) -> None:
        """Note that what is waited for shows already: no sync that begins later is of interest."""
        self._is_shown = True

    @property
    def is_over(self) -> bool:
        """Whether every sync has ended that may have begun before the last look, or before all showed."""
        if self._last is None or self._last.syncs == 0:
            return False
        return self._last.syncs >= self._enough or self._quiet_s > self._last.longest_sync_s
