"""Has kube-proxy taken up all that changed? Told from its metrics, seen one after the other."""

from __future__ import annotations

from gauntlet.proxy_metrics import ProxyMetrics


class SyncProgress:
    """What the metrics of one kube-proxy, seen again and again while it works, say of its syncs.

    That the last sync ended after the last change was queued is not enough: of a change that comes in the middle of a
    sync only the next one knows. Changes are pending until a sync begins that takes them
    (pkg/proxy/endpointschangetracker.go, checkoutChanges), and syncs are counted when they end. So with nothing
    pending one more sync has to end than had when the last change was heard of: the one that took it may be at work.
    Where none ends for longer than any ever took, it was over before anyone looked.
    """

    def __init__(self) -> None:
        self._last = ProxyMetrics(0, 0.0, 0, 0.0)
        # How many syncs have to have ended. None while changes are pending.
        self._enough: int | None = None
        self._is_taken = False
        self._quiet_since_s = 0.0
        self._quiet_s = 0.0

    def see(self, seen: ProxyMetrics, at_s: float) -> None:
        """Note what kube-proxy said at `at_s`, in seconds of any one clock."""
        is_another = seen.syncs < self._last.syncs
        if is_another or (not self._is_taken and (seen.pending or seen.heard != self._last.heard)):
            self._enough = None
        if self._enough is None or seen.syncs != self._last.syncs:
            self._quiet_since_s = at_s
        if self._enough is None and (self._is_taken or not seen.pending):
            self._enough = seen.syncs + 1
        self._quiet_s = at_s - self._quiet_since_s
        self._last = seen

    def taken(self) -> None:
        """Note that a sync has taken what is waited for, because it shows. Changes that come later do not count."""
        self._is_taken = True
        if self._enough is None:
            self._enough = self._last.syncs + 1

    @property
    def is_over(self) -> bool:
        """Whether all changes that kube-proxy had heard of, when it was last seen or they were taken, are in effect."""
        if self._enough is None or self._last.syncs == 0:
            return False
        return self._last.syncs >= self._enough or self._quiet_s > self._last.longest_sync_s
